use alloc::string::String;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::raw::Place;
use crate::value::{decode, encode};
use crate::{Field, Result};

/// The payload as a whole, to read or to replace.
#[derive(Clone, Copy, Debug)]
pub struct Payload(());

impl Payload {
    pub(crate) const VIEW: Self = Self(());
    const PLACE: Place<'static> = Place::of(Field::Payload);

    /// The payload as JSON text, as CPEX writes it.
    ///
    /// # Errors
    ///
    /// The host's status; a missing payload is `None`.
    pub fn json(self) -> Result<Option<String>> {
        Self::PLACE.json()
    }

    /// The payload, decoded from postcard.
    ///
    /// # Errors
    ///
    /// The host's status, or [`Status::Malformed`](crate::Status::Malformed) if the payload is no
    /// `T`. A missing payload is `None`.
    pub fn read<T: DeserializeOwned>(self) -> Result<Option<T>> {
        Self::PLACE.bytes()?.map(|bytes| decode(&bytes)).transpose()
    }

    /// Replaces the payload by one given as JSON text.
    ///
    /// # Errors
    ///
    /// The host's status, [`Status::Malformed`](crate::Status::Malformed) if it is no payload of
    /// this hook.
    pub fn replace_json(self, json: &str) -> Result<()> {
        Self::PLACE.write_json(json)
    }

    /// Replaces the payload by one that is sent as postcard.
    ///
    /// # Errors
    ///
    /// As for [`replace_json`](Self::replace_json).
    pub fn replace<T: Serialize>(self, payload: &T) -> Result<()> {
        Self::PLACE.write(&encode(payload)?)
    }
}
