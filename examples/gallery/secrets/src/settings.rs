//! The operator's settings, made ready once.

use alloc::vec::Vec;

use cpex_wasmi_guest::prelude::*;

use crate::formats::{FORMATS, Format};

/// The treatment of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The tool call or the result is denied.
    Block,
    /// The secret is replaced by `*`.
    Mask,
}

/// The settings with compiled patterns.
pub(crate) struct Settings {
    pub(crate) mode: Mode,
    pub(crate) keep_last: u8,
    /// The formats that are looked for.
    pub(crate) patterns: Patterns,
    /// Their names.
    pub(crate) names: Vec<&'static str>,
}

pub(crate) static SETTINGS: Prepared<Settings> = Prepared::new();

/// Reads the configuration and compiles the patterns.
pub(crate) fn prepare(config: JsonMap) -> Result<()> {
    let (only, ignored) = (config.get("formats")?, config.get("ignore")?);
    let wanted = |format: &&Format| {
        let on = only.as_ref().map_or(!format.on_request, |only| has(only, format.name));
        on && !ignored.as_ref().is_some_and(|ignored| has(ignored, format.name))
    };
    let formats: Vec<_> = FORMATS.iter().filter(wanted).collect();
    let texts: Vec<_> = formats.iter().map(|format| format.pattern).collect();
    SETTINGS.set(Settings {
        mode: if config.text_is("mode", "mask")? { Mode::Mask } else { Mode::Block },
        keep_last: match config.get("keep_last")? {
            Some(Value::Unsigned(kept)) => u8::try_from(kept).unwrap_or(0),
            _ => 0,
        },
        patterns: Patterns::compiled(&texts)?,
        names: formats.iter().map(|format| format.name).collect(),
    })
}

/// True if a list of the configuration has the name. The host has held the list against the schema.
fn has(list: &Value, name: &str) -> bool {
    matches!(list, Value::Array(names) if names.iter().any(|other| other.as_str() == Some(name)))
}
