//! The error of loads and calls, and its kinds.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use cpex_wasmi_abi::Capability;

use crate::Receipt;

/// An error: a plugin could not be loaded, or a call could not be completed.
///
/// A failure is never an allow: with an `Error` there is no decision. Programs look at
/// [`kind`](Self::kind) or [`code`](Self::code), people at the message.
pub struct Error(Box<ErrorInner>);

struct ErrorInner {
    kind: ErrorKind,
    problems: Vec<Problem>,
    plugin: Option<String>,
    receipt: Option<Receipt>,
}

/// One thing that is wrong, for [`Error::problems`] and [`Plugin::check`](crate::Plugin::check).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The kind of the problem.
    pub kind: ErrorKind,
    /// The problem, and what to change.
    pub message: String,
    /// The path of the value that is wrong, such as `config.sandbox_policy.isolation`, if it is one.
    pub path: Option<String>,
    /// Its place in the text that was read, if it was a text.
    pub place: Option<Place>,
}

impl Problem {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), path: None, place: None }
    }

    /// Says which value is wrong.
    pub(crate) fn about(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    #[cfg(feature = "yaml")]
    pub(crate) fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Place {
    /// The line, counted from 1.
    pub line: u32,
    /// The column in it, in characters, counted from 1.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// The kind of an [`Error`]. The code of each kind is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The call used up its fuel.
    FuelExhausted,
    /// The call did not end before its deadline.
    Timeout,
    /// The plugin asked for more memory or table space than it may have, or than the host has got, and
    /// failed over it; or its module declares more.
    MemoryLimit,
    /// The plugin nested calls too deeply.
    StackOverflow,
    /// The plugin trapped, for example by a panic.
    Trap(Trap),
    /// The plugin did not keep to the ABI.
    AbiViolation,
    /// The plugin went over a limit on what crosses the boundary.
    LimitExceeded,
    /// All instances of the plugin were in use, and the operator lets no call have one more.
    InstancesExhausted,
    /// The plugin keeps state, and was shut down: there is no instance with that state any more.
    ShutDown,
    /// The bytes are no module that could be a plugin.
    InvalidModule,
    /// The plugin was built for another version of the ABI.
    UnsupportedAbi,
    /// The module is another than the policy pins.
    DigestMismatch,
    /// The plugin needs a capability that it was not granted.
    CapabilityDenied(Capability),
    /// The plugin needs system access that it was not granted, or that this host does not offer.
    AccessDenied,
    /// The plugin gave up as it was denied a request to the network.
    NetworkDenied,
    /// The plugin does not handle that hook.
    UnknownHook,
    /// The request cannot be read: its JSON is malformed, or a look-up in the embedder's own view of it
    /// (`RequestView`) failed.
    InvalidRequest,
    /// The plugin gave up by itself, or its initialisation or shutdown did.
    PluginFailed,
    /// The policy is malformed.
    InvalidPolicy,
    /// The host was set up in a way that cannot work.
    InvalidConfig,
    /// A fault of the host. Please report it.
    Internal,
}

/// The cause of a trap, as WebAssembly defines it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trap {
    /// An `unreachable` instruction; how Rust ends after a panic.
    Unreachable,
    /// An access outside of the memory.
    MemoryOutOfBounds,
    /// An access outside of a table.
    TableOutOfBounds,
    /// An indirect call to an empty table element.
    IndirectCallToNull,
    /// An indirect call to a function of another type.
    BadSignature,
    /// A division by zero.
    IntegerDivisionByZero,
    /// An integer operation whose result does not fit.
    IntegerOverflow,
    /// A conversion to an integer of something that is none.
    BadConversionToInteger,
    /// Anything else.
    Other,
}

impl Trap {
    /// The event, in a few words.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Unreachable => "an unreachable instruction was executed",
            Self::MemoryOutOfBounds => "memory was accessed out of bounds",
            Self::TableOutOfBounds => "a table was accessed out of bounds",
            Self::IndirectCallToNull => "an empty table element was called",
            Self::BadSignature => "a table element was called with another type",
            Self::IntegerDivisionByZero => "an integer was divided by zero",
            Self::IntegerOverflow => "an integer overflowed",
            Self::BadConversionToInteger => "a float without an integer value was converted",
            Self::Other => "the module trapped",
        }
    }
}

impl ErrorKind {
    /// The stable code of this kind, such as `fuel_exhausted`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::FuelExhausted => "fuel_exhausted",
            Self::Timeout => "timeout",
            Self::MemoryLimit => "memory_limit",
            Self::StackOverflow => "stack_overflow",
            Self::Trap(_) => "wasm_trap",
            Self::AbiViolation => "abi_violation",
            Self::LimitExceeded => "limit_exceeded",
            Self::InstancesExhausted => "instances_exhausted",
            Self::ShutDown => "shut_down",
            Self::InvalidModule => "invalid_module",
            Self::UnsupportedAbi => "unsupported_abi",
            Self::DigestMismatch => "digest_mismatch",
            Self::CapabilityDenied(_) => "capability_denied",
            Self::AccessDenied => "access_denied",
            Self::NetworkDenied => "network_denied",
            Self::UnknownHook => "unknown_hook",
            Self::InvalidRequest => "invalid_request",
            Self::PluginFailed => "plugin_failed",
            Self::InvalidPolicy => "invalid_policy",
            Self::InvalidConfig => "invalid_config",
            Self::Internal => "internal",
        }
    }
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::from_problems(vec![Problem::new(kind, message)])
    }

    /// The kind is that of the first problem; a list without any is the host's own fault.
    pub(crate) fn from_problems(problems: Vec<Problem>) -> Self {
        let kind = problems.first().map_or(ErrorKind::Internal, |problem| problem.kind);
        Self(Box::new(ErrorInner { kind, problems, plugin: None, receipt: None }))
    }

    pub(crate) fn internal(message: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Internal, message.to_string())
    }

    pub(crate) fn with_plugin(mut self, name: &str) -> Self {
        self.0.plugin.get_or_insert_with(|| name.into());
        self
    }

    pub(crate) fn with_receipt(mut self, receipt: Receipt) -> Self {
        self.0.receipt = Some(receipt);
        self
    }

    /// Adds something to what the first problem says.
    pub(crate) fn and(mut self, more: &str) -> Self {
        if let Some(first) = self.0.problems.first_mut() {
            first.message.push_str(more);
        }
        self
    }

    pub(crate) fn problems_mut(&mut self) -> &mut [Problem] {
        &mut self.0.problems
    }

    /// The kind of the failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The stable code of the kind, such as `fuel_exhausted`.
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// All that is wrong, where more than one thing can be (when a module or a policy is checked).
    pub fn problems(&self) -> &[Problem] {
        &self.0.problems
    }

    /// The name of the plugin, where it is known.
    pub fn plugin(&self) -> Option<&str> {
        self.0.plugin.as_deref()
    }

    /// The cost of the failed call, if one was begun.
    pub fn receipt(&self) -> Option<&Receipt> {
        self.0.receipt.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(plugin) = &self.0.plugin {
            write!(f, "plugin `{plugin}`: ")?;
        }
        for (position, problem) in self.0.problems.iter().enumerate() {
            if position > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.to_string())
            .field("receipt", &self.0.receipt)
            .finish()
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_pointer() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
