//! Plugins' log lines.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};

use anstyle::Style;
use cpex_wasmi::{
    AccessKind, AuditEvent, AuditOutcome, AuditSink, Level, LogRecord, LogSink, quoted,
};

use crate::style::{DIM, ERROR, GOOD, HINT, WARNING, paint};

/// Keeps the lines of a call until it is over, so that showing them does not count as its time.
///
/// A call logs from the thread that makes it, so threads do not mix their lines. A policy limits how much
/// a plugin can log in one call.
#[derive(Clone, Default)]
pub(super) struct Logs(Arc<Mutex<HashMap<ThreadId, String>>>);

impl Logs {
    /// Takes out the lines of this thread's last call, ready to be shown.
    pub(super) fn take(&self) -> String {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.get_mut(&thread::current().id()).map(std::mem::take).unwrap_or_default()
    }

    fn push(&self, line: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.entry(thread::current().id()).or_default().push_str(line);
    }
}

impl LogSink for Logs {
    fn log(&self, record: &LogRecord<'_>) {
        let (name, style) = level(record.level);
        let hook = paint(DIM, record.hook);
        // The host has made the message safe to show.
        let line = format!("{} {hook}: {}\n", paint(style, name), record.message);
        self.push(&line);
    }
}

impl AuditSink for Logs {
    fn audit(&self, event: &AuditEvent<'_>) {
        let AuditEvent { access, operation, target, outcome, .. } = event;
        let style = match outcome {
            AuditOutcome::Allowed => GOOD,
            AuditOutcome::Denied => ERROR,
            _ => WARNING,
        };
        let outcome = paint(style, outcome.name());
        let (sent, received) = (event.bytes_sent, event.bytes_received);
        // The words of a command are in quotes already. Elsewhere, an outcome could be a part of a name.
        let target = match access {
            AccessKind::Command => (*target).to_owned(),
            _ if target.contains([' ', '"']) => quoted(target),
            _ => (*target).to_owned(),
        };
        let line = format!(
            "{} {access} {operation} {target}: {outcome} ({sent} B sent, {received} B received)\n",
            paint(DIM, "audit")
        );
        self.push(&line);
    }
}

fn level(level: Level) -> (&'static str, Style) {
    match level {
        Level::Error => ("log error", ERROR),
        Level::Warn => ("log warn", WARNING),
        Level::Info => ("log info", HINT),
        Level::Debug => ("log debug", DIM),
        Level::Trace => ("log trace", DIM),
    }
}
