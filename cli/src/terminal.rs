//! The only place that writes to the standard output and the standard error.

use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use anstream::ColorChoice;
use clap::ValueEnum;

use crate::style::{DIM, WARNING, paint};

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    Always,
    Never,
}

impl From<Colour> for clap::ColorChoice {
    fn from(colour: Colour) -> Self {
        match colour {
            Colour::Auto => Self::Auto,
            Colour::Always => Self::Always,
            Colour::Never => Self::Never,
        }
    }
}

/// The amount of output.
static LEVEL: AtomicU8 = AtomicU8::new(USUAL);
const QUIET: u8 = 0;
const USUAL: u8 = 1;
const VERBOSE: u8 = 2;

/// Sets how much is told.
pub(crate) fn tell_as(quiet: bool, verbose: bool) {
    let level = match (quiet, verbose) {
        (true, _) => QUIET,
        (false, true) => VERBOSE,
        (false, false) => USUAL,
    };
    LEVEL.store(level, Ordering::Relaxed);
}

/// Sets when to use colour.
pub(crate) fn colour(colour: Colour) {
    match colour {
        Colour::Auto => ColorChoice::Auto,
        Colour::Always => ColorChoice::Always,
        Colour::Never => ColorChoice::Never,
    }
    .write_global();
}

/// True if only results and errors are told.
pub(crate) fn is_quiet() -> bool {
    LEVEL.load(Ordering::Relaxed) == QUIET
}

/// True if more is told than usual.
pub(crate) fn is_verbose() -> bool {
    LEVEL.load(Ordering::Relaxed) == VERBOSE
}

/// A standard output that takes nothing, as on a disk that is full.
#[derive(Debug)]
pub(crate) struct Unwritten(pub(crate) io::Error);

/// True once the reader of the standard output has gone.
static UNREAD: AtomicBool = AtomicBool::new(false);

/// Writes to the standard output. A reader that went away is no failure.
pub(crate) fn out(text: &str) -> Result<(), Unwritten> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Unwritten(error)),
        Err(_) => {
            UNREAD.store(true, Ordering::Relaxed);
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// True if what was written last to the standard output has no reader.
pub(crate) fn is_unread() -> bool {
    UNREAD.load(Ordering::Relaxed)
}

/// Writes to the standard error, as far as that is possible.
pub(crate) fn err(text: &str) {
    let mut stderr = anstream::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// Writes to the standard error what is neither result nor error: notes, and lines that a plugin has logged.
pub(crate) fn note(text: &str) {
    if !is_quiet() {
        err(text);
    }
}

/// Tells what is being done, if all of it was asked for.
pub(crate) fn tell(text: impl FnOnce() -> String) {
    if is_verbose() {
        err(&format!("{}\n", paint(DIM, cpex_wasmi::visible(&text()))));
    }
}

/// Writes one warning to the standard error.
pub(crate) fn warn(message: &str) {
    note(&format!("{}: {}\n", paint(WARNING, "warning"), cpex_wasmi::visible(message)));
}

/// True if somebody watches the standard error.
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal() && !is_quiet()
}

/// The columns that text for people has: what COLUMNS says, else those of the terminal. `None`: as many as
/// it takes, as for what reads on.
pub(crate) fn columns() -> Option<usize> {
    let said = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    said.filter(|columns| *columns > 0).or_else(|| {
        let (columns, _) = terminal_size::terminal_size_of(io::stdout())
            .map(|(columns, rows)| (usize::from(columns.0), rows))?;
        Some(columns)
    })
}
