//! The payload as a whole.

use alloc::string::String;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::value::{decode, encode};
use crate::{Field, Payload, Result};

impl Payload {
    /// The type of the payload: `message`, `identity`, `delegation`, `elicitation`, or the name of a type of the
    /// embedder's own.
    ///
    /// # Errors
    ///
    /// The host's status; a missing value is `None`.
    pub fn kind(self) -> Result<Option<String>> {
        self.place(Field::PayloadType).text()
    }

    /// True if [`kind`](Self::kind) is there and equals `expected`. Allocates nothing.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn kind_is(self, expected: &str) -> Result<bool> {
        self.place(Field::PayloadType).text_is(expected)
    }

    /// The payload, decoded from postcard.
    ///
    /// # Errors
    ///
    /// The host's status, or [`Status::Malformed`](crate::Status::Malformed) if the payload is no
    /// `T`. A missing payload is `None`.
    pub fn read<T: DeserializeOwned>(self) -> Result<Option<T>> {
        self.place(Field::Payload).bytes()?.map(|bytes| decode(&bytes)).transpose()
    }

    /// Replaces the payload by one given as JSON text.
    ///
    /// # Errors
    ///
    /// The host's status, [`Status::Malformed`](crate::Status::Malformed) if it is no payload of
    /// this hook.
    pub fn replace_json(self, json: &str) -> Result<()> {
        self.place(Field::Payload).write_json(json)
    }

    /// Replaces the payload by one that is sent as postcard.
    ///
    /// # Errors
    ///
    /// As for [`replace_json`](Self::replace_json).
    pub fn replace<T: Serialize>(self, payload: &T) -> Result<()> {
        self.place(Field::Payload).write(&encode(payload)?)
    }
}
