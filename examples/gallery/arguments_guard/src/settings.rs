//! The operator's settings, made ready once.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_guest::prelude::*;
use cpex_wasmi_guest::schema::Schema;
use serde_json::value::RawValue;

/// The settings with compiled globs and schemas.
pub(crate) struct Settings {
    /// The names of tools, as globs.
    pub(crate) names: Patterns,
    /// The schema of each name.
    pub(crate) schemas: Vec<Schema>,
    /// True if calls of other tools are denied.
    pub(crate) denies_unlisted: bool,
    /// True if faults are only counted.
    pub(crate) only_counts: bool,
}

pub(crate) static SETTINGS: Prepared<Settings> = Prepared::new();

/// Reads the configuration, and compiles globs and schemas.
pub(crate) fn prepare(config: JsonMap) -> Result<()> {
    let json = config.json_of("tools")?.unwrap_or_else(|| "{}".to_owned());
    // The host has held the configuration against the plugin's own schema.
    let tools: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(&json).map_err(|_| Status::Malformed)?;
    let names: Vec<&String> = tools.keys().collect();
    let schemas = tools.values().map(|schema| Schema::new(schema.get()));
    SETTINGS.set(Settings {
        names: Patterns::globs(&names)?,
        schemas: schemas.collect::<Result<_>>()?,
        denies_unlisted: config.text_is("unlisted", "deny")?,
        only_counts: config.text_is("mode", "count")?,
    })
}
