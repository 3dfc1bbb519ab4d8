//! Regular expressions whose matches are masked.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use regex::Regex;
use regex_syntax::hir::{Class, Hir, HirKind};

use super::LINE_BREAKS;
use crate::{ErrorKind, Problem};

/// The longest match of a pattern, in bytes, that is found where a text is cut.
const LONGEST_MATCH: usize = 64 << 10;

/// The patterns of an embedder.
#[derive(Clone, Default)]
pub(super) struct Patterns {
    all: Vec<Regex>,
    /// True if one may match a text with a line break in it.
    cross_lines: bool,
}

impl Patterns {
    pub(super) fn add(&mut self, pattern: &str) -> Result<(), Problem> {
        let wrong = |message: String| Problem::new(ErrorKind::InvalidConfig, message);
        let regex = Regex::new(pattern)
            .map_err(|error| wrong(format!("`{pattern}` cannot be redacted: {error}")))?;
        // What matches between two letters hides none, and what it would match there otherwise.
        let parsed = regex_syntax::parse(pattern).ok();
        let least = parsed.as_ref().and_then(|parsed| parsed.properties().minimum_len());
        if least.is_none_or(|least| least == 0) {
            return Err(wrong(format!(
                "`{pattern}` cannot be redacted: it matches the empty text, or no text"
            )));
        }
        self.cross_lines |= parsed.is_none_or(|parsed| has_line_break(&parsed));
        self.all.push(regex);
        Ok(())
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// The length of a match that is found where a text is cut, in bytes. 0 without patterns.
    pub(super) fn longest(&self) -> usize {
        if self.all.is_empty() { 0 } else { LONGEST_MATCH }
    }

    /// The length of a match with a line break in it, in bytes. 0 if there is none.
    #[cfg_attr(not(feature = "wasi"), allow(dead_code, reason = "only output is cut at lines"))]
    pub(super) fn longest_across_lines(&self) -> usize {
        if self.cross_lines { LONGEST_MATCH } else { 0 }
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        self.all.iter().any(|pattern| pattern.is_match(text))
    }

    /// Notes all matches, as [`Redactor::find`](super::Redactor::find) does.
    #[must_use]
    pub(super) fn find(&self, text: &str, found: &mut Vec<Range<usize>>, left: &mut usize) -> bool {
        for pattern in &self.all {
            let mut at = 0;
            while let Some(range) = pattern.find_at(text, at).map(|found| found.range()) {
                // It is not empty: see `add`.
                at = range.end;
                found.push(range);
                let Some(enough) = left.checked_sub(text.len().saturating_sub(at)) else {
                    return false;
                };
                *left = enough;
            }
        }
        true
    }
}

/// True if a pattern may match a text with a line break in it.
fn has_line_break(pattern: &Hir) -> bool {
    match pattern.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(text) => LINE_BREAKS
            .iter()
            .any(|char| u8::try_from(u32::from(*char)).is_ok_and(|byte| text.0.contains(&byte))),
        // Without the end of a line, a match of `.` is a match.
        HirKind::Class(Class::Unicode(class)) => {
            class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&'\n'))
        }
        HirKind::Class(Class::Bytes(_)) => true,
        HirKind::Repetition(repeated) => has_line_break(&repeated.sub),
        HirKind::Capture(captured) => has_line_break(&captured.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(has_line_break),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_may_match_a_line_break_are_told_apart() {
        let crosses = |pattern: &str| {
            let mut patterns = Patterns::default();
            assert!(patterns.add(pattern).is_ok(), "{pattern}");
            patterns.longest_across_lines() > 0
        };
        for pattern in ["sk-[a-z0-9]{20}", "key=.+", r"\d{4}-(\w+|x)?", "^a$"] {
            assert!(!crosses(pattern), "{pattern}");
        }
        for pattern in [r"key\s*=x", "-BEGIN[^-]+-", "(?s)a.+b", "a(b|\n)c", r"a\r"] {
            assert!(crosses(pattern), "{pattern}");
        }
    }
}
