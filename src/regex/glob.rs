//! Globs, as regular expressions.

use alloc::format;
use alloc::string::String;
use core::iter::Peekable;
use core::str::Chars;

use regex_syntax::escape_into;

/// The greatest depth of braces in one another.
const MAX_DEPTH: u32 = 16;

/// The place before a part of a glob.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// The beginning, or a `/`.
    Slash,
    /// The beginning of an alternative.
    Brace,
    /// Anything else.
    Other,
}

/// The regular expression of a glob, which matches a whole text.
///
/// # Errors
///
/// The reason in words, if the glob is not valid.
pub(super) fn translated(glob: &str) -> Result<String, String> {
    let mut out = String::from(r"(?s)\A");
    let mut chars = glob.chars().peekable();
    let (mut depth, mut before) = (0_u32, Before::Slash);
    while let Some(char) = chars.next() {
        let here = core::mem::replace(&mut before, Before::Other);
        match char {
            '*' if chars.next_if_eq(&'*').is_some() => match (chars.peek(), here) {
                (Some('/'), Before::Slash | Before::Brace) => {
                    chars.next();
                    out.push_str("(?:.*/)?");
                    before = Before::Slash;
                }
                (None, Before::Slash) => out.push_str(".*"),
                (Some(',' | '}'), Before::Slash) if depth > 0 => out.push_str(".*"),
                _ => {
                    return Err(
                        "the glob has `**` that is no whole part of a path, as in `a/**`".into()
                    );
                }
            },
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '[' => class(&mut chars, &mut out)?,
            '{' => {
                depth = depth.saturating_add(1);
                if depth > MAX_DEPTH {
                    return Err(format!("the glob has braces that nest deeper than {MAX_DEPTH}"));
                }
                out.push_str("(?:");
                before = Before::Brace;
            }
            ',' if depth > 0 => {
                out.push('|');
                before = Before::Brace;
            }
            '}' => {
                depth = depth.checked_sub(1).ok_or("the glob has a `}` without its `{`")?;
                out.push(')');
            }
            '\\' => {
                let char = chars.next().ok_or(r"the glob ends with a `\`")?;
                before = literal(char, &mut out);
            }
            char => before = literal(char, &mut out),
        }
    }
    if depth > 0 {
        return Err("the glob has a `{` without its `}`".into());
    }
    out.push_str(r"\z");
    Ok(out)
}

/// Appends a character that stands for itself.
fn literal(char: char, out: &mut String) -> Before {
    escape_into(char.encode_utf8(&mut [0; 4]), out);
    if char == '/' { Before::Slash } else { Before::Other }
}

/// Appends a class of characters, which never has a `/` in it.
fn class(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Result<(), String> {
    let unclosed = "the glob has a `[` without its `]`";
    let negated = chars.next_if(|char| matches!(char, '!' | '^')).is_some();
    out.push_str(if negated { "[^/" } else { "[" });
    let mut next = Some(chars.next().ok_or(unclosed)?);
    while let Some(from) = next {
        literal(from, out);
        next = match chars.next().ok_or(unclosed)? {
            ']' => None,
            '-' => match chars.next().ok_or(unclosed)? {
                // A minus sign at the end stands for itself.
                ']' => {
                    literal('-', out);
                    None
                }
                to => {
                    if to < from {
                        return Err(format!(
                            "the glob has the class `{from}-{to}`, which is empty"
                        ));
                    }
                    out.push('-');
                    literal(to, out);
                    match chars.next().ok_or(unclosed)? {
                        ']' => None,
                        char => Some(char),
                    }
                }
            },
            char => Some(char),
        };
    }
    out.push_str(if negated { "]" } else { "&&[^/]]" });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regex::{Find, Found, Pace, Pattern};
    use alloc::string::ToString as _;
    use alloc::vec::Vec;
    use cpex_wasmi_abi::pattern as flag;
    use proptest::prelude::*;

    fn stands_for(glob: &str, flags: u32, text: &str) -> bool {
        let pattern = Pattern::new(glob, flag::GLOB | flags).unwrap();
        let (mut slots, mut pace) = (Vec::new(), Pace::new());
        let found = pattern.search(text.as_bytes(), 0, Find::Match, &mut slots, &mut pace);
        assert!(matches!(found, Found::Nothing) || found == Found::Match(0, text.len()));
        found != Found::Nothing
    }

    #[test]
    fn globs_stand_for_paths() {
        for (glob, yes, no) in [
            ("*.rs", &["a.rs", ".rs", "ü\n.rs"][..], &["a/b.rs", "a.rsx"][..]),
            ("a?c", &["abc", "aüc"], &["ac", "a/c", "abbc"]),
            ("**", &["", "a", "a/b"], &[]),
            ("**/a", &["a", "/a", "b/a", "b/c/a"], &["ba", "a/b"]),
            ("a/**", &["a/", "a/b", "a/b/c"], &["a", "ab"]),
            ("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["ab", "a/xb"]),
            ("{a,b{c,d}}.{x,}", &["a.x", "bc.", "bd.x"], &["b.x", "c."]),
            ("{src/**,*.md}", &["src/a/b", "x.md"], &["src", "a/x.md"]),
            ("[a-c-]", &["b", "-"], &["d", "/"]),
            ("[!a-c]", &["d", "ü"], &["b", "/"]),
            ("[]]x", &["]x"], &["x"]),
            ("[.-0]", &[".", "0"], &["/"]),
            (r"\*\{a", &["*{a"], &["b{a"]),
            ("(a|b)+.^$", &["(a|b)+.^$"], &["a"]),
            ("a,b", &["a,b"], &["a"]),
        ] {
            for text in yes {
                assert!(stands_for(glob, 0, text), "{glob} {text:?}");
            }
            for text in no {
                assert!(!stands_for(glob, 0, text), "{glob} {text:?}");
            }
        }
        assert!(stands_for("STRASSE/*.Rs", flag::CASE_INSENSITIVE, "strasse/A.rS"));
    }

    #[test]
    fn invalid_globs_are_refused_in_words() {
        for (glob, says) in [
            ("a**", "`**`"),
            ("**a", "`**`"),
            ("***", "`**`"),
            ("{**,a}", "`**`"),
            ("{a", "`{`"),
            ("a}", "`}`"),
            ("[a", "`[`"),
            ("[a-", "`[`"),
            ("[!", "`[`"),
            ("[b-a]", "empty"),
            ("a\\", "ends with"),
            (&"{".repeat(17), "deeper"),
        ] {
            let error = Pattern::new(glob, flag::GLOB).unwrap_err().reason;
            assert!(error.contains(says), "{glob}: {error}");
        }
        let error = Pattern::new("a", flag::GLOB | flag::MULTI_LINE).unwrap_err().reason;
        assert!(error.contains("flags"), "{error}");
    }

    fn part() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            "[ab.,é-]{1,2}",
            Just("*".to_string()),
            Just("?".to_string()),
            Just("[ab]".to_string()),
            Just("[!a/]".to_string()),
            Just("[a-c-]".to_string()),
            Just(r"\*".to_string()),
        ];
        // Two stars beside each other would be something else.
        let parts = |inner| {
            prop::collection::vec(inner, 1..3).prop_map(|parts: Vec<String>| parts.join("a"))
        };
        parts(leaf.boxed()).prop_recursive(2, 8, 3, move |inner| {
            let alternatives = prop::collection::vec(
                prop_oneof![Just(String::new()), inner.clone().boxed()],
                1..3,
            );
            parts(
                prop_oneof![alternatives.prop_map(|all| format!("{{{}}}", all.join(","))), inner]
                    .boxed(),
            )
        })
    }

    fn glob() -> impl Strategy<Value = String> {
        let part = prop_oneof![3 => part().boxed(), 1 => Just("**".to_string()).boxed()];
        prop::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"))
    }

    proptest! {
        #[test]
        fn globs_stand_for_what_the_crate_globset_says(glob in glob(), text in "[abc./*,-]{0,8}") {
            let native = globset::GlobBuilder::new(&glob)
                .literal_separator(true)
                .backslash_escape(true)
                .empty_alternates(true)
                .build();
            let native = native.unwrap().compile_matcher();
            prop_assert_eq!(stands_for(&glob, 0, &text), native.is_match(&text), "{}", glob);
        }
    }
}
