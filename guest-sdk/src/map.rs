//! Views of maps: of texts, and of JSON.

use alloc::string::String;
use alloc::vec::Vec;

use serde::de::DeserializeOwned;

use crate::raw::Place;
use crate::set::keys;
use crate::value::{decode_entries, decode_value, encode_value, from_value};
use crate::{Field, Result, Value};

/// The methods of both kinds of map.
macro_rules! map_methods {
    () => {
        /// True if there is an entry of that name.
        ///
        /// # Errors
        ///
        /// The host's status.
        pub fn contains(self, name: &str) -> Result<bool> {
            self.place.entry(name).contains()
        }

        /// The number of entries.
        ///
        /// # Errors
        ///
        /// The host's status.
        pub fn len(self) -> Result<usize> {
            self.place.count()
        }

        /// True if there are none.
        ///
        /// # Errors
        ///
        /// The host's status.
        pub fn is_empty(self) -> Result<bool> {
            Ok(self.len()? == 0)
        }

        /// The names of all entries, sorted.
        ///
        /// # Errors
        ///
        /// The host's status.
        pub fn keys(self) -> Result<Vec<String>> {
            keys(self.place)
        }

        /// The whole map as JSON text.
        ///
        /// # Errors
        ///
        /// The host's status; a missing map is `None`.
        pub fn json(self) -> Result<Option<String>> {
            self.place.json()
        }
    };
}

/// The methods of views of JSON values by name, or by JSON Pointer.
macro_rules! json_methods {
    ($name:ident) => {
        #[doc = concat!("The value at `", stringify!($name), "`.")]
        ///
        /// # Errors
        ///
        /// The host's status; a missing value is `None`.
        pub fn get(self, $name: &str) -> Result<Option<Value>> {
            self.place.entry($name).bytes()?.map(|bytes| decode_value(&bytes)).transpose()
        }

        #[doc = concat!("The value at `", stringify!($name), "` as a type of the plugin's own.")]
        ///
        /// # Errors
        ///
        /// The host's status, or [`Status::Malformed`](crate::Status::Malformed) if the value does
        /// not fit the type. A missing value is `None`.
        pub fn get_as<T: DeserializeOwned>(self, $name: &str) -> Result<Option<T>> {
            self.get($name)?.map(from_value).transpose()
        }

        #[doc = concat!("The text, number or boolean at `", stringify!($name), "` as text.")]
        ///
        /// # Errors
        ///
        /// The host's status, [`Status::NoTextForm`](crate::Status::NoTextForm) for other values. A
        /// missing value is `None`.
        pub fn text(self, $name: &str) -> Result<Option<String>> {
            self.place.entry($name).text()
        }

        #[doc = concat!("True if there is a value at `", stringify!($name), "` that equals `expected` as text, without allocating.")]
        ///
        /// # Errors
        ///
        /// As for [`text`](Self::text).
        pub fn text_is(self, $name: &str, expected: &str) -> Result<bool> {
            self.place.entry($name).text_is(expected)
        }

        #[doc = concat!("The value at `", stringify!($name), "` as JSON text.")]
        ///
        /// # Errors
        ///
        /// The host's status; a missing value is `None`.
        pub fn json_of(self, $name: &str) -> Result<Option<String>> {
            self.place.entry($name).json()
        }

        #[doc = concat!("Sets the value at `", stringify!($name), "`, or adds it.")]
        ///
        /// # Errors
        ///
        /// The host's status: [`Status::ReadOnly`](crate::Status::ReadOnly) if it cannot change,
        /// [`Status::Malformed`](crate::Status::Malformed) if a record would be none of its kind any
        /// more.
        pub fn set(self, $name: &str, value: impl Into<Value>) -> Result<()> {
            self.place.entry($name).write(&encode_value(&value.into()))
        }

        #[doc = concat!("Sets the value at `", stringify!($name), "` to a string, without the detour through a [`Value`].")]
        ///
        /// # Errors
        ///
        /// As for [`set`](Self::set).
        pub fn set_text(self, $name: &str, text: &str) -> Result<()> {
            self.place.entry($name).write_text(text)
        }

        #[doc = concat!("Sets the value at `", stringify!($name), "` to one given as JSON text.")]
        ///
        /// # Errors
        ///
        /// As for [`set`](Self::set), and [`Status::Malformed`](crate::Status::Malformed) if the text
        /// is not JSON.
        pub fn set_json(self, $name: &str, json: &str) -> Result<()> {
            self.place.entry($name).write_json(json)
        }
    };
}
pub(crate) use json_methods;

/// A view of strings by name.
#[derive(Clone, Copy, Debug)]
pub struct TextMap {
    place: Place<'static>,
}

impl TextMap {
    pub(crate) const fn of(field: Field) -> Self {
        Self { place: Place::of(field) }
    }

    map_methods!();

    /// The string of that name.
    ///
    /// # Errors
    ///
    /// The host's status; a missing entry is `None`.
    pub fn get(self, name: &str) -> Result<Option<String>> {
        self.place.entry(name).text()
    }

    /// True if the entry is there and equals `expected`, without allocating.
    ///
    /// # Errors
    ///
    /// The host's status; a missing entry equals nothing.
    pub fn is(self, name: &str, expected: &str) -> Result<bool> {
        self.place.entry(name).text_is(expected)
    }
}

/// A view of JSON values by name.
#[derive(Clone, Copy, Debug)]
pub struct JsonMap {
    place: Place<'static>,
}

impl JsonMap {
    pub(crate) const fn of(field: Field) -> Self {
        Self { place: Place::of(field) }
    }

    pub(crate) const fn place(self) -> Place<'static> {
        self.place
    }

    pub(crate) const fn at(self, index: u32) -> Self {
        Self { place: self.place.at(index) }
    }

    map_methods!();

    json_methods!(name);

    /// The whole map as a type of the plugin's own, usually a structure.
    ///
    /// # Errors
    ///
    /// The host's status, or [`Status::Malformed`](crate::Status::Malformed) if the map does not
    /// fit the type. A missing map is an empty one.
    pub fn to<T: DeserializeOwned>(self) -> Result<T> {
        let entries = match self.place.bytes()? {
            Some(bytes) => decode_entries(&bytes)?,
            None => Vec::new(),
        };
        from_value(Value::Object(entries))
    }

    /// The place of an entry, to [search](crate::Patterns) its texts.
    pub const fn entry(self, name: &str) -> Place<'_> {
        self.place.entry(name)
    }

    /// Removes an entry, and says whether it was there.
    ///
    /// # Errors
    ///
    /// As for [`set`](Self::set).
    pub fn remove(self, name: &str) -> Result<bool> {
        self.place.entry(name).remove()
    }
}
