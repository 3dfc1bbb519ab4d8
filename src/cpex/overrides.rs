//! What routes and policy groups set otherwise in the configuration of a plugin.
//!
//! `cpex-core` makes such a plugin when it is first asked for, and takes that of the entry if it
//! cannot: a mistake would put requests under another policy than the operator wrote. So they are
//! looked at before.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use cpex_core::error::PluginError;
use serde_json::{Map, Value};

use super::errors;
use super::modules::SCHEME;

/// The entries of plugins of ours as routes and groups have them, where they set something otherwise.
pub(super) fn overridden(config: &Value) -> Result<Vec<Value>, Box<PluginError>> {
    let entries = config.get("plugins").and_then(Value::as_array);
    let entry = |name: &str| {
        let mut entries = entries.into_iter().flatten();
        entries.find(|entry| text(entry, "name") == name && text(entry, "kind").starts_with(SCHEME))
    };
    let mut merged = Vec::new();
    for (name, overrides) in lists(config).flatten().filter_map(Value::as_object).flatten() {
        if let Some(entry) = entry(name) {
            let as_there = merge(entry, overrides)
                .map_err(|problem| errors::config(name, text(entry, "kind"), problem))?;
            merged.push(as_there);
        }
    }
    Ok(merged)
}

/// What stands under `plugins:` of each route and group, where it is a list.
fn lists(config: &Value) -> impl Iterator<Item = &Vec<Value>> {
    let routes = config.get("routes").and_then(Value::as_array).into_iter().flatten();
    let groups = ["/global/policies", "/global/defaults", "/groups"]
        .into_iter()
        .filter_map(|place| config.pointer(place)?.as_object())
        .flat_map(Map::values);
    routes.chain(groups).filter_map(|holder| holder.get("plugins")?.as_array())
}

/// The entry with these overrides, as `cpex-core` merges them.
fn merge(entry: &Value, overrides: &Value) -> Result<Value, String> {
    let mut entry = entry.clone();
    if overrides.is_null() {
        return Ok(entry);
    }
    let (Some(overrides), Some(fields)) = (overrides.as_object(), entry.as_object_mut()) else {
        return Err("what a route or group sets otherwise stands under `config:`".to_owned());
    };
    if let Some(other) = overrides.keys().find(|key| *key != "config") {
        return Err(format!(
            "a route or group sets `{}` otherwise, and cpex-core lets it do so only with `config`",
            crate::visible(other)
        ));
    }
    let Some(config) = overrides.get("config") else { return Ok(entry) };
    match (fields.get_mut("config"), config) {
        (Some(Value::Object(own)), Value::Object(config)) => {
            own.extend(config.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        _ => drop(fields.insert("config".to_owned(), config.clone())),
    }
    Ok(entry)
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
