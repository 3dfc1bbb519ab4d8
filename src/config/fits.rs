//! Holds values against the forms that `cpex-core` gives them.

use alloc::format;
use alloc::string::String;

use serde_json::Value;

use super::check::Checker;
use crate::policy::entry::is_of_policy;
use crate::policy::keys::{Key, Mapping, RESOURCES, SANDBOX_POLICY, Shape};
use crate::policy::values::expected;
use crate::text::suggest::{did_you_mean, nearest};
use crate::visible;

/// A key that is like one of `cpex-core`, and is one that it leaves to an orchestrator.
const NOT_MISSPELT: &str = "authorization";

impl Checker<'_> {
    /// Refuses a value that does not have a form.
    pub(super) fn fits(&mut self, value: &Value, path: &str, shape: &Shape) {
        let must = |what: &str| expected(what, value);
        let wrong = match shape {
            Shape::Any | Shape::SystemOr(_) => return,
            _ if value.is_null() => return,
            Shape::Text | Shape::Pattern(_) | Shape::Except(_) | Shape::Capability => {
                if value.is_string() {
                    return;
                }
                must("a text")
            }
            Shape::Whole(least, most) => match value.as_u64() {
                Some(number) if (*least..=*most).contains(&number) => return,
                _ => must("a whole number"),
            },
            Shape::Signed => match value.as_i64().map(i32::try_from) {
                Some(Ok(_)) => return,
                _ => must("a whole number of 32 bits"),
            },
            Shape::Switch if value.is_boolean() => return,
            Shape::Switch => must("true or false"),
            Shape::Choice(names) => match value.as_str() {
                Some(name) if names.contains(&name) => return,
                Some(name) => {
                    let hint = did_you_mean(name, names.iter().copied());
                    format!("is `{}`, which is not known{hint}", visible(name))
                }
                None => must("a text"),
            },
            Shape::List(inner) => return self.list(value, path, inner),
            Shape::Map(mapping) => return self.map(value, path, mapping),
            Shape::Table(inner) => return self.table(value, path, inner),
            Shape::OneOrMore if value.is_string() => return,
            Shape::OneOrMore => return self.list(value, path, &Shape::Text),
            Shape::References => return self.references(value, path),
            Shape::Authentication => return self.authentication(value, path),
        };
        self.wrong(path, &wrong);
    }

    fn list(&mut self, value: &Value, path: &str, inner: &Shape) {
        let Value::Array(items) = value else {
            return self.wrong(path, &expected("a list", value));
        };
        for (at, item) in items.iter().enumerate() {
            let path = format!("{path}[{at}]");
            if item.is_null() {
                self.wrong(&path, "is empty; give it a value, or remove it");
            } else {
                self.fits(item, &path, inner);
            }
        }
    }

    fn table(&mut self, value: &Value, path: &str, inner: &Shape) {
        let Value::Object(map) = value else {
            return self.wrong(path, &expected("a mapping", value));
        };
        for (key, value) in map {
            let path = joined(path, key);
            if value.is_null() && matches!(inner, Shape::Text) {
                self.wrong(&path, &expected("a text", value));
            } else {
                self.fits(value, &path, inner);
            }
        }
    }

    pub(super) fn map(&mut self, value: &Value, path: &str, mapping: &Mapping) {
        let Value::Object(map) = value else {
            return self.wrong(path, &expected("a mapping", value));
        };
        for Key { name, shape, required, filled, .. } in mapping.keys {
            match map.get(*name) {
                None if *required => self.wrong(path, &format!("lacks `{name}`")),
                None => {}
                Some(Value::Null) if *filled => self.wrong(&joined(path, name), "is empty"),
                Some(value) => self.fits(value, &joined(path, name), shape),
            }
        }
        for (key, value) in map.iter().filter(|(key, _)| !mapping.has(key)) {
            self.unknown(key, value, &joined(path, key), mapping);
        }
    }

    /// Refuses a key that is not known where it looks misspelt, or where a policy would be without effect.
    pub(super) fn unknown(&mut self, key: &str, value: &Value, path: &str, mapping: &Mapping) {
        let may_be_anothers = ["clock", "random", "log_level", "resources"].contains(&key);
        let of_policy = is_of_policy(key, value)
            || RESOURCES.has(key)
            || (SANDBOX_POLICY.has(key) && !may_be_anothers);
        if key == "sandbox_policy" {
            self.wrong(path, MISPLACED);
        } else if of_policy {
            self.wrong(
                path,
                "has no effect there; it belongs under `config.sandbox_policy` of a plugin's entry",
            );
        } else if key == "identity" && mapping.has("authentication") {
            self.wrong(path, "was renamed to `authentication`");
        } else if key != NOT_MISSPELT
            && let Some(near) = nearest(key, mapping.names())
        {
            self.wrong(path, &format!("is not known; did you mean `{near}`?"));
        } else {
            self.unfollowed(key, value, path);
        }
    }

    /// Refuses a policy within what is not known, unless an orchestrator may have it there.
    fn unfollowed(&mut self, key: &str, value: &Value, path: &str) {
        if ["apl", NOT_MISSPELT, "plugins"].contains(&key) {
            return;
        }
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    let path = joined(path, key);
                    if key == "sandbox_policy" {
                        self.wrong(&path, MISPLACED);
                    } else {
                        self.unfollowed(key, value, &path);
                    }
                }
            }
            Value::Array(items) => {
                for (at, value) in items.iter().enumerate() {
                    self.unfollowed("", value, &format!("{path}[{at}]"));
                }
            }
            _ => {}
        }
    }
}

const MISPLACED: &str = "has no effect there; it belongs under `config` of a plugin's entry";

/// The path of a key of a mapping.
pub(super) fn joined(path: &str, key: &str) -> String {
    let key = visible(key);
    if path.is_empty() { key } else { format!("{path}.{key}") }
}
