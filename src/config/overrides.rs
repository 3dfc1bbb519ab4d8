//! Overrides of entries in routes and groups.
//!
//! An engine makes such a plugin when the first request takes the route, and runs the entry's own if
//! that fails. So that no guard runs with other settings than those that were written, they are looked
//! at before.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::Dialect;
use super::fits::joined;
use crate::visible;

/// A reference to a plugin, in a route or a group.
pub(super) struct PluginReference<'c> {
    /// Its path, without what is overridden.
    pub(super) path: String,
    /// The path of what is overridden.
    pub(super) inner: String,
    pub(super) plugin: &'c str,
    /// The override: a mapping with `config`, or that alone.
    pub(super) value: Option<Overridden<'c>>,
    /// True if it counts only with `routing_enabled`.
    pub(super) is_routed: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Overridden<'c> {
    Entry(&'c Value),
    Config(&'c Value),
    /// Keys that take the place of the entry's, each whole.
    Replaced(&'c Value),
}

/// All places where plugins are named.
pub(super) fn references(config: &Value, dialect: Dialect) -> Vec<PluginReference<'_>> {
    let mut found = Vec::new();
    for (at, route) in list(config, "routes") {
        named(&format!("routes[{at}]"), route, dialect, &mut found);
    }
    if let Some(global) = config.get("global") {
        steps("global", global, &mut found);
    }
    for (scope, groups) in groups(config) {
        for (name, group) in groups {
            named(&joined(scope, name), group, dialect, &mut found);
        }
    }
    found
}

/// The mappings that groups stand in.
pub(super) fn groups(config: &Value) -> impl Iterator<Item = (&'static str, &Map<String, Value>)> {
    ["groups", "global.policies", "global.defaults"].into_iter().filter_map(move |scope| {
        let groups = scope.split('.').try_fold(config, |value, key| value.get(key))?;
        Some((scope, groups.as_object()?))
    })
}

/// The items of a list that is at a key.
pub(super) fn list<'v>(config: &'v Value, key: &str) -> impl Iterator<Item = (usize, &'v Value)> {
    config.get(key).and_then(Value::as_array).into_iter().flatten().enumerate()
}

impl PluginReference<'_> {
    /// The entry with the override, as the engine makes it: its `config` is laid over the entry's, key
    /// by key, or [replaces](Overridden::Replaced) it. `None`: nothing is overridden.
    pub(super) fn applied_to(&self, entry: &Value) -> Option<Result<Value, String>> {
        let over = match self.value? {
            Overridden::Config(over) => over,
            Overridden::Entry(Value::Null) | Overridden::Replaced(Value::Null) => return None,
            Overridden::Replaced(Value::Object(keys)) => return Some(replaced(entry, keys)),
            Overridden::Entry(Value::Object(keys)) => {
                if let Some(key) = keys.keys().find(|key| *key != "config") {
                    let hint = if key == "sandbox_policy" { ": put it under `config`" } else { "" };
                    return Some(Err(format!(
                        "has `{}`, which cpex-core ignores; only `config` can be overridden{hint}",
                        visible(key)
                    )));
                }
                keys.get("config")?
            }
            Overridden::Entry(_) | Overridden::Replaced(_) => {
                let wrong = "is not a mapping; write an override as `config:` with settings under \
                             it";
                return Some(Err(wrong.into()));
            }
        };
        let mut applied = entry.clone();
        let config = applied.as_object_mut()?.entry("config").or_insert(Value::Null);
        match (config, over) {
            (Value::Object(base), Value::Object(over)) => {
                base.extend(over.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
            (base @ Value::Null, over) => *base = over.clone(),
            _ => return Some(Err("has a `config` that is not a mapping".into())),
        }
        Some(Ok(applied))
    }

    /// Tells whether the policy is overridden.
    pub(super) fn has_policy(&self) -> bool {
        let config = match self.value {
            Some(Overridden::Entry(entry) | Overridden::Replaced(entry)) => entry.get("config"),
            Some(Overridden::Config(config)) => Some(config),
            None => None,
        };
        config.is_some_and(|config| config.get("sandbox_policy").is_some())
    }
}

/// An entry with keys of its own for a route, as praxis-policy makes it.
fn replaced(entry: &Value, keys: &Map<String, Value>) -> Result<Value, String> {
    const KNOWN: [&str; 3] = ["config", "capabilities", "on_error"];
    if let Some(key) = keys.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        let hint = if key == "sandbox_policy" { ": put it under `config`" } else { "" };
        return Err(format!(
            "has `{}`, which praxis-policy ignores; only `config`, `capabilities` and `on_error` can be \
             overridden{hint}",
            visible(key)
        ));
    }
    let mut applied = entry.clone();
    if let Some(entry) = applied.as_object_mut() {
        let keys = keys.iter().filter(|(_, value)| !value.is_null());
        entry.extend(keys.map(|(key, value)| (key.clone(), value.clone())));
    }
    Ok(applied)
}

/// The plugins that a route or group names.
fn named<'c>(
    scope: &str,
    value: &'c Value,
    dialect: Dialect,
    found: &mut Vec<PluginReference<'c>>,
) {
    if let (Dialect::PraxisPolicy, Some(Value::Object(plugins))) = (dialect, value.get("plugins")) {
        for (plugin, over) in plugins {
            let path = joined(&format!("{scope}.plugins"), plugin);
            let value = Some(Overridden::Replaced(over));
            found.push(PluginReference {
                inner: path.clone(),
                path,
                plugin,
                value,
                is_routed: true,
            });
        }
    }
    for (at, item) in list(value, "plugins") {
        let path = format!("{scope}.plugins[{at}]");
        let (plugin, over) = match item {
            Value::String(name) => (name.as_str(), None),
            Value::Object(map) => match map.iter().next() {
                Some((name, over)) => (name.as_str(), Some(Overridden::Entry(over))),
                None => continue,
            },
            _ => continue,
        };
        let inner = joined(&path, plugin);
        found.push(PluginReference { path, inner, plugin, value: over, is_routed: true });
    }
    steps(scope, value, found);
}

/// The plugins that identify callers.
fn steps<'c>(scope: &str, value: &'c Value, found: &mut Vec<PluginReference<'c>>) {
    let Some(value) = value.get("authentication") else { return };
    let (items, inner) = match value.get("steps") {
        Some(steps) => (steps, ".steps"),
        None => (value, ""),
    };
    for (at, step) in items.as_array().into_iter().flatten().enumerate() {
        let path = format!("{scope}.authentication{inner}[{at}]");
        let name = step.as_str().or_else(|| step.get("name").and_then(Value::as_str));
        let Some(plugin) = name else { continue };
        // As it is written, and as it is once it is parsed.
        let over = ["config", "config_override"].into_iter().find_map(|key| step.get(key));
        let value = over.filter(|over| !over.is_null()).map(Overridden::Config);
        found.push(PluginReference { inner: path.clone(), path, plugin, value, is_routed: false });
    }
}
