//! Regular expressions as JSON Schema has them: those of ECMAScript, in the syntax of the crate `regex`.

use alloc::string::String;
use core::iter::Peekable;
use core::str::Chars;

/// Translates a pattern: classes such as `\d` are those of ASCII, and no character has a meaning in a class that it has only
/// in the crate `regex`.
///
/// # Errors
///
/// The reason in words, if it has an empty class. Anything else is for the engine to refuse.
pub(super) fn translated(pattern: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\\' => escape(chars.next(), false, &mut out),
            '.' => out.push_str(r"[^\n\r\u{2028}\u{2029}]"),
            '[' => class(&mut chars, &mut out)?,
            char => out.push(char),
        }
    }
    Ok(out)
}

/// Translates what stands behind a `[`.
fn class(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Result<(), &'static str> {
    out.push('[');
    if chars.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    if chars.peek() == Some(&']') {
        return Err("a class is empty");
    }
    let mut before = None;
    for char in chars.by_ref() {
        match (before, char) {
            (Some('\\'), char) => escape(Some(char), true, out),
            (_, '\\') => {}
            (_, ']') => {
                out.push(']');
                return Ok(());
            }
            // Two of them are an operator.
            (_, '[' | '&' | '~') | (Some('-'), '-') => {
                out.push('\\');
                out.push(char);
            }
            (_, char) => out.push(char),
        }
        before = if before == Some('\\') { None } else { Some(char) };
    }
    Err("a class has no end")
}

/// Translates what stands behind a `\`.
fn escape(char: Option<char>, in_class: bool, out: &mut String) {
    match (char, in_class) {
        (Some('d'), true) => out.push_str("0-9"),
        (Some('d'), false) => out.push_str("[0-9]"),
        (Some('D'), _) => out.push_str("[^0-9]"),
        (Some('w'), true) => out.push_str("0-9A-Za-z_"),
        (Some('w'), false) => out.push_str("[0-9A-Za-z_]"),
        (Some('W'), _) => out.push_str("[^0-9A-Za-z_]"),
        (Some('b'), true) => out.push_str(r"\x08"),
        (Some('b'), false) => out.push_str(r"(?-u:\b)"),
        (char, _) => {
            out.push('\\');
            out.extend(char);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_those_of_ecmascript() {
        for (pattern, expected) in [
            (r"^\d+$", "^[0-9]+$"),
            (r"[\w-]\W\\d", r"[0-9A-Za-z_-][^0-9A-Za-z_]\\d"),
            (r"[^[&&~~\]]\[", r"[^\[\&\&\~\~\]]\["),
            (r"[+--]\b[\b\\]", r"[+-\-](?-u:\b)[\x08\\]"),
            (r"a\/b", r"a\/b"),
            (r"(?=a)\", r"(?=a)\"),
        ] {
            assert_eq!(translated(pattern).as_deref(), Ok(expected));
        }
        for pattern in ["[]", "[^]a]", "[a", r"[a\]"] {
            assert!(translated(pattern).is_err(), "{pattern}");
        }
    }
}
