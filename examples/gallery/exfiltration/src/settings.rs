//! The operator's settings, made ready once.

use alloc::vec::Vec;

use cpex_wasmi_guest::prelude::*;

use crate::decode::ENCODINGS;
use crate::formats::FORMATS;

/// The settings with compiled patterns.
pub(crate) struct Settings {
    /// True if secrets are masked, false if they are denied.
    pub(crate) masks: bool,
    /// The most entropy that a candidate may have, in hundredths of a bit.
    pub(crate) max_entropy: Option<u32>,
    /// Texts that may be encoded, by the position of the encoding.
    pub(crate) candidates: Patterns,
    /// Secrets, and what the operator adds.
    pub(crate) secrets: Patterns,
}

pub(crate) static SETTINGS: Prepared<Settings> = Prepared::new();

/// Reads the configuration and compiles the patterns.
pub(crate) fn prepare(config: JsonMap) -> Result<()> {
    let own = config.get("patterns")?;
    let own: &[Value] = if let Some(Value::Array(own)) = &own { own } else { &[] };
    let formats = FORMATS.iter().map(|format| format.pattern);
    let secrets: Vec<_> = formats.chain(own.iter().filter_map(Value::as_str)).collect();
    SETTINGS.set(Settings {
        masks: config.text_is("mode", "mask")?,
        max_entropy: match config.get("max_entropy")? {
            Some(Value::Unsigned(most)) => Some(u32::try_from(most).unwrap_or(u32::MAX)),
            _ => None,
        },
        candidates: Patterns::compiled(&ENCODINGS)?,
        secrets: Patterns::compiled(&secrets)?,
    })
}
