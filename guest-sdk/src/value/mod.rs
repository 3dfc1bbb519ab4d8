//! JSON values: to and from the wire, and to types of the plugin's own.

mod de;
pub(crate) mod wire;

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Result, Status, Value};

use de::{From, Unfit};
pub(crate) use wire::{decode_entries, decode_texts, decode_value, encode_value};

/// Decodes what the host wrote as postcard.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    postcard::from_bytes(bytes).map_err(|_| Status::Malformed.into())
}

/// Encodes for the host as postcard.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    postcard::to_allocvec(value).map_err(|_| Status::Malformed.into())
}

/// Turns a JSON value into a type of the plugin's own, as `serde_json::from_value` does.
///
/// # Errors
///
/// [`Status::Malformed`] if the value does not fit the type.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T> {
    T::deserialize(From(value)).map_err(|Unfit| Status::Malformed.into())
}

/// The pairs of an object.
pub(crate) type Pairs = Vec<(String, Value)>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use alloc::collections::BTreeMap;
    use alloc::string::ToString;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Settings {
        limit: u8,
        ratio: f64,
        offset: i64,
        #[serde(default)]
        mode: Mode,
        names: Option<Vec<String>>,
        extra: BTreeMap<String, bool>,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Mode {
        #[default]
        Strict,
        Sample(u32),
        Window {
            from: u32,
            to: u32,
        },
    }

    fn object(entries: &[(&str, Value)]) -> Value {
        Value::Object(
            entries.iter().map(|(name, value)| (name.to_string(), value.clone())).collect(),
        )
    }

    fn settings(mode: Value) -> Value {
        object(&[
            ("limit", Value::Unsigned(7)),
            ("ratio", Value::Unsigned(2)),
            ("offset", Value::Negative(-3)),
            ("mode", mode),
            ("names", Value::Array([Value::from("a")].into())),
            ("extra", object(&[("x", Value::Bool(true))])),
        ])
    }

    #[test]
    fn values_become_structures() {
        let parsed: Settings = from_value(settings("strict".into())).unwrap();
        let expected = Settings {
            limit: 7,
            ratio: 2.0,
            offset: -3,
            mode: Mode::Strict,
            names: Some(["a".to_string()].into()),
            extra: [("x".to_string(), true)].into(),
        };
        assert_eq!(parsed, expected);
    }

    #[test]
    fn enums_are_written_as_serde_json_writes_them() {
        let mode = |value| from_value::<Settings>(settings(value)).map(|settings| settings.mode);
        assert_eq!(mode(object(&[("sample", Value::Unsigned(9))])), Ok(Mode::Sample(9)));
        let window = object(&[("from", Value::Unsigned(1)), ("to", Value::Unsigned(2))]);
        assert_eq!(mode(object(&[("window", window)])), Ok(Mode::Window { from: 1, to: 2 }));
        assert_eq!(mode("lax".into()), Err(Status::Malformed.into()));
        assert_eq!(mode(Value::Null), Err(Status::Malformed.into()));
    }

    #[test]
    fn what_does_not_fit_is_malformed() {
        let malformed = Error::new(Status::Malformed);
        assert_eq!(from_value::<u8>(Value::Unsigned(256)), Err(malformed));
        assert_eq!(from_value::<String>(Value::Bool(true)), Err(malformed));
        assert_eq!(from_value::<Option<bool>>(Value::Null), Ok(None));
        assert_eq!(from_value::<Vec<u8>>(object(&[])), Err(malformed));
    }
}
