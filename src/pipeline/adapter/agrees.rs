//! Holds what the engine read of a configuration against what was checked.

use alloc::boxed::Box;
use alloc::format;

use super::upstream::error::PluginError;
use super::upstream::plugin::PluginConfig;
use serde_json::Value;

use super::errors;
use super::upstream::NAME;
use crate::config::SCHEME;

/// Refuses a configuration whose entries the engine reads as something else than was checked. The two
/// have a parser of YAML each.
pub(super) fn with(written: &Value, plugins: &[PluginConfig]) -> Result<(), Box<PluginError>> {
    let entries = written.get("plugins").and_then(Value::as_array).map_or(&[][..], |list| list);
    let differs = |key: &str, entry: &PluginConfig| {
        let wrong =
            format!("{NAME} reads its `{key}` differently from this host; write it in another way");
        Err(errors::config(&entry.name, &entry.kind, wrong))
    };
    for (at, entry) in plugins.iter().enumerate() {
        if !entry.kind.starts_with(SCHEME) {
            continue;
        }
        let read = serde_json::to_value(entry).unwrap_or_default();
        let written = entries.get(at).and_then(Value::as_object);
        for key in ["name", "kind", "hooks", "mode", "priority", "on_error", "config"] {
            let is = read.get(key).filter(|value| !value.is_null());
            let was = written.and_then(|written| written.get(key)).filter(|value| !value.is_null());
            // What is left out has a default.
            if was != is && (was.is_some() || key == "config") {
                return differs(key, entry);
            }
        }
        let was = written.and_then(|written| written.get("capabilities")).and_then(Value::as_array);
        let mut was = was.into_iter().flatten().map(Value::as_str);
        if !was.all(|name| name.is_some_and(|name| entry.capabilities.contains(name))) {
            return differs("capabilities", entry);
        }
    }
    if entries.len() != plugins.len() {
        let message = format!(
            "{NAME} reads its `plugins` differently from this host; write them in another way"
        );
        return Err(Box::new(PluginError::Config { message }));
    }
    Ok(())
}
