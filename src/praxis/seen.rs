//! The extensions of a call, as plugins see them.

use cpex_wasmi_abi::{CapabilitySet, Field, Status};

use super::claims;
use crate::model;
use crate::view::{ExtensionsView, Item, PraxisExtensions, View};

impl View for PraxisExtensions {
    fn item(&self, field: Field, index: usize, visible: CapabilitySet) -> Option<Item<'_>> {
        let subject = || self.extensions.security.as_ref()?.subject.as_ref();
        match field {
            Field::SubjectClaims => {
                let claims = &subject()?.claims;
                Some(Item::TextMap(self.claims.get_or_init(|| claims::texts(claims))))
            }
            Field::SubjectClaimValues => {
                let claims = &subject()?.claims;
                Some(Item::JsonMap(self.claim_values.get_or_init(|| claims::values(claims))))
            }
            Field::LlmRequest => {
                Some(Item::json_value(self.extensions.llm_request.as_ref()?.value()))
            }
            _ => self.extensions.item(field, index, visible),
        }
    }

    fn count(&self, field: Field) -> usize {
        self.extensions.count(field)
    }

    fn breadth(&self, field: Field) -> usize {
        self.extensions.breadth(field)
    }
}

impl ExtensionsView for PraxisExtensions {
    fn slots(&self) -> u32 {
        self.extensions.slots()
    }

    fn security(&self, visible: CapabilitySet) -> Result<Option<model::SecurityExtension>, Status> {
        self.extensions.security(visible)
    }

    fn http(&self) -> Result<Option<model::HttpExtension>, Status> {
        self.extensions.http()
    }

    fn delegation(&self) -> Result<Option<model::DelegationExtension>, Status> {
        self.extensions.delegation()
    }

    fn candidate_constraint(&self) -> Result<Option<model::CandidateConstraintExtension>, Status> {
        self.extensions.candidate_constraint()
    }
}
