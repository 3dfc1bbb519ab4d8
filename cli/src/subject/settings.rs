//! Values of the configuration that are set one by one.

use cpex_wasmi::model::JsonMap;
use serde_json::{Map, Value};

use crate::args::Setting;
use crate::failure::Failure;

/// The key that is the host's, and no setting of the plugin's.
pub(super) const POLICY: &str = "sandbox_policy";
pub(super) const MISPLACED: &str = "`sandbox_policy` is not a setting of the plugin; give it with \
                                    `--policy`";

/// Sets the values, in place of those that are there.
pub(super) fn apply(config: &mut JsonMap, settings: &[Setting]) -> Result<(), Failure> {
    let mut set_in: Map<String, Value> = std::mem::take(config).into_iter().collect();
    for (position, Setting { path, value }) in settings.iter().enumerate() {
        let name = path.join(".");
        if path.first().is_some_and(|key| key == POLICY) {
            return Err(Failure::usage(format!("`--set {name}`: {MISPLACED}")));
        }
        let others = settings.iter().take(position);
        let within = |other: &&Setting| {
            other.path.starts_with(path.as_slice()) || path.starts_with(other.path.as_slice())
        };
        if let Some(other) = others.rev().find(within) {
            let message = match other.path.join(".") {
                other if other == name => format!("`--set {name}` is given twice"),
                other => format!("`--set {other}` and `--set {name}` set the same value"),
            };
            return Err(Failure::usage(message));
        }
        set(&mut set_in, path, value).map_err(|problem| {
            Failure::usage(format!("`--set {name}`: {problem}, which has no keys"))
        })?;
    }
    *config = set_in.into_iter().collect();
    Ok(())
}

fn set(config: &mut Map<String, Value>, path: &[String], value: &Value) -> Result<(), String> {
    match path {
        [] => {}
        [last] => {
            config.insert(last.clone(), value.clone());
        }
        [first, rest @ ..] => {
            let inner = config.entry(first.as_str()).or_insert_with(|| Map::new().into());
            let inner =
                inner.as_object_mut().ok_or_else(|| format!("`{first}` is not an object"))?;
            set(inner, rest, value)?;
        }
    }
    Ok(())
}
