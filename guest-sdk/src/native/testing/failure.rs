//! Failures of a call in a test.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use std::io;
use std::path::PathBuf;

use cpex_wasmi::{Error, ErrorKind};

use super::place::build_command;

/// The failure of a call: it came to no decision, or to two different ones.
///
/// `Debug` shows it as `Display` does: it is what a test sees that unwraps it.
#[non_exhaustive]
pub enum Failure {
    /// The host refused the plugin or ended the call.
    Host(Error),
    /// The plugin panicked with this message. (The place is on standard error.)
    Panicked(String),
    /// The module's file cannot be read; it may not have been built.
    #[non_exhaustive]
    Unreadable {
        /// The expected path.
        path: PathBuf,
        /// The message of the operating system.
        error: io::Error,
    },
    /// The module does not do what the plugin does natively.
    #[non_exhaustive]
    Differs {
        /// The hook that was called.
        hook: String,
        /// The differences and nothing else. There is at least one.
        differences: Vec<Difference>,
        /// The module's file, if it came from one: it may be older than the source.
        path: Option<PathBuf>,
    },
}

/// One thing that is not the same natively and in the module.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The name, such as `decision` or `changes.custom.seen`.
    pub what: String,
    /// The native value, as text for people. Of a long value, only the part that differs.
    pub natively: String,
    /// The value in the module.
    pub module: String,
}

impl Failure {
    /// The code that the real host gives the failure; of failures that it does not have,
    /// `module_unreadable` and `module_differs`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Host(error) => error.code(),
            Self::Panicked(_) => "wasm_trap",
            Self::Unreadable { .. } => "module_unreadable",
            Self::Differs { .. } => "module_differs",
        }
    }
}

/// The usual reason why a module comes to its deadline in a test.
const UNOPTIMISED: &str = "without optimisation, a module in a test takes many times as long: put \
                           `wasmi`, `wasmi_core` and `wasmi_ir`, each with \
    `{ opt-level = 3, debug-assertions = false }`, under `[profile.dev.package]` of its Cargo.toml, or run \
    `cargo test --release`";

/// The number of differences that are shown to people.
const SHOWN: usize = 12;

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(error) if error.kind() == ErrorKind::Timeout && cfg!(debug_assertions) => {
                write!(f, "{error}; {UNOPTIMISED}")
            }
            Self::Host(error) => error.fmt(f),
            Self::Panicked(message) => write!(f, "the plugin panicked: {message}"),
            Self::Unreadable { path, error } if error.kind() == io::ErrorKind::NotFound => write!(
                f,
                "there is no module at {}; build it with `{}`",
                path.display(),
                build_command(path)
            ),
            Self::Unreadable { path, error } => {
                write!(f, "the module at {} cannot be read: {error}", path.display())
            }
            Self::Differs { hook, differences, path } => {
                write!(f, "on `{hook}`, the module behaves differently from the native plugin")?;
                for Difference { what, natively, module } in differences.iter().take(SHOWN) {
                    write!(f, "\n  {what}\n    natively: {natively}\n    module:   {module}")?;
                }
                if let Some(more @ 1..) = differences.len().checked_sub(SHOWN) {
                    write!(f, "\n  and {more} more")?;
                }
                match path {
                    Some(path) => write!(
                        f,
                        "\nif {} is older than the source, build it again: `{}`",
                        path.display(),
                        build_command(path)
                    ),
                    None => Ok(()),
                }
            }
        }
    }
}

impl core::error::Error for Failure {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Host(error) => Some(error),
            Self::Unreadable { error, .. } => Some(error),
            Self::Panicked(_) | Self::Differs { .. } => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Host(error)
    }
}
