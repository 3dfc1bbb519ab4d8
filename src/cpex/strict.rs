//! What is wrong with a configuration as it is written. `cpex-core` ignores each key that it does not
//! know, and with it what the operator meant by it.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use cpex_core::plugin::PluginConfig;
use serde::Deserialize as _;
use serde_json::Value;

use super::errors;
use super::modules::SCHEME;
use crate::suggest::is_like;
use crate::{Policy, visible};

const TOP: &[&str] = &["global", "plugin_dirs", "plugins", "groups", "routes", "plugin_settings"];
const GLOBAL: &[&str] = &["policies", "defaults", "authentication"];
const GROUP: &[&str] = &["description", "metadata", "plugins", "authentication"];
const ROUTE: &[&str] =
    &["tool", "resource", "prompt", "llm", "meta", "groups", "when", "plugins", "authentication"];
const SETTINGS: &[&str] = &[
    "routing_enabled",
    "plugin_timeout",
    "short_circuit_on_deny",
    "parallel_execution_within_band",
    "fail_on_plugin_error",
    "route_cache_max_entries",
];
/// What is like a key of `cpex-core`, and is one that it leaves to an orchestrator.
const NOT_MISSPELT: &str = "authorization";

/// All that is wrong with a configuration: in entries of ours whatever is not known, elsewhere what
/// looks like a misspelt key. Any other may be one of an orchestrator's own.
pub(super) fn problems(config: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    misspelt(Some(config), "", TOP, &mut problems);
    let settings = config.get("plugin_settings");
    misspelt(settings, "plugin_settings.", SETTINGS, &mut problems);
    misspelt(config.get("global"), "global.", GLOBAL, &mut problems);
    for scope in ["groups", "global.policies", "global.defaults"] {
        let groups = scope.split('.').try_fold(config, |value, key| value.get(key));
        for (name, group) in groups.and_then(Value::as_object).into_iter().flatten() {
            let scope = format!("{scope}.{}.", visible(name));
            misspelt(Some(group), &scope, GROUP, &mut problems);
        }
    }
    for (at, route) in list(config, "routes") {
        misspelt(Some(route), &format!("routes[{at}]."), ROUTE, &mut problems);
    }
    for (at, entry) in list(config, "plugins") {
        problems.extend(wrong_entry(at, entry));
    }
    problems
}

/// What is wrong with an entry, if it is one of ours, or means to be.
fn wrong_entry(at: usize, entry: &Value) -> Option<String> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let kind = text("kind")?;
    let name = text("name").filter(|name| !name.is_empty());
    let name = name.map_or_else(|| format!("plugins[{at}]"), ToOwned::to_owned);
    let wrong = |problem: String| Some(errors::problem(&name, kind, problem));
    if !kind.starts_with(SCHEME) {
        let path = meant_for_ours(kind)?;
        return wrong(format!("is no kind; did you mean `{SCHEME}{}`?", visible(path)));
    }
    if let Err(error) = Policy::from_json(entry) {
        return wrong(errors::problems(&error));
    }
    PluginConfig::deserialize(entry).err().and_then(|error| wrong(visible(&format!("{error}"))))
}

/// The path of a kind that was meant to be one of ours.
fn meant_for_ours(kind: &str) -> Option<&str> {
    let (scheme, path) = kind.split_once(':').unwrap_or(("", kind));
    let is_near = scheme.is_empty() || (scheme.len() == 4 && is_like_wasm(scheme));
    let ours = is_near && path.to_ascii_lowercase().ends_with(".wasm");
    ours.then(|| path.trim_start_matches('/'))
}

fn is_like_wasm(scheme: &str) -> bool {
    is_like(&scheme.to_ascii_lowercase(), "wasm")
}

fn misspelt(value: Option<&Value>, scope: &str, known: &[&str], problems: &mut Vec<String>) {
    for key in value.and_then(Value::as_object).into_iter().flat_map(serde_json::Map::keys) {
        if known.contains(&key.as_str()) || key == NOT_MISSPELT {
            continue;
        }
        let near = known.iter().find(|name| is_like(key, name));
        if let Some(near) = near {
            problems
                .push(format!("`{scope}{}` is not known; did you mean `{near}`?", visible(key)));
        }
    }
}

fn list<'v>(config: &'v Value, key: &str) -> impl Iterator<Item = (usize, &'v Value)> {
    config.get(key).and_then(Value::as_array).into_iter().flatten().enumerate()
}
