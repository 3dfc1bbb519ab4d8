//! What routes and groups override of an entry.
//!
//! `cpex-core` makes such a plugin when the first request takes the route, and runs the entry's own if
//! that fails. So that no guard runs with other settings than those that were written, they are looked
//! at before.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use cpex_core::config::{CpexConfig, PluginRouteRef, PolicyGroup};
use cpex_core::identity::RouteIdentityConfig;
use cpex_core::plugin::PluginConfig;
use serde_json::Value;

use crate::visible;

/// An override, and where it stands.
pub(super) struct Override<'c> {
    pub(super) place: String,
    pub(super) plugin: &'c str,
    value: &'c Value,
}

/// All overrides of a configuration.
pub(super) fn all(config: &CpexConfig) -> Vec<Override<'_>> {
    let mut found = Vec::new();
    for (at, route) in config.routes.iter().enumerate() {
        plugins(&format!("routes[{at}]"), &route.plugins, &mut found);
        authentication(&format!("routes[{at}]"), route.identity.as_ref(), &mut found);
    }
    authentication("global", config.global.identity.as_ref(), &mut found);
    groups("groups", config.groups.iter(), &mut found);
    groups("global.policies", config.global.policies.iter(), &mut found);
    groups("global.defaults", config.global.defaults.iter(), &mut found);
    found
}

impl Override<'_> {
    /// The entry with the override, as `cpex-core` makes it: its `config` is laid over the entry's, key
    /// by key.
    pub(super) fn applied_to(&self, entry: &PluginConfig) -> Result<PluginConfig, String> {
        let Value::Object(keys) = self.value else {
            return Err("is no mapping; an override is `config:` with settings under it".into());
        };
        if let Some(key) = keys.keys().find(|key| *key != "config") {
            return Err(format!(
                "has `{}`, which cpex-core does not look at; only `config` can be overridden",
                visible(key)
            ));
        }
        let mut applied = entry.clone();
        match (&mut applied.config, keys.get("config")) {
            (_, None) => {}
            (Some(Value::Object(base)), Some(Value::Object(over))) => {
                base.extend(over.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
            (Some(_), Some(_)) => return Err("has a `config` that is no mapping".into()),
            (base @ None, Some(over)) => *base = Some(over.clone()),
        }
        Ok(applied)
    }
}

fn groups<'c>(
    scope: &str,
    groups: impl Iterator<Item = (&'c String, &'c PolicyGroup)>,
    found: &mut Vec<Override<'c>>,
) {
    for (name, group) in groups {
        let place = format!("{scope}.{}", visible(name));
        plugins(&place, &group.plugins, found);
        authentication(&place, group.identity.as_ref(), found);
    }
}

fn plugins<'c>(scope: &str, refs: &'c [PluginRouteRef], found: &mut Vec<Override<'c>>) {
    for (at, plugin) in refs.iter().enumerate() {
        if let Some(value) = plugin.overrides() {
            let place = format!("{scope}.plugins[{at}]");
            found.push(Override { place, plugin: plugin.name(), value });
        }
    }
}

fn authentication<'c>(
    scope: &str,
    config: Option<&'c RouteIdentityConfig>,
    found: &mut Vec<Override<'c>>,
) {
    for (at, step) in config.into_iter().flat_map(|config| &config.steps).enumerate() {
        if let Some(value) = &step.config_override {
            let place = format!("{scope}.authentication[{at}]");
            found.push(Override { place, plugin: &step.name, value });
        }
    }
}
