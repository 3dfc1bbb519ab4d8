//! Standard output and standard error of a plugin: lines of its log.

use alloc::vec::Vec;

use crate::Level;
use crate::session::Session;
use crate::view::wipe;

/// The bytes of output that are searched at once, beside those that are held, where a secret may go on
/// in another line.
const BATCH: usize = 8 << 10;

/// A stream, line by line.
///
/// Secrets are masked before it is cut into lines. Where one may have a line break in it, the last bytes of
/// the output are held until more comes or the call ends.
pub(crate) struct Stream {
    level: Level,
    /// Output that is not logged yet. It may hold a token.
    held: Vec<u8>,
}

impl Stream {
    pub(crate) const fn new(level: Level) -> Self {
        Self { level, held: Vec::new() }
    }

    pub(crate) const fn level(&self) -> Level {
        self.level
    }

    /// Takes what was written, and logs the lines that are over. What is too long to be logged is dropped.
    pub(crate) fn write(&mut self, bytes: &[u8], session: &mut Session) {
        let held = session.held_bytes();
        if held > 0 {
            return self.write_across_lines(bytes, held, session);
        }
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

    /// Takes what was written while a secret may go on in another line.
    fn write_across_lines(&mut self, bytes: &[u8], held: usize, session: &mut Session) {
        session.pay_to_look(bytes.len());
        self.append(bytes, self.held.len().saturating_add(bytes.len()));
        if self.held.len() >= held.saturating_mul(2).saturating_add(BATCH) {
            // The last look is paid for already, by what was written.
            session.pay_to_look(self.held.len());
            let logged = session.log_output(self.level, &self.held, held);
            let mut rest = Vec::with_capacity(self.held.len());
            rest.extend_from_slice(self.held.get(logged..).unwrap_or_default());
            self.forget();
            self.held = rest;
        }
    }

    /// Appends as much of a text as there is room for in `most` bytes.
    fn append(&mut self, text: &[u8], most: usize) {
        if self.held.capacity() < most {
            // Without leaving a copy where it was.
            let mut held = Vec::with_capacity(most.max(self.held.capacity().saturating_mul(2)));
            held.extend_from_slice(&self.held);
            self.forget();
            self.held = held;
        }
        let room = most.saturating_sub(self.held.len());
        self.held.extend_from_slice(text.get(..room).unwrap_or(text));
    }

    /// Logs what is not logged yet.
    pub(crate) fn flush(&mut self, session: &mut Session) {
        if self.held.is_empty() {
            return;
        }
        if session.held_bytes() > 0 || self.held.contains(&b'\n') {
            session.log_output(self.level, &self.held, 0);
        } else {
            self.end_line(session);
        }
        self.forget();
    }

    fn end_line(&mut self, session: &mut Session) {
        session.log_line(self.level, self.held.strip_suffix(b"\r").unwrap_or(&self.held));
        wipe(&mut self.held);
        self.held.clear();
    }

    fn forget(&mut self) {
        wipe(&mut self.held);
        self.held = Vec::new();
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        wipe(&mut self.held);
    }
}
