//! A whole entry under `plugins:`, as `cpex-core` has them.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;

use serde_json::{Map, Value};

use super::Policy;
use super::keys::{CONDITION, ENTRY, Mapping, RESOURCES, SANDBOX_POLICY};
use super::values::{PolicyReader, expected, present};
use crate::logging::visible;
use crate::text::suggest::is_like;

impl PolicyReader {
    pub(super) fn entry(&mut self, entry: &Map<String, Value>, policy: &mut Policy) {
        self.known(entry, "", &ENTRY);
        self.for_the_pipeline(entry);
        self.capabilities(entry.get("capabilities"), policy);
        match entry.get("config") {
            None | Some(Value::Null) => {}
            Some(Value::Object(config)) => {
                for (key, value) in config {
                    if key == "sandbox_policy" {
                        self.sandbox_policy(value, "config.sandbox_policy", policy);
                    } else {
                        let path = format!("config.{}", visible(key));
                        self.unfollowed(key, value, &path);
                        self.misplaced(key, value);
                        policy.config.insert(key.clone(), value.clone());
                    }
                }
            }
            Some(other) => self.wrong("config", expected("a mapping", other)),
        }
    }

    /// Refuses keys in the plugin's settings, at any depth, that mean something there to an operator and to
    /// nothing else: a policy, and a merge key, which is not followed.
    fn unfollowed(&mut self, key: &str, value: &Value, path: &str) {
        if key == "<<" {
            self.wrong(path, "is a merge key, which CPEX does not follow; write its values out");
        }
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    let path = format!("{path}.{}", visible(key));
                    if key == "sandbox_policy" {
                        self.wrong(&path, "has no effect there; it belongs under `config` itself");
                    } else {
                        self.unfollowed(key, value, &path);
                    }
                }
            }
            Value::Array(items) => {
                for (at, value) in items.iter().enumerate() {
                    self.unfollowed("", value, &format!("{path}[{at}]"));
                }
            }
            _ => {}
        }
    }

    /// Objects to what looks like a policy among the plugin's own settings, where it would be
    /// without effect.
    fn misplaced(&mut self, key: &str, value: &Value) {
        let path = format!("config.{}", visible(key));
        if is_of_policy(key, value) {
            self.wrong(&path, "belongs under `config.sandbox_policy`");
        } else if is_like(key, "sandbox_policy") {
            self.wrong(&path, "is not known; did you mean `sandbox_policy`?");
        }
    }

    /// Settings of no concern to a sandbox, and where a mistake would put the plugin elsewhere in the
    /// pipeline.
    fn for_the_pipeline(&mut self, entry: &Map<String, Value>) {
        for key in ["name", "kind", "description", "author", "version"] {
            if let Some(value) = present(entry.get(key)) {
                self.text(value, key);
            }
        }
        for key in ["mode", "on_error"] {
            if let Some(value) = entry.get(key) {
                self.choice(value, key, key, ENTRY.choices(key));
            }
        }
        if let Some(value) = entry.get("priority")
            && value.as_i64().and_then(|number| i32::try_from(number).ok()).is_none()
        {
            let (least, most) = (i32::MIN, i32::MAX);
            match value.is_i64() || value.is_u64() {
                true => self
                    .wrong("priority", format!("is {value}, but must be from {least} to {most}")),
                false => self.wrong("priority", expected("a whole number", value)),
            }
        }
        self.texts(entry.get("tags"), "tags");
        let hooks = self.texts(entry.get("hooks"), "hooks");
        let mut earlier = BTreeSet::new();
        for (path, hook) in &hooks {
            if !earlier.insert(hook) {
                let hook = visible(hook);
                self.wrong(
                    path,
                    format!("is `{hook}` again, so the plugin would be called twice; remove it"),
                );
            }
        }
        for (path, value) in self.list(entry.get("conditions"), "conditions") {
            let Some(condition) = self.object(value, &path, &CONDITION) else { continue };
            for (key, values) in condition {
                self.texts(Some(values), &format!("{path}.{}", visible(key)));
            }
        }
    }
}

/// True if a key is one of a `sandbox_policy`, and no name that something else may well have.
pub(crate) fn is_of_policy(key: &str, value: &Value) -> bool {
    let names = |mapping: &Mapping| {
        value.as_object().is_some_and(|map| map.keys().any(|key| mapping.has(key)))
    };
    let chosen =
        || value.as_str().is_some_and(|value| SANDBOX_POLICY.choices(key).contains(&value));
    match key {
        "sha256" => true,
        "resources" => names(&RESOURCES),
        "isolation" | "when_exhausted" => chosen(),
        "max_fuel" | "init_fuel" | "max_memory_bytes" | "max_execution_time_ms" => true,
        _ => key.starts_with("allow") && SANDBOX_POLICY.has(key),
    }
}
