//! Builders of patterns, with the rules of their syntax.

use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_abi::pattern as flag;

use super::pattern::Error;
use super::{Regex, RegexSet, bytes};

/// Writes the setters of a builder.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident => $flag:expr,)*) => {
        $($(#[$doc])*
        pub fn $name(&mut self, yes: bool) -> &mut Self {
            self.set($flag, yes)
        })*

        /// Does nothing: the host has a bound of its own.
        pub fn size_limit(&mut self, _bytes: usize) -> &mut Self {
            self
        }

        /// Does nothing: the host has a bound of its own.
        pub fn dfa_size_limit(&mut self, _bytes: usize) -> &mut Self {
            self
        }

        /// Does nothing: the host has a bound of its own.
        pub fn nest_limit(&mut self, _depth: u32) -> &mut Self {
            self
        }
    };
}

/// Declares a builder.
macro_rules! builder {
    ($(#[$doc:meta])* $name:ident, $patterns:ty) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            patterns: $patterns,
            flags: u32,
        }

        impl $name {
            fn set(&mut self, flag: u32, yes: bool) -> &mut Self {
                self.flags = if yes { self.flags | flag } else { self.flags & !flag };
                self
            }

            setters! {
                /// Has letters match whatever their case.
                case_insensitive => flag::CASE_INSENSITIVE,
                /// Has `^` and `$` match at each line.
                multi_line => flag::MULTI_LINE,
                /// Has `.` match a line feed.
                dot_matches_new_line => flag::DOT_MATCHES_NEW_LINE,
                /// Has lines end at `\r\n` too.
                crlf => flag::CRLF,
                /// Has `*` match as little as it can.
                swap_greed => flag::SWAP_GREED,
                /// Lets patterns have white space and comments.
                ignore_whitespace => flag::IGNORE_WHITESPACE,
                /// Has `\123` be a character.
                octal => flag::OCTAL,
            }

            /// Has classes such as `\w` be those of Unicode, as they are unless this is off.
            pub fn unicode(&mut self, yes: bool) -> &mut Self {
                self.set(flag::NO_UNICODE, !yes)
            }
        }
    };
}

builder! {
    /// A regular expression, with the rules of its syntax.
    RegexBuilder, String
}

builder! {
    /// A regular expression for bytes, with the rules of its syntax.
    BytesRegexBuilder, String
}

builder! {
    /// A set of patterns, with the rules of their syntax.
    RegexSetBuilder, Vec<String>
}

impl RegexBuilder {
    /// A builder for this pattern.
    pub fn new(pattern: &str) -> Self {
        Self { patterns: pattern.into(), flags: 0 }
    }

    /// Compiles the pattern.
    ///
    /// # Errors
    ///
    /// If it is not valid, or larger than a pattern may be.
    pub fn build(&self) -> Result<Regex, Error> {
        Regex::with_flags(&self.patterns, self.flags)
    }
}

impl BytesRegexBuilder {
    /// A builder for this pattern.
    pub fn new(pattern: &str) -> Self {
        Self { patterns: pattern.into(), flags: flag::BYTES }
    }

    /// Compiles the pattern.
    ///
    /// # Errors
    ///
    /// If it is not valid, or larger than a pattern may be.
    pub fn build(&self) -> Result<bytes::Regex, Error> {
        bytes::Regex::with_flags(&self.patterns, self.flags)
    }
}

impl RegexSetBuilder {
    /// A builder for these patterns.
    pub fn new<I: IntoIterator<Item = S>, S: AsRef<str>>(patterns: I) -> Self {
        let patterns = patterns.into_iter().map(|pattern| pattern.as_ref().into()).collect();
        Self { patterns, flags: 0 }
    }

    /// Compiles the patterns.
    ///
    /// # Errors
    ///
    /// If one is not valid, or they are larger than patterns may be.
    pub fn build(&self) -> Result<RegexSet, Error> {
        RegexSet::with_flags(self.patterns.clone(), self.flags)
    }
}
