use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::String;

use cpex_wasmi_abi::model::{
    CandidateConstraintExtension, DelegationExtension, HttpExtension, JsonMap, SecurityExtension,
};
use cpex_wasmi_abi::{CapabilitySet, Field, Slot, Status};

use crate::view::{Item, View, fits};
use crate::{Payload, Request};

/// What a plugin changed. Each part is the new value of the whole part, or `None` where the plugin
/// left it alone.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Changes {
    /// The payload.
    pub payload: Option<Payload>,
    /// The security labels: the old ones and the new.
    pub labels: Option<BTreeSet<String>>,
    /// The HTTP slot, of which only headers can change.
    pub http: Option<HttpExtension>,
    /// The delegation slot, whose chain can only grow.
    pub delegation: Option<DelegationExtension>,
    /// The candidate constraint slot; `Some(None)` where it was cleared.
    pub candidate_constraint: Option<Option<CandidateConstraintExtension>>,
    /// The custom slot.
    pub custom: Option<JsonMap>,
    /// The plugin's own state.
    pub local_state: Option<JsonMap>,
    /// The state that the request's plugins share.
    pub global_state: Option<JsonMap>,
}

impl Changes {
    /// Whether nothing was changed.
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
    pub(crate) request: &'a Request,
    pub(crate) changes: &'a Changes,
}

impl<'a> Current<'a> {
    pub(crate) fn payload(self) -> &'a Payload {
        self.changes.payload.as_ref().unwrap_or(&self.request.payload)
    }

    /// Refuses a field that the hook's payload cannot have.
    pub(crate) fn check_payload(self, field: Field) -> Result<(), Status> {
        if field.info().slot == Slot::Payload && !fits(field, self.payload()) {
            return Err(Status::WrongPayload);
        }
        Ok(())
    }

    pub(crate) fn labels(self) -> Option<&'a BTreeSet<String>> {
        let security = || Some(&self.request.extensions.security.as_ref()?.labels);
        self.changes.labels.as_ref().or_else(security)
    }

    pub(crate) fn http(self) -> Option<&'a HttpExtension> {
        self.changes.http.as_ref().or(self.request.extensions.http.as_ref())
    }

    pub(crate) fn delegation(self) -> Option<&'a DelegationExtension> {
        self.changes.delegation.as_ref().or(self.request.extensions.delegation.as_ref())
    }

    pub(crate) fn candidate_constraint(self) -> Option<&'a CandidateConstraintExtension> {
        let request = &self.request.extensions.candidate_constraint;
        self.changes.candidate_constraint.as_ref().unwrap_or(request).as_ref()
    }

    /// A map whose entries may be of any kind.
    pub(crate) fn json_map(self, field: Field) -> Option<&'a JsonMap> {
        let Self { request, changes } = self;
        let (changed, original) = match field {
            Field::Custom => (&changes.custom, request.extensions.custom.as_ref()),
            Field::ContextLocal => (&changes.local_state, Some(&request.context.local_state)),
            Field::ContextGlobal => (&changes.global_state, Some(&request.context.global_state)),
            _ => return None,
        };
        changed.as_ref().or(original)
    }

    /// The value of a field; of an indexed field, the one at `index`.
    pub(crate) fn item(
        self,
        field: Field,
        index: usize,
        visible: CapabilitySet,
    ) -> Option<Item<'a>> {
        match field.info().slot {
            Slot::Payload => self.payload().item(field, index, visible),
            Slot::Http => self.http()?.item(field, index, visible),
            Slot::Delegation => self.delegation()?.item(field, index, visible),
            Slot::CandidateConstraint => self.candidate_constraint().map(Item::record),
            Slot::Custom | Slot::Context => self.json_map(field).map(Item::JsonMap),
            Slot::Security => self.security(field, index, visible),
            _ => self.request.item(field, index, visible),
        }
    }

    /// How many there are of an indexed field.
    pub(crate) fn count(self, field: Field) -> usize {
        match field.info().slot {
            Slot::Payload => self.payload().count(field),
            Slot::Delegation => self.delegation().map_or(0, |delegation| delegation.chain.len()),
            _ => self.request.count(field),
        }
    }

    fn security(self, field: Field, index: usize, visible: CapabilitySet) -> Option<Item<'a>> {
        match (field, &self.changes.labels) {
            (Field::SecurityLabels, _) => self.labels().map(|labels| Item::TextSet(labels)),
            (Field::Security, Some(labels)) => {
                let seen = |security: &SecurityExtension| security.visible_to(visible);
                let mut security =
                    self.request.extensions.security.as_ref().map(seen).unwrap_or_default();
                if visible.contains(cpex_wasmi_abi::Capability::ReadLabels) {
                    security.labels.clone_from(labels);
                }
                Some(Item::Record(Box::new(security)))
            }
            _ => self.request.extensions.security.as_ref()?.item(field, index, visible),
        }
    }
}
