//! `serde_json::Value` in both encodings: as itself in JSON, as [`Value`] in postcard.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::SerializeSeq as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::JsonMap;
use crate::{Value, Violation};

type Json = serde_json::Value;

/// Converts a value from the wire.
///
/// Returns `None` if a number is not finite or an object has a key twice.
pub fn from_wire(value: Value) -> Option<Json> {
    Some(match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(value),
        Value::Unsigned(number) => Json::Number(number.into()),
        Value::Negative(number) => Json::Number(number.into()),
        Value::Float(number) => Json::Number(serde_json::Number::from_f64(number)?),
        Value::String(text) => Json::String(text),
        Value::Array(values) => {
            Json::Array(values.into_iter().map(from_wire).collect::<Option<_>>()?)
        }
        Value::Object(entries) => {
            let mut map = serde_json::Map::new();
            for (key, value) in entries {
                if map.insert(key, from_wire(value)?).is_some() {
                    return None;
                }
            }
            Json::Object(map)
        }
    })
}

impl Violation {
    /// Returns the details by name, as JSON. One that has no JSON form is null; the host refuses such details.
    pub fn details_as_json(&self) -> impl Iterator<Item = (&str, Json)> {
        self.details
            .iter()
            .map(|(name, value)| (name.as_str(), from_wire(value.clone()).unwrap_or_default()))
    }
}

/// Converts a value for the wire.
pub fn to_wire(value: &Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => number_to_wire(number),
        Json::String(text) => Value::String(text.clone()),
        Json::Array(values) => Value::Array(values.iter().map(to_wire).collect()),
        Json::Object(map) => Value::Object(
            sorted(map).into_iter().map(|(key, value)| (key.clone(), to_wire(value))).collect(),
        ),
    }
}

fn number_to_wire(number: &serde_json::Number) -> Value {
    if let Some(number) = number.as_u64() {
        Value::Unsigned(number)
    } else if let Some(number) = number.as_i64() {
        Value::Negative(number)
    } else {
        Value::Float(number.as_f64().unwrap_or_default())
    }
}

/// The entries of an object in the order of their keys, whatever order `serde_json` was built to
/// keep.
fn sorted(map: &serde_json::Map<String, Json>) -> Vec<(&String, &Json)> {
    let mut entries: Vec<_> = map.iter().collect();
    if !entries.is_sorted_by_key(|(key, _)| *key) {
        entries.sort_unstable_by_key(|(key, _)| *key);
    }
    entries
}

/// Serialises a JSON value without copying it first: as itself where people read, else as
/// [`Value`].
pub struct OnWire<'a>(pub &'a Json);

impl Serialize for OnWire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const NAME: &str = "Value";
        if serializer.is_human_readable() {
            return self.0.serialize(serializer);
        }
        match self.0 {
            Json::Null => serializer.serialize_unit_variant(NAME, 0, "Null"),
            Json::Bool(value) => serializer.serialize_newtype_variant(NAME, 1, "Bool", value),
            Json::Number(number) => number_to_wire(number).serialize(serializer),
            Json::String(text) => serializer.serialize_newtype_variant(NAME, 5, "String", text),
            Json::Array(values) => {
                serializer.serialize_newtype_variant(NAME, 6, "Array", &ListOnWire(values))
            }
            Json::Object(map) => {
                serializer.serialize_newtype_variant(NAME, 7, "Object", &Entries(&sorted(map)))
            }
        }
    }
}

/// Serialises a list of JSON values as [`OnWire`] does a single one.
pub struct ListOnWire<'a>(pub &'a [Json]);

impl Serialize for ListOnWire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(OnWire))
    }
}

struct Entries<'a>(&'a [(&'a String, &'a Json)]);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entries = serializer.serialize_seq(Some(self.0.len()))?;
        for (key, value) in self.0 {
            entries.serialize_element(&(key, OnWire(value)))?;
        }
        entries.end()
    }
}

/// Serialises a map of JSON values as [`OnWire`] does a single one.
pub struct MapOnWire<'a>(pub &'a JsonMap);

impl Serialize for MapOnWire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return self.0.serialize(serializer);
        }
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, OnWire(value))))
    }
}

/// Reads what only JSON has; for `deserialize_with`. In postcard it takes no bytes.
pub(super) fn in_json<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    if deserializer.is_human_readable() { T::deserialize(deserializer) } else { Ok(T::default()) }
}

/// As [`in_json`], for JSON by name.
pub(super) fn map_in_json<'de, D: Deserializer<'de>>(deserializer: D) -> Result<JsonMap, D::Error> {
    if deserializer.is_human_readable() { map(deserializer) } else { Ok(JsonMap::default()) }
}

/// As [`in_json`], for a JSON value.
pub(super) fn optional_in_json<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Json>, D::Error> {
    if deserializer.is_human_readable() { optional(deserializer) } else { Ok(None) }
}

/// Reads a JSON value in either encoding; for `deserialize_with`.
pub(super) fn value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
    if deserializer.is_human_readable() {
        return Json::deserialize(deserializer);
    }
    from_wire(Value::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("not a JSON value"))
}

/// Reads what may be a JSON value in either encoding; for `deserialize_with`.
pub(super) fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Json>, D::Error> {
    Ok(Option::<Either>::deserialize(deserializer)?.map(|Either(value)| value))
}

/// Reads a list of JSON values in either encoding; for `deserialize_with`.
pub(super) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Json>, D::Error> {
    let values: Vec<Either> = Vec::deserialize(deserializer)?;
    Ok(values.into_iter().map(|Either(value)| value).collect())
}

/// Reads what may be a list of JSON values in either encoding; for `deserialize_with`.
pub(super) fn optional_list<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<Json>>, D::Error> {
    let values: Option<Vec<Either>> = Option::deserialize(deserializer)?;
    Ok(values.map(|values| values.into_iter().map(|Either(value)| value).collect()))
}

/// Reads what may be a map of JSON values in either encoding; for `deserialize_with`.
pub(super) fn optional_map<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<JsonMap>, D::Error> {
    #[derive(Deserialize)]
    struct Map(#[serde(deserialize_with = "map")] JsonMap);
    Ok(Option::<Map>::deserialize(deserializer)?.map(|Map(map)| map))
}

/// Takes a required member out of an object.
pub(super) fn member<T: DeserializeOwned>(
    members: &mut JsonMap,
    name: &'static str,
) -> Result<T, serde_json::Error> {
    let json = members.remove(name).ok_or_else(|| serde_json::Error::missing_field(name))?;
    // By reference, as others of the type are read: there is much code for each.
    T::deserialize(&json)
}

/// The error for a variant that is not among the known ones.
pub(super) fn unknown_variant(name: &str, known: &'static [&'static str]) -> serde_json::Error {
    serde_json::Error::unknown_variant(name, known)
}

/// A JSON value that knows how to be read in either encoding.
#[derive(Deserialize)]
struct Either(#[serde(deserialize_with = "value")] Json);

/// Reads a map of JSON values in either encoding; for `deserialize_with`.
pub(super) fn map<'de, D: Deserializer<'de>>(deserializer: D) -> Result<JsonMap, D::Error> {
    if deserializer.is_human_readable() {
        return JsonMap::deserialize(deserializer);
    }
    // A list, so that a key that comes twice is seen.
    let entries: Vec<(String, Value)> = Vec::deserialize(deserializer)?;
    let mut map = BTreeMap::new();
    for (key, value) in entries {
        let value = from_wire(value).ok_or_else(|| D::Error::custom("not a JSON value"))?;
        if map.insert(key, value).is_some() {
            return Err(D::Error::custom("a key comes twice"));
        }
    }
    Ok(map)
}
