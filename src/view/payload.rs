//! The payloads, field by field.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_abi::model::{ContentPart, DelegationPayload, IdentityPayload};
use cpex_wasmi_abi::{CapabilitySet, Field, Status};
use serde_json::Value;

use super::model::position;
use super::{BYTES_PER_ELEMENT, Copied, Item, PayloadView, Record, View, Want};
use crate::Payload;

impl View for Payload {
    fn item(&self, field: Field, index: usize, visible: CapabilitySet) -> Option<Item<'_>> {
        match (field, self) {
            (Field::Payload, Self::Identity(identity)) => {
                Some(Item::Record(Box::new(TokenFree(identity))))
            }
            (Field::Payload, payload) => Some(Item::record(payload)),
            (Field::PayloadType, payload) => Some(Item::text(payload.type_name())),
            (_, Self::Message(payload)) => payload.item(field, index, visible),
            (_, Self::Identity(payload)) => payload.item(field, index, visible),
            (_, Self::Delegation(payload)) => payload.item(field, index, visible),
            (_, Self::Elicitation(_) | Self::Custom(_)) => None,
        }
    }

    fn count(&self, field: Field) -> usize {
        self.as_message().map_or(0, |payload| payload.count(field))
    }

    fn breadth(&self, field: Field) -> usize {
        match self {
            Self::Message(payload) => payload.breadth(field),
            // They are looked through for the token.
            Self::Identity(payload) if field == Field::Payload => {
                let bytes =
                    payload.headers.values().map(String::len).fold(0, usize::saturating_add);
                payload.headers.len().saturating_add(bytes / BYTES_PER_ELEMENT)
            }
            _ => 0,
        }
    }
}

/// An identity payload without its token, as a plugin sees it. It is copied only if it has a token and is
/// read.
struct TokenFree<'a>(&'a IdentityPayload);

impl Record for TokenFree<'_> {
    fn postcard(&self, out: &mut Vec<u8>) -> Option<()> {
        self.0.without_token_in_headers().postcard(out)
    }

    fn json(&self) -> Option<Vec<u8>> {
        self.0.without_token_in_headers().json()
    }

    fn select(&self, pointer: &str, want: Want) -> (Result<Option<Value>, Status>, usize) {
        match self.0.without_token_in_headers() {
            Cow::Borrowed(payload) => payload.select(pointer, want),
            Cow::Owned(payload) => Copied(payload).select(pointer, want),
        }
    }
}

impl PayloadView for Payload {
    fn kind(&self) -> PayloadKind {
        match self {
            Self::Message(_) => PayloadKind::Message,
            Self::Identity(_) => PayloadKind::Identity,
            Self::Delegation(_) => PayloadKind::Delegation,
            Self::Elicitation(_) | Self::Custom(_) => PayloadKind::Other,
        }
    }

    fn to_model(&self) -> Result<Cow<'_, Payload>, Status> {
        Ok(Cow::Borrowed(self))
    }
}

/// The kind of a payload, as far as it decides about the fields that it can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PayloadKind {
    Message,
    Identity,
    Delegation,
    Other,
}

impl PayloadKind {
    /// True if a payload of this kind can have that field at all.
    pub(crate) fn has(self, field: Field) -> bool {
        match field {
            Field::Payload | Field::PayloadType => true,
            Field::PayloadRawToken => self == Self::Identity,
            Field::PayloadBearerToken | Field::PayloadActorToken => self == Self::Delegation,
            _ => self == Self::Message,
        }
    }
}

impl View for IdentityPayload {
    fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
        (field == Field::PayloadRawToken).then(|| Item::text(self.raw_token.expose()))
    }
}

impl View for DelegationPayload {
    fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
        match field {
            Field::PayloadBearerToken => Some(Item::text(self.bearer_token.expose())),
            Field::PayloadActorToken => Some(Item::text(self.actor_token.expose())),
            _ => None,
        }
    }
}

/// The part that a field means by `index`, to change.
pub(crate) fn part_mut(
    field: Field,
    index: usize,
    payload: &mut Payload,
) -> Option<&mut ContentPart> {
    let message = &mut payload.as_message_mut()?.message;
    let position = position(field, index, message)?;
    message.content.get_mut(position)
}
