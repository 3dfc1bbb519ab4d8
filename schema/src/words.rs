//! Words of messages: lists, counts, hints, and others' text made visible.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use serde_json::Value;

use cpex_wasmi_abi::suggest::{did_you_mean, is_like};
use cpex_wasmi_abi::visible;

/// The characters of a text or number that a message has at most.
const MAX_SHOWN: usize = 64;
/// The names that a message lists.
const MAX_LISTED: usize = 12;
/// The names among which a misspelt one is looked for at most.
const MAX_COMPARED: usize = 64;

/// The allowed values, for a message: `a, b or c`, and of very many the first.
#[derive(Debug, Default)]
pub(super) struct Phrases<'a> {
    listed: Vec<String>,
    others: usize,
    names: Vec<&'a str>,
}

impl<'a> Phrases<'a> {
    /// Adds a phrase, and the name in it if it is one that may be misspelt.
    pub(super) fn push(&mut self, phrase: String, name: Option<&'a str>) {
        if self.names.len() < MAX_COMPARED {
            self.names.extend(name);
        }
        if self.listed.contains(&phrase) {
            return;
        }
        if self.listed.len() < MAX_LISTED {
            self.listed.push(phrase);
        } else {
            self.others = self.others.saturating_add(1);
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.names.iter().copied()
    }
}

impl FromIterator<String> for Phrases<'_> {
    fn from_iter<T: IntoIterator<Item = String>>(phrases: T) -> Self {
        let mut out = Self::default();
        phrases.into_iter().for_each(|phrase| out.push(phrase, None));
        out
    }
}

impl fmt::Display for Phrases<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.listed.join(", ");
        match self.listed.split_last() {
            _ if self.others > 1 => write!(f, "{all} or one of {} others", self.others),
            _ if self.others == 1 => write!(f, "{all} or one other"),
            Some((last, before)) if !before.is_empty() => {
                write!(f, "{} or {last}", before.join(", "))
            }
            Some((last, _)) => f.write_str(last),
            None => f.write_str("nothing"),
        }
    }
}

/// A text of the plugin's or the operator's for a message: visible, and cut if it is very long.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", visible(text.get(..end).unwrap_or_default())),
        None => visible(text),
    }
}

/// The name of a misplaced value: its kind, or itself if it is short by nature.
pub(super) fn found(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => shown(&number.to_string()),
        Value::String(_) => "a text".into(),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "a mapping".into(),
    }
}

/// A value that a schema names, as it is written.
pub(super) fn quoted(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::String(text) => format!("`{}`", shown(text)),
        other => format!("`{}`", shown(&other.to_string())),
    }
}

pub(super) fn must_be(what: &str, value: &Value) -> String {
    format!("must be {what}, but is {}", found(value))
}

/// `1 item`, `2 items`.
pub(super) fn counted(count: impl TryInto<u64>, what: &str) -> String {
    match count.try_into() {
        Ok(1) => format!("1 {what}"),
        Ok(count) => format!("{count} {what}s"),
        Err(_) => format!("too many {what}s"),
    }
}

/// `; did you mean …?` if a name is like the one given.
pub(super) fn hint<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> String {
    let given = shown(given);
    let known = known.take(MAX_COMPARED).map(shown);
    let near: Vec<String> = known.filter(|name| is_like(&given, name)).collect();
    did_you_mean(&given, near.iter().map(String::as_str))
}

/// As [`hint`], and if no name is like the one given, which ones there are, if they are few.
pub(super) fn hint_or_list<'a>(
    given: &str,
    known: impl ExactSizeIterator<Item = &'a str>,
) -> String {
    if known.len() > MAX_LISTED {
        return hint(given, known);
    }
    let known: Vec<String> = known.map(shown).collect();
    did_you_mean(&shown(given), known.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_end_with_a_number() {
        let phrases = |count: u32| -> String {
            (0..count).map(|number| number.to_string()).collect::<Phrases<'_>>().to_string()
        };
        assert_eq!(phrases(1), "0");
        assert_eq!(phrases(2), "0 or 1");
        assert_eq!(phrases(3), "0, 1 or 2");
        assert!(phrases(12).ends_with(", 10 or 11"));
        assert!(phrases(13).ends_with(", 10, 11 or one other"));
        assert!(phrases(20).ends_with(", 10, 11 or one of 8 others"));
    }

    #[test]
    fn what_others_wrote_is_cut_and_made_visible() {
        assert_eq!(shown("a\nb"), "a\\nb");
        assert_eq!(shown(&"ü".repeat(64)), "ü".repeat(64));
        assert_eq!(shown(&"ü".repeat(65)), format!("{}…", "ü".repeat(64)));
    }
}
