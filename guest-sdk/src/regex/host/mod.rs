//! The interface of the crate `regex`, served by the host.

mod builder;
mod captures;
mod copied;
mod haystack;
mod matches;
mod pattern;
mod replace;
mod set;
#[cfg(test)]
mod tests;
mod together;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::marker::PhantomData;

use haystack::Haystack;
use pattern::{Groups, Pattern, Ranges};

pub use builder::{RegexBuilder, RegexSetBuilder};
pub use captures::{CaptureNames, SubCaptureMatches};
pub use pattern::Error;
pub(crate) use pattern::with_room;
pub use set::{RegexSet, SetMatches};

/// A regular expression for texts.
pub type Regex = AnyRegex<str>;
/// A match in a text.
pub type Match<'h> = matches::AnyMatch<'h, str>;
/// All matches in a text.
pub type Matches<'r, 'h> = matches::AnyMatches<'r, 'h, str>;
/// The parts of a text between matches.
pub type Split<'r, 'h> = matches::AnySplit<'r, 'h, str>;
/// The groups of a match in a text.
pub type Captures<'h> = captures::AnyCaptures<'h, str>;
/// The groups of all matches in a text.
pub type CaptureMatches<'r, 'h> = captures::AnyCaptureMatches<'r, 'h, str>;
pub use replace::{AnyReplacer as Replacer, NoExpand};

/// Searches in bytes.
pub(crate) mod bytes {
    use super::{captures, matches};

    /// A regular expression for bytes.
    pub type Regex = super::AnyRegex<[u8]>;
    /// A match in bytes.
    pub type Match<'h> = matches::AnyMatch<'h, [u8]>;
    /// All matches in bytes.
    pub type Matches<'r, 'h> = matches::AnyMatches<'r, 'h, [u8]>;
    /// The parts between matches.
    pub type Split<'r, 'h> = matches::AnySplit<'r, 'h, [u8]>;
    /// The groups of a match in bytes.
    pub type Captures<'h> = captures::AnyCaptures<'h, [u8]>;
    /// The groups of all matches in bytes.
    pub type CaptureMatches<'r, 'h> = captures::AnyCaptureMatches<'r, 'h, [u8]>;
    pub use super::builder::BytesRegexBuilder as RegexBuilder;
    pub use super::replace::{AnyReplacer as Replacer, BytesNoExpand as NoExpand};
}

/// A regular expression that the host has compiled.
pub struct AnyRegex<H: ?Sized>(Arc<Pattern>, PhantomData<fn(&H)>);

impl<H: Haystack + ?Sized> AnyRegex<H> {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// If it is not valid, or larger than a pattern may be.
    pub fn new(pattern: &str) -> Result<Self, Error> {
        Self::with_flags(pattern, H::FLAGS)
    }

    fn with_flags(pattern: &str, flags: u32) -> Result<Self, Error> {
        Ok(Self(Arc::new(Pattern::new(pattern, flags)?), PhantomData))
    }

    /// The text of the pattern.
    pub fn as_str(&self) -> &str {
        self.0.text()
    }

    /// True if there is a match.
    pub fn is_match(&self, haystack: &H) -> bool {
        self.is_match_at(haystack, 0)
    }

    /// True if there is a match from `start` on.
    pub fn is_match_at(&self, haystack: &H, start: usize) -> bool {
        self.0.any(haystack.bytes(), start)
    }

    /// The first match.
    pub fn find<'h>(&self, haystack: &'h H) -> Option<matches::AnyMatch<'h, H>> {
        self.find_at(haystack, 0)
    }

    /// The first match from `start` on.
    pub fn find_at<'h>(&self, haystack: &'h H, start: usize) -> Option<matches::AnyMatch<'h, H>> {
        let (from, to) = Ranges::first(start, false).next(&self.0, haystack.bytes())?;
        Some(matches::AnyMatch::new(haystack, from, to))
    }

    /// The end of the first match, or of a part of it that matches as well.
    pub fn shortest_match(&self, haystack: &H) -> Option<usize> {
        self.find(haystack).map(|found| found.end())
    }

    /// All matches that do not overlap.
    pub fn find_iter<'r, 'h>(&'r self, haystack: &'h H) -> matches::AnyMatches<'r, 'h, H> {
        matches::AnyMatches::new(&self.0, haystack)
    }

    /// The groups of the first match.
    pub fn captures<'h>(&self, haystack: &'h H) -> Option<captures::AnyCaptures<'h, H>> {
        self.captures_at(haystack, 0)
    }

    /// The groups of the first match from `start` on.
    pub fn captures_at<'h>(
        &self,
        haystack: &'h H,
        start: usize,
    ) -> Option<captures::AnyCaptures<'h, H>> {
        let slots = Groups::new(&self.0, start, 1).next(&self.0, haystack.bytes())?;
        Some(captures::AnyCaptures::new(haystack, self.0.clone(), slots))
    }

    /// The groups of all matches that do not overlap.
    pub fn captures_iter<'r, 'h>(
        &'r self,
        haystack: &'h H,
    ) -> captures::AnyCaptureMatches<'r, 'h, H> {
        captures::AnyCaptureMatches::new(&self.0, haystack)
    }

    /// The parts of a text between matches.
    pub fn split<'r, 'h>(&'r self, haystack: &'h H) -> matches::AnySplit<'r, 'h, H> {
        matches::AnySplit::new(&self.0, haystack)
    }

    /// At most `limit` parts of a text between matches; the last has the rest.
    pub fn splitn<'r, 'h>(
        &'r self,
        haystack: &'h H,
        limit: usize,
    ) -> core::iter::Take<matches::AnySplit<'r, 'h, H>> {
        matches::AnySplit::limited(&self.0, haystack, limit).take(limit)
    }

    /// Replaces the first match.
    pub fn replace<'h, R: replace::AnyReplacer<H>>(&self, haystack: &'h H, rep: R) -> Cow<'h, H> {
        self.replacen(haystack, 1, rep)
    }

    /// Replaces all matches.
    pub fn replace_all<'h, R: replace::AnyReplacer<H>>(
        &self,
        haystack: &'h H,
        rep: R,
    ) -> Cow<'h, H> {
        self.replacen(haystack, 0, rep)
    }

    /// Replaces the first `limit` matches; all of them if that is 0.
    pub fn replacen<'h, R: replace::AnyReplacer<H>>(
        &self,
        haystack: &'h H,
        limit: usize,
        rep: R,
    ) -> Cow<'h, H> {
        replace::replaced(self, haystack, limit, rep)
    }

    /// The number of groups, with the whole match.
    pub fn captures_len(&self) -> usize {
        self.0.groups()
    }

    /// The names of groups, in their order.
    pub fn capture_names(&self) -> CaptureNames<'_> {
        CaptureNames::new(&self.0)
    }
}

impl<H: ?Sized> Clone for AnyRegex<H> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<H: ?Sized> fmt::Debug for AnyRegex<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Regex").field(&self.0.text()).finish()
    }
}

impl<H: ?Sized> fmt::Display for AnyRegex<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.text())
    }
}

impl<H: Haystack + ?Sized> core::str::FromStr for AnyRegex<H> {
    type Err = Error;

    fn from_str(pattern: &str) -> Result<Self, Error> {
        Self::new(pattern)
    }
}

/// The pattern that matches `text` and nothing else.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        if r"\.+*?()|[]{}^$#&-~".contains(char) {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    escaped
}
