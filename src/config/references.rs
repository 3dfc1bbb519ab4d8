//! Routes and groups: which plugins they name, and whether these are there.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use std::collections::BTreeSet;

use serde_json::Value;

use super::check::Checker;
use super::fits::joined;
use super::overrides::{self, PluginReference};
use super::shapes::{STEP, STEPS};
use crate::policy::keys::Shape;
use crate::policy::values::expected;
use crate::text::suggest::did_you_mean;
use crate::visible;

impl Checker<'_> {
    /// Refuses a list of plugins that `cpex-core` cannot read.
    pub(super) fn references(&mut self, value: &Value, path: &str) {
        let items = match value {
            Value::Array(items) => items,
            // An orchestrator's overrides.
            Value::Object(_) => return,
            other => return self.wrong(path, &expected("a list of plugins", other)),
        };
        for (at, item) in items.iter().enumerate() {
            let path = format!("{path}[{at}]");
            match item {
                Value::String(_) => {}
                Value::Object(map) if map.len() == 1 => {}
                Value::Object(map) => {
                    let keys = map.len();
                    let wrong = format!(
                        "must have one key, a plugin's name, and has {keys}; put each plugin \
                         behind its own dash, and `config:` deeper than its name"
                    );
                    self.wrong(&path, &wrong);
                }
                other => self.wrong(&path, &expected("the name of a plugin", other)),
            }
        }
    }

    /// Refuses steps of `authentication` that `cpex-core` cannot read.
    pub(super) fn authentication(&mut self, value: &Value, path: &str) {
        let (steps, path) = match value {
            Value::Object(_) => {
                self.map(value, path, &STEPS);
                match value.get("steps") {
                    Some(steps) => (steps, joined(path, "steps")),
                    None => return,
                }
            }
            list => (list, path.into()),
        };
        let Value::Array(steps) = steps else {
            return self.wrong(&path, &expected("a list of steps", steps));
        };
        for (at, step) in steps.iter().enumerate() {
            let path = format!("{path}[{at}]");
            match step {
                Value::String(name) if !name.is_empty() => {}
                Value::Object(map) => {
                    self.fits(step, &path, &Shape::Map(&STEP));
                    if map.get("name").and_then(Value::as_str) == Some("") {
                        self.wrong(&joined(&path, "name"), "is empty");
                    }
                }
                other => self.wrong(&path, &expected("the name of a plugin", other)),
            }
        }
    }

    /// Refuses names that stand for nothing, as far as they matter.
    pub(super) fn names(&mut self, config: &Value) {
        let mut names = BTreeSet::new();
        for (at, entry) in overrides::list(config, "plugins") {
            let Some(name) = entry.get("name").and_then(Value::as_str) else { continue };
            if !names.insert(name) {
                let path = format!("plugins[{at}].name");
                let wrong = format!(
                    "is `{}`, which is the name of another plugin \
                                     too",
                    visible(name)
                );
                self.wrong(&path, &wrong);
            }
        }
        if !self.dialect.routes(config) {
            return;
        }
        for PluginReference { path, plugin, .. } in overrides::references(config, self.dialect) {
            if !names.contains(plugin) {
                let hint = did_you_mean(plugin, names.iter().copied());
                let wrong =
                    format!("names the plugin `{}`, which does not exist{hint}", visible(plugin));
                self.wrong(&path, &wrong);
            }
        }
        let mut groups = BTreeSet::new();
        for (_, known) in overrides::groups(config) {
            groups.extend(known.keys().map(String::as_str));
        }
        for (at, route) in overrides::list(config, "routes") {
            self.route(route, &format!("routes[{at}]"), &groups);
        }
    }

    fn route(&mut self, route: &Value, path: &str, groups: &BTreeSet<&str>) {
        let there = |key: &str| route.get(key).is_some_and(|value| !value.is_null());
        let known = self.dialect.matchers();
        let matchers: Vec<_> = known.iter().copied().filter(|key| there(key)).collect();
        if matchers.len() != 1 {
            let found = if matchers.is_empty() {
                "none of them".into()
            } else {
                format!("`{}`", matchers.join("` and `"))
            };
            let known = known.join("`, `");
            let (first, last) = known.rsplit_once(", ").unwrap_or(("", &known));
            let wrong = format!("must have one of `{first} and {last}`, and has {found}");
            self.wrong(path, &wrong);
        }
        let named: Vec<_> = match route.get("groups") {
            Some(Value::String(name)) => [name.as_str()].into(),
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        for name in named.into_iter().filter(|name| !groups.contains(name)) {
            let hint = did_you_mean(name, groups.iter().copied());
            let wrong = format!("names the group `{}`, which does not exist{hint}", visible(name));
            self.wrong(&format!("{path}.groups"), &wrong);
        }
    }
}
