//! Masking of an embedder's secrets in all that plugins say.

#[cfg_attr(not(feature = "redact"), path = "redact/no_patterns.rs")]
mod patterns;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use cpex_wasmi_abi::model::Secret;

use crate::{ErrorKind, Problem};
use patterns::Patterns;

/// The text in the place of a secret.
pub(crate) const MARK: &str = "[redacted]";

/// The shortest secret that is looked for, in bytes. What is shorter can be guessed, and is in many a
/// text by chance.
pub(crate) const SHORTEST: usize = 4;

/// The secrets that an embedder has masked.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    literals: Vec<Secret>,
    patterns: Patterns,
}

impl Redactor {
    pub(crate) fn add(&mut self, literal: &str) -> Result<(), Problem> {
        if literal.len() < SHORTEST {
            return Err(Problem::new(
                ErrorKind::InvalidConfig,
                format!(
                    "a text to be redacted has {} bytes, but needs at least {SHORTEST}: shorter \
                     texts match by chance",
                    literal.len()
                ),
            ));
        }
        self.literals.push(literal.into());
        Ok(())
    }

    #[cfg(feature = "redact")]
    pub(crate) fn add_pattern(&mut self, pattern: &str) -> Result<(), Problem> {
        self.patterns.add(pattern)
    }

    /// The number of passes over a text.
    pub(crate) fn count(&self) -> usize {
        self.literals.len().saturating_add(self.patterns.count())
    }

    /// The longest secret that is found where a text is cut, in bytes.
    pub(crate) fn longest(&self) -> usize {
        let literals = self.literals.iter().map(|literal| literal.expose().len());
        literals.max().unwrap_or(0).max(self.patterns.longest())
    }

    /// The length of the longest secret with a line break in it, in bytes. 0 if there is none.
    #[cfg(feature = "wasi")]
    pub(crate) fn longest_across_lines(&self) -> usize {
        across_lines(&self.literals).max(self.patterns.longest_across_lines())
    }

    /// The length of the text's end that begins a secret.
    pub(crate) fn begun(&self, text: &str) -> usize {
        begun(text, &self.literals)
    }

    /// True if there is anything to be masked in a short text.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.patterns.is_in(text)
            || self.literals.iter().any(|literal| text.contains(literal.expose()))
    }

    /// Notes where there is something to be masked. Going through a text once for each pattern takes a few
    /// steps for each byte, but each match begins anew, and may look as far as to the end of the text: what
    /// that may take comes out of `left`, and if there is not enough, it is given up.
    #[must_use]
    pub(crate) fn find(&self, text: &str, found: &mut Vec<Range<usize>>, left: &mut usize) -> bool {
        for literal in &self.literals {
            find(text.as_bytes(), literal.expose().as_bytes(), found);
        }
        self.patterns.find(text, found, left)
    }

    /// A message of the host's own, masked.
    pub(crate) fn redact(&self, text: &str) -> String {
        let mut found = Vec::new();
        if !self.find(text, &mut found, &mut text.len().saturating_mul(1024)) {
            return MARK.into();
        }
        masked(text, text.len(), found)
    }
}

/// The first `limit` bytes of a text, with a mark for each piece of what was found in it.
pub(crate) fn masked(text: &str, limit: usize, mut found: Vec<Range<usize>>) -> String {
    found.sort_unstable_by_key(|range| range.start);
    let mut out = String::new();
    let mut shown = 0_usize;
    for range in found {
        if range.start >= limit {
            break;
        }
        if range.start >= shown {
            out.push_str(text.get(shown..range.start).unwrap_or_default());
            out.push_str(MARK);
        }
        shown = shown.max(range.end);
    }
    let end = (shown..=limit.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    out.push_str(end.and_then(|end| text.get(shown..end)).unwrap_or_default());
    out
}

/// The places of secrets in a text: pieces that overlap are one. Takes a few steps for each byte, whatever
/// the two are: who feeds requests chooses the token, and the plugin the text (Knuth, Morris, Pratt).
pub(crate) fn find(text: &[u8], token: &[u8], found: &mut Vec<Range<usize>>) {
    if text.len() < token.len() {
        return;
    }
    let borders = borders(token);
    let (mut matched, before) = (0_usize, found.len());
    for (at, byte) in text.iter().enumerate() {
        matched = extended(token, &borders, matched, byte);
        if matched < token.len() {
            continue;
        }
        let end = at.saturating_add(1);
        let start = end.saturating_sub(token.len());
        match found.get_mut(before..).and_then(<[_]>::last_mut) {
            Some(last) if last.end > start => last.end = end,
            _ => found.push(start..end),
        }
        matched = border(&borders, matched);
    }
}

/// The length of the longest of the secrets that have a line break in them. 0 if there is none.
#[cfg(feature = "wasi")]
pub(crate) fn across_lines(secrets: &[Secret]) -> usize {
    let texts = secrets.iter().map(Secret::expose);
    texts.filter(|text| text.contains(LINE_BREAKS)).map(str::len).max().unwrap_or(0)
}

/// The length of the text's end that begins a secret without ending it: what is too short to
/// be a secret does not count.
pub(crate) fn begun(text: &str, secrets: &[Secret]) -> usize {
    let text = text.as_bytes();
    let matched = |secret: &Secret| {
        let token = secret.expose().as_bytes();
        let most = token.len().saturating_sub(1);
        let tail = text.get(text.len().saturating_sub(most)..).unwrap_or(text);
        let borders = borders(token);
        tail.iter().fold(0, |matched, byte| extended(token, &borders, matched, byte))
    };
    secrets.iter().map(matched).max().filter(|matched| *matched >= SHORTEST).unwrap_or(0)
}

/// The characters that end a line, or are left out where one ends.
#[cfg(any(feature = "wasi", feature = "redact"))]
const LINE_BREAKS: [char; 2] = ['\n', '\r'];

/// For each length of a start of the token, less one: how long the longest shorter start is that it ends
/// with.
fn borders(token: &[u8]) -> Vec<usize> {
    let mut borders = Vec::with_capacity(token.len());
    let mut matched = 0;
    for byte in token {
        if !borders.is_empty() {
            matched = extended(token, &borders, matched, byte);
        }
        borders.push(matched);
    }
    borders
}

fn border(borders: &[usize], matched: usize) -> usize {
    let last = matched.checked_sub(1).and_then(|last| borders.get(last));
    last.copied().unwrap_or(0)
}

/// The length of the token's start that a text ends with, after one byte more than `matched`.
fn extended(token: &[u8], borders: &[usize], mut matched: usize, byte: &u8) -> usize {
    while matched > 0 && token.get(matched) != Some(byte) {
        matched = border(borders, matched);
    }
    if token.get(matched) == Some(byte) { matched.saturating_add(1) } else { matched }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_of_a_secret_is_found_at_the_end_of_a_text() {
        let secrets = [Secret::from("abcabcabd"), Secret::from("xyzxyz")];
        let begun = |text| begun(text, &secrets);
        assert_eq!(begun("_abcabcabc"), 6);
        assert_eq!(begun("_abc"), 0, "it is too short");
        assert_eq!(begun("_abcabcabd"), 0, "it is whole");
        assert_eq!(begun("xyzxy"), 5);
        assert_eq!(begun(""), 0);
    }

    #[test]
    fn a_token_is_found_wherever_it_is_as_by_looking_at_each_place() {
        let texts = |len: u32| {
            (0..2_u32.pow(len)).map(move |bits| -> String {
                (0..len).map(|bit| if bits >> bit & 1 == 0 { 'a' } else { 'b' }).collect()
            })
        };
        for (token, text) in
            texts(5).flat_map(|token| texts(9).map(move |text| (token.clone(), text)))
        {
            let mut hidden = [false; 9];
            for at in 0..=4 {
                if text[at..].starts_with(&token) {
                    hidden[at..at + 5].fill(true);
                }
            }
            let mut found = Vec::new();
            find(text.as_bytes(), token.as_bytes(), &mut found);
            let mut pieces = [false; 9];
            found.into_iter().for_each(|range| pieces[range].fill(true));
            assert_eq!(pieces, hidden, "{token} in {text}");
        }
    }
}
