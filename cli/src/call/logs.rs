//! Plugins' log lines.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anstyle::Style;
use cpex_wasmi::{AuditEvent, AuditOutcome, AuditSink, Level, LogRecord, LogSink};

use crate::style::{DIM, ERROR, GOOD, HINT, WARNING, paint};

/// Keeps the lines of a call until it is over, so that showing them does not count as its time.
///
/// How much a plugin can log in one call is limited by its policy.
#[derive(Clone, Default)]
pub(super) struct Logs(Arc<Mutex<String>>);

impl Logs {
    /// Takes the lines out, ready to be shown.
    pub(super) fn take(&self) -> String {
        std::mem::take(&mut *self.lines())
    }

    /// Forgets the lines.
    pub(super) fn clear(&self) {
        self.lines().clear();
    }

    fn lines(&self) -> MutexGuard<'_, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogSink for Logs {
    fn log(&self, record: &LogRecord<'_>) {
        let (name, style) = level(record.level);
        let hook = paint(DIM, record.hook);
        // The host has made the message safe to show.
        let line = format!("{} {hook}: {}\n", paint(style, name), record.message);
        self.lines().push_str(&line);
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
        let line = format!(
            "{} {access} {operation} {target}: {outcome} ({sent} B sent, {received} B received)\n",
            paint(DIM, "audit")
        );
        self.lines().push_str(&line);
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
