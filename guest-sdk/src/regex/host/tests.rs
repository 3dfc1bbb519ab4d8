//! The host's engine beside the crate `regex`, by the same interface.
#![allow(clippy::arithmetic_side_effects, reason = "tests with small numbers")]

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use cpex_wasmi_arbitrary::patterns;
use proptest::prelude::*;

use super::*;
use crate::native::{CALLS, hosted};

proptest! {
    #[test]
    fn the_host_answers_as_the_crate_regex(pattern in patterns(), text in "[abcd12 ü\n]{0,40}") {
        let Ok(native) = ::regex::Regex::new(&pattern) else { return Ok(()) };
        hosted(|| {
            let ours = Regex::new(&pattern).unwrap();
            prop_assert_eq!(ours.is_match(&text), native.is_match(&text));
            let found: Vec<_> = ours.find_iter(&text).map(|found| found.range()).collect();
            let expected: Vec<_> = native.find_iter(&text).map(|found| found.range()).collect();
            prop_assert_eq!(found, expected);
            let found: Vec<Vec<_>> = ours
                .captures_iter(&text)
                .map(|groups| groups.iter().map(|group| group.map(|group| group.range())).collect())
                .collect();
            let expected: Vec<Vec<_>> = native
                .captures_iter(&text)
                .map(|groups| groups.iter().map(|group| group.map(|group| group.range())).collect())
                .collect();
            prop_assert_eq!(found, expected);
            prop_assert_eq!(ours.split(&text).collect::<Vec<_>>(), native.split(&text).collect::<Vec<_>>());
            prop_assert_eq!(ours.splitn(&text, 2).collect::<Vec<_>>(), native.splitn(&text, 2).collect::<Vec<_>>());
            for template in ["-", "<$0>", "${digits}$$x", "$1a $2", "$", "${", "$digits."] {
                prop_assert_eq!(ours.replace_all(&text, template), native.replace_all(&text, template));
                prop_assert_eq!(ours.replacen(&text, 1, template), native.replacen(&text, 1, template));
            }
            prop_assert_eq!(ours.captures_len(), native.captures_len());
            prop_assert_eq!(ours.capture_names().collect::<Vec<_>>(), native.capture_names().collect::<Vec<_>>());
            let (bytes, native) = (bytes::Regex::new(&pattern).unwrap(), ::regex::bytes::Regex::new(&pattern).unwrap());
            let found: Vec<_> = bytes.find_iter(text.as_bytes()).map(|found| found.range()).collect();
            let expected: Vec<_> = native.find_iter(text.as_bytes()).map(|found| found.range()).collect();
            prop_assert_eq!(found, expected);
            Ok(())
        })?;
    }

    #[test]
    fn sets_answer_as_those_of_the_crate_regex(
        all in prop::collection::vec(patterns(), 0..5),
        text in "[abcd12 ]{0,30}",
    ) {
        let Ok(native) = ::regex::RegexSet::new(&all) else { return Ok(()) };
        hosted(|| {
            let ours = RegexSet::new(&all).unwrap();
            let expected: Vec<_> = native.matches(&text).into_iter().collect();
            prop_assert_eq!(ours.matches(&text).into_iter().collect::<Vec<_>>(), expected);
            prop_assert_eq!(ours.is_match(&text), native.is_match(&text));
            Ok(())
        })?;
    }

    #[test]
    fn patterns_asked_together_answer_as_by_themselves(
        all in prop::collection::vec(patterns(), 2..7),
        texts in prop::collection::vec("[abcd12 ü]{0,24}", 2..6),
        asked in prop::collection::vec((0..6_usize, 0..5_usize, 0..5_u8), 60),
        as_loop in any::<bool>(),
    ) {
        let native: Result<Vec<_>, _> = all.iter().map(|pattern| ::regex::Regex::new(pattern)).collect();
        let Ok(native) = native else { return Ok(()) };
        hosted(|| {
            let mut ours: Vec<_> = all.iter().map(|pattern| Regex::new(pattern).unwrap()).collect();
            // One text after the other stands at the same place.
            let mut buffer = String::with_capacity(100);
            for (turn, (pattern, text, question)) in asked.into_iter().enumerate() {
                let pattern = if as_loop { turn } else { pattern } % ours.len();
                let text = if as_loop { turn / ours.len() } else { text } % texts.len();
                buffer.clear();
                buffer.push_str(&texts[text]);
                let (text, native) = (&*buffer, &native[pattern]);
                match question {
                    0 => prop_assert_eq!(ours[pattern].is_match(text), native.is_match(text)),
                    1 => {
                        let found: Vec<_> = ours[pattern].find_iter(text).map(|found| found.range()).collect();
                        let expected: Vec<_> = native.find_iter(text).map(|found| found.range()).collect();
                        prop_assert_eq!(found, expected);
                    }
                    2 => prop_assert_eq!(ours[pattern].replace_all(text, "-"), native.replace_all(text, "-")),
                    3 => prop_assert_eq!(ours[pattern].replace_all(text, "<$0>"), native.replace_all(text, "<$0>")),
                    _ => ours[pattern] = Regex::new(&all[pattern]).unwrap(),
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn escaped_text_is_as_the_crate_regex_has_it(text in ".{0,40}") {
        prop_assert_eq!(escape(&text), ::regex::escape(&text));
    }
}

#[test]
fn a_pattern_that_is_not_valid_says_why() {
    hosted(|| {
        let error = Regex::new("a(b").unwrap_err();
        assert!(format!("{error}").contains("unclosed group"), "{error}");
        assert!(matches!(error, Error::Syntax(_)));
    });
}

#[test]
fn dropped_patterns_make_room_for_others() {
    hosted(|| {
        for number in 0..1000 {
            let regex = Regex::new(&format!("a{number}")).unwrap();
            assert!(regex.clone().is_match(&format!("-a{number}-")));
        }
        let kept: Vec<_> =
            (0..).map_while(|n| Regex::new(&format!("b{n}")).ok()).take(1000).collect();
        assert_eq!(kept.len(), 256);
        drop(kept);
        assert!(Regex::new("c").is_ok());
    });
}

/// The number of host calls that the work takes.
fn calls(work: impl FnOnce()) -> usize {
    let before = CALLS.get();
    work();
    CALLS.get() - before
}

#[test]
fn later_texts_are_searched_for_all_patterns_at_once() {
    hosted(|| {
        let all = ["key-[0-9]+", "(?i)secret", "[a-f]{9}", r"\d\d:\d\d", r"\p{Greek}+"];
        let all = all.map(|pattern| Regex::new(pattern).unwrap());
        let found = |text: &str| all.iter().filter(|regex| regex.is_match(text)).count();
        assert_eq!(calls(|| assert_eq!(found("a text without a match"), 0)), 5);
        // Makes the set too.
        assert_eq!(calls(|| assert_eq!(found("another one without"), 0)), 2);
        assert_eq!(calls(|| assert_eq!(found("the same with λόγος"), 1)), 2);
        assert_eq!(calls(|| assert_eq!(found("SECRET key-1 at 12:30"), 3)), 4);
        assert_eq!(calls(|| assert_eq!(found(&"long ".repeat(60)), 0)), 5);
        assert_eq!(calls(|| assert_eq!(found("shorter than 9".get(..8).unwrap()), 0)), 1);
        assert_eq!(calls(|| assert_eq!(found("short"), 0)), 3);
        assert_eq!(calls(|| assert_eq!(found("more of the same text"), 0)), 1);
    });
}

#[test]
fn answers_that_nobody_wants_are_not_asked_for() {
    hosted(|| {
        let all: Vec<_> = (0..20).map(|n| Regex::new(&format!("b{n}")).unwrap()).collect();
        let text = |n: usize| format!("this is text {n}");
        assert!(!all.iter().any(|regex| regex.is_match(&text(0))));
        let asked = calls(|| {
            for n in 1..100 {
                assert!(!all[0].is_match(&text(n)));
            }
        });
        // The set is made and dropped.
        assert_eq!(asked, 101);
        let asked = calls(|| {
            for n in 0..100 {
                assert!(!all[n % 20].is_match(&text(n)));
            }
        });
        assert_eq!(asked, 100);
    });
}

#[test]
fn sets_that_were_made_unasked_make_room_for_others() {
    hosted(|| {
        let mut all: Vec<_> = (0..250).map(|n| Regex::new(&format!("b{n}")).unwrap()).collect();
        for text in ["another text", "the next text", "one text more"] {
            assert!(!all.iter().any(|regex| regex.is_match(text)));
        }
        all.extend((250..256).map(|n| Regex::new(&format!("b{n}")).unwrap()));
        for text in ["a text that has b25 in it", "b7 at the beginning"] {
            assert!(all.iter().filter(|regex| regex.is_match(text)).count() > 0);
        }
        drop(all);
        assert!(RegexSet::new(["c"]).is_ok());
    });
}

#[test]
fn more_matches_than_fit_are_all_found() {
    hosted(|| {
        let regex = Regex::new("a").unwrap();
        let text = "a".repeat(10_000);
        assert_eq!(regex.find_iter(&text).count(), 10_000);
        assert_eq!(regex.captures_iter(&text).count(), 10_000);
        assert_eq!(Arc::strong_count(&regex.0), 1);
    });
}

#[test]
fn long_names_of_groups_are_known() {
    hosted(|| {
        let name = "n".repeat(3000);
        let regex = Regex::new(&format!("(?P<{name}>a)")).unwrap();
        assert_eq!(&regex.captures("xa").unwrap()[&*name], "a");
    });
}
