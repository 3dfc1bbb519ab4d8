//! The engine beside the crate `regex`.
#![allow(clippy::arithmetic_side_effects, reason = "a test with small numbers")]

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use cpex_wasmi_arbitrary::patterns;
use proptest::prelude::*;
use regex_automata::util::primitives::NonMaxUsize;

use super::*;
use crate::regex::reach::Reach;

/// All matches, one after the other, as a plugin finds them.
fn all(pattern: &Pattern, text: &str) -> Option<Vec<(usize, usize)>> {
    let (mut found, mut slots, mut pace) = (Vec::new(), Vec::new(), Pace::new());
    let mut position = Position::default();
    loop {
        match position.next(pattern, text.as_bytes(), Find::Match, &mut slots, &mut pace) {
            Found::Match(start, end) => found.push((start, end)),
            Found::Nothing => return Some(found),
            Found::Unfinished(_) => pace = Pace::new(),
            Found::TooLong => return None,
        }
    }
}

/// The pattern, as if its automaton were so large that texts are searched in short pieces.
fn in_pieces(text: &str, states: usize) -> Pattern {
    Pattern { states, ..Pattern::new(text, 0).unwrap() }
}

fn expected(pattern: &str, text: &str) -> Vec<(usize, usize)> {
    let reference = ::regex::Regex::new(pattern).unwrap();
    reference.find_iter(text).map(|found| (found.start(), found.end())).collect()
}

proptest! {
    #[test]
    fn matches_are_those_of_the_crate_regex(pattern in patterns(), text in "[abcd1 ü\n]{0,40}") {
        // A name may stand twice.
        let Ok(compiled) = Pattern::new(&pattern, 0) else { return Ok(()) };
        prop_assert_eq!(all(&compiled, &text), Some(expected(&pattern, &text)));
    }

    #[test]
    fn pieces_find_what_a_single_search_finds(
        pattern in patterns(),
        text in "[abcd1 ü\n]{0,60}",
        piece in 1_usize..40,
    ) {
        let Ok(compiled) = Pattern::new(&pattern, 0) else { return Ok(()) };
        let compiled = Pattern { states: crate::regex::MAX_WORK / piece, ..compiled };
        // Some cannot be cut, which is said.
        if let Some(found) = all(&compiled, &text) {
            prop_assert_eq!(found, expected(&pattern, &text));
        }
    }
}

#[test]
fn long_texts_are_cut_where_no_match_goes_across() {
    let word = in_pieces(r"[a-z]+@[a-z]+", crate::regex::MAX_WORK / 16);
    assert_eq!(all(&word, "some text with spaces, and me@home in it"), Some(vec![(27, 34)]));
    let short = in_pieces(r"a.c", crate::regex::MAX_WORK / 16);
    let text = format!("{}abc{}", "-".repeat(100), "-".repeat(100));
    assert_eq!(all(&short, &text), Some(vec![(100, 103)]));
    // Nothing says where this could be cut.
    let any = in_pieces(r"(?s)a.*c", crate::regex::MAX_WORK / 16);
    assert_eq!(all(&any, &text), None);
    assert!(matches!(
        any.search(b"abc", 0, Find::Any, &mut Vec::new(), &mut Pace::new()),
        Found::Match(..)
    ));
}

#[test]
fn groups_are_found_with_their_places() {
    let pattern = Pattern::new(r"(?P<key>\w+)=(\d+)?", 0).unwrap();
    let (mut slots, mut pace) = (Vec::new(), Pace::new());
    assert_eq!(
        pattern.search(b"--ab=", 0, Find::Groups, &mut slots, &mut pace),
        Found::Match(2, 5)
    );
    let places: Vec<_> = slots.iter().map(|slot| slot.map(NonMaxUsize::get)).collect();
    assert_eq!(places, [Some(2), Some(5), Some(2), Some(4), None, None]);
    assert_eq!(pattern.names().collect::<Vec<_>>(), ["", "key", ""]);
}

#[test]
fn a_reach_knows_the_bytes_of_a_match() {
    let reach = |pattern: &str| Reach::of(&regex_syntax::parse(pattern).unwrap());
    let piece = reach("[a-c]+").piece(b"aaaaaaaa", 0, usize::MAX / 2);
    assert!(piece.is_none());
    let piece = reach("[a-c]+").piece(b"aaa aaaa", 0, crate::regex::MAX_WORK / 4).unwrap();
    assert_eq!((piece.end, piece.next), (3, Some(4)));
}
