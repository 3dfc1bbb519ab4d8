//! The tokens that a plugin was given, and how they are kept out of what it says.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::ops::Range;

use cpex_wasmi_abi::model::Secret;
use cpex_wasmi_abi::{Value, Violation};

use super::Session;

/// What stands where a token was.
pub(super) const MARK: &str = "[redacted]";

/// The shortest token that is looked for, in bytes. What is shorter can be guessed, and is in many a
/// text by chance.
const SHORTEST: usize = 4;

/// The most bytes that are gone through for the tokens in one text. Beyond, nothing of it is shown.
const MOST_WORK: usize = 32 << 20;

/// The tokens that a plugin was given in one call.
#[derive(Default)]
pub(crate) struct Secrets(Vec<Secret>);

impl Secrets {
    pub(super) fn add(&mut self, token: Secret) {
        if token.expose().len() >= SHORTEST && !self.0.contains(&token) {
            self.0.push(token);
        }
    }

    /// The text with a mark for each token in it, and for each piece of tokens that overlap. Of the
    /// text, only the first `limit` bytes are shown.
    pub(super) fn redact(&self, text: &str, limit: usize) -> String {
        let mut found = Vec::new();
        for secret in &self.0 {
            find(text.as_bytes(), secret.expose().as_bytes(), &mut found);
        }
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

    fn redact_all(&self, text: &str) -> String {
        self.redact(text, text.len())
    }

    pub(super) fn redact_violation(&self, violation: Violation) -> Violation {
        if self.0.is_empty() {
            return violation;
        }
        let Violation { code, reason, description, details, proto_error_code } = violation;
        Violation {
            code: self.redact_all(&code),
            reason: self.redact_all(&reason),
            description: description.map(|text| self.redact_all(&text)),
            details: self.redact_entries(details),
            proto_error_code: proto_error_code.filter(|code| !self.is_in(&code.to_string())),
        }
    }

    fn redact_entries(&self, entries: Vec<(String, Value)>) -> Vec<(String, Value)> {
        let redacted =
            |(name, value): (String, _)| (self.redact_all(&name), self.redact_value(value));
        entries.into_iter().map(redacted).collect()
    }

    /// Values are not nested deeper than the codec allows.
    fn redact_value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.redact_all(&text)),
            Value::Array(values) => {
                Value::Array(values.into_iter().map(|value| self.redact_value(value)).collect())
            }
            Value::Object(entries) => Value::Object(self.redact_entries(entries)),
            // A token may be a number.
            Value::Unsigned(number) if self.is_in(&number.to_string()) => MARK.into(),
            Value::Negative(number) if self.is_in(&number.to_string()) => MARK.into(),
            Value::Float(number) if self.is_in(&number.to_string()) => MARK.into(),
            plain => plain,
        }
    }

    fn is_in(&self, text: &str) -> bool {
        self.0.iter().any(|secret| text.contains(secret.expose()))
    }

    /// How long the longest token is, in bytes.
    pub(super) fn longest(&self) -> usize {
        self.0.iter().map(|secret| secret.expose().len()).max().unwrap_or(0)
    }

    /// How much work it is to look for all of them in a text, in bytes, unless that is more than one
    /// host call may take, which nothing interrupts.
    pub(super) fn work(&self, len: usize) -> Option<usize> {
        Some(self.0.len().saturating_mul(len)).filter(|work| *work <= MOST_WORK)
    }
}

/// Where a token is in a text: pieces that overlap are one. Takes a few steps for each byte, whatever
/// the two are: who feeds requests chooses the token, and the plugin the text (Knuth, Morris, Pratt).
fn find(text: &[u8], token: &[u8], found: &mut Vec<Range<usize>>) {
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

/// How much of the token's start a text ends with that ended with `matched` of it, one byte later.
fn extended(token: &[u8], borders: &[usize], mut matched: usize, byte: &u8) -> usize {
    while matched > 0 && token.get(matched) != Some(byte) {
        matched = border(borders, matched);
    }
    if token.get(matched) == Some(byte) { matched.saturating_add(1) } else { matched }
}

impl Session {
    /// Whether the plugin was given a token in this call.
    pub(crate) fn gave_tokens(&self) -> bool {
        !self.secrets.0.is_empty()
    }

    /// The start of a plugin's message, without tokens, and with what is no UTF-8 replaced.
    pub(super) fn message_of(&mut self, message: &[u8]) -> String {
        let limit = Self::MAX_MESSAGE_BYTES;
        // A token that begins before the limit is looked at as a whole.
        let kept = message.len().min(limit.saturating_add(self.secrets.longest()));
        let message = message.get(..kept).unwrap_or(message);
        let Some(work) = self.secrets.work(kept) else { return MARK.into() };
        self.usage.moved(work);
        // What may hold a token is overwritten when it is dropped.
        let text = Secret::from(String::from_utf8_lossy(message));
        self.secrets.redact(text.expose(), limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn secrets(tokens: &[&str]) -> Secrets {
        let mut secrets = Secrets::default();
        for token in tokens {
            secrets.add((*token).into());
        }
        secrets
    }

    #[test]
    fn tokens_that_overlap_are_one_mark() {
        let secrets = secrets(&["abcdefgh", "efghijkl", "mnop"]);
        assert_eq!(secrets.redact_all("_abcdefghijkl_"), "_[redacted]_");
        assert_eq!(secrets.redact_all("mnopmnop"), "[redacted][redacted]");
        assert_eq!(secrets.redact_all("abcdefg efg"), "abcdefg efg");
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

    #[test]
    fn where_there_are_too_many_tokens_to_look_for_nothing_is_shown() {
        let many = Secrets((0..9000).map(|n| alloc::format!("{n:04}").as_str().into()).collect());
        assert_eq!((many.work(4096), many.work(64)), (None, Some(9000 * 64)));
    }

    #[test]
    fn a_mark_is_not_looked_at_again() {
        let secrets = secrets(&["edac", "redacted", "[red"]);
        assert_eq!(secrets.redact_all("x redacted y"), "x [redacted] y");
        assert_eq!(secrets.redact_all("[redacted]"), "[redacted]]");
    }

    #[test]
    fn what_is_too_short_to_be_a_token_is_left() {
        assert_eq!(secrets(&["", "a", "abc"]).redact_all("abc"), "abc");
    }

    #[test]
    fn no_piece_of_a_token_slides_into_what_is_shown() {
        let token = "t".repeat(1200);
        let secrets = secrets(&[&token]);
        for limit in [10, 1199, 1200, 4096] {
            let text = ["x".repeat(497), token.repeat(4)].concat();
            let shown = secrets.redact(&text, limit);
            assert!(!shown.contains("tt"), "{limit}: {shown}");
        }
    }

    #[test]
    fn tokens_are_found_at_any_depth_of_a_violation_and_as_numbers() {
        let secrets = secrets(&["token", "48151623"]);
        let nested = Value::Array(vec![Value::Object(vec![("a token".into(), "b token".into())])]);
        let mut violation = Violation::new("token", "token!");
        violation.description = Some("xtokenx".into());
        violation.details =
            vec![("token".into(), nested), ("n".into(), Value::Unsigned(48_151_623))];
        violation.proto_error_code = Some(48_151_623);
        let shown = alloc::format!("{:?}", secrets.redact_violation(violation));
        assert!(!shown.contains("token") && !shown.contains("48151623"), "{shown}");
    }
}
