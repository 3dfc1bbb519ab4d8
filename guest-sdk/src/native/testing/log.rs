//! The log of a plugin in a test.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cpex_wasmi::{Level, LogRecord, LogSink};

/// A line that a plugin logged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line {
    /// The severity the plugin gave it.
    pub level: Level,
    /// The line, with control characters made visible.
    pub message: String,
}

/// Lines that pile up until they are taken; a clone shares them.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Mutex<Vec<Line>>>);

impl Lines {
    pub(super) fn take(&self) -> Vec<Line> {
        core::mem::take(&mut self.lock())
    }

    pub(super) fn append(&self, lines: Vec<Line>) {
        self.lock().extend(lines);
    }

    pub(super) fn get(&self) -> Vec<Line> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogSink for Lines {
    fn log(&self, record: &LogRecord<'_>) {
        self.lock().push(Line { level: record.level, message: record.message.into() });
    }
}
