//! The values that an embedder's view gave, kept for the rest of the call.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use std::sync::OnceLock;

use cpex_wasmi_abi::model::{JsonMap, Secret};
use cpex_wasmi_abi::{Access, Field, Shape};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::FieldValue;
use crate::view::{Entries as _, Item, size};

/// The values of one field, by index.
pub(super) enum Column {
    /// A cell for each.
    Cells(Box<[OnceLock<Kept>]>),
    /// They are those in the payload.
    InWhole,
}

impl Column {
    pub(super) fn of(count: usize) -> Self {
        Self::Cells((0..count).map(|_| OnceLock::new()).collect())
    }
}

/// One value.
pub(super) enum Kept {
    Absent,
    InWhole,
    Text(String),
    /// A token, which is overwritten in the end.
    Token(Secret),
    Bool(bool),
    Unsigned(u64),
    Float(f64),
    Json(Value),
    Set(BTreeSet<String>),
    Texts(BTreeMap<String, String>),
    Map(JsonMap),
}

impl Kept {
    /// Checks that a value is of the field's shape.
    pub(super) fn new(field: Field, value: FieldValue) -> Result<Self, String> {
        let info = field.info();
        Ok(match (info.shape, value) {
            (_, FieldValue::Absent) => Self::Absent,
            (_, FieldValue::InWhole) => Self::InWhole,
            (Shape::Text, FieldValue::Text(text) | FieldValue::Json(Value::String(text))) => {
                match info.read {
                    Access::Token(_) => Self::Token(text.into()),
                    _ => Self::Text(text),
                }
            }
            (Shape::Bool, FieldValue::Bool(value) | FieldValue::Json(Value::Bool(value))) => {
                Self::Bool(value)
            }
            (Shape::Unsigned, FieldValue::Unsigned(number)) => Self::Unsigned(number),
            (Shape::Unsigned, FieldValue::Json(Value::Number(number))) if number.is_u64() => {
                Self::Unsigned(number.as_u64().unwrap_or_default())
            }
            (Shape::Float, FieldValue::Float(number)) if number.is_finite() => Self::Float(number),
            (Shape::Float, FieldValue::Json(Value::Number(number)))
                if number.as_f64().is_some() =>
            {
                Self::Float(number.as_f64().unwrap_or_default())
            }
            (Shape::Json, FieldValue::Json(value)) => Self::Json(value),
            (Shape::Json, FieldValue::Text(text)) => Self::Json(text.into()),
            (Shape::Json, FieldValue::Bool(value)) => Self::Json(value.into()),
            (Shape::Json, FieldValue::Unsigned(number)) => Self::Json(number.into()),
            (Shape::Json, FieldValue::Float(number)) if number.is_finite() => {
                Self::Json(number.into())
            }
            (Shape::TextSet, FieldValue::Json(value)) => Self::Set(read(value, "a list of texts")?),
            (Shape::TextMap, FieldValue::Json(value)) => Self::Texts(read(value, "texts by name")?),
            (Shape::JsonMap, FieldValue::Json(value)) => Self::Map(read(value, "values by name")?),
            (shape, _) => return Err(format!("the value is not {}", described(shape))),
        })
    }

    pub(super) fn item(&self) -> Option<Item<'_>> {
        Some(match self {
            Self::Absent | Self::InWhole => return None,
            Self::Text(text) => Item::text(text),
            Self::Token(token) => Item::text(token.expose()),
            Self::Bool(value) => Item::Bool(*value),
            Self::Unsigned(number) => Item::Unsigned(*number),
            Self::Float(number) => Item::Float(*number),
            Self::Json(value) => Item::json_value(value),
            Self::Set(set) => Item::TextSet(set),
            Self::Texts(map) => Item::TextMap(map.entries()),
            Self::Map(map) => Item::JsonMap(map.entries()),
        })
    }

    /// The number of members.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Set(set) => set.len(),
            Self::Texts(map) => BTreeMap::len(map),
            Self::Map(map) => BTreeMap::len(map),
            _ => 0,
        }
    }
}

/// The charge for asking, in bytes.
const EACH: usize = 128;

/// About how much work it was to ask for a value and to convert it, in bytes.
pub(super) fn work(value: &FieldValue) -> usize {
    match value {
        FieldValue::Text(text) => text.len().saturating_add(EACH),
        FieldValue::Json(value) => size(value),
        _ => EACH,
    }
}

fn read<T: DeserializeOwned>(value: Value, wanted: &str) -> Result<T, String> {
    serde_json::from_value(value).map_err(|_| format!("the value is not {wanted}"))
}

fn described(shape: Shape) -> &'static str {
    match shape {
        Shape::Text => "a text",
        Shape::Bool => "a truth value",
        Shape::Unsigned => "a whole number of 0 or more",
        Shape::Float => "a finite number",
        Shape::TextSet => "a list of texts",
        Shape::TextMap => "texts by name",
        Shape::JsonMap => "values by name",
        _ => "JSON",
    }
}
