//! Payloads as the engine has them: one of its own, or one of a type that the embedder registered.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;

use super::upstream::cmf::{ContentPart, Message, MessagePayload};
use super::upstream::delegation::DelegationPayload;
use super::upstream::elicitation::ElicitationPayload;
use super::upstream::hooks::PluginPayload;
use super::upstream::identity::IdentityPayload;
use super::upstream::payload_types;
use cpex_wasmi_abi::{CapabilitySet, Field, Status};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::view::Made;
use crate::pipeline::convert::{FromModel, ToModel, Unfit, WithResults};
use crate::view::{Item, PayloadKind, PayloadView, View};
use crate::{Error, ErrorKind, Payload, PayloadType};

/// The types of payload that plugins may be called with, beside those that both engines have.
#[derive(Clone)]
pub(super) struct PayloadTypes(Vec<Arc<dyn CustomType>>);

impl Default for PayloadTypes {
    fn default() -> Self {
        Self(payload_types())
    }
}

impl PayloadTypes {
    pub(super) fn add<T>(&mut self, payload_type: PayloadType<T>)
    where
        T: PluginPayload + Serialize + DeserializeOwned,
    {
        self.0.push(Arc::new(payload_type));
    }

    /// The payload as plugins see it.
    pub(super) fn view<'p>(
        &'p self,
        payload: &'p dyn PluginPayload,
        hook: &str,
    ) -> Result<TypedPayload<'p>, Error> {
        let any = payload.as_any();
        if let Some(payload) = any.downcast_ref::<MessagePayload>() {
            if !is_shallow(&payload.message, MAX_NESTED_MESSAGES) {
                return Err(Error::new(
                    ErrorKind::LimitExceeded,
                    "the payload has messages in the results of prompts that are nested too deeply",
                ));
            }
            return Ok(TypedPayload::Message(payload));
        }
        if let Some(identity) = any.downcast_ref() {
            return Ok(TypedPayload::Identity(identity));
        }
        if let Some(delegation) = any.downcast_ref() {
            return Ok(TypedPayload::Delegation(delegation));
        }
        if let Some(elicitation) = any.downcast_ref() {
            return Ok(TypedPayload::Elicitation(elicitation));
        }
        let custom = self.0.iter().find(|custom| custom.is_type_of(any));
        custom.map(|custom| TypedPayload::Custom(&**custom, payload)).ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidConfig,
                format!(
                    "the hook `{hook}` was called with a payload of a type that is not registered; \
                     register it with `WasmFactory::payload_type`"
                ),
            )
        })
    }
}

/// The greatest depth of messages in the results of prompts, for the sake of the stack: more than
/// JSON can be, of which a message usually comes.
const MAX_NESTED_MESSAGES: usize = 40;

fn is_shallow(message: &Message, left: usize) -> bool {
    message.content.iter().all(|part| match (part, left.checked_sub(1)) {
        (ContentPart::PromptResult { content }, Some(left)) => {
            content.messages.iter().all(|message| is_shallow(message, left))
        }
        (ContentPart::PromptResult { .. }, None) => false,
        _ => true,
    })
}

/// A type of payload of the embedder's own, or that one engine has.
pub(crate) trait CustomType: Send + Sync {
    fn name(&self) -> &str;
    fn is_type_of(&self, payload: &dyn Any) -> bool;
    fn to_model(&self, payload: &dyn Any) -> Option<Payload>;
    fn make(&self, changed: &Payload) -> Option<Box<dyn PluginPayload>>;
}

impl<T: PluginPayload + Serialize + DeserializeOwned> CustomType for PayloadType<T> {
    fn name(&self) -> &str {
        self.name()
    }

    fn is_type_of(&self, payload: &dyn Any) -> bool {
        payload.is::<T>()
    }

    fn to_model(&self, payload: &dyn Any) -> Option<Payload> {
        self.payload(payload.downcast_ref()?).ok().map(Payload::Custom)
    }

    fn make(&self, changed: &Payload) -> Option<Box<dyn PluginPayload>> {
        Some(Box::new(self.read(changed).ok()?))
    }
}

/// A payload, borrowed from the engine.
#[derive(Clone, Copy)]
pub(super) enum TypedPayload<'p> {
    Message(&'p MessagePayload),
    Identity(&'p IdentityPayload),
    Delegation(&'p DelegationPayload),
    Elicitation(&'p ElicitationPayload),
    Custom(&'p dyn CustomType, &'p dyn PluginPayload),
}

impl TypedPayload<'_> {
    /// The payload as a plugin changed it.
    pub(super) fn changed(self, changed: Payload) -> Result<Box<dyn PluginPayload>, Unfit> {
        Ok(match (self, changed) {
            (Self::Message(_), Payload::Message(changed)) => {
                Box::new(MessagePayload::from_model(changed)?)
            }
            (Self::Identity(now), Payload::Identity(changed)) => {
                Box::new(now.with_results(*changed)?)
            }
            (Self::Delegation(now), Payload::Delegation(changed)) => {
                Box::new(now.with_results(*changed)?)
            }
            (Self::Elicitation(now), Payload::Elicitation(changed)) => {
                Box::new(now.with_results(*changed)?)
            }
            (Self::Custom(custom, _), changed @ Payload::Custom(_)) => {
                custom.make(&changed).ok_or(Unfit::new("is not of the payload's type"))?
            }
            _ => return Err(Unfit::new("is another type of payload")),
        })
    }

    fn whole(self) -> Result<Payload, Unfit> {
        Ok(match self {
            Self::Message(message) => Payload::Message(message.to_model()?),
            Self::Identity(identity) => Payload::Identity(Box::new(identity.to_model()?)),
            Self::Delegation(delegation) => Payload::Delegation(Box::new(delegation.to_model()?)),
            Self::Elicitation(elicitation) => {
                Payload::Elicitation(Box::new(elicitation.to_model()?))
            }
            Self::Custom(custom, payload) => {
                custom.to_model(payload.as_any()).ok_or(Unfit::new("has no JSON form"))?
            }
        })
    }

    fn type_name(&self) -> &str {
        match self {
            Self::Message(_) => "message",
            Self::Identity(_) => "identity",
            Self::Delegation(_) => "delegation",
            Self::Elicitation(_) => "elicitation",
            Self::Custom(custom, _) => custom.name(),
        }
    }
}

impl View for TypedPayload<'_> {
    fn item(&self, field: Field, index: usize, visible: CapabilitySet) -> Option<Item<'_>> {
        match (field, self) {
            (_, Self::Message(message)) => message.item(field, index, visible),
            (Field::PayloadType, payload) => Some(Item::text(payload.type_name())),
            (Field::Payload, Self::Identity(identity)) => {
                Some(Item::Record(Box::new(Made(move || {
                    Ok(identity.to_model()?.without_token_in_headers().into_owned())
                }))))
            }
            (Field::Payload, payload) => Some(Item::Record(Box::new(Made(|| payload.whole())))),
            (Field::PayloadRawToken, Self::Identity(identity)) => {
                Some(Item::text(identity.raw_token()))
            }
            (Field::PayloadBearerToken, Self::Delegation(delegation)) => {
                Some(Item::text(delegation.bearer_token()))
            }
            (Field::PayloadActorToken, Self::Delegation(delegation)) => {
                Some(Item::text(delegation.actor_token()))
            }
            _ => None,
        }
    }

    fn count(&self, field: Field) -> usize {
        if let Self::Message(message) = self { message.count(field) } else { 0 }
    }

    fn breadth(&self, field: Field) -> usize {
        if let Self::Message(message) = self { message.breadth(field) } else { 0 }
    }
}

impl PayloadView for TypedPayload<'_> {
    fn kind(&self) -> PayloadKind {
        match self {
            Self::Message(_) => PayloadKind::Message,
            Self::Identity(_) => PayloadKind::Identity,
            Self::Delegation(_) => PayloadKind::Delegation,
            Self::Elicitation(_) | Self::Custom(..) => PayloadKind::Other,
        }
    }

    fn to_model(&self) -> Result<Cow<'_, Payload>, Status> {
        self.whole().map(Cow::Owned).map_err(|_| Status::Failed)
    }
}
