//! The engine's configuration, as its adapter reads it.

use alloc::boxed::Box;
use alloc::format;

use praxis_policy_core::error::PluginError;
use serde_json::{Value, json};

pub(super) use praxis_policy_core::config::PolicyConfig as Config;

/// Reads a configuration. The engine checks it when it loads it: only then does it know the keys that the embedder's
/// visitors take.
pub(super) fn parse(yaml: &str) -> Result<Config, Box<PluginError>> {
    yaml_serde::from_str(yaml).map_err(|error| {
        Box::new(PluginError::Config { message: format!("cannot read the configuration: {error}") })
    })
}

/// A configuration as it would be written.
pub(super) fn as_value(config: &Config) -> Result<Value, serde_json::Error> {
    let mut written = serde_json::to_value(config)?;
    // The engine moves groups to where they are not written.
    for (name, group) in &config.global.bundles {
        let groups = written.get_mut("groups").and_then(Value::as_object_mut);
        if let Some(groups) = groups {
            groups.insert(name.clone(), json!(group));
        }
    }
    Ok(written)
}
