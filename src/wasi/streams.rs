//! What a plugin writes to standard output and standard error: lines of its log.

use alloc::vec::Vec;

use crate::Level;
use crate::session::Session;
use crate::view::wipe;

/// A stream, line by line.
pub(crate) struct Stream {
    level: Level,
    /// The line whose end is not there yet. It may hold a token.
    begun: Vec<u8>,
}

impl Stream {
    pub(crate) const fn new(level: Level) -> Self {
        Self { level, begun: Vec::new() }
    }

    pub(crate) const fn level(&self) -> Level {
        self.level
    }

    /// Takes what was written, and logs the lines that end in it. What is too long to be logged is dropped.
    pub(crate) fn write(&mut self, bytes: &[u8], session: &mut Session) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            match part.strip_suffix(b"\n") {
                Some(text) => {
                    self.append(text, session.line_bytes());
                    self.end_line(session);
                }
                None => self.append(part, session.line_bytes()),
            }
        }
    }

    fn append(&mut self, text: &[u8], most: usize) {
        if self.begun.capacity() < most {
            // Without leaving a copy where it was.
            let mut begun = Vec::with_capacity(most);
            begun.extend_from_slice(&self.begun);
            self.forget();
            self.begun = begun;
        }
        let room = most.saturating_sub(self.begun.len());
        self.begun.extend_from_slice(text.get(..room).unwrap_or(text));
    }

    /// Logs a line whose end has not come.
    pub(crate) fn flush(&mut self, session: &mut Session) {
        if !self.begun.is_empty() {
            self.end_line(session);
        }
        self.forget();
    }

    fn end_line(&mut self, session: &mut Session) {
        session.log_line(self.level, self.begun.strip_suffix(b"\r").unwrap_or(&self.begun));
        wipe(&mut self.begun);
        self.begun.clear();
    }

    fn forget(&mut self) {
        wipe(&mut self.begun);
        self.begun = Vec::new();
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        wipe(&mut self.begun);
    }
}
