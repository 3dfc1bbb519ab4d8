//! The view of a whole record, by JSON Pointer.

use alloc::string::String;

use serde::de::DeserializeOwned;

use crate::map::json_methods;
use crate::raw::Place;
use crate::value::{decode_value, encode_value, from_value};
use crate::{Field, Result, Value};

/// A view of a structure, whose values are named by JSON Pointers, such as `/tool/annotations`.
///
/// The names are those of CPEX's JSON, and the record tables of the ABI document have them all.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    place: Place<'static>,
}

impl Record {
    pub(crate) const fn of(field: Field) -> Self {
        Self { place: Place::of(field) }
    }

    pub(crate) const fn place(self) -> Place<'static> {
        self.place
    }

    pub(crate) const fn at(self, index: u32) -> Self {
        Self { place: self.place.at(index) }
    }

    /// All of it as JSON text, as CPEX writes it, without what the plugin may not see.
    ///
    /// # Errors
    ///
    /// The host's status; a missing record is `None`.
    pub fn json(self) -> Result<Option<String>> {
        self.place.json()
    }

    /// True if there is a value at a place.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn contains(self, pointer: &str) -> Result<bool> {
        self.place.entry(pointer).contains()
    }

    json_methods!(pointer);

    /// Replaces all of it by a record given as JSON text.
    ///
    /// # Errors
    ///
    /// As for [`set`](Self::set).
    pub fn replace_json(self, json: &str) -> Result<()> {
        self.place.write_json(json)
    }
}
