//! The only place that writes to the standard output and the standard error.

use std::io::{self, ErrorKind, IsTerminal as _, Write as _};

use crate::failure::Failure;
use crate::style::{WARNING, paint};

/// Writes to the standard output. A reader that went away is no failure.
pub(crate) fn out(text: &str) -> Result<(), Failure> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(unwritten(&error)),
        _ => Ok(()),
    }
}

/// The standard output takes nothing, as on a disk that is full.
pub(crate) fn unwritten(error: &io::Error) -> Failure {
    Failure::failed("output", format!("the result cannot be written: {error}"))
}

/// Writes to the standard error, as far as that is possible.
pub(crate) fn err(text: &str) {
    let mut stderr = anstream::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// Writes one warning to the standard error.
pub(crate) fn warn(message: &str) {
    err(&format!("{}: {}\n", paint(WARNING, "warning"), cpex_wasmi::visible(message)));
}

/// Whether somebody watches the standard error.
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Shows lines that a plugin has logged.
pub(crate) fn log(lines: &str) {
    err(lines);
}

/// Whether more is told than usual.
pub(crate) fn is_verbose() -> bool {
    false
}
