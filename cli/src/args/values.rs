//! Values of arguments, read from their text.

use clap::builder::{OsStringValueParser, PossibleValue, TypedValueParser, ValueParser};
use cpex_wasmi::Capability;
use serde_json::Value;

use crate::input::{self, Source};

/// An input that can be given in place of its file.
pub(super) fn source() -> ValueParser {
    ValueParser::new(OsStringValueParser::new().map(Source::or_inline))
}

/// A module.
pub(super) fn module() -> ValueParser {
    ValueParser::new(OsStringValueParser::new().map(Source::from))
}

/// A value of the configuration, set by name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Setting {
    /// The keys on the way to it.
    pub(crate) path: Vec<String>,
    pub(crate) value: Value,
}

/// Parses `key=value` or `key.key=value`; a value that is no JSON is a text.
pub(super) fn setting(text: &str) -> Result<Setting, String> {
    let (key, value) = text.split_once('=').ok_or("it takes KEY=VALUE, such as `limit=5`")?;
    let path: Vec<_> = key.split('.').map(str::to_owned).collect();
    if path.iter().any(String::is_empty) {
        return Err("a key is empty; it takes KEY=VALUE, such as `limit=5`".into());
    }
    Ok(Setting { path, value: input::value_or_text(value)? })
}

/// Parses a capability, with clap's list and suggestions.
#[derive(Clone)]
pub(super) struct CapabilityParser;

impl TypedValueParser for CapabilityParser {
    type Value = Capability;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Capability, clap::Error> {
        let names = Capability::ALL.iter().map(|known| known.name());
        let parser = clap::builder::PossibleValuesParser::new(names);
        let name = parser.parse_ref(command, arg, value)?;
        Capability::from_name(&name)
            .ok_or_else(|| clap::Error::new(clap::error::ErrorKind::InvalidValue).with_cmd(command))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Capability::ALL.iter().map(|known| PossibleValue::new(known.name()))))
    }
}
