//! Bytes that each match of a pattern has in it.

use alloc::vec::Vec;

use regex_syntax::hir::Hir;
use regex_syntax::hir::literal::{ExtractKind, Extractor};

/// Three bytes that follow each other in a text.
pub(super) type Trigram = [u8; 3];

/// The most trigrams of one pattern.
const MOST: usize = 16;

/// The trigrams of which each match begins with one, or each ends with one. Empty if there are no such, or too many.
pub(super) fn trigrams(pattern: &Hir) -> Vec<Trigram> {
    let ends = [ExtractKind::Prefix, ExtractKind::Suffix];
    ends.into_iter().find_map(|end| trigrams_at(pattern, end)).unwrap_or_default()
}

fn trigrams_at(pattern: &Hir, end: ExtractKind) -> Option<Vec<Trigram>> {
    let mut extractor = Extractor::new();
    extractor.kind(end).limit_literal_len(size_of::<Trigram>());
    let literals = extractor.extract(pattern);
    let trigrams = literals.literals()?.iter().map(|literal| literal.as_bytes().try_into().ok());
    let mut trigrams = trigrams.collect::<Option<Vec<Trigram>>>()?;
    trigrams.sort_unstable();
    trigrams.dedup();
    (1..=MOST).contains(&trigrams.len()).then_some(trigrams)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pattern: &str) -> Vec<alloc::string::String> {
        let trigrams = trigrams(&regex_syntax::parse(pattern).unwrap());
        trigrams
            .iter()
            .map(|bytes| alloc::string::String::from_utf8(bytes.to_vec()).unwrap())
            .collect()
    }

    #[test]
    fn trigrams_are_of_one_end_of_all_matches() {
        assert_eq!(of(r"\bgh[po]_[0-9]+"), ["gho", "ghp"]);
        assert_eq!(of("abcd|xyz"), ["abc", "xyz"]);
        assert_eq!(of(r"\w+@example"), ["ple"]);
        assert_eq!(of("(?i)ab1"), ["AB1", "Ab1", "aB1", "ab1"]);
        for pattern in
            ["", "ab", "abc|d", r"\d{3}", ".*", "(?i)abcdef|(?i)ghijkl|(?i)mnopqr", "[a&&b]"]
        {
            assert_eq!(of(pattern), [""; 0], "{pattern}");
        }
    }
}
