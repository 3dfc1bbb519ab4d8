//! The tokens that a plugin was given, and how they are kept out of what it says.

use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_abi::model::Secret;
use cpex_wasmi_abi::{Value, Violation};

use super::Session;

/// What stands where a token was.
pub(super) const MARK: &str = "[redacted]";

/// The tokens that a plugin was given in one call, the longest first.
#[derive(Default)]
pub(crate) struct Secrets(Vec<Secret>);

impl Secrets {
    pub(super) fn add(&mut self, token: Secret) {
        if !token.is_empty() && !self.0.contains(&token) {
            let longer = |other: &Secret| other.expose().len() > token.expose().len();
            let position = self.0.partition_point(longer);
            self.0.insert(position, token);
        }
    }

    /// The text with a mark for each token in it.
    pub(super) fn redact(&self, text: String) -> String {
        self.0.iter().fold(text, |text, secret| {
            if text.contains(secret.expose()) { text.replace(secret.expose(), MARK) } else { text }
        })
    }

    pub(super) fn redact_violation(&self, violation: Violation) -> Violation {
        if self.0.is_empty() {
            return violation;
        }
        let Violation { code, reason, description, details, proto_error_code } = violation;
        Violation {
            code: self.redact(code),
            reason: self.redact(reason),
            description: description.map(|text| self.redact(text)),
            details: self.redact_entries(details),
            proto_error_code,
        }
    }

    fn redact_entries(&self, entries: Vec<(String, Value)>) -> Vec<(String, Value)> {
        let redacted = |(name, value)| (self.redact(name), self.redact_value(value));
        entries.into_iter().map(redacted).collect()
    }

    /// Values are not nested deeper than the codec allows.
    fn redact_value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.redact(text)),
            Value::Array(values) => {
                Value::Array(values.into_iter().map(|value| self.redact_value(value)).collect())
            }
            Value::Object(entries) => Value::Object(self.redact_entries(entries)),
            plain => plain,
        }
    }

    /// How long the longest token is, in bytes.
    fn longest(&self) -> usize {
        self.0.first().map_or(0, |secret| secret.expose().len())
    }
}

impl Session {
    /// The start of a plugin's message, without tokens, and with what is no UTF-8 replaced.
    pub(super) fn message_of(&self, message: &[u8]) -> String {
        let limit = Self::MAX_MESSAGE_BYTES;
        // A token that begins before the limit is looked at as a whole.
        let kept = message.len().min(limit.saturating_add(self.secrets.longest()));
        let text = String::from_utf8_lossy(message.get(..kept).unwrap_or(message)).into_owned();
        let mut text = self.secrets.redact(text);
        if message.len() > limit {
            let end = (0..=limit.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
            text.truncate(end.unwrap_or(0));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn the_longest_token_goes_first() {
        let mut secrets = Secrets::default();
        secrets.add("abc".into());
        secrets.add("abcdef".into());
        secrets.add("".into());
        assert_eq!(secrets.redact("abcdef abc ab".into()), "[redacted] [redacted] ab");
    }

    #[test]
    fn tokens_are_found_at_any_depth_of_a_violation() {
        let mut secrets = Secrets::default();
        secrets.add("tok".into());
        let nested = Value::Array(vec![Value::Object(vec![("a tok".into(), "b tok".into())])]);
        let mut violation = Violation::new("tok", "tok!");
        violation.description = Some("xtokx".into());
        violation.details = vec![("tok".into(), nested)];
        let shown = alloc::format!("{:?}", secrets.redact_violation(violation));
        assert!(!shown.contains("tok"), "{shown}");
    }
}
