//! The questions to an embedder's view, and the answers so far.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::OnceLock;

use cpex_wasmi_abi::model::Extensions;
use cpex_wasmi_abi::{Field, Slot};
use serde_json::{Map, Value};

use super::kept::{Column, Kept, work};
use super::slot_name;
use crate::logging::{contained, visible};
use crate::view::{PayloadKind, View, bit};
use crate::{Error, ErrorKind, FieldValue, LookUpError, Payload, RequestView, boundary};

/// The slots of the extensions, by the fields that they are whole.
const SLOTS: [Field; 15] = [
    Field::Request,
    Field::Agent,
    Field::Http,
    Field::Security,
    Field::CandidateConstraint,
    Field::Delegation,
    Field::RawCredentials,
    Field::Mcp,
    Field::Completion,
    Field::Provenance,
    Field::Llm,
    Field::Framework,
    Field::Meta,
    Field::Custom,
    Field::LlmRequest,
];

/// The most elements that an indexed field may have.
const MAX_ELEMENTS: usize = 1 << 16;

/// A view, and its answers so far.
pub(super) struct Answers {
    view: Arc<dyn RequestView>,
    payload_type: String,
    /// A column for each field, in the order of their numbers.
    columns: Box<[OnceLock<Column>]>,
    payload: OnceLock<Option<Box<Payload>>>,
    /// A cell for each of [`SLOTS`], which has that slot and no other. Boxed, as a call touches few of them.
    extensions: [OnceLock<Option<Box<Extensions>>>; SLOTS.len()],
    slots: OnceLock<u32>,
    failure: OnceLock<String>,
    /// The work that was not charged for yet, in bytes.
    work: AtomicUsize,
}

impl Answers {
    pub(super) fn new(view: Arc<dyn RequestView>) -> Result<Self, Error> {
        let payload_type = match contained(|| view.payload_type()) {
            Some(Ok(name)) => Ok(name),
            Some(Err(error)) => Err(failed("payload_type", &error)),
            None => Err(panicked("payload_type")),
        };
        Ok(Self {
            payload_type: payload_type.map_err(invalid)?,
            view,
            columns: Field::ALL.iter().map(|_| OnceLock::new()).collect(),
            payload: OnceLock::new(),
            extensions: [const { OnceLock::new() }; SLOTS.len()],
            slots: OnceLock::new(),
            failure: OnceLock::new(),
            work: AtomicUsize::new(0),
        })
    }

    pub(super) fn payload_type(&self) -> &str {
        &self.payload_type
    }

    pub(super) fn kind(&self) -> PayloadKind {
        match &*self.payload_type {
            "message" => PayloadKind::Message,
            "identity" => PayloadKind::Identity,
            "delegation" => PayloadKind::Delegation,
            _ => PayloadKind::Other,
        }
    }

    pub(super) fn settle(&self) -> (usize, Option<Error>) {
        (self.work.swap(0, Ordering::Relaxed), self.failure.get().cloned().map(invalid))
    }

    /// The value of a field that is asked for by itself. `None` if there is no such element.
    pub(super) fn kept(&self, field: Field, index: usize) -> Option<&Kept> {
        match self.column(field)? {
            Column::InWhole => Some(&Kept::InWhole),
            Column::Cells(cells) => {
                Some(cells.get(index)?.get_or_init(|| self.ask_alone(field, index)))
            }
        }
    }

    /// The first value of a field, if it was asked for.
    pub(super) fn kept_already(&self, field: Field) -> Option<&Kept> {
        match self.columns.get(position(field))?.get()? {
            Column::Cells(cells) => cells.first()?.get(),
            Column::InWhole => None,
        }
    }

    pub(super) fn column(&self, field: Field) -> Option<&Column> {
        let column = self.columns.get(position(field))?;
        Some(column.get_or_init(|| {
            if !field.info().indexed {
                return Column::of(1);
            }
            match self.ask(field, || self.view.count(field)) {
                Some(None) => Column::InWhole,
                Some(Some(count)) if count <= MAX_ELEMENTS => Column::of(count),
                Some(Some(count)) => {
                    self.fail(format!(
                        "`{field}` has {count} elements, and at most {MAX_ELEMENTS} are taken"
                    ));
                    Column::of(0)
                }
                None => Column::of(0),
            }
        }))
    }

    /// The slots that are there.
    pub(super) fn slots(&self) -> u32 {
        *self.slots.get_or_init(|| {
            SLOTS.into_iter().fold(0, |slots, slot| {
                let count = self.ask(slot, || self.view.count(slot));
                if count == Some(None) {
                    self.fail(format!("`{slot}` is whole, and is counted as 1 or 0"));
                }
                slots | bit(slot, count.flatten().is_some_and(|count| count > 0))
            })
        })
    }

    /// The whole payload.
    pub(super) fn payload(&self) -> Option<&Payload> {
        let payload = self.payload.get_or_init(|| {
            let json = self.ask_whole(Field::Payload)?;
            if json.is_none() {
                self.fail("there is no `payload`".into());
            }
            let payload = boundary::payload(&self.payload_type, json?);
            payload
                .map(Box::new)
                .map_err(|problem| self.fail(format!("in `payload`: {problem}")))
                .ok()
        });
        payload.as_deref()
    }

    /// The whole slot of a field, with no other beside it.
    pub(super) fn extensions(&self, field: Field) -> Option<&Extensions> {
        let position = slot_position(field)?;
        let slot = *SLOTS.get(position)?;
        let whole = self.extensions.get(position)?.get_or_init(|| {
            let json = self.ask_whole(slot)??;
            let name = slot_name(slot);
            let slots = Value::Object(Map::from_iter([(name.clone(), json)]));
            let whole = boundary::record::<Extensions>(slots);
            whole.map(Box::new).map_err(|problem| self.fail(format!("in `{name}`: {problem}"))).ok()
        });
        whole.as_deref()
    }

    /// The payload or slot that a field is in.
    pub(super) fn whole(&self, field: Field) -> Option<&dyn View> {
        match field.info().slot {
            Slot::Payload => self.payload().map(|payload| payload as &dyn View),
            _ => self.extensions(field).map(|whole| whole as &dyn View),
        }
    }

    /// The payload or slot that a field is in, if it was asked for.
    pub(super) fn whole_already(&self, field: Field) -> Option<&dyn View> {
        match field.info().slot {
            Slot::Payload => self.payload.get()?.as_deref().map(|payload| payload as &dyn View),
            _ => {
                let cell = self.extensions.get(slot_position(field)?)?;
                cell.get()?.as_deref().map(|whole| whole as &dyn View)
            }
        }
    }

    /// The JSON of a payload or slot. The outer `None` is a failure.
    fn ask_whole(&self, field: Field) -> Option<Option<Value>> {
        match self.ask(field, || self.view.value(field, 0))? {
            FieldValue::Absent => Some(None),
            value @ FieldValue::Json(_) => {
                self.worked(&value);
                let FieldValue::Json(json) = value else { return None };
                Some(Some(json))
            }
            _ => {
                self.fail(format!("`{field}` is whole, and the answer is not JSON"));
                None
            }
        }
    }

    fn ask_alone(&self, field: Field, index: usize) -> Kept {
        let Some(value) = self.ask(field, || self.view.value(field, index)) else {
            return Kept::Absent;
        };
        self.worked(&value);
        let has_whole = field.info().slot == Slot::Payload || slot_position(field).is_some();
        if value == FieldValue::InWhole && (!has_whole || SLOTS.contains(&field)) {
            self.fail(format!("`{field}` is whole, and cannot be looked up in another"));
            return Kept::Absent;
        }
        Kept::new(field, value).unwrap_or_else(|problem| {
            self.fail(format!("`{field}`: {problem}"));
            Kept::Absent
        })
    }

    /// Asks the view, unless a look-up has failed.
    fn ask<T>(&self, field: Field, ask: impl FnOnce() -> Result<T, LookUpError>) -> Option<T> {
        if self.failure.get().is_some() {
            return None;
        }
        match contained(ask) {
            Some(Ok(answer)) => Some(answer),
            Some(Err(error)) => {
                self.fail(failed(field.path(), &error));
                None
            }
            None => {
                self.fail(panicked(field.path()));
                None
            }
        }
    }

    fn worked(&self, value: &FieldValue) {
        self.work.fetch_add(work(value), Ordering::Relaxed);
    }

    /// Notes what has failed, if nothing has yet.
    fn fail(&self, problem: String) {
        let _ = self.failure.set(problem);
    }
}

fn failed(path: &str, error: &LookUpError) -> String {
    format!("the look-up of `{path}` failed: {}", visible(&format!("{error}")))
}

fn panicked(path: &str) -> String {
    format!("the look-up of `{path}` panicked")
}

fn invalid(problem: String) -> Error {
    Error::new(ErrorKind::InvalidRequest, format!("the request: {problem}"))
}

/// The position of a field among all.
fn position(field: Field) -> usize {
    Field::ALL.partition_point(|other| other.number() < field.number())
}

/// The position of a field's slot in [`SLOTS`].
fn slot_position(field: Field) -> Option<usize> {
    let slot = field.info().slot;
    SLOTS.iter().position(|other| other.info().slot == slot)
}
