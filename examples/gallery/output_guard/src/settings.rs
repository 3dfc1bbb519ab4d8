//! The operator's settings, made ready once.

use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_guest::prelude::*;
use cpex_wasmi_guest::regex::escape;

/// The settings with compiled patterns.
pub(crate) struct Settings {
    /// The most bytes of a result, as JSON.
    pub(crate) max_bytes: Option<usize>,
    /// The most characters of each text.
    pub(crate) max_text_chars: Option<usize>,
    /// The words and patterns that may not leave.
    pub(crate) listed: Option<Patterns>,
    /// True if they are masked, false if the result is denied.
    pub(crate) masks: bool,
}

pub(crate) static SETTINGS: Prepared<Settings> = Prepared::new();

/// Reads the configuration and compiles the patterns.
pub(crate) fn prepare(config: JsonMap) -> Result<()> {
    crate::TEXTS.compile()?;
    let mut patterns = texts(config, "patterns")?;
    for word in texts(config, "words")? {
        patterns.push(["(?i)", &escape(&word)].concat());
    }
    let listed = match patterns.is_empty() {
        true => None,
        false => Some(Patterns::compiled(&patterns)?),
    };
    SETTINGS.set(Settings {
        max_bytes: number(config, "max_bytes")?,
        max_text_chars: number(config, "max_text_chars")?,
        listed,
        masks: config.text_is("mode", "mask")?,
    })
}

/// A number. The host has held the configuration against the schema.
fn number(config: JsonMap, name: &str) -> Result<Option<usize>> {
    Ok(match config.get(name)? {
        Some(Value::Unsigned(number)) => Some(usize::try_from(number).unwrap_or(usize::MAX)),
        _ => None,
    })
}

/// A list of texts.
fn texts(config: JsonMap, name: &str) -> Result<Vec<String>> {
    let Some(Value::Array(values)) = config.get(name)? else { return Ok(Vec::new()) };
    let text = |value| if let Value::String(text) = value { Some(text) } else { None };
    Ok(values.into_iter().filter_map(text).collect())
}
