//! Texts that cpex-core, with its own reader of YAML, takes for something else.

use alloc::format;
use alloc::vec::Vec;

use super::yaml::place;
use crate::{ErrorKind, Problem};

/// Returns the problem of a plain text that cpex-core takes for something else, or for nothing, within braces.
pub(super) fn sign_at_start(text: &str) -> Option<&'static str> {
    match text.chars().next()? {
        ':' => Some("begins with a colon; put it in quotes"),
        '?' => Some("begins with a question mark; put it in quotes"),
        _ => None,
    }
}

/// Refuses characters that end a line for some readers and for others do not.
pub(super) fn odd_breaks(text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (at, line) in text.split('\n').enumerate() {
        for (column, char) in line.chars().enumerate() {
            if matches!(char, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}') {
                let code = u32::from(char);
                let message = format!(
                    "U+{code:04X} stands here, which readers of YAML take differently; write it as \
                     `\\u{code:04x}` within double quotes"
                );
                let place = place(at.saturating_add(1), column);
                problems.push(Problem::new(ErrorKind::InvalidPolicy, message).at(place));
            }
        }
    }
    problems
}

/// Returns true if a word looks like an anchor that cpex-core reads with another name: to it `&a:` is the anchor `a` on an empty key.
pub(super) fn has_odd_anchors(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.split(|char: char| char.is_whitespace() || "[]{},".contains(char))
        .filter_map(|word| word.strip_prefix('&'))
        .any(|name| !name.bytes().all(plain))
}
