//! Policies as operators write them. Everything that is wrong is found at once, with the path where
//! it stands; nothing is ever ignored.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use cpex_wasmi_abi::Capability;
use serde_json::{Map, Value};

use super::{Access, FileGrant, FilePermission, Isolation, NetworkGrant, PathKind, Policy};
use crate::logging::visible;
use crate::suggest::{did_you_mean, is_like};
use crate::{Digest, Error, ErrorKind, LevelFilter, Limits, Problem};

impl Policy {
    /// Reads a policy from parsed YAML or JSON: the content of `sandbox_policy`, an object with
    /// that key, or a whole plugin entry of a CPEX configuration.
    ///
    /// From an entry come the capabilities and, under `config`, the plugin's own configuration and
    /// its `sandbox_policy`. An absent or empty policy grants nothing and keeps the default limits.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPolicy`] for anything unknown or malformed; [`Error::problems`] has all
    /// of it, each with its path and the nearest valid key.
    pub fn from_json(value: &Value) -> Result<Self, Error> {
        let mut reader = Reader::default();
        let policy = reader.policy(value);
        if reader.problems.is_empty() {
            Ok(policy)
        } else {
            Err(Error::from_problems(reader.problems))
        }
    }
}

/// The keys of a plugin entry, as `cpex-core` has them.
const ENTRY: &[&str] = &[
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
const SANDBOX_POLICY: &[&str] = &[
    "allowed_filesystem",
    "allowed_network",
    "allowed_env",
    "resources",
    "isolation",
    "allow_state",
    "allow_raw_credentials",
    "log_level",
    "sha256",
];
const RESOURCES: &[&str] = &[
    "max_memory_bytes",
    "max_fuel",
    "max_execution_time_ms",
    "max_instances",
    "max_tables",
    "max_table_elements",
    "max_host_calls",
    "max_read_bytes",
    "max_write_bytes",
    "max_log_bytes",
    "init_fuel",
];
const LOG_LEVELS: &[(&str, LevelFilter)] = &[
    ("error", LevelFilter::Error),
    ("warn", LevelFilter::Warn),
    ("info", LevelFilter::Info),
    ("debug", LevelFilter::Debug),
    ("trace", LevelFilter::Trace),
    ("off", LevelFilter::Off),
];

#[derive(Default)]
struct Reader {
    problems: Vec<Problem>,
}

impl Reader {
    fn wrong(&mut self, path: &str, message: impl core::fmt::Display) {
        let message = format!("policy: `{path}` {message}");
        self.problems.push(Problem::new(ErrorKind::InvalidPolicy, message));
    }

    fn policy(&mut self, value: &Value) -> Policy {
        let mut policy = Policy::default();
        let Value::Object(map) = value else {
            if !value.is_null() {
                self.wrong("sandbox_policy", expected("a mapping", value));
            }
            return policy;
        };
        let is_entry = ["kind", "config", "hooks", "name"].iter().any(|key| map.contains_key(*key));
        if let Some(inner) = map.get("sandbox_policy").filter(|_| !is_entry) {
            self.known(map, "", &["sandbox_policy", "capabilities"]);
            self.capabilities(map.get("capabilities"), &mut policy);
            self.sandbox_policy(inner, "sandbox_policy", &mut policy);
        } else if is_entry || map.contains_key("capabilities") {
            self.entry(map, &mut policy);
        } else {
            self.sandbox_policy(value, "sandbox_policy", &mut policy);
        }
        policy
    }

    fn entry(&mut self, entry: &Map<String, Value>, policy: &mut Policy) {
        self.known(entry, "", ENTRY);
        self.capabilities(entry.get("capabilities"), policy);
        match entry.get("config") {
            None | Some(Value::Null) => {}
            Some(Value::Object(config)) => {
                for (key, value) in config {
                    if key == "sandbox_policy" {
                        self.sandbox_policy(value, "config.sandbox_policy", policy);
                    } else {
                        self.misplaced(key, value);
                        policy.config.insert(key.clone(), value.clone());
                    }
                }
            }
            Some(other) => self.wrong("config", expected("a mapping", other)),
        }
    }

    /// Objects to what looks like a policy among the plugin's own settings, where it would be
    /// without effect.
    fn misplaced(&mut self, key: &str, value: &Value) {
        let limits = value.as_object().is_some_and(|map| {
            key == "resources" && map.keys().any(|key| RESOURCES.contains(&key.as_str()))
        });
        let grant = key.starts_with("allow") && SANDBOX_POLICY.contains(&key);
        if limits || grant || key == "sha256" {
            self.wrong(&format!("config.{key}"), "belongs under `config.sandbox_policy`");
        } else if is_like(key, "sandbox_policy") {
            let path = format!("config.{}", visible(key));
            self.wrong(&path, "is not known; did you mean `sandbox_policy`?");
        }
    }

    fn capabilities(&mut self, value: Option<&Value>, policy: &mut Policy) {
        for (path, name) in self.texts(value, "capabilities") {
            match Capability::from_name(&name) {
                Some(capability) => policy.capabilities.insert(capability),
                None => {
                    let known = Capability::ALL.iter().map(|known| known.name());
                    let hint = did_you_mean(&name, known);
                    self.wrong(
                        &path,
                        format!("is `{}`, which is no capability{hint}", visible(&name)),
                    );
                }
            }
        }
    }

    fn sandbox_policy(&mut self, value: &Value, path: &str, policy: &mut Policy) {
        let Some(map) = self.object(value, path, SANDBOX_POLICY) else { return };
        self.resources(map.get("resources"), &format!("{path}.resources"), policy);
        policy.access = Access {
            filesystem: self.filesystem(map.get("allowed_filesystem"), path),
            network: self.network(map.get("allowed_network"), path),
            env: self
                .texts(map.get("allowed_env"), &format!("{path}.allowed_env"))
                .into_iter()
                .map(|(_, name)| name)
                .collect(),
        };
        if let Some(value) = present(map.get("isolation")) {
            match value.as_str() {
                Some("per_call") => policy.isolation = Isolation::PerCall,
                Some("pooled") => policy.isolation = Isolation::Pooled,
                _ => self.wrong(&format!("{path}.isolation"), "must be `per_call` or `pooled`"),
            }
        }
        self.switch(map, path, "allow_state", &mut policy.allow_state);
        self.switch(map, path, "allow_raw_credentials", &mut policy.allow_raw_credentials);
        if let Some(value) = present(map.get("log_level"))
            && let Some(level) = self.log_level(value, &format!("{path}.log_level"))
        {
            policy.log_level = level;
        }
        policy.digest = self.digest(map.get("sha256"), &format!("{path}.sha256"));
    }

    fn digest(&mut self, value: Option<&Value>, path: &str) -> Option<Digest> {
        let Value::String(text) = present(value)? else {
            self.wrong(path, expected("64 hex digits in quotes", value?));
            return None;
        };
        Digest::read(text).map_err(|wrong| self.wrong(path, wrong)).ok()
    }

    fn log_level(&mut self, value: &Value, path: &str) -> Option<LevelFilter> {
        let name = self.text(value, path)?;
        let found = LOG_LEVELS.iter().find(|(known, _)| *known == name);
        if found.is_none() {
            let hint = did_you_mean(&name, LOG_LEVELS.iter().map(|(known, _)| *known));
            self.wrong(path, format!("is `{}`, which is no log level{hint}", visible(&name)));
        }
        found.map(|(_, level)| *level)
    }

    fn switch(&mut self, map: &Map<String, Value>, path: &str, key: &str, switch: &mut bool) {
        match present(map.get(key)) {
            None => {}
            Some(Value::Bool(on)) => *switch = *on,
            Some(other) => {
                self.wrong(&format!("{path}.{key}"), expected("true or false", other));
            }
        }
    }

    fn resources(&mut self, value: Option<&Value>, path: &str, policy: &mut Policy) {
        let Some(value) = present(value) else { return };
        let Some(map) = self.object(value, path, RESOURCES) else { return };
        let mut number = |key: &str, least: u64| -> Option<u64> {
            let value = present(map.get(key))?;
            let path = format!("{path}.{key}");
            match value.as_u64() {
                Some(number) if number >= least => Some(number),
                Some(number) => {
                    self.wrong(&path, format!("is {number}, and must be at least {least}"));
                    None
                }
                None => {
                    self.wrong(&path, expected("a whole number", value));
                    None
                }
            }
        };
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let limits: &mut Limits = &mut policy.limits;
        let mut set = |limit: &mut u64, key: &str, least: u64| {
            if let Some(value) = number(key, least) {
                *limit = value;
            }
        };
        set(&mut limits.fuel, "max_fuel", 1);
        set(&mut limits.init_fuel, "init_fuel", 1);
        set(&mut limits.host_calls, "max_host_calls", 0);
        set(&mut limits.bytes_read, "max_read_bytes", 0);
        set(&mut limits.bytes_written, "max_write_bytes", 0);
        set(&mut limits.log_bytes, "max_log_bytes", 0);
        if let Some(bytes) = number("max_memory_bytes", 65_536) {
            limits.memory_bytes = size(bytes);
        }
        if let Some(time) = number("max_execution_time_ms", 1) {
            limits.deadline = Some(Duration::from_millis(time));
        }
        if let Some(tables) = number("max_tables", 0) {
            limits.tables = size(tables);
        }
        if let Some(elements) = number("max_table_elements", 0) {
            limits.table_elements = size(elements);
        }
        if let Some(instances) = number("max_instances", 1) {
            policy.max_instances = size(instances);
        }
    }

    fn filesystem(&mut self, value: Option<&Value>, path: &str) -> Vec<FileGrant> {
        let path = format!("{path}.allowed_filesystem");
        let mut grants = Vec::new();
        for (path, value) in self.list(value, &path) {
            let Some(map) = self.object(value, &path, &["dir", "file", "permission"]) else {
                continue;
            };
            let (kind, value) = match (map.get("dir"), map.get("file")) {
                (Some(dir), None) => (PathKind::Dir, dir),
                (None, Some(file)) => (PathKind::File, file),
                _ => {
                    self.wrong(&path, "must have either `dir` or `file`");
                    continue;
                }
            };
            let place = self.text(
                value,
                &format!("{path}.{}", if kind == PathKind::Dir { "dir" } else { "file" }),
            );
            let permission = match map.get("permission") {
                None => {
                    self.wrong(&path, "lacks `permission`");
                    None
                }
                Some(value) => self.permission(value, &format!("{path}.permission")),
            };
            if let (Some(place), Some(permission)) = (place, permission) {
                grants.push(FileGrant { kind, path: place, permission });
            }
        }
        grants
    }

    fn permission(&mut self, value: &Value, path: &str) -> Option<FilePermission> {
        let name = self.text(value, path)?;
        let found = FilePermission::ALL.iter().copied().find(|known| known.name() == name);
        if found.is_none() {
            let hint = did_you_mean(&name, FilePermission::ALL.iter().map(|known| known.name()));
            self.wrong(path, format!("is `{}`, which is no permission{hint}", visible(&name)));
        }
        found
    }

    fn network(&mut self, value: Option<&Value>, path: &str) -> Vec<NetworkGrant> {
        let path = format!("{path}.allowed_network");
        let mut grants = Vec::new();
        for (path, value) in self.list(value, &path) {
            let known = &["host", "ports", "schemes", "methods"];
            let Some(map) = self.object(value, &path, known) else { continue };
            let Some(host) = map.get("host") else {
                self.wrong(&path, "lacks `host`");
                continue;
            };
            let host_path = format!("{path}.host");
            let Some(host) = self.text(host, &host_path) else { continue };
            if host.strip_prefix("*.").unwrap_or(&host).contains('*') || host.is_empty() {
                self.wrong(&host_path, "must be a host name, with `*.` at its start or no star");
                continue;
            }
            let ports = self.ports(map.get("ports"), &format!("{path}.ports"));
            let mut names = |key: &str| -> Vec<String> {
                let found = self.texts(map.get(key), &format!("{path}.{key}"));
                found.into_iter().map(|(_, name)| name).collect()
            };
            let (mut schemes, methods) = (names("schemes"), names("methods"));
            if schemes.is_empty() {
                schemes = vec!["https".into()];
            }
            grants.push(NetworkGrant { host, ports, schemes, methods });
        }
        grants
    }

    fn ports(&mut self, value: Option<&Value>, path: &str) -> Vec<u16> {
        let mut ports = Vec::new();
        for (path, value) in self.list(value, path) {
            match value.as_u64().and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0)
            {
                Some(port) => ports.push(port),
                None => self.wrong(&path, "must be a port from 1 to 65535"),
            }
        }
        ports
    }

    // What values are made of.

    fn object<'a>(
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

    fn known(&mut self, map: &Map<String, Value>, path: &str, known: &[&str]) {
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

    fn list<'a>(&mut self, value: Option<&'a Value>, path: &str) -> Vec<(String, &'a Value)> {
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

    fn texts(&mut self, value: Option<&Value>, path: &str) -> Vec<(String, String)> {
        let list = self.list(value, path);
        list.into_iter()
            .filter_map(|(path, value)| Some((path.clone(), self.text(value, &path)?)))
            .collect()
    }

    fn text(&mut self, value: &Value, path: &str) -> Option<String> {
        if let Value::String(text) = value {
            return Some(text.clone());
        }
        self.wrong(path, expected("a text", value));
        None
    }
}

/// A value that is there; `key:` with nothing behind it is not.
fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

fn expected(what: &str, found: &Value) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_in_the_operators_documents() {
        let entries = include_str!("../../docs/cpex.md");
        let policies = include_str!("../../docs/policy.md");
        let named =
            |doc: &str, key| doc.contains(&format!("`{key}`")) || doc.contains(&format!(" {key}:"));
        for key in ENTRY.iter().chain(SANDBOX_POLICY).chain(RESOURCES) {
            assert!(named(entries, key), "docs/cpex.md lacks `{key}`");
        }
        for key in SANDBOX_POLICY.iter().chain(RESOURCES) {
            assert!(named(policies, key), "docs/policy.md lacks `{key}`");
        }
    }
}
