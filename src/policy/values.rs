//! What a policy is made of: mappings with known keys, lists, texts. What is wrong is noted with its
//! path.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde_json::{Map, Value};

use crate::logging::visible;
use crate::suggest::did_you_mean;
use crate::{ErrorKind, Problem};

/// The keys of a plugin entry, as `cpex-core` has them.
pub(super) const ENTRY: &[&str] = &[
    "name",
    "kind",
    "description",
    "author",
    "version",
    "hooks",
    "mode",
    "priority",
    "on_error",
    "capabilities",
    "tags",
    "conditions",
    "config",
];
pub(super) const SANDBOX_POLICY: &[&str] = &[
    "allowed_filesystem",
    "allowed_network",
    "allowed_env",
    "clock",
    "random",
    "allowed_commands",
    "allowed_functions",
    "resources",
    "isolation",
    "when_exhausted",
    "snapshot",
    "allow_state",
    "allow_raw_credentials",
    "log_level",
    "sha256",
];
pub(super) const RESOURCES: &[&str] = &[
    "max_memory_bytes",
    "max_fuel",
    "max_execution_time_ms",
    "max_instances",
    "max_wait_ms",
    "max_tables",
    "max_table_elements",
    "max_host_calls",
    "max_read_bytes",
    "max_write_bytes",
    "max_log_bytes",
    "max_file_read_bytes",
    "max_file_write_bytes",
    "max_open_files",
    "max_http_requests",
    "max_http_request_bytes",
    "max_http_response_bytes",
    "max_commands",
    "max_command_output_bytes",
    "init_fuel",
];

/// Reads a policy, and notes what is wrong with it.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) problems: Vec<Problem>,
}

impl Reader {
    pub(super) fn wrong(&mut self, path: &str, message: impl core::fmt::Display) {
        let message = format!("policy: `{path}` {message}");
        self.problems.push(Problem::new(ErrorKind::InvalidPolicy, message));
    }

    pub(super) fn object<'a>(
        &mut self,
        value: &'a Value,
        path: &str,
        known: &[&str],
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

    pub(super) fn known(&mut self, map: &Map<String, Value>, path: &str, known: &[&str]) {
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            let dot = if path.is_empty() { "" } else { "." };
            let hint = match key.as_str() {
                "sandbox_policy" => "; it belongs under `config`".into(),
                key if SANDBOX_POLICY.contains(&key) && known == ENTRY => {
                    "; it belongs under `config.sandbox_policy`".into()
                }
                key if RESOURCES.contains(&key) && known == SANDBOX_POLICY => {
                    "; it belongs under `resources`".into()
                }
                key if ENTRY.contains(&key) && known == SANDBOX_POLICY => {
                    "; it belongs to the plugin's entry, beside `config`".into()
                }
                key => did_you_mean(key, known.iter().copied()),
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
            Some(Value::Array(values)) => values
                .iter()
                .enumerate()
                .map(|(position, value)| (format!("{path}[{position}]"), value))
                .collect(),
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
            self.wrong(path, format!("is `{}`, which is no {what}{hint}", visible(&name)));
        }
        found
    }
}

/// A value that is there; `key:` with nothing behind it is not.
pub(super) fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

pub(super) fn expected(what: &str, found: &Value) -> String {
    let found = match found {
        Value::Null => "nothing".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(_) => "a text".into(),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "a mapping".into(),
    };
    format!("must be {what}, and is {found}")
}
