//! The host's engine beside the crate `regex`, by the same interface.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use cpex_wasmi_arbitrary::patterns;
use proptest::prelude::*;

use super::*;
use crate::native::hosted;

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
