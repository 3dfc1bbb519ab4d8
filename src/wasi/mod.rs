//! WASI preview 1, for plugins whose compiler or library wants it: what its functions do, by the rules that
//! hold for the functions of `cpex`, and without knowing the interpreter.
//!
//! Nothing of it reaches for what the operator has not granted. Nothing waits, but for a log of external effects.

mod announce;
mod errno;
mod files;
mod function;
mod memory;
mod poll;
mod serve;
mod streams;
mod values;

use crate::Level;
use crate::session::Session;

use announce::Announcement;
pub(crate) use errno::{Errno, Fault};
pub(crate) use files::Roots;
pub(crate) use function::{Param, WasiFunction};
use memory::Memory;
pub(crate) use serve::{GivenArgs, resume, serve};
use streams::Stream;

/// The name of the module that its functions are imported from.
pub(crate) const MODULE: &str = "wasi_snapshot_preview1";

/// The WASI state of one plugin's instance.
pub(crate) struct State {
    stdout: Stream,
    stderr: Stream,
    files: files::Files,
    announcement: Announcement,
}

impl State {
    /// The state of an instance that has these directories.
    pub(crate) fn new(roots: Roots) -> Self {
        Self {
            stdout: Stream::new(Level::Info),
            stderr: Stream::new(Level::Warn),
            files: files::Files::new(roots),
            announcement: Announcement::None,
        }
    }

    /// Ends what is begun: logs lines that have no end yet, and closes all that is open. The next call
    /// begins anew.
    pub(crate) fn end(&mut self, session: &mut Session) {
        self.announcement = Announcement::None;
        self.stdout.flush(session);
        self.stderr.flush(session);
        self.files.end(session);
    }
}
