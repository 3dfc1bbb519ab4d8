//! Plugins' log lines.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anstyle::Style;
use cpex_wasmi::{Level, LogRecord, LogSink};

use crate::style::{DIM, ERROR, HINT, WARNING, paint};

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

fn level(level: Level) -> (&'static str, Style) {
    match level {
        Level::Error => ("log error", ERROR),
        Level::Warn => ("log warn", WARNING),
        Level::Info => ("log info", HINT),
        Level::Debug => ("log debug", DIM),
        Level::Trace => ("log trace", DIM),
    }
}
