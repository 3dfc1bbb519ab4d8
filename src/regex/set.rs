//! Patterns that are searched for together.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Deref;

use super::required::Trigram;
use super::{MAX_WORK, Pattern};

/// The bytes of a text that are looked through in the time that one search of a short text takes.
const BYTES_PER_SEARCH: usize = 48;

/// The longest text that is looked through for the trigrams of all patterns first, in bytes. In longer ones, the search of one
/// pattern after the other is as fast.
const SHORT_TEXT: usize = 512;

/// The most trigrams of a set: one bit each.
const MOST_TRIGRAMS: usize = u64::BITS as usize;

/// The price of a filter: its tables, in bytes. Not what it takes on this machine: fuel is the same on each.
const FILTER_BYTES: usize = 3 * 256 * 8;

/// Some patterns, of which texts that lack their trigrams are ruled out at once.
#[derive(Debug)]
pub(crate) struct Set {
    patterns: Box<[Arc<Pattern>]>,
    filter: Option<Box<Filter>>,
}

impl Set {
    /// A pattern by itself.
    pub(crate) fn single(pattern: Arc<Pattern>) -> Self {
        Self { patterns: [pattern].into(), filter: None }
    }

    /// Several patterns.
    pub(crate) fn of(patterns: Box<[Arc<Pattern>]>) -> Self {
        let filter = Filter::of(&patterns).map(Box::new);
        Self { patterns, filter }
    }

    /// The size of its filter, in bytes, if it has one.
    pub(crate) fn filter_bytes(&self) -> usize {
        self.filter.as_ref().map_or(0, |_| FILTER_BYTES)
    }

    /// Looks through a text that all patterns are searched for in.
    pub(crate) fn look(&self, text: &[u8]) -> Seen<'_> {
        match &self.filter {
            Some(filter) if text.len() <= filter.longest => {
                Seen { needs: &filter.needs, trigrams: filter.trigrams(text) }
            }
            _ => Seen::default(),
        }
    }
}

impl Deref for Set {
    type Target = [Arc<Pattern>];

    fn deref(&self) -> &Self::Target {
        &self.patterns
    }
}

/// The trigrams of a set that are in a text.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen<'s> {
    /// For each pattern, the trigrams of which it needs one; 0 if it needs none.
    needs: &'s [u64],
    trigrams: u64,
}

impl Seen<'_> {
    /// True if the text has no match of the pattern at this position of the set.
    pub(crate) fn rules_out(self, position: usize) -> bool {
        let needs = self.needs.get(position).copied().unwrap_or(0);
        needs != 0 && needs & self.trigrams == 0
    }
}

/// A filter of texts: it takes one step for each byte, whatever the text and the patterns are.
#[derive(Debug)]
struct Filter {
    /// For each place of a trigram and each byte, the trigrams that have it there.
    with: [[u64; 256]; 3],
    needs: Box<[u64]>,
    /// The longest text for which it is worth the while, in bytes.
    longest: usize,
}

impl Filter {
    /// A filter for patterns, if it is worth the while.
    fn of(patterns: &[Arc<Pattern>]) -> Option<Self> {
        let mut all: Vec<Trigram> = Vec::new();
        let needs = patterns.iter().map(|pattern| bits_of(pattern, &mut all));
        let needs: Box<[u64]> = needs.collect();
        let count = needs.iter().filter(|needs| **needs != 0).count();
        if count < 2 {
            return None;
        }
        let longest = count.saturating_mul(BYTES_PER_SEARCH).min(SHORT_TEXT);
        let mut with = [[0; 256]; 3];
        for (bit, trigram) in all.into_iter().enumerate() {
            for (with, byte) in with.iter_mut().zip(trigram) {
                if let Some(with) = with.get_mut(usize::from(byte)) {
                    *with |= 1 << bit;
                }
            }
        }
        Some(Self { with, needs, longest })
    }

    fn trigrams(&self, text: &[u8]) -> u64 {
        let [first, second, third] = &self.with;
        let with =
            |table: &[u64; 256], byte: u8| table.get(usize::from(byte)).copied().unwrap_or(0);
        text.array_windows()
            .fold(0, |all, [a, b, c]| all | (with(first, *a) & with(second, *b) & with(third, *c)))
    }
}

/// The bits of a pattern's trigrams, which are added to `all`. 0 if it has none, or they do not fit.
fn bits_of(pattern: &Pattern, all: &mut Vec<Trigram>) -> u64 {
    // Larger ones are searched in pieces, each of which may be the last that is done at once.
    if pattern.states.saturating_mul(SHORT_TEXT) > MAX_WORK {
        return 0;
    }
    let new = pattern.trigrams.iter().filter(|trigram| !all.contains(trigram)).count();
    if all.len().saturating_add(new) > MOST_TRIGRAMS {
        return 0;
    }
    pattern.trigrams.iter().fold(0, |bits, trigram| {
        let bit = all.iter().position(|known| known == trigram).unwrap_or_else(|| {
            all.push(*trigram);
            all.len().saturating_sub(1)
        });
        bits | 1 << bit
    })
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use proptest::prelude::*;

    use super::*;
    use crate::regex::{Find, Found, Pace};

    fn set(patterns: &[impl AsRef<str>]) -> Set {
        let new = |pattern: &_| Arc::new(Pattern::new(AsRef::as_ref(pattern), 0).unwrap());
        Set::of(patterns.iter().map(new).collect())
    }

    fn pattern() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            "[ab]{3,5}",
            Just(r"\b".into()),
            Just("a?".into()),
            Just("(?:abb|bba|b)".into())
        ];
        prop::collection::vec(part, 1..4).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn texts_that_are_ruled_out_have_no_match(
            patterns in prop::collection::vec(pattern(), 1..20),
            texts in prop::collection::vec("[ab -]{0,12}", 10),
        ) {
            let set = set(&patterns);
            for text in &texts {
                let seen = set.look(text.as_bytes());
                for (position, pattern) in set.iter().enumerate() {
                    if !seen.rules_out(position) {
                        continue;
                    }
                    for find in [Find::Any, Find::Match, Find::Groups] {
                        let (mut slots, mut searched, mut saved) = (Vec::new(), Pace::new(), Pace::new());
                        let found = pattern.search(text.as_bytes(), 0, find, &mut slots, &mut searched);
                        prop_assert_eq!(found, Found::Nothing, "{} {}", pattern.text(), text);
                        pattern.ruled_out(text.as_bytes(), find, &mut saved);
                        prop_assert_eq!(searched.worked, saved.worked);
                    }
                }
            }
        }
    }

    #[test]
    fn texts_without_trigrams_are_ruled_out() {
        let set = set(&["key-[0-9]+", r"\d+", "abc|xyz"]);
        let ruled_out = |text: &str| {
            let seen = set.look(text.as_bytes());
            [0, 1, 2].map(|position| seen.rules_out(position))
        };
        assert_eq!(ruled_out("nothing"), [true, false, true]);
        assert_eq!(ruled_out("xyzkey"), [false, false, false]);
        assert_eq!(ruled_out("ab"), [true, false, true]);
        assert_eq!(ruled_out(&"-".repeat(2000)), [false, false, false]);
    }

    #[test]
    fn trigrams_that_do_not_fit_leave_their_pattern_out() {
        let many: Vec<_> = (0..100).map(|number| alloc::format!("n{number:02}")).collect();
        let set = set(&many);
        let seen = set.look(b"nothing");
        let ruled_out = (0..100).filter(|position| seen.rules_out(*position));
        assert_eq!(ruled_out.count(), MOST_TRIGRAMS);
    }
}
