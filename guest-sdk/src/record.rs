//! The view of a whole record, by JSON Pointer.

use alloc::string::String;

use serde::de::DeserializeOwned;

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

    /// The value at a place.
    ///
    /// # Errors
    ///
    /// The host's status; a missing value is `None`.
    pub fn get(self, pointer: &str) -> Result<Option<Value>> {
        self.place.entry(pointer).bytes()?.map(|bytes| decode_value(&bytes)).transpose()
    }

    /// The value at a place as a type of the plugin's own.
    ///
    /// # Errors
    ///
    /// The host's status, or [`Status::Malformed`](crate::Status::Malformed) if the value does not
    /// fit the type. A missing value is `None`.
    pub fn get_as<T: DeserializeOwned>(self, pointer: &str) -> Result<Option<T>> {
        self.get(pointer)?.map(from_value).transpose()
    }

    /// The text, number or boolean at a place as text.
    ///
    /// # Errors
    ///
    /// The host's status, [`Status::NoTextForm`](crate::Status::NoTextForm) for other values. A
    /// missing value is `None`.
    pub fn text(self, pointer: &str) -> Result<Option<String>> {
        self.place.entry(pointer).text()
    }

    /// True if the value at a place is there and equals `expected` as text, without allocating.
    ///
    /// # Errors
    ///
    /// As for [`text`](Self::text).
    pub fn text_is(self, pointer: &str, expected: &str) -> Result<bool> {
        self.place.entry(pointer).text_is(expected)
    }

    /// The value at a place as JSON text.
    ///
    /// # Errors
    ///
    /// The host's status; a missing value is `None`.
    pub fn json_of(self, pointer: &str) -> Result<Option<String>> {
        self.place.entry(pointer).json()
    }

    /// Sets the value at a place, or a new member of an object.
    ///
    /// # Errors
    ///
    /// The host's status: [`Status::ReadOnly`](crate::Status::ReadOnly) if the record cannot
    /// change, [`Status::Malformed`](crate::Status::Malformed) if it would be no record of its kind
    /// any more.
    pub fn set(self, pointer: &str, value: impl Into<Value>) -> Result<()> {
        self.place.entry(pointer).write(&encode_value(&value.into()))
    }

    /// Sets the value at a place to a string.
    ///
    /// # Errors
    ///
    /// As for [`set`](Self::set).
    pub fn set_text(self, pointer: &str, text: &str) -> Result<()> {
        self.place.entry(pointer).write_text(text)
    }

    /// Sets the value at a place to one given as JSON text.
    ///
    /// # Errors
    ///
    /// As for [`set`](Self::set).
    pub fn set_json(self, pointer: &str, json: &str) -> Result<()> {
        self.place.entry(pointer).write_json(json)
    }

    /// Replaces all of it by a record given as JSON text.
    ///
    /// # Errors
    ///
    /// As for [`set`](Self::set).
    pub fn replace_json(self, json: &str) -> Result<()> {
        self.place.write_json(json)
    }
}
