//! Changes to a request, checked as they are made. Each copies the part it changes when that is
//! first changed, and looks before it copies.

mod http;
mod payload;
mod pointer;
#[cfg(feature = "text")]
mod texts;
mod tokens;

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::string::String;

use cpex_wasmi_abi::model::{
    CandidateConstraintExtension, ContentPart, DelegationExtension, DelegationHop, JsonMap,
};
use cpex_wasmi_abi::{CapabilitySet, Field, NO_INDEX, Slot, Status};
use serde_json::Value;

use crate::boundary::Input;
use crate::outcome::Current;
use crate::view::{Borrowed, Entries, ExtensionsView, Item, part_mut};
use crate::{Changes, Payload};

/// One change of one field.
pub(super) struct Edit<'a> {
    pub(super) field: Field,
    pub(super) extensions: &'a dyn ExtensionsView,
    pub(super) borrowed: Option<Borrowed<'a>>,
    pub(super) changes: &'a mut Changes,
    /// The bytes that were searched, beside those that crossed the boundary.
    pub(super) worked: usize,
}

impl Edit<'_> {
    /// Replaces the whole field, or what a JSON Pointer names in it.
    pub(super) fn replace(
        &mut self,
        index: usize,
        pointer: Option<&str>,
        input: Input<'_>,
    ) -> Result<(), Status> {
        match (self.field, pointer) {
            (field, pointer) if field.info().slot == Slot::Payload => {
                self.replace_in_payload(index, pointer, input)
            }
            (Field::CandidateConstraint, pointer) => {
                let mut worked = 0;
                let now = || pointer::to_json(&self.candidate_constraint()?.ok_or(Status::Absent)?);
                let changed = match pointer {
                    None => input.known(),
                    Some(pointer) => pointer::replaced(&now, pointer, input, &mut worked),
                };
                self.worked = worked;
                self.changes.candidate_constraint = Some(Some(changed?));
                Ok(())
            }
            (Field::DelegationActor, None) => {
                let actor = input.text()?;
                self.delegation()?.actor_subject_id = Some(actor);
                Ok(())
            }
            (Field::DelegationOrigin, None) => {
                let origin = input.text()?;
                if self.has(Field::DelegationOrigin) {
                    return Err(Status::ReadOnly);
                }
                self.delegation()?.origin_subject_id = Some(origin);
                Ok(())
            }
            (Field::DelegationAge, None) => {
                let age = input.float()?;
                self.delegation()?.age_seconds = age;
                Ok(())
            }
            _ => Err(Status::InvalidArgument),
        }
    }

    /// Adds to what only grows.
    pub(super) fn grow(&mut self, index: u32, input: Input<'_>) -> Result<(), Status> {
        match (self.field, index) {
            (Field::SecurityLabels, 0) => {
                let label = input.text()?;
                self.labels().insert(label);
                Ok(())
            }
            (Field::DelegationHop, NO_INDEX) => {
                let hop: DelegationHop = input.known()?;
                let delegation = self.delegation()?;
                delegation.chain.push(hop);
                delegation.depth = u32::try_from(delegation.chain.len()).unwrap_or(u32::MAX);
                delegation.delegated = true;
                Ok(())
            }
            _ => Err(Status::InvalidArgument),
        }
    }

    /// Sets an entry of a map.
    pub(super) fn set_entry(
        &mut self,
        index: usize,
        key: &str,
        input: Input<'_>,
    ) -> Result<(), Status> {
        match self.field {
            Field::HttpRequestHeaders | Field::HttpResponseHeaders => {
                self.set_header(key, input.text()?)
            }
            _ => {
                let value = input.json()?;
                self.json_map_mut(index)?.insert(key.into(), value);
                Ok(())
            }
        }
    }

    /// Removes an entry of a map, and says whether it was there. Removing nothing changes nothing.
    pub(super) fn remove_entry(&mut self, index: usize, key: &str) -> Result<bool, Status> {
        match self.field {
            Field::HttpRequestHeaders | Field::HttpResponseHeaders => self.remove_header(key),
            _ => {
                let there = self.json_map(index)?.is_some_and(|map| map.get(key).is_some());
                if there {
                    self.json_map_mut(index)?.remove(key);
                }
                Ok(there)
            }
        }
    }

    /// Removes the whole field, and says whether it was there.
    pub(super) fn clear(&mut self) -> Result<bool, Status> {
        if self.field != Field::CandidateConstraint {
            return Err(Status::ReadOnly);
        }
        let there = self.has(Field::CandidateConstraint);
        if there {
            self.changes.candidate_constraint = Some(None);
        }
        Ok(there)
    }

    pub(super) fn current(&self) -> Current<'_> {
        Current { extensions: self.extensions, borrowed: self.borrowed, changes: self.changes }
    }

    /// True if there is a value, whatever the plugin may see of it.
    fn has(&self, field: Field) -> bool {
        self.current().item(field, 0, CapabilitySet::EMPTY).is_some()
    }

    fn candidate_constraint(&self) -> Result<Option<CandidateConstraintExtension>, Status> {
        match &self.changes.candidate_constraint {
            Some(changed) => Ok(changed.clone()),
            None => self.extensions.candidate_constraint(),
        }
    }

    fn labels(&mut self) -> &mut BTreeSet<String> {
        let extensions = self.extensions;
        self.changes.labels.get_or_insert_with(|| {
            match extensions.item(Field::SecurityLabels, 0, CapabilitySet::EMPTY) {
                Some(Item::TextSet(labels)) => {
                    labels.sorted().into_iter().map(String::from).collect()
                }
                _ => BTreeSet::new(),
            }
        })
    }

    fn delegation(&mut self) -> Result<&mut DelegationExtension, Status> {
        copied(&mut self.changes.delegation, || {
            self.extensions.delegation().map(Option::unwrap_or_default)
        })
    }

    fn json_map(&self, index: usize) -> Result<Option<&dyn Entries<Value>>, Status> {
        match self.current().item(self.field, index, CapabilitySet::EMPTY) {
            Some(Item::JsonMap(map)) => Ok(Some(map)),
            None if self.field.info().slot != Slot::Payload => Ok(None),
            _ => Err(Status::Absent),
        }
    }

    pub(super) fn json_map_mut(&mut self, index: usize) -> Result<&mut JsonMap, Status> {
        // A payload may be large, and the index wrong.
        let now = self.json_map(index)?;
        let is_changed = match self.field {
            Field::Custom => self.changes.custom.is_some(),
            Field::ContextLocal => self.changes.local_state.is_some(),
            Field::ContextGlobal => self.changes.global_state.is_some(),
            _ => true,
        };
        let copy = now.filter(|_| !is_changed).map(|map| {
            let owned = |(key, value): (&str, &Value)| (key.into(), value.clone());
            map.sorted().into_iter().map(owned).collect()
        });
        let map = match self.field {
            Field::Custom => &mut self.changes.custom,
            Field::ContextLocal => &mut self.changes.local_state,
            Field::ContextGlobal => &mut self.changes.global_state,
            _ => {
                return match self.part_mut(index)? {
                    ContentPart::ToolCall { content } => Ok(&mut content.arguments),
                    ContentPart::PromptRequest { content } => Ok(&mut content.arguments),
                    _ => Err(Status::ReadOnly),
                };
            }
        };
        Ok(map.get_or_insert_with(|| copy.unwrap_or_default()))
    }

    /// The payload as the plugin has changed it so far.
    fn payload_now(&self) -> Result<Cow<'_, Payload>, Status> {
        match &self.changes.payload {
            Some(changed) => Ok(Cow::Borrowed(changed)),
            None => self.borrowed.ok_or(Status::Failed)?.payload.to_model(),
        }
    }

    /// The part of the message that the field means by `index`.
    pub(super) fn part_mut(&mut self, index: usize) -> Result<&mut ContentPart, Status> {
        let borrowed = self.borrowed;
        let payload = copied(&mut self.changes.payload, || {
            borrowed.ok_or(Status::Failed)?.payload.to_model().map(Cow::into_owned)
        })?;
        part_mut(self.field, index, payload).ok_or(Status::Absent)
    }
}

/// A part of the request that is changed: a copy of what it was, when that is first changed.
fn copied<T>(
    changed: &mut Option<T>,
    original: impl FnOnce() -> Result<T, Status>,
) -> Result<&mut T, Status> {
    if changed.is_none() {
        *changed = Some(original()?);
    }
    changed.as_mut().ok_or(Status::Failed)
}
