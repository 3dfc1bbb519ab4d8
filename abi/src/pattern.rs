//! Regular expressions: the numbers of their functions, and the list of those that a module brings.
//!
//! The flags are the rules of a pattern's syntax, which are those of the crate `regex`.

use alloc::vec::Vec;

/// Letters match whatever their case.
pub const CASE_INSENSITIVE: u32 = 1;
/// `^` and `$` match at the beginning and the end of each line.
pub const MULTI_LINE: u32 = 1 << 1;
/// `.` matches a line feed too.
pub const DOT_MATCHES_NEW_LINE: u32 = 1 << 2;
/// A line ends at `\r\n`, `\r` or `\n`.
pub const CRLF: u32 = 1 << 3;
/// `*` matches as little as it can, and `*?` as much.
pub const SWAP_GREED: u32 = 1 << 4;
/// White space and comments in a pattern mean nothing.
pub const IGNORE_WHITESPACE: u32 = 1 << 5;
/// Classes such as `\w` are those of ASCII.
pub const NO_UNICODE: u32 = 1 << 6;
/// `\123` is a character by its octal number.
pub const OCTAL: u32 = 1 << 7;
/// Matches may be anything, not only valid UTF-8.
pub const BYTES: u32 = 1 << 8;
/// The text is a glob, which stands for whole texts. Only [`CASE_INSENSITIVE`] goes with it.
pub const GLOB: u32 = 1 << 9;
/// All flags.
pub const ALL: u32 = (1 << 10) - 1;

/// For `search`: the places of matches.
pub const MATCHES: u32 = 0;
/// For `search`: one answer a pattern, if it has a match.
pub const ANY: u32 = 1;
/// For `search`: the places of matches and their groups.
pub const GROUPS: u32 = 2;
/// The size of the head of an answer of `search` and `scan`, in bytes: where to go on.
pub const HEAD: usize = 12;
/// In the head of an answer, in place of the pattern: nothing is left to search.
pub const FINISHED: u32 = u32::MAX;
/// In `from`: a match ended there, so that no empty one begins there.
pub const AFTER_MATCH: u32 = 1 << 31;

/// For `replace`: `$1`, `$name` and `${name}` stand for groups, `$$` for a dollar sign.
pub const EXPAND: u32 = 0;
/// For `replace`: the text as it is.
pub const LITERAL: u32 = 1;
/// For `replace`: a mark for each character, but for as many as bits 8 to 15 say at the beginning and
/// bits 16 to 23 at the end.
pub const MASK: u32 = 2;

/// The name of the custom section with the patterns that a module lists: the host compiles them when it loads the module, so that
/// one that is not valid is refused before anything runs.
pub const SECTION: &str = "cpex.patterns";

/// The most patterns that a module lists.
pub const MAX_LISTED: usize = 256;

/// The size of what stands before the text of a listed pattern: its flags and its length, in bytes.
const FRAME: usize = 8;

/// The length of a list of patterns, for the `N` of [`list`].
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "at compile time")]
pub const fn list_len(texts: &[&str]) -> usize {
    let (mut len, mut at) = (0, 0);
    while at < texts.len() {
        len += FRAME + texts[at].len();
        at += 1;
    }
    len
}

/// A list of patterns, as the content of the custom section. Several such lists, one behind the other, are one.
#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "at compile time"
)]
pub const fn list<const N: usize>(texts: &[&str]) -> [u8; N] {
    let mut bytes = [0; N];
    let (mut place, mut at) = (0, 0);
    while at < texts.len() {
        let text = texts[at].as_bytes();
        let len = (text.len() as u32).to_le_bytes();
        let mut byte = 0;
        while byte < len.len() {
            bytes[place + 4 + byte] = len[byte];
            byte += 1;
        }
        byte = 0;
        while byte < text.len() {
            bytes[place + FRAME + byte] = text[byte];
            byte += 1;
        }
        place += FRAME + text.len();
        at += 1;
    }
    bytes
}

/// The patterns of a list, with their flags. `None` if it is no list, or too long.
pub fn read_list(mut section: &[u8]) -> Option<Vec<(&str, u32)>> {
    let mut patterns = Vec::new();
    while !section.is_empty() {
        let (flags, rest) = section.split_first_chunk()?;
        let (len, rest) = rest.split_first_chunk()?;
        let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
        let (text, rest) = rest.split_at_checked(len)?;
        if patterns.len() == MAX_LISTED {
            return None;
        }
        patterns.push((core::str::from_utf8(text).ok()?, u32::from_le_bytes(*flags)));
        section = rest;
    }
    Some(patterns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_they_are_written() {
        const TEXTS: &[&str] = &["a+", "", "ü"];
        let mut section = list::<{ list_len(TEXTS) }>(TEXTS).to_vec();
        assert_eq!(read_list(&section), Some(alloc::vec![("a+", 0), ("", 0), ("ü", 0)]));
        section.extend_from_slice(&list::<{ list_len(TEXTS) }>(TEXTS));
        assert_eq!(read_list(&section).map(|list| list.len()), Some(6));
        assert_eq!(read_list(&section[..5]), None);
        assert_eq!(read_list(&[0; FRAME * (MAX_LISTED + 1)]), None);
        assert_eq!(read_list(&[0, 0, 0, 0, 1, 0, 0, 0, 0xff]), None);
    }
}
