//! Regular expressions that the host runs, by the interface of the crate `regex`.
//!
//! A plugin that scans texts with the crate `regex` carries its compiler and its tables, and interprets them. With this
//! module in its `use` line, the same code asks the host, which does it natively. In a native build, this module *is* the crate
//! `regex`.
//!
//! ```
//! use cpex_wasmi_guest::regex::Regex;
//!
//! let key = Regex::new(r"\bAKIA[0-9A-Z]{16}\b").unwrap();
//! assert!(key.is_match("the key is AKIAIOSFODNN7EXAMPLE"));
//! assert_eq!(key.replace_all("AKIAIOSFODNN7EXAMPLE!", "[key]"), "[key]!");
//! ```
//!
//! The host compiles a pattern once for all instances of a plugin. Make it where the plugin is initialised, or in a static;
//! one that is made for each call is charged for each time.
//!
//! # Several patterns
//!
//! A text that is shorter than each match takes no call of the host. Once three patterns or more were asked about a text of 8 to 256
//! bytes, one after the other, the first question about the next such text asks the host for all of them. A [`RegexSet`] does
//! so for texts of any length.
//!
//! # Bounds
//!
//! A pattern has at most 64 KiB of text and 65,536 states. A plugin has at most 256 patterns and sets at once. A search takes
//! linear time. A text that is too long for the size of a pattern fails the call; see the host's `docs/limits.md`.

#[cfg(any(target_arch = "wasm32", test))]
#[cfg_attr(
    not(target_arch = "wasm32"),
    allow(
        dead_code,
        missing_docs,
        unreachable_pub,
        unused_imports,
        reason = "tests use some of it"
    )
)]
mod host;

#[cfg(any(target_arch = "wasm32", test))]
pub(crate) use host::with_room;

/// Does what adds to the host's patterns: natively, nothing is ever in its way.
#[cfg(not(any(target_arch = "wasm32", test)))]
pub(crate) fn with_room(add: impl FnOnce() -> i32) -> i32 {
    add()
}

#[cfg(not(target_arch = "wasm32"))]
pub use ::regex::{
    CaptureMatches, CaptureNames, Captures, Error, Match, Matches, NoExpand, Regex, RegexBuilder,
    RegexSet, RegexSetBuilder, Replacer, SetMatches, Split, SubCaptureMatches, escape,
};
#[cfg(target_arch = "wasm32")]
pub use host::{
    CaptureMatches, CaptureNames, Captures, Error, Match, Matches, NoExpand, Regex, RegexBuilder,
    RegexSet, RegexSetBuilder, Replacer, SetMatches, Split, SubCaptureMatches, escape,
};

/// Searches in bytes, which need not be UTF-8.
pub mod bytes {
    #[cfg(target_arch = "wasm32")]
    pub use super::host::bytes::{
        CaptureMatches, Captures, Match, Matches, NoExpand, Regex, RegexBuilder, Replacer, Split,
    };
    #[cfg(not(target_arch = "wasm32"))]
    pub use ::regex::bytes::{
        CaptureMatches, Captures, Match, Matches, NoExpand, Regex, RegexBuilder, Replacer, Split,
    };
}
