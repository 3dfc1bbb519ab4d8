//! Regular expressions of schemas, by an engine of the host's.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::fmt;

use super::check::Check;
use super::meter::Halt;
use super::words::shown;

/// A compiled regular expression.
pub trait Pattern: fmt::Debug + Send + Sync {
    /// The steps of a search through so many bytes, which are paid for beforehand.
    fn steps(&self, bytes: usize) -> u32;

    /// True if a text has a match, wherever. `None` if that cannot be found out within bounds.
    fn is_match(&self, text: &str) -> Option<bool>;
}

/// An engine that compiles the patterns of a schema, or says in words why it does not.
pub type Compile<'c> = dyn FnMut(&str) -> Result<Box<dyn Pattern>, String> + 'c;

/// A pattern as a schema has it.
#[derive(Debug)]
pub(super) struct Expression {
    /// As it is written, cut for messages.
    shown: String,
    pattern: Box<dyn Pattern>,
}

impl Expression {
    /// Compiles a pattern.
    pub(super) fn new(text: &str, compile: &mut Compile<'_>) -> Result<Self, String> {
        let shown = shown(text);
        match compile(text) {
            Ok(pattern) => Ok(Self { shown, pattern }),
            Err(reason) => Err(format!("has the pattern `{shown}`, which is refused: {reason}")),
        }
    }

    pub(super) fn message(&self) -> String {
        format!("does not match the pattern `{}`", self.shown)
    }
}

impl Check<'_> {
    /// True if a text has a match.
    pub(super) fn matches(&mut self, expression: &Expression, text: &str) -> Result<bool, Halt> {
        self.meter.bytes(text.len())?;
        self.meter.steps(expression.pattern.steps(text.len()))?;
        expression.pattern.is_match(text).ok_or(Halt::Steps)
    }
}
