//! The payloads, field by field.

use alloc::borrow::Cow;
use alloc::boxed::Box;

use cpex_wasmi_abi::model::{ContentPart, DelegationPayload, IdentityPayload};
use cpex_wasmi_abi::{CapabilitySet, Field, Status};

use super::model::position;
use super::{Item, PayloadView, View};
use crate::Payload;

impl View for Payload {
    fn item(&self, field: Field, index: usize, visible: CapabilitySet) -> Option<Item<'_>> {
        match (field, self) {
            (Field::Payload, Self::Identity(identity)) => {
                Some(Item::Record(Box::new(identity.without_token_in_headers())))
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
        self.as_message().map_or(0, |payload| payload.breadth(field))
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

/// What a payload is, as far as it decides about the fields that it can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PayloadKind {
    Message,
    Identity,
    Delegation,
    Other,
}

impl PayloadKind {
    /// Whether a payload of this kind can have that field at all.
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
