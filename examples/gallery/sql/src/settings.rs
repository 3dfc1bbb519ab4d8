//! The operator's settings, made ready once.

use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_guest::prelude::*;

use crate::rules::{OTHER_RULES, RULES};

/// The settings.
pub(crate) struct Settings {
    /// The arguments that have SQL; all, if `None`.
    pub(crate) arguments: Option<Vec<String>>,
    /// The statements that are allowed; all, if `None`.
    pub(crate) allow: Option<Vec<String>>,
    /// The rules that deny.
    deny: Vec<&'static str>,
}

impl Settings {
    /// True if this rule denies.
    pub(crate) fn denies(&self, rule: &str) -> bool {
        self.deny.contains(&rule)
    }
}

pub(crate) static SETTINGS: Prepared<Settings> = Prepared::new();

/// Reads the configuration.
pub(crate) fn prepare(config: JsonMap) -> Result<()> {
    crate::TEXTS.compile()?;
    let deny = texts(config, "deny")?;
    let wanted = |name: &str, by_default| {
        deny.as_ref().map_or(by_default, |names| names.iter().any(|other| other == name))
    };
    let statements = RULES.iter().map(|(name, by_default)| (*name, *by_default));
    let all = statements.chain(OTHER_RULES.iter().map(|name| (*name, true)));
    let deny = all.filter(|(name, by_default)| wanted(name, *by_default)).map(|(name, _)| name);
    let deny = deny.collect();
    let (arguments, allow) = (texts(config, "arguments")?, texts(config, "allow")?);
    SETTINGS.set(Settings { arguments, allow, deny })
}

/// A list of texts. The host has held the configuration against the schema.
fn texts(config: JsonMap, name: &str) -> Result<Option<Vec<String>>> {
    let Some(Value::Array(values)) = config.get(name)? else { return Ok(None) };
    let text = |value| if let Value::String(text) = value { Some(text) } else { None };
    Ok(Some(values.into_iter().filter_map(text).collect()))
}
