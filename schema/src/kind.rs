//! The types of JSON values, as `type` names them.

use serde_json::Value;

use super::meter::Halt;
use super::number::Exact;

/// A `type` of JSON Schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool,
    Whole,
    Number,
    Text,
    List,
    Map,
}

impl Kind {
    pub(super) const ALL: [Self; 7] =
        [Self::Text, Self::Whole, Self::Number, Self::Bool, Self::List, Self::Map, Self::Null];

    /// The standard's name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "boolean",
            Self::Whole => "integer",
            Self::Number => "number",
            Self::Text => "string",
            Self::List => "array",
            Self::Map => "object",
        }
    }

    /// The name that an operator gives it.
    pub(super) const fn phrase(self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool => "true or false",
            Self::Whole => "a whole number",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::List => "a list",
            Self::Map => "a mapping",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Null => 1,
            Self::Bool => 2,
            Self::Whole => 4,
            Self::Number => 8,
            Self::Text => 16,
            Self::List => 32,
            Self::Map => 64,
        }
    }
}

/// The types that a `type` lists.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kinds(u8);

impl Kinds {
    pub(super) fn insert(&mut self, kind: Kind) {
        self.0 |= kind.bit();
    }

    pub(super) fn has(self, kind: Kind) -> bool {
        self.0 & kind.bit() != 0
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(move |kind| self.has(*kind))
    }

    pub(super) fn admits(self, value: &Value) -> Result<bool, Halt> {
        Ok(match value {
            Value::Null => self.has(Kind::Null),
            Value::Bool(_) => self.has(Kind::Bool),
            Value::String(_) => self.has(Kind::Text),
            Value::Array(_) => self.has(Kind::List),
            Value::Object(_) => self.has(Kind::Map),
            Value::Number(number) if self.has(Kind::Whole) && !self.has(Kind::Number) => {
                Exact::of(number).ok_or(Halt::Number)?.is_whole()
            }
            Value::Number(_) => self.has(Kind::Number),
        })
    }
}
