//! Sizes of automata, before they are built.

use regex_syntax::hir::{Hir, HirKind};

/// The least number of states that the automaton of a pattern can have: many patterns that are too large are refused by it at once.
pub(super) fn least_states(pattern: &Hir) -> usize {
    // One more for the match.
    least(pattern).saturating_add(1)
}

fn least(pattern: &Hir) -> usize {
    match pattern.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(_) => 1,
        HirKind::Repetition(repetition) => {
            let copies = repetition.max.unwrap_or_else(|| repetition.min.max(1));
            let copies = usize::try_from(copies).unwrap_or(usize::MAX);
            least(&repetition.sub).saturating_mul(copies)
        }
        HirKind::Capture(capture) => least(&capture.sub),
        HirKind::Concat(parts) => {
            parts.iter().fold(0, |all: usize, part| all.saturating_add(least(part)))
        }
        // Literals share their beginnings.
        HirKind::Alternation(parts) => parts.iter().map(least).max().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use cpex_wasmi_arbitrary::patterns;
    use proptest::prelude::*;

    use super::*;
    use crate::regex::states_of;

    proptest! {
        #[test]
        fn no_automaton_has_fewer_states(pattern in patterns(), times in 0..40_u32) {
            let pattern = alloc::format!("(?:{pattern}){{{times}}}|a(?:bc?){{0,{times}}}");
            if let Ok(pattern) = regex_syntax::parse(&pattern) {
                // Without states, the automaton is over the bound of its bytes.
                let states = states_of(&pattern, true).unwrap_or(usize::MAX);
                prop_assert!(least_states(&pattern) <= states);
            }
        }
    }

    #[test]
    fn long_texts_and_repetitions_are_large() {
        let least = |pattern: &str| least_states(&regex_syntax::parse(pattern).unwrap());
        assert_eq!(least("abc"), 4);
        assert_eq!(least("(?:ab{7}){10}"), 81);
        assert_eq!(least(r"\w{3,}|abcd"), 5);
        assert!(least("(?:(?:a{1000}){1000}){1000}") > 1_000_000_000);
    }
}
