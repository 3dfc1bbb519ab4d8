//! The types of the engine, field by field.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;

use super::upstream::cmf::{Channel, ContentPart, Role};
use super::upstream::extensions::{
    ClientTrustLevel, Extensions, RawCredentialsExtension, SecurityExtension, StopReason,
    SubjectExtension, SubjectType,
};
use cpex_wasmi_abi::{Capability, CapabilitySet, Field, Status};
use serde::Serialize;
use serde_json::Value;

use crate::model;
use crate::pipeline::convert::{ToModel, Unfit};
use crate::view::{COPIED, Copied, ExtensionsView, Item, Named, Record, View, Want, select};

/// A structure, which is converted to be given whole, and not to be looked into.
struct Structure<'a, T>(&'a T);

pub(crate) fn record<T: ToModel<Model: Serialize> + Serialize>(value: &T) -> Item<'_> {
    Item::Record(Box::new(Structure(value)))
}

impl<T: ToModel<Model: Serialize> + Serialize> Record for Structure<'_, T> {
    fn postcard(&self, out: &mut Vec<u8>) -> Option<()> {
        self.0.to_model().ok()?.postcard(out)
    }

    fn json(&self) -> Option<Vec<u8>> {
        self.0.to_model().ok()?.json()
    }

    fn select(&self, pointer: &str, want: Want) -> (Result<Option<Value>, Status>, usize) {
        let (found, worked) = select(self.0, pointer, want);
        (Ok(found), worked)
    }
}

/// A structure with sets, which have no order there, and one for a plugin.
pub(crate) fn in_order<T: ToModel<Model: Serialize>>(value: &T) -> Item<'_> {
    Item::Record(Box::new(Made(|| value.to_model())))
}

/// A record of which a plugin may see less than there is.
pub(crate) trait VisibleModel: ToModel {
    fn of(model: Self::Model, visible: CapabilitySet) -> Option<Self::Model>;
}

impl VisibleModel for SecurityExtension {
    fn of(model: Self::Model, visible: CapabilitySet) -> Option<Self::Model> {
        Some(model.visible_to(visible))
    }
}

impl VisibleModel for SubjectExtension {
    fn of(model: Self::Model, visible: CapabilitySet) -> Option<Self::Model> {
        model.visible_to(visible)
    }
}

impl VisibleModel for RawCredentialsExtension {
    fn of(model: Self::Model, visible: CapabilitySet) -> Option<Self::Model> {
        model.visible_to(visible)
    }
}

pub(crate) fn visible_part<T: VisibleModel<Model: Serialize>>(
    value: &T,
    visible: CapabilitySet,
) -> Option<Box<dyn Record + '_>> {
    let hidden = || Unfit::new("is hidden");
    Some(Box::new(Made(move || T::of(value.to_model()?, visible).ok_or_else(hidden))))
}

/// A structure that is converted to be looked at, by who knows how.
pub(crate) struct Made<F>(pub(crate) F);

impl<T: Serialize, F: Fn() -> Result<T, Unfit>> Record for Made<F> {
    fn postcard(&self, out: &mut Vec<u8>) -> Option<()> {
        (self.0)().ok()?.postcard(out)
    }

    fn json(&self) -> Option<Vec<u8>> {
        (self.0)().ok()?.json()
    }

    fn select(&self, pointer: &str, want: Want) -> (Result<Option<Value>, Status>, usize) {
        let Ok(value) = (self.0)() else { return (Err(Status::Failed), 0) };
        Copied(value).select(pointer, want)
    }
}

/// Names as JSON has them.
macro_rules! named {
    ($($name:ident),*) => {
        $(impl Named for $name {
            fn name(&self) -> Cow<'_, str> {
                match self.to_model() {
                    Ok(known) => Cow::Borrowed(known.as_str()),
                    Err(_) => Cow::Borrowed(""),
                }
            }
        })*
    };
}

named!(Role, Channel, StopReason, SubjectType);

impl Named for ClientTrustLevel {
    fn name(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_model().unwrap_or_default())
    }
}

impl Named for ContentPart {
    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Self::Text { .. } => "text",
            Self::Thinking { .. } => "thinking",
            Self::ToolCall { .. } => "tool_call",
            Self::ToolResult { .. } => "tool_result",
            Self::Resource { .. } => "resource",
            Self::ResourceRef { .. } => "resource_ref",
            Self::PromptRequest { .. } => "prompt_request",
            Self::PromptResult { .. } => "prompt_result",
            Self::Image { .. } => "image",
            Self::Video { .. } => "video",
            Self::Audio { .. } => "audio",
            Self::Document { .. } => "document",
        })
    }
}

impl View for RawCredentialsExtension {
    fn item(&self, field: Field, index: usize, visible: CapabilitySet) -> Option<Item<'_>> {
        Some(match field {
            Field::RawCredentials if visible.opens_credentials() => {
                Item::Record(visible_part(self, visible)?)
            }
            Field::InboundToken if visible.contains(Capability::ReadInboundCredentials) => {
                Item::TextMap(&self.inbound_tokens)
            }
            Field::DelegatedToken if visible.contains(Capability::ReadDelegatedTokens) => {
                // In the order in which the whole slot has them.
                let mut tokens: Vec<_> = self.delegated_tokens.iter().collect();
                tokens.sort_by_cached_key(|(key, _)| key.to_model().ok());
                Item::text(tokens.get(index)?.1.token.as_str())
            }
            _ => return None,
        })
    }

    fn count(&self, _: Field) -> usize {
        self.delegated_tokens.len()
    }

    fn breadth(&self, field: Field) -> usize {
        let tokens = self.inbound_tokens.len().saturating_add(self.delegated_tokens.len());
        match field {
            Field::RawCredentials | Field::DelegatedToken => tokens.saturating_mul(COPIED),
            _ => tokens,
        }
    }
}

impl ExtensionsView for Extensions {
    fn slots(&self) -> u32 {
        super::super::fields::slots(self)
    }

    fn security(&self, visible: CapabilitySet) -> Result<Option<model::SecurityExtension>, Status> {
        let security = copied(self.security.as_deref())?;
        Ok(security.map(|security| security.visible_to(visible)))
    }

    fn http(&self) -> Result<Option<model::HttpExtension>, Status> {
        copied(self.http.as_deref())
    }

    fn delegation(&self) -> Result<Option<model::DelegationExtension>, Status> {
        copied(self.delegation.as_deref())
    }

    fn candidate_constraint(&self) -> Result<Option<model::CandidateConstraintExtension>, Status> {
        copied(self.candidate_constraint.as_deref())
    }
}

fn copied<T: ToModel>(slot: Option<&T>) -> Result<Option<T::Model>, Status> {
    slot.map(ToModel::to_model).transpose().map_err(|_| Status::Failed)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "for tests")]
mod tests;
