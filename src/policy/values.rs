//! The values of a policy: mappings with known keys, lists, texts. What is wrong is noted with its
//! path.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::keys::{ENTRY, Mapping, RESOURCES, SANDBOX_POLICY};
use crate::logging::visible;
use crate::text::suggest::did_you_mean;
use crate::{ErrorKind, Problem};

/// Reads a policy, and notes what is wrong with it.
#[derive(Default)]
pub(super) struct PolicyReader {
    pub(super) problems: Vec<Problem>,
}

impl PolicyReader {
    pub(super) fn wrong(&mut self, path: &str, message: impl core::fmt::Display) {
        let message = format!("policy: `{path}` {message}");
        self.problems.push(Problem::new(ErrorKind::InvalidPolicy, message).about(path));
    }

    pub(super) fn object<'a>(
        &mut self,
        value: &'a Value,
        path: &str,
        known: &Mapping,
    ) -> Option<&'a Map<String, Value>> {
        match value {
            Value::Object(map) => {
                self.known(map, path, known);
                Some(map)
            }
            Value::Null => None,
            other => {
                self.wrong(path, expected("a mapping", other));
                None
            }
        }
    }

    pub(super) fn known(&mut self, map: &Map<String, Value>, path: &str, known: &Mapping) {
        let is = |other| core::ptr::eq(known, other);
        for key in map.keys().filter(|key| !known.has(key)) {
            let dot = if path.is_empty() { "" } else { "." };
            let hint = match key.as_str() {
                "<<" => "; merge keys are not followed; write its values out".into(),
                "sandbox_policy" => "; it belongs under `config`".into(),
                key if SANDBOX_POLICY.has(key) && is(&ENTRY) => {
                    "; it belongs under `config.sandbox_policy`".into()
                }
                key if RESOURCES.has(key) && is(&SANDBOX_POLICY) => {
                    "; it belongs under `resources`".into()
                }
                key if ENTRY.has(key) && is(&SANDBOX_POLICY) => {
                    "; it belongs to the plugin's entry, beside `config`".into()
                }
                key => did_you_mean(key, known.names()),
            };
            self.wrong(&format!("{path}{dot}{}", visible(key)), format!("is not known{hint}"));
        }
    }

    pub(super) fn list<'a>(
        &mut self,
        value: Option<&'a Value>,
        path: &str,
    ) -> Vec<(String, &'a Value)> {
        match present(value) {
            None => Vec::new(),
            Some(Value::Array(values)) => {
                let mut items = Vec::new();
                for (position, value) in values.iter().enumerate() {
                    let path = format!("{path}[{position}]");
                    if value.is_null() {
                        self.wrong(&path, "is empty; give it a value, or remove it");
                    } else {
                        items.push((path, value));
                    }
                }
                items
            }
            Some(other) => {
                self.wrong(path, expected("a list", other));
                Vec::new()
            }
        }
    }

    pub(super) fn texts(&mut self, value: Option<&Value>, path: &str) -> Vec<(String, String)> {
        let list = self.list(value, path);
        list.into_iter()
            .filter_map(|(path, value)| Some((path.clone(), self.text(value, &path)?)))
            .collect()
    }

    pub(super) fn text(&mut self, value: &Value, path: &str) -> Option<String> {
        if let Value::String(text) = value {
            return Some(text.clone());
        }
        self.wrong(path, expected("a text", value));
        None
    }

    /// A whole number within bounds.
    pub(super) fn whole(
        &mut self,
        value: &Value,
        path: &str,
        least: u64,
        most: u64,
    ) -> Option<u64> {
        match value.as_u64() {
            Some(number) if number < least => {
                self.wrong(path, format!("is {number}, but must be at least {least}"));
                None
            }
            Some(number) if number > most => {
                self.wrong(path, format!("is {number}, but may be at most {most}"));
                None
            }
            Some(number) => Some(number),
            None => {
                self.wrong(path, expected("a whole number", value));
                None
            }
        }
    }

    /// One of a few names.
    pub(super) fn choice<'k>(
        &mut self,
        value: &Value,
        path: &str,
        what: &str,
        known: &[&'k str],
    ) -> Option<&'k str> {
        let name = self.text(value, path)?;
        let found = known.iter().copied().find(|known| *known == name);
        if found.is_none() {
            let hint = did_you_mean(&name, known.iter().copied());
            self.wrong(path, format!("is `{}`, which is not a valid {what}{hint}", visible(&name)));
        }
        found
    }
}

/// A value that is there; `key:` with nothing behind it is not.
pub(super) fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

/// The part of a wrong value that is shown.
const MAX_SHOWN_CHARS: usize = 64;

pub(crate) fn expected(what: &str, found: &Value) -> String {
    let found = match found {
        Value::Null => "nothing".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => {
            let start: String = text.chars().take(MAX_SHOWN_CHARS).collect();
            let more = if start.len() < text.len() { "…" } else { "" };
            format!("the text `{}{more}`", visible(&start))
        }
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "a mapping".into(),
    };
    format!("must be {what}, but is {found}")
}
