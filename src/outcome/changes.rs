//! The changes of a plugin in one call.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::String;

use cpex_wasmi_abi::model::{
    CandidateConstraintExtension, DelegationExtension, HttpExtension, JsonMap, SecurityExtension,
};
use cpex_wasmi_abi::{Capability, CapabilitySet, Field, Slot, Status};
use serde::Serialize;

use crate::view::{Borrowed, Copied, ExtensionsView, Item, PayloadView, View, bit};
use crate::{Payload, Request};

/// The changes of a plugin. Each part is the new value of the whole part, or `None` where the plugin
/// left it alone.
///
/// Its JSON is an object with the changed parts, each by its name here.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Changes {
    /// The payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<Payload>,
    /// The security labels: the old ones and the new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeSet<String>>,
    /// The HTTP slot, of which only headers can change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpExtension>,
    /// The delegation slot, whose chain can only grow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegation: Option<DelegationExtension>,
    /// The candidate constraint slot; `Some(None)` where it was cleared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidate_constraint: Option<Option<CandidateConstraintExtension>>,
    /// The custom slot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<JsonMap>,
    /// The plugin's own state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_state: Option<JsonMap>,
    /// The state that the request's plugins share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub global_state: Option<JsonMap>,
}

impl Changes {
    /// No changes, for who reads them.
    pub(crate) const NONE: &'static Self = &Self {
        payload: None,
        labels: None,
        http: None,
        delegation: None,
        candidate_constraint: None,
        custom: None,
        local_state: None,
        global_state: None,
    };

    /// True if nothing was changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Drops what a denied operation does not change: everything but the context.
    pub(crate) fn keep_context(self) -> Self {
        let Self { local_state, global_state, .. } = self;
        Self { local_state, global_state, ..Self::default() }
    }
}

impl Request {
    /// Applies what a plugin changed, as the next plugin of a pipeline should see it.
    pub fn apply(&mut self, changes: Changes) {
        let Changes {
            payload,
            labels,
            http,
            delegation,
            candidate_constraint,
            custom,
            local_state,
            global_state,
        } = changes;
        let extensions = &mut self.extensions;
        if let Some(payload) = payload {
            self.payload = payload;
        }
        if let Some(labels) = labels {
            extensions.security.get_or_insert_default().labels = labels;
        }
        if let Some(constraint) = candidate_constraint {
            extensions.candidate_constraint = constraint;
        }
        extensions.http = http.or(extensions.http.take());
        extensions.delegation = delegation.or(extensions.delegation.take());
        extensions.custom = custom.or(extensions.custom.take());
        if let Some(state) = local_state {
            self.context.local_state = state;
        }
        if let Some(state) = global_state {
            self.context.global_state = state;
        }
    }
}

/// A request as the plugin has changed it so far.
#[derive(Clone, Copy)]
pub(crate) struct Current<'a> {
    pub(crate) extensions: &'a dyn ExtensionsView,
    /// Payload and context, if they can be seen from here.
    pub(crate) borrowed: Option<Borrowed<'a>>,
    pub(crate) changes: &'a Changes,
}

impl<'a> Current<'a> {
    fn payload(self) -> Option<&'a dyn PayloadView> {
        match &self.changes.payload {
            Some(changed) => Some(changed),
            None => self.borrowed.map(|borrowed| borrowed.payload),
        }
    }

    /// Refuses a field that the hook's payload cannot have.
    pub(crate) fn check_payload(self, field: Field) -> Result<(), Status> {
        if field.info().slot != Slot::Payload {
            return Ok(());
        }
        let payload = self.payload().ok_or(Status::Failed)?;
        if payload.kind().has(field) { Ok(()) } else { Err(Status::WrongPayload) }
    }

    /// A [bit](Field::slot_bit) for each slot that is there.
    pub(crate) fn slots(self) -> u32 {
        let Changes { labels, http, delegation, candidate_constraint, custom, .. } = self.changes;
        let added = bit(Field::Security, labels.is_some())
            | bit(Field::Http, http.is_some())
            | bit(Field::Delegation, delegation.is_some())
            | bit(Field::Custom, custom.is_some())
            | bit(Field::CandidateConstraint, matches!(candidate_constraint, Some(Some(_))));
        let removed = bit(Field::CandidateConstraint, *candidate_constraint == Some(None));
        (self.extensions.slots() | added) & !removed
    }

    /// True if there is a security slot.
    pub(crate) fn has_security(self) -> bool {
        self.slots() & Field::Security.slot_bit() != 0
    }

    /// The value of a field; of an indexed field, the one at `index`.
    pub(crate) fn item(
        self,
        field: Field,
        index: usize,
        visible: CapabilitySet,
    ) -> Option<Item<'a>> {
        let Self { extensions, borrowed, changes } = self;
        match field.info().slot {
            Slot::Payload => self.payload()?.item(field, index, visible),
            Slot::Http => changed(&changes.http, extensions).item(field, index, visible),
            Slot::Delegation => {
                changed(&changes.delegation, extensions).item(field, index, visible)
            }
            Slot::CandidateConstraint => match &changes.candidate_constraint {
                Some(constraint) => constraint.as_ref().map(Item::record),
                None => extensions.item(field, index, visible),
            },
            Slot::Custom => match &changes.custom {
                Some(map) => Some(Item::JsonMap(map)),
                None => extensions.item(field, index, visible),
            },
            Slot::Context => Some(Item::JsonMap(match field {
                Field::ContextLocal => match &changes.local_state {
                    Some(map) => map,
                    None => borrowed?.local_state,
                },
                _ => match &changes.global_state {
                    Some(map) => map,
                    None => borrowed?.global_state,
                },
            })),
            Slot::Security => self.security(field, index, visible),
            _ => extensions.item(field, index, visible),
        }
    }

    /// The number of elements of an indexed field.
    pub(crate) fn count(self, field: Field) -> usize {
        match field.info().slot {
            Slot::Payload => self.payload().map_or(0, |payload| payload.count(field)),
            Slot::Delegation => changed(&self.changes.delegation, self.extensions).count(field),
            _ => self.extensions.count(field),
        }
    }

    /// The elements that a look-up in this field may have to pass, where that is more than a few:
    /// the plugin may have put them there itself.
    pub(crate) fn breadth(self, field: Field) -> usize {
        match field.info().slot {
            Slot::Payload => self.payload().map_or(0, |payload| payload.breadth(field)),
            Slot::Http => changed(&self.changes.http, self.extensions).breadth(field),
            Slot::Security => {
                let labels = self.changes.labels.as_ref().map_or(0, BTreeSet::len);
                self.extensions.breadth(field).saturating_add(labels)
            }
            _ => self.extensions.breadth(field),
        }
    }

    fn security(self, field: Field, index: usize, visible: CapabilitySet) -> Option<Item<'a>> {
        let Some(labels) = &self.changes.labels else {
            return self.extensions.item(field, index, visible);
        };
        match field {
            Field::SecurityLabels => Some(Item::TextSet(labels)),
            Field::Security => {
                let mut security = self.extensions.security(visible).ok()?.unwrap_or_default();
                if visible.contains(Capability::ReadLabels) {
                    security.labels.clone_from(labels);
                }
                Some(Item::Record(Box::new(Copied(security))))
            }
            // The labels are no part of it, and the slot may be there for them alone.
            Field::SecurityFlat => {
                let flat = self.extensions.item(field, index, visible);
                let empty = || Item::Record(Box::new(Copied(SecurityExtension::default())));
                Some(flat.unwrap_or_else(empty))
            }
            _ => self.extensions.item(field, index, visible),
        }
    }
}

/// A slot as it was changed, or else the extensions as they came.
fn changed<'a, T: View>(
    changed: &'a Option<T>,
    extensions: &'a dyn ExtensionsView,
) -> &'a dyn View {
    match changed {
        Some(slot) => slot,
        None => extensions,
    }
}
