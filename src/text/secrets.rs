//! The tokens that a plugin was given, and how they are kept out of what it says.

use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use cpex_wasmi_abi::model::{Secret, from_wire, to_wire};
use cpex_wasmi_abi::{Value, Violation};

use crate::text::redact::{MARK, Redactor, SHORTEST, begun, find, masked};

/// The most bytes that are gone through for what is masked in one text. Beyond, nothing of it is shown.
pub(crate) const MOST_WORK: usize = 32 << 20;

/// The secrets that are kept out of all that a plugin says: the tokens that it was given in one call, and what the
/// embedder has masked. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Secrets {
    /// `None` in most calls, which allocate nothing for it.
    given: Option<Arc<Vec<Secret>>>,
    pub(crate) own: Option<Arc<Redactor>>,
}

impl Secrets {
    /// The embedder's secrets, before there is any token.
    pub(crate) fn new(own: Option<Arc<Redactor>>) -> Self {
        Self { given: None, own }
    }

    /// The tokens that were given.
    pub(crate) fn given(&self) -> &[Secret] {
        self.given.as_deref().map_or(&[], Vec::as_slice)
    }

    /// Forgets the tokens that were given.
    pub(crate) fn forget(&mut self) {
        self.given = None;
    }

    pub(crate) fn add(&mut self, token: Secret) {
        if token.expose().len() >= SHORTEST && !self.given().contains(&token) {
            Arc::make_mut(self.given.get_or_insert_default()).push(token);
        }
    }

    /// The text with a mark for each secret in it, and for each piece of secrets that overlap. Of the
    /// text, only the first `limit` bytes are shown. Takes from `left` what looking for patterns again,
    /// behind those that were found, may take; once there is none left, nothing of a text is shown.
    fn redact(&self, text: &str, limit: usize, left: &mut usize) -> String {
        let mut found = Vec::new();
        if self.find(text, &mut found, left) { masked(text, limit, found) } else { MARK.into() }
    }

    /// Notes where the secrets are in a text. Says whether what that may take was enough.
    #[must_use]
    pub(crate) fn find(&self, text: &str, found: &mut Vec<Range<usize>>, left: &mut usize) -> bool {
        for secret in self.given() {
            find(text.as_bytes(), secret.expose().as_bytes(), found);
        }
        self.own.as_ref().is_none_or(|own| own.find(text, found, left))
    }

    /// The start of a text for people, without secrets, and what it took, in bytes. What of the text is
    /// beyond `limit` bytes is looked at as far as a secret may reach that begins before.
    pub(crate) fn redact_start(&self, text: &str, limit: usize) -> (String, usize) {
        let kept = text.len().min(limit.saturating_add(self.longest()));
        let kept = text.floor_char_boundary(kept);
        let text = text.get(..kept).unwrap_or_default();
        let Some(work) = self.work(kept) else { return (MARK.into(), 0) };
        let mut left = MOST_WORK;
        let text = self.redact(text, limit, &mut left);
        (text, work.saturating_add(MOST_WORK.saturating_sub(left)))
    }

    /// True if there is nothing to be masked.
    pub(crate) fn is_empty(&self) -> bool {
        self.given.is_none() && self.own.is_none()
    }

    fn redact_all(&self, text: &str, left: &mut usize) -> String {
        self.redact(text, text.len(), left)
    }

    /// Gives also what patterns took, in bytes, beside going through it [once](Self::work).
    pub(crate) fn redact_violation(&self, violation: Violation) -> (Violation, usize) {
        if self.is_empty() {
            return (violation, 0);
        }
        let mut left = MOST_WORK;
        let Violation { code, reason, description, details, proto_error_code } = violation;
        let violation = Violation {
            code: self.redact_all(&code, &mut left),
            reason: self.redact_all(&reason, &mut left),
            description: description.map(|text| self.redact_all(&text, &mut left)),
            details: self.redact_entries(details, &mut left),
            proto_error_code: proto_error_code.filter(|code| !self.is_in(&code.to_string())),
        };
        (violation, MOST_WORK.saturating_sub(left))
    }

    /// A value without secrets. Gives also what patterns took, in bytes, beside going through it [once](Self::work).
    pub(crate) fn redact_json(&self, value: serde_json::Value) -> (serde_json::Value, usize) {
        if self.is_empty() {
            return (value, 0);
        }
        let mut left = MOST_WORK;
        let redacted = from_wire(self.redact_value(to_wire(&value), &mut left));
        // What was JSON is JSON again.
        (redacted.unwrap_or_else(|| MARK.into()), MOST_WORK.saturating_sub(left))
    }

    fn redact_entries(
        &self,
        entries: Vec<(String, Value)>,
        left: &mut usize,
    ) -> Vec<(String, Value)> {
        let redacted = |(name, value): (String, _)| {
            (self.redact_all(&name, left), self.redact_value(value, left))
        };
        entries.into_iter().map(redacted).collect()
    }

    /// Values are not nested deeper than the codec allows.
    fn redact_value(&self, value: Value, left: &mut usize) -> Value {
        match value {
            Value::String(text) => Value::String(self.redact_all(&text, left)),
            Value::Array(values) => Value::Array(
                values.into_iter().map(|value| self.redact_value(value, left)).collect(),
            ),
            Value::Object(entries) => Value::Object(self.redact_entries(entries, left)),
            // A token may be a number.
            Value::Unsigned(number) if self.is_in(&number.to_string()) => MARK.into(),
            Value::Negative(number) if self.is_in(&number.to_string()) => MARK.into(),
            Value::Float(number) if self.is_in(&number.to_string()) => MARK.into(),
            plain => plain,
        }
    }

    fn is_in(&self, text: &str) -> bool {
        self.given().iter().any(|secret| text.contains(secret.expose()))
            || self.own.as_ref().is_some_and(|own| own.is_in(text))
    }

    /// The longest secret, in bytes.
    pub(crate) fn longest(&self) -> usize {
        let given = self.given().iter().map(|secret| secret.expose().len()).max().unwrap_or(0);
        given.max(self.own.as_ref().map_or(0, |own| own.longest()))
    }

    /// The length of the text's end that begins a secret.
    pub(crate) fn begun(&self, text: &str) -> usize {
        let own = self.own.as_ref().map_or(0, |own| own.begun(text));
        begun(text, self.given()).max(own)
    }

    /// The work of a search for all of them in a text, in bytes, unless that is more than one
    /// host call may take, which nothing interrupts.
    pub(crate) fn work(&self, len: usize) -> Option<usize> {
        let own = self.own.as_ref().map_or(0, |own| own.count());
        let work = self.given().len().saturating_add(own).saturating_mul(len);
        Some(work).filter(|work| *work <= MOST_WORK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn all(secrets: &Secrets, text: &str) -> String {
        secrets.redact_all(text, &mut 0)
    }

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
        assert_eq!(all(&secrets, "_abcdefghijkl_"), "_[redacted]_");
        assert_eq!(all(&secrets, "mnopmnop"), "[redacted][redacted]");
        assert_eq!(all(&secrets, "abcdefg efg"), "abcdefg efg");
    }

    #[test]
    fn too_many_tokens_to_search_for_hide_everything() {
        let given = (0..9000).map(|n| alloc::format!("{n:04}").as_str().into()).collect();
        let many = Secrets { given: Some(Arc::new(given)), own: None };
        assert_eq!((many.work(4096), many.work(64)), (None, Some(9000 * 64)));
    }

    #[test]
    fn a_mark_is_not_looked_at_again() {
        let secrets = secrets(&["edac", "redacted", "[red"]);
        assert_eq!(all(&secrets, "x redacted y"), "x [redacted] y");
        assert_eq!(all(&secrets, "[redacted]"), "[redacted]]");
    }

    #[test]
    fn what_is_too_short_to_be_a_token_is_left() {
        assert_eq!(all(&secrets(&["", "a", "abc"]), "abc"), "abc");
    }

    #[test]
    fn no_piece_of_a_token_slides_into_what_is_shown() {
        let token = "t".repeat(1200);
        let secrets = secrets(&[&token]);
        for limit in [10, 1199, 1200, 4096] {
            let text = ["x".repeat(497), token.repeat(4)].concat();
            let shown = secrets.redact(&text, limit, &mut 0);
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
        let shown = alloc::format!("{:?}", secrets.redact_violation(violation).0);
        assert!(!shown.contains("token") && !shown.contains("48151623"), "{shown}");
    }
}
