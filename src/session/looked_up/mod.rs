//! A request that the embedder keeps: each field is asked for when it is first looked at, and kept for the call.

mod ask;
mod kept;

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use cpex_wasmi_abi::model::{
    CandidateConstraintExtension, DelegationExtension, HttpExtension, JsonMap, SecurityExtension,
};
use cpex_wasmi_abi::{CapabilitySet, Field, Shape, Slot, Status};
use serde_json::Value;

use crate::view::{Borrowed, Entries, ExtensionsView, Item, PayloadKind, PayloadView, View};
use crate::{Error, Payload, RequestView};

use ask::Answers;
use kept::{Column, Kept};

/// The request, as far as it was asked for.
pub(crate) struct LookedUp {
    answers: Arc<Answers>,
    local_state: State,
    global_state: State,
}

impl LookedUp {
    /// Begins with the kind of the payload.
    pub(crate) fn new(view: Arc<dyn RequestView>) -> Result<Self, Error> {
        let answers = Arc::new(Answers::new(view)?);
        let state = |field| State { answers: answers.clone(), field };
        Ok(Self {
            local_state: state(Field::ContextLocal),
            global_state: state(Field::ContextGlobal),
            answers,
        })
    }

    /// Payload and context.
    #[cold]
    pub(crate) fn borrowed(&self) -> Borrowed<'_> {
        Borrowed { payload: self, local_state: &self.local_state, global_state: &self.global_state }
    }

    /// The work since this was last called, in bytes. Fails if a look-up has.
    pub(crate) fn settle(&self) -> (usize, Option<Error>) {
        self.answers.settle()
    }
}

/// True if a field is asked for by itself: what is no record, and no credential of a slot.
fn is_asked_alone(field: Field) -> bool {
    let info = field.info();
    info.shape != Shape::Record && info.slot != Slot::RawCredentials
}

impl View for LookedUp {
    fn item(&self, field: Field, index: usize, visible: CapabilitySet) -> Option<Item<'_>> {
        if field == Field::PayloadType {
            return Some(Item::text(self.answers.payload_type()));
        }
        if is_asked_alone(field) {
            match self.answers.kept(field, index)? {
                Kept::InWhole => {}
                kept => return kept.item(),
            }
        }
        self.answers.whole(field)?.item(field, index, visible)
    }

    fn count(&self, field: Field) -> usize {
        if is_asked_alone(field)
            && let Some(Column::Cells(cells)) = self.answers.column(field)
        {
            return cells.len();
        }
        self.answers.whole(field).map_or(0, |whole| whole.count(field))
    }

    /// Asks for nothing: the plugin may not be granted the field.
    fn breadth(&self, field: Field) -> usize {
        let alone = self.answers.kept_already(field).map_or(0, Kept::len);
        let whole = self.answers.whole_already(field).map_or(0, |whole| whole.breadth(field));
        alone.max(whole)
    }
}

impl ExtensionsView for LookedUp {
    fn slots(&self) -> u32 {
        self.answers.slots()
    }

    fn security(&self, visible: CapabilitySet) -> Result<Option<SecurityExtension>, Status> {
        self.answers.extensions(Field::Security).map_or(Ok(None), |whole| whole.security(visible))
    }

    fn http(&self) -> Result<Option<HttpExtension>, Status> {
        self.answers.extensions(Field::Http).map_or(Ok(None), ExtensionsView::http)
    }

    fn delegation(&self) -> Result<Option<DelegationExtension>, Status> {
        self.answers.extensions(Field::Delegation).map_or(Ok(None), ExtensionsView::delegation)
    }

    fn candidate_constraint(&self) -> Result<Option<CandidateConstraintExtension>, Status> {
        let whole = self.answers.extensions(Field::CandidateConstraint);
        whole.map_or(Ok(None), ExtensionsView::candidate_constraint)
    }
}

impl PayloadView for LookedUp {
    fn kind(&self) -> PayloadKind {
        self.answers.kind()
    }

    fn to_model(&self) -> Result<Cow<'_, Payload>, Status> {
        self.answers.payload().map(Cow::Borrowed).ok_or(Status::Failed)
    }
}

/// A part of the context, asked for when it is first looked at.
struct State {
    answers: Arc<Answers>,
    field: Field,
}

impl State {
    fn map(&self) -> &dyn Entries<Value> {
        static EMPTY: JsonMap = JsonMap::new();
        match self.answers.kept(self.field, 0) {
            Some(Kept::Map(map)) => BTreeMap::entries(map),
            _ => BTreeMap::entries(&EMPTY),
        }
    }
}

impl Entries<Value> for State {
    fn len(&self) -> usize {
        self.map().len()
    }

    fn get(&self, key: &str) -> Option<&Value> {
        self.map().get(key)
    }

    fn sorted(&self) -> Vec<(&str, &Value)> {
        self.map().sorted()
    }

    fn find(&self, is: &dyn Fn(&str) -> bool) -> Option<(&str, &Value)> {
        self.map().find(is)
    }

    fn nth_key(&self, position: usize) -> Option<&str> {
        self.map().nth_key(position)
    }
}

/// The name that a field's slot has in JSON.
fn slot_name(field: Field) -> String {
    let path = field.path();
    path.split('.').next().unwrap_or(path).into()
}
