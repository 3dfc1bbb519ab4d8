//! Policies as operators write them. Everything that is wrong is found at once, with the path where
//! it stands; nothing is ever ignored.

use alloc::format;
use alloc::string::String;
use core::time::Duration;

use cpex_wasmi_abi::Capability;
use serde_json::{Map, Value};

use super::keys::{BARE, SANDBOX_POLICY};
use super::values::{PolicyReader, expected, present};
use super::{Isolation, Policy, WhenExhausted};
use crate::logging::visible;
use crate::text::suggest::did_you_mean;
use crate::{Digest, Error, LevelFilter};

impl Policy {
    /// Reads a policy from parsed YAML or JSON: the content of `sandbox_policy`, an object with
    /// that key, or a whole plugin entry of a CPEX configuration.
    ///
    /// From an entry come the capabilities and, under `config`, the plugin's own configuration and
    /// its `sandbox_policy`. An absent or empty policy grants nothing and keeps the default limits.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPolicy`](crate::ErrorKind::InvalidPolicy) for anything unknown or malformed;
    /// [`Error::problems`] has all of it, each with its path and the nearest valid key.
    pub fn from_value(value: &Value) -> Result<Self, Error> {
        let mut reader = PolicyReader::default();
        let policy = reader.policy(value);
        if reader.problems.is_empty() {
            Ok(policy)
        } else {
            Err(Error::from_problems(reader.problems))
        }
    }
}

const LOG_LEVELS: &[(&str, LevelFilter)] = &[
    ("error", LevelFilter::Error),
    ("warn", LevelFilter::Warn),
    ("info", LevelFilter::Info),
    ("debug", LevelFilter::Debug),
    ("trace", LevelFilter::Trace),
    ("off", LevelFilter::Off),
];

impl PolicyReader {
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
            self.known(map, "", &BARE);
            self.capabilities(map.get("capabilities"), &mut policy);
            self.sandbox_policy(inner, "sandbox_policy", &mut policy);
        } else if is_entry || map.contains_key("capabilities") {
            self.entry(map, &mut policy);
        } else {
            self.sandbox_policy(value, "sandbox_policy", &mut policy);
        }
        policy
    }

    pub(super) fn capabilities(&mut self, value: Option<&Value>, policy: &mut Policy) {
        for (path, name) in self.texts(value, "capabilities") {
            match Capability::from_name(&name) {
                Some(capability) => policy.capabilities.insert(capability),
                None => {
                    let known = Capability::ALL.iter().map(|known| known.name());
                    let hint = did_you_mean(&name, known);
                    self.wrong(
                        &path,
                        format!("is `{}`, which is not a capability{hint}", visible(&name)),
                    );
                }
            }
        }
    }

    pub(super) fn sandbox_policy(&mut self, value: &Value, path: &str, policy: &mut Policy) {
        let Some(map) = self.object(value, path, &SANDBOX_POLICY) else { return };
        self.resources(map.get("resources"), &format!("{path}.resources"), policy);
        policy.access = self.access(map, path);
        if let Some(value) = present(map.get("isolation")) {
            let path = format!("{path}.isolation");
            match self.choice(value, &path, "isolation", SANDBOX_POLICY.choices("isolation")) {
                Some("pooled") => policy.isolation = Isolation::Pooled,
                Some(_) => policy.isolation = Isolation::PerCall,
                None => {}
            }
        }
        self.exhausted(map, path, policy);
        self.switch(map, path, "snapshot", &mut policy.snapshot);
        self.switch(map, path, "allow_state", &mut policy.allow_state);
        self.switch(map, path, "allow_raw_credentials", &mut policy.allow_raw_credentials);
        if let Some(value) = present(map.get("log_level"))
            && let Some(level) = self.log_level(value, &format!("{path}.log_level"))
        {
            policy.log_level = level;
        }
        policy.digest = self.digest(map.get("sha256"), &format!("{path}.sha256"));
    }

    fn exhausted(&mut self, map: &Map<String, Value>, path: &str, policy: &mut Policy) {
        let wait = map.get("resources").and_then(|resources| present(resources.get("max_wait_ms")));
        let then = present(map.get("when_exhausted")).and_then(|value| {
            let known = SANDBOX_POLICY.choices("when_exhausted");
            self.choice(value, &format!("{path}.when_exhausted"), "choice", known)
        });
        policy.when_exhausted = match (then, wait.and_then(Value::as_u64)) {
            (Some("wait"), Some(wait)) => WhenExhausted::Wait(Duration::from_millis(wait)),
            (Some("wait"), None) => WhenExhausted::Wait(Policy::DEFAULT_MAX_WAIT),
            (Some("refuse"), _) => WhenExhausted::Refuse,
            _ => WhenExhausted::Grow,
        };
        if wait.is_some() && then != Some("wait") {
            let wrong = "has no effect without `when_exhausted: wait`";
            self.wrong(&format!("{path}.resources.max_wait_ms"), wrong);
        }
    }

    fn digest(&mut self, value: Option<&Value>, path: &str) -> Option<Digest> {
        let Value::String(text) = present(value)? else {
            self.wrong(path, expected("64 hex digits in quotes", value?));
            return None;
        };
        Digest::read(text).map_err(|wrong| self.wrong(path, wrong)).ok()
    }

    fn log_level(&mut self, value: &Value, path: &str) -> Option<LevelFilter> {
        let name = self.choice(value, path, "log level", SANDBOX_POLICY.choices("log_level"))?;
        LOG_LEVELS.iter().find(|(known, _)| *known == name).map(|(_, level)| *level)
    }

    pub(super) fn switch(
        &mut self,
        map: &Map<String, Value>,
        path: &str,
        key: &str,
        switch: &mut bool,
    ) {
        match present(map.get(key)) {
            None => {}
            Some(Value::Bool(on)) => *switch = *on,
            Some(other) => {
                self.wrong(&format!("{path}.{key}"), expected("true or false", other));
            }
        }
    }
}
