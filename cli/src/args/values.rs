//! Values of arguments, read from their text.

use clap::builder::{OsStringValueParser, PossibleValue, TypedValueParser, ValueParser};
use cpex_wasmi::{Capability, RedisState, StubAnswer};
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

/// Parses `key=value` or `key.key=value`. A value that is not JSON is a text.
pub(super) fn setting(text: &str) -> Result<Setting, String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE, such as `limit=5`")?;
    let path: Vec<_> = key.split('.').map(str::to_owned).collect();
    if path.iter().any(String::is_empty) {
        return Err("a key is empty; write KEY=VALUE, such as `limit=5`".into());
    }
    Ok(Setting { path, value: input::value_or_text(value)? })
}

/// A fixed answer in place of an embedder's function.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stub {
    pub(crate) name: String,
    pub(crate) answer: StubAnswer,
}

/// Parses the URL of a Redis.
pub(super) fn state(url: &str) -> Result<RedisState, String> {
    RedisState::new(url).map_err(|error| error.to_string())
}

/// Parses `name=JSON` or `name=hex:0a`.
pub(super) fn stub(text: &str) -> Result<Stub, String> {
    let (name, answer) = text
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or("write NAME=JSON, such as `acme.allow=true`")?;
    let answer = match answer.strip_prefix("hex:") {
        Some(digits) => {
            StubAnswer::Bytes(bytes(digits).ok_or("write pairs of hex digits after `hex:`")?)
        }
        None => StubAnswer::Json(input::value(answer).map_err(|problem| {
            format!(
                "the answer is not JSON ({problem}); put a text in quotes: `acme.name=\"alice\"`"
            )
        })?),
    };
    Ok(Stub { name: name.to_owned(), answer })
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    pairs
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn stubs_answer_with_json_or_bytes() {
        let json = |value: Value| StubAnswer::Json(value);
        assert_eq!(stub("a.b=true").unwrap().answer, json(true.into()));
        assert_eq!(stub("a.b=\"x=y\"").unwrap().answer, json("x=y".into()));
        assert_eq!(stub("a=hex:00fF").unwrap().answer, StubAnswer::Bytes(vec![0, 255]));
        assert_eq!(stub("a=hex:").unwrap().answer, StubAnswer::Bytes(Vec::new()));
        for wrong in
            ["a", "=1", "a=yes", "a={\"x\": 1, \"x\": 2}", "a=hex:0", "a=hex:0g", "a=hex:ü"]
        {
            assert!(stub(wrong).is_err(), "{wrong}");
        }
    }
}
