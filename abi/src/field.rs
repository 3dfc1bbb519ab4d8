//! The fields of a request: the values that a plugin reads by a number.

mod table;

use core::fmt;

use crate::Capability;

pub use table::{Field, Slot};

/// The type of a field's value, which says how it is read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Shape {
    /// A string. postcard: `String`.
    Text,
    /// A truth value. postcard: `bool`.
    Bool,
    /// A whole number of 0 or more. postcard: `u64`.
    Unsigned,
    /// A number. postcard: `f64`.
    Float,
    /// A JSON value. postcard: [`Value`](crate::Value).
    Json,
    /// A set of strings. postcard: `Vec<String>`, sorted; an added member: `String`.
    TextSet,
    /// Strings by name. postcard: `Vec<(String, String)>`, sorted by name; an entry: `String`.
    TextMap,
    /// JSON values by name. postcard: `Vec<(String, Value)>`, sorted by name; an entry:
    /// [`Value`](crate::Value).
    JsonMap,
    /// A structure of its own, see the records in the documentation.
    Record,
}

/// The condition for reading a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Access {
    /// Every plugin.
    Open,
    /// A plugin with any capability that opens a part of the subject.
    Subject,
    /// A plugin with this capability.
    Needs(Capability),
    /// A plugin with any capability that opens a part of the raw credentials.
    Credentials,
    /// A plugin with this capability, if the operator also allows raw credentials.
    Token(Capability),
}

/// The way in which a field may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Write {
    /// Not at all.
    Never,
    /// By a new value for the whole field or, in a record, for the value that a JSON Pointer names.
    Replace(Option<Capability>),
    /// Entry by entry: set or remove.
    Entries(Option<Capability>),
    /// By new members only; a new value of an indexed field is written with the index
    /// [`NO_INDEX`](crate::NO_INDEX).
    Grow(Option<Capability>),
}

/// A row of the table of fields.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FieldInfo {
    /// The number that crosses the boundary. It never changes.
    pub number: u32,
    /// The name in documents and errors: the path in CPEX's own JSON, where it has one.
    pub path: &'static str,
    /// The part of the request it belongs to.
    pub slot: Slot,
    /// The kind of value.
    pub shape: Shape,
    /// True if there are several of it, told apart by an index.
    pub indexed: bool,
    /// The condition for reading it.
    pub read: Access,
    /// The way in which it may be changed.
    pub write: Write,
    /// A description for the documentation.
    pub description: &'static str,
}

impl Field {
    /// The number that crosses the boundary.
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// The bit of a slot in the answer of the host function `slots`: the field of a whole slot has a number that is a
    /// multiple of 256.
    pub const fn slot_bit(self) -> u32 {
        1 << (self.number() >> 8 & 31)
    }

    /// The name in documents and errors.
    pub const fn path(self) -> &'static str {
        self.info().path
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}
