//! Matches, and the parts of a text between them.

use core::fmt;
use core::ops::Range;

use super::haystack::Haystack;
use super::pattern::{Pattern, Ranges};

/// A match.
pub struct AnyMatch<'h, H: ?Sized> {
    haystack: &'h H,
    start: usize,
    end: usize,
}

impl<'h, H: Haystack + ?Sized> AnyMatch<'h, H> {
    pub(super) fn new(haystack: &'h H, start: usize, end: usize) -> Self {
        Self { haystack, start, end }
    }

    /// The first byte of the match.
    pub fn start(&self) -> usize {
        self.start
    }

    /// The byte behind the match.
    pub fn end(&self) -> usize {
        self.end
    }

    /// The place of the match, in bytes.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// The length of the match, in bytes.
    pub fn len(&self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// True if the match is empty.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    fn part(&self) -> &'h H {
        self.haystack.part(self.start, self.end)
    }
}

impl<'h> AnyMatch<'h, str> {
    /// The text that matched.
    pub fn as_str(&self) -> &'h str {
        self.part()
    }
}

impl<'h> AnyMatch<'h, [u8]> {
    /// The bytes that matched.
    pub fn as_bytes(&self) -> &'h [u8] {
        self.part()
    }
}

impl<H: ?Sized> Clone for AnyMatch<'_, H> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<H: ?Sized> Copy for AnyMatch<'_, H> {}

impl<H: Haystack + ?Sized> PartialEq for AnyMatch<'_, H> {
    fn eq(&self, other: &Self) -> bool {
        self.range() == other.range() && self.haystack.bytes() == other.haystack.bytes()
    }
}

impl<H: Haystack + ?Sized> Eq for AnyMatch<'_, H> {}

impl<H: Haystack + ?Sized> fmt::Debug for AnyMatch<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Match").field("start", &self.start).field("end", &self.end).finish()
    }
}

/// All matches that do not overlap.
pub struct AnyMatches<'r, 'h, H: ?Sized> {
    pattern: &'r Pattern,
    haystack: &'h H,
    found: Ranges,
}

impl<'r, 'h, H: Haystack + ?Sized> AnyMatches<'r, 'h, H> {
    pub(super) fn new(pattern: &'r Pattern, haystack: &'h H) -> Self {
        Self { pattern, haystack, found: Ranges::new(0) }
    }
}

impl<'h, H: Haystack + ?Sized> Iterator for AnyMatches<'_, 'h, H> {
    type Item = AnyMatch<'h, H>;

    fn next(&mut self) -> Option<Self::Item> {
        let (start, end) = self.found.next(self.pattern, self.haystack.bytes())?;
        Some(AnyMatch::new(self.haystack, start, end))
    }
}

/// The parts of a text between matches.
pub struct AnySplit<'r, 'h, H: ?Sized> {
    matches: AnyMatches<'r, 'h, H>,
    /// The start of the next part; `None` after the last.
    start: Option<usize>,
    /// The parts that are left.
    left: usize,
}

impl<'r, 'h, H: Haystack + ?Sized> AnySplit<'r, 'h, H> {
    pub(super) fn new(pattern: &'r Pattern, haystack: &'h H) -> Self {
        Self::limited(pattern, haystack, usize::MAX)
    }

    /// With at most `left` parts, of which the last has the rest.
    pub(super) fn limited(pattern: &'r Pattern, haystack: &'h H, left: usize) -> Self {
        Self { matches: AnyMatches::new(pattern, haystack), start: Some(0), left }
    }
}

impl<'h, H: Haystack + ?Sized> Iterator for AnySplit<'_, 'h, H> {
    type Item = &'h H;

    fn next(&mut self) -> Option<&'h H> {
        let start = self.start?;
        self.left = self.left.saturating_sub(1);
        let haystack = self.matches.haystack;
        let found = if self.left > 0 { self.matches.next() } else { None };
        self.start = found.map(|found| found.end());
        Some(haystack.part(start, found.map_or(haystack.len(), |found| found.start())))
    }
}
