//! The view of any payload.

use alloc::string::String;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::raw::Place;
use crate::text::text_fields;
use crate::value::{decode, encode};
use crate::{Field, Record, Result};

/// The payload as a whole, to read or to replace.
#[derive(Clone, Copy, Debug)]
pub struct Payload(());

impl Payload {
    pub(crate) const VIEW: Self = Self(());
    const PLACE: Place<'static> = Place::of(Field::Payload);

    const fn place(self, field: Field) -> Place<'static> {
        Place::of(field)
    }

    /// All of it, by pointer, to read and to change: `/subject/id` of an identity payload.
    pub const fn record(self) -> Record {
        Record::of(Field::Payload)
    }

    text_fields! {
        /// The kind of the payload: `message`, `identity`, `delegation`, `elicitation`, or the name of a
        /// type of the embedder's own.
        kind, kind_is => PayloadType;
        /// The token to be resolved, in `identity.resolve`. It takes `read_inbound_credentials`, and
        /// `allow_raw_credentials: true` in the operator's policy.
        raw_token => PayloadRawToken;
        /// The token to be exchanged, in `token.delegate`. It takes what
        /// [`raw_token`](Self::raw_token) takes.
        bearer_token => PayloadBearerToken;
        /// The token of who acts for the owner of the other, in `token.delegate`. It takes what
        /// [`raw_token`](Self::raw_token) takes.
        actor_token => PayloadActorToken;
    }

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
