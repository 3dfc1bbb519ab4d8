//! Patterns with `*`.

/// True if a pattern stands for a text: what is no `*` for itself, and each `*` for any text. A `*` of the text
/// is one of any characters, so that a pattern also stands for those that stand for nothing more.
pub(crate) fn stands_for(pattern: &str, text: &str) -> bool {
    let Some((start, mut pattern)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(start) else { return false };
    // The first place that fits leaves most room for what follows.
    while let Some((piece, more)) = pattern.split_once('*') {
        let Some((_, after)) = rest.split_once(piece) else { return false };
        (rest, pattern) = (after, more);
    }
    rest.ends_with(pattern)
}

/// True if a pattern stands for the name of a file, or for all names that another pattern stands for. What
/// begins with a dot has to have a pattern that does.
pub(crate) fn names_file(pattern: &str, name: &str) -> bool {
    let parts: &[char] = if cfg!(windows) { &['/', '\0', '\\', ':'] } else { &['/', '\0'] };
    let plain = !name.is_empty() && !name.contains(parts) && !matches!(name, "." | "..");
    plain && name.starts_with('.') == pattern.starts_with('.') && stands_for(pattern, name)
}

/// A path's folder, which is empty if it has none, and what follows.
pub(crate) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').map_or(("", path), |(folder, name)| match folder {
        "" => ("/", name),
        _ => (folder, name),
    })
}

/// True if a path is one of files by a pattern.
pub(crate) fn is_pattern(path: &str) -> bool {
    split(path).1.contains('*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A naive reference, which tries all there is.
    fn naive(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => (0..=text.len()).any(|at| naive(rest, &text[at..])),
            Some((byte, rest)) => text.first() == Some(byte) && naive(rest, &text[1..]),
        }
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

        #[test]
        fn who_has_a_pattern_has_all_that_one_within_it_stands_for(
            wide in "[.a*]{0,5}", narrow in "[.a*]{0,5}", name in "[.a]{1,6}",
        ) {
            if names_file(&wide, &narrow) && names_file(&narrow, &name) {
                prop_assert!(names_file(&wide, &name));
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
            assert_eq!(names_file(pattern, name), expected, "{pattern} {name}");
        }
        for (path, folder, name) in
            [("a", "", "a"), ("/a", "/", "a"), ("a/b", "a", "b"), ("/a/b/*.c", "/a/b", "*.c")]
        {
            assert_eq!(split(path), (folder, name));
        }
    }
}
