//! The request model, field by field.

mod records;

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;

use cpex_wasmi_abi::model::{
    CandidateConstraintExtension, Channel, ContentPart, DelegationExtension, Extensions,
    HttpExtension, RawCredentialsExtension, Role, SecurityExtension, StopReason, SubjectExtension,
    SubjectType,
};
use cpex_wasmi_abi::{Capability, CapabilitySet, Field, Status};
use serde::Serialize;
use serde_json::Value;

use super::{Copied, ExtensionsView, Item, Named, Record, View, Want};

pub(crate) use records::position;

fn record<T: Serialize>(value: &T) -> Item<'_> {
    Item::record(value)
}

use record as in_order;

/// A record of which a plugin may see less than there is.
trait Visible: Sized + Serialize {
    fn visible(&self, visible: CapabilitySet) -> Option<Self>;
}

impl Visible for SecurityExtension {
    fn visible(&self, visible: CapabilitySet) -> Option<Self> {
        Some(self.visible_to(visible))
    }
}

impl Visible for RawCredentialsExtension {
    fn visible(&self, visible: CapabilitySet) -> Option<Self> {
        self.visible_to(visible)
    }
}

impl Visible for SubjectExtension {
    fn visible(&self, visible: CapabilitySet) -> Option<Self> {
        self.visible_to(visible)
    }
}

fn visible_part<T: Visible>(value: &T, visible: CapabilitySet) -> Option<Box<dyn Record + '_>> {
    Some(Box::new(Filtered(value, visible)))
}

/// The visible part of a record, which is copied when it is looked at.
struct Filtered<'a, T>(&'a T, CapabilitySet);

impl<T: Visible> Record for Filtered<'_, T> {
    fn postcard(&self, out: &mut Vec<u8>) -> Option<()> {
        self.0.visible(self.1)?.postcard(out)
    }

    fn json(&self) -> Option<Vec<u8>> {
        self.0.visible(self.1)?.json()
    }

    fn select(&self, pointer: &str, want: Want) -> (Result<Option<Value>, Status>, usize) {
        let Some(part) = self.0.visible(self.1) else { return (Err(Status::Absent), 0) };
        Copied(part).select(pointer, want)
    }
}

/// Names as the model has them.
macro_rules! named {
    ($($type:ty),*) => {
        $(impl Named for $type {
            fn name(&self) -> Cow<'_, str> {
                Cow::Borrowed(self.as_str())
            }
        })*
    };
}

named!(Role, Channel, StopReason, SubjectType);

impl Named for ContentPart {
    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.content_type())
    }
}

impl ExtensionsView for Extensions {
    fn slots(&self) -> u32 {
        records::slots(self)
    }

    fn security(&self, visible: CapabilitySet) -> Result<Option<SecurityExtension>, Status> {
        Ok(self.security.as_ref().map(|security| security.visible_to(visible)))
    }

    fn http(&self) -> Result<Option<HttpExtension>, Status> {
        Ok(self.http.clone())
    }

    fn delegation(&self) -> Result<Option<DelegationExtension>, Status> {
        Ok(self.delegation.clone())
    }

    fn candidate_constraint(&self) -> Result<Option<CandidateConstraintExtension>, Status> {
        Ok(self.candidate_constraint.clone())
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
                Item::text(self.delegated_tokens.get(index)?.1.token.expose())
            }
            _ => return None,
        })
    }

    fn count(&self, _: Field) -> usize {
        self.delegated_tokens.len()
    }

    fn breadth(&self, field: Field) -> usize {
        let tokens = self.inbound_tokens.len().saturating_add(self.delegated_tokens.len());
        if field == Field::RawCredentials { tokens.saturating_mul(super::COPIED) } else { 0 }
    }
}
