//! Payloads of an author's own type: JSON values on the wire, by way of serde.

mod compound;
mod ser;

use alloc::vec::Vec;
use core::fmt;

use serde::de::DeserializeOwned;
use serde::ser::{Error as SerError, Serialize};

use crate::value::wire::{decode_value, encode_value};
use crate::{Result, Status};

use ser::ToValue;

/// Makes a value of what the host handed out.
///
/// # Errors
///
/// [`Status::Malformed`] if it does not fit the type.
pub fn custom_from_wire<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    crate::from_value(decode_value(bytes)?)
}

/// Makes what the host takes of a value.
///
/// # Errors
///
/// [`Status::Malformed`] if it has no JSON form.
pub fn custom_to_wire<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    match value.serialize(ToValue) {
        Ok(value) => Ok(encode_value(&value)),
        Err(Unfit) => Err(Status::Malformed.into()),
    }
}

type Ser<T> = core::result::Result<T, Unfit>;

/// The value has no JSON form. It does not say why, so that no formatting code is needed.
#[derive(Debug)]
struct Unfit;

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value has no JSON form")
    }
}

impl core::error::Error for Unfit {}

impl SerError for Unfit {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use alloc::string::String;
    use alloc::vec;
    use serde::{Deserialize, Serialize};
    use std::collections::HashMap;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Order {
        id: u64,
        offset: i32,
        ratio: f32,
        letter: char,
        note: Option<String>,
        nothing: (),
        pair: (bool, u8),
        lines: Vec<Line>,
        by_name: HashMap<String, Kind>,
        by_kind: BTreeMap<Kind, i8>,
        wrapped: Wrapped,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Line {
        sku: String,
        kind: Kind,
    }

    #[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Plain,
        Weighted(u32),
        Sized { width: u8, height: u8 },
        Between(i64, i64),
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Wrapped(String);

    fn order() -> Order {
        Order {
            id: u64::MAX,
            offset: -5,
            ratio: 0.5,
            letter: 'ä',
            note: None,
            nothing: (),
            pair: (true, 7),
            lines: vec![
                Line { sku: "a".into(), kind: Kind::Weighted(9) },
                Line { sku: "b".into(), kind: Kind::Sized { width: 1, height: 2 } },
                Line { sku: "c".into(), kind: Kind::Between(-1, 1) },
            ],
            by_name: [("z".into(), Kind::Plain), ("a".into(), Kind::Plain)].into(),
            by_kind: [(Kind::Plain, 1)].into(),
            wrapped: Wrapped("w".into()),
        }
    }

    #[test]
    fn it_is_the_value_that_serde_json_makes() {
        let value = serde_json::to_value(order()).unwrap();
        let ours = custom_to_wire(&order()).unwrap();
        assert_eq!(crate::cpex::wire::to_bytes(&value), ours);
        assert_eq!(custom_from_wire::<Order>(&ours), Ok(order()));
    }

    #[test]
    fn a_map_without_names_is_refused() {
        let map: BTreeMap<u8, u8> = [(1, 2)].into();
        assert!(custom_to_wire(&map).is_err());
        assert!(custom_from_wire::<Order>(&[0]).is_err());
    }
}
