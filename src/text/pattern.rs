//! The patterns of names, files and arguments: one language, whose matchers serve at load and at run time.
//!
//! A `*` stands for any text, none included, and nothing else is special: there is no escape. Each matcher takes a name, or a
//! narrower pattern: it then tells if all that this stands for is covered. Hosts have a form of their own (`HostPattern`).
//! docs/policy.md, "Patterns", is for operators.

/// The longest name of a variable or function that a pattern stands for, in bytes. Plugins choose names, and looking is cheap.
const MAX_NAME_BYTES: usize = 256;

/// Returns true if a pattern stands for the name of a variable or function.
pub(crate) fn is_name(pattern: &str, name: &str) -> bool {
    name.len() <= MAX_NAME_BYTES && stands_for(pattern, name)
}

/// Returns true if a pattern stands for the name of a file. A name that begins with a dot takes a pattern that does.
pub(crate) fn is_file(pattern: &str, name: &str) -> bool {
    let parts: &[char] = if cfg!(windows) { &['/', '\0', '\\', ':'] } else { &['/', '\0'] };
    let plain = !name.is_empty() && !name.contains(parts) && !matches!(name, "." | "..");
    plain && name.starts_with('.') == pattern.starts_with('.') && stands_for(pattern, name)
}

/// Returns true if patterns stand for the arguments of a program, one for each. A last `**` stands for any number of arguments.
#[cfg(any(test, all(feature = "exec", unix)))]
pub(crate) fn are_arguments(
    patterns: &[alloc::string::String],
    args: &[alloc::string::String],
) -> bool {
    let (patterns, any) = match patterns.split_last() {
        Some((last, patterns)) if last == "**" => (patterns, true),
        _ => (patterns, false),
    };
    let Some((each, rest)) = args.split_at_checked(patterns.len()) else { return false };
    (any || rest.is_empty())
        && patterns.iter().zip(each).all(|(pattern, arg)| is_argument(pattern, arg))
        && rest.iter().all(|arg| is_argument("*", arg))
}

/// Returns true if a pattern stands for an argument. An argument that begins with `-` may be an option, and takes a pattern that
/// begins with `-` too.
#[cfg(any(test, all(feature = "exec", unix)))]
fn is_argument(pattern: &str, arg: &str) -> bool {
    !arg.contains('\0')
        && (pattern.starts_with('-') || !arg.starts_with('-'))
        && stands_for(pattern, arg)
}

/// Returns true if a pattern stands for a text. A `*` of the text is one of any characters, so that a pattern also stands for
/// those that stand for nothing more.
fn stands_for(pattern: &str, text: &str) -> bool {
    let Some((start, mut pattern)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(start) else { return false };
    // The first place that fits leaves most room for what follows.
    while let Some((piece, more)) = pattern.split_once('*') {
        let Some((_, after)) = rest.split_once(piece) else { return false };
        (rest, pattern) = (after, more);
    }
    rest.ends_with(pattern)
}

/// Splits a path into its folder, which is empty if it has none, and what follows.
pub(crate) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').map_or(("", path), |(folder, name)| match folder {
        "" => ("/", name),
        _ => (folder, name),
    })
}

/// Returns true if the last part of a path is a pattern.
pub(crate) fn is_pattern(path: &str) -> bool {
    split(path).1.contains('*')
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    /// Matches by trying all there is.
    fn naive(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => (0..=text.len()).any(|at| naive(rest, &text[at..])),
            Some((byte, rest)) => text.first() == Some(byte) && naive(rest, &text[1..]),
        }
    }

    /// One of the texts that a pattern stands for.
    fn filled(pattern: &str, stars: &[String]) -> String {
        let mut stars = stars.iter().cycle();
        let mut text = String::new();
        for char in pattern.chars() {
            match char {
                '*' => text.push_str(stars.next().unwrap()),
                char => text.push(char),
            }
        }
        text
    }

    proptest! {
        #[test]
        fn a_star_stands_for_any_text(pattern in "[ab*]{0,7}", text in "[ab]{0,9}") {
            prop_assert_eq!(
                stands_for(&pattern, &text),
                naive(pattern.as_bytes(), text.as_bytes())
            );
        }

        #[test]
        fn any_text_is_compared_without_harm(pattern in "\\PC{0,20}", text in "\\PC{0,20}") {
            if stands_for(&pattern, &text) && !pattern.contains('*') {
                prop_assert_eq!(pattern, text);
            }
        }

        /// A grant covers a pattern if and only if it covers each name: one with letters that it does not have tells.
        #[test]
        fn a_pattern_is_covered_if_each_of_its_names_is(
            wide in "[.a*]{0,5}",
            narrow in "[.a*]{0,5}",
            stars in prop::collection::vec("[.ab]{0,3}", 3),
        ) {
            let other = filled(&narrow, &[String::from("z")]);
            prop_assert_eq!(is_name(&wide, &narrow), is_name(&wide, &other));
            prop_assert_eq!(is_file(&wide, &narrow), is_file(&wide, &other));
            let name = filled(&narrow, &stars);
            if is_name(&wide, &narrow) {
                prop_assert!(is_name(&narrow, &name) && is_name(&wide, &name), "{name}");
            }
            if is_file(&wide, &narrow) && is_file(&narrow, &name) {
                prop_assert!(is_file(&wide, &name), "{name}");
            }
        }

        #[test]
        fn options_need_a_pattern_that_begins_like_one(
            patterns in prop::collection::vec("-?[-a*]{0,4}|\\*\\*", 0..4),
            args in prop::collection::vec("-{0,2}[-a]{0,4}", 0..4),
        ) {
            if are_arguments(&patterns, &args) {
                for (at, arg) in args.iter().enumerate().filter(|(_, arg)| arg.starts_with('-')) {
                    prop_assert!(patterns.get(at).is_some_and(|pattern| pattern.starts_with('-')), "{arg}");
                }
            }
        }
    }

    #[test]
    fn a_name_is_one_of_a_file_in_the_same_folder() {
        for (pattern, name, expected) in [
            ("*", "a", true),
            ("*", "", false),
            ("*", ".", false),
            ("*", "..", false),
            (".*", "..", false),
            ("*", ".hidden", false),
            (".*", ".hidden", true),
            ("*.json", "a.json", true),
            ("*.json", ".json", false),
            ("*.json", "a/b.json", false),
            ("*.json", "a.json\0", false),
            ("*.json", "a.jsonx", false),
            ("*.json", "x*.json", true),
            ("x*.json", "*.json", false),
            ("a*", "a", true),
        ] {
            assert_eq!(is_file(pattern, name), expected, "{pattern} {name}");
        }
        for (path, folder, name) in
            [("a", "", "a"), ("/a", "/", "a"), ("a/b", "a", "b"), ("/a/b/*.c", "/a/b", "*.c")]
        {
            assert_eq!(split(path), (folder, name));
        }
    }

    #[test]
    fn a_name_that_is_too_long_is_in_no_pattern() {
        assert!(is_name("*", &"a".repeat(MAX_NAME_BYTES)));
        assert!(!is_name("*", &"a".repeat(MAX_NAME_BYTES + 1)));
    }

    #[test]
    fn arguments_are_those_of_the_patterns() {
        for (patterns, args, expected) in [
            (&[][..], &[][..], true),
            (&[], &["a"], false),
            (&["a"], &["a"], true),
            (&["a"], &[], false),
            (&["a"], &["a", "b"], false),
            (&["*"], &["a b; rm"], true),
            (&["*"], &[""], true),
            (&["*"], &["-r"], false),
            (&["-*"], &["-r"], true),
            (&["--file=*.json"], &["--file=a/b.json"], true),
            (&["--file=*.json"], &["--file=x"], false),
            (&["--file=*"], &["--other"], false),
            (&["v*-*"], &["v1-2-3"], true),
            (&["**"], &[], true),
            (&["**"], &["a", "b"], true),
            (&["**"], &["a", "-b"], false),
            (&["log", "**"], &["log"], true),
            (&["log", "**"], &["show"], false),
            (&["log", "-n*", "**"], &["log", "-n3", "a"], true),
            (&["**", "a"], &["x", "a"], true),
            (&["**", "a"], &["x", "y", "a"], false),
            (&["a*a"], &["a"], false),
            (&["*ab*ab"], &["abab"], true),
            (&["*ab*ab"], &["xab"], false),
            (&["*"], &["a\0b"], false),
        ] {
            let args: Vec<String> = args.iter().map(|arg| (*arg).into()).collect();
            let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).into()).collect();
            assert_eq!(are_arguments(&patterns, &args), expected, "{patterns:?} {args:?}");
        }
    }
}
