//! Host functions that write a field.

use cpex_wasmi_abi::{Field, NO_INDEX, Slot, Status, Write};

use super::edit::Edit;
use super::{Answer, Service};
use crate::boundary::{Decoding, Format, Input, RawKey, Span};

impl Service<'_> {
    pub(super) fn write(
        &mut self,
        format: Format,
        field: u32,
        index: u32,
        (key, value): (Span, Span),
        memory: &[u8],
    ) -> Answer {
        let (key, value) = (key.key(memory)?, value.of(memory)?);
        self.session.count_written(key.len().saturating_add(value.len()))?;
        let decoding = Decoding::new(self.session.usage.elements_left());
        let input = Input { format, bytes: value, decoding: &decoding };
        let done = self.set(field, index, key, input);
        let place = Field::from_number(field).map_or("", Field::path);
        self.session.decoded(place, decoding);
        Ok(match done {
            Ok(()) => 0,
            Err(status) => status.code(),
        })
    }

    pub(super) fn remove(&mut self, field: u32, index: u32, key: Span, memory: &[u8]) -> Answer {
        let key = key.key(memory)?;
        self.session.count_written(key.len())?;
        Ok(match self.unset(field, index, key) {
            // Who may not read a field does not learn what was in it.
            Ok(removed) => (removed && self.readable(field).is_ok()).into(),
            Err(status) => status.code(),
        })
    }

    fn set(
        &mut self,
        field: u32,
        index: u32,
        key: RawKey<'_>,
        input: Input<'_>,
    ) -> Result<(), Status> {
        let (field, rule) = self.writable(field)?;
        let key = match key {
            RawKey::None => None,
            RawKey::Some(key) => Some(key),
            RawKey::Invalid => return Err(Status::InvalidArgument),
        };
        let mut edit = self.edit(field)?;
        let changed = match (rule, key) {
            (Write::Replace(_), pointer) => edit.replace(position(field, index)?, pointer, input),
            (Write::Grow(_), None) => edit.grow(index, input),
            (Write::Entries(_), Some(key)) => edit.set_entry(position(field, index)?, key, input),
            _ => Err(Status::InvalidArgument),
        };
        let worked = edit.worked;
        self.session.usage.moved(worked);
        changed
    }

    fn unset(&mut self, field: u32, index: u32, key: RawKey<'_>) -> Result<bool, Status> {
        let (field, rule) = self.writable(field)?;
        let mut edit = self.edit(field)?;
        let removed = match (rule, key) {
            (Write::Entries(_), RawKey::Some(key)) => {
                edit.remove_entry(position(field, index)?, key)
            }
            (Write::Entries(_), _) => Err(Status::InvalidArgument),
            (Write::Replace(_), RawKey::None) => edit.clear(),
            // What only grows or is replaced has nothing that can be removed.
            _ => Err(Status::ReadOnly),
        };
        let worked = edit.worked;
        self.session.usage.moved(worked);
        removed
    }

    /// The field with this number and how it may be changed, if the plugin may change it now.
    pub(super) fn writable(&mut self, number: u32) -> Result<(Field, Write), Status> {
        let field = Field::from_number(number).ok_or(Status::UnknownField)?;
        let info = field.info();
        let needed = match info.write {
            Write::Replace(needed) | Write::Entries(needed) | Write::Grow(needed) => needed,
            _ => return Err(Status::ReadOnly),
        };
        if let Some(capability) =
            needed.filter(|needed| !self.session.grants.capabilities.contains(*needed))
        {
            self.session.denied = Some(capability);
            return Err(Status::CapabilityDenied);
        }
        // To be told that there is one already is to read that.
        if field == Field::DelegationOrigin {
            self.readable(number)?;
        }
        if self.session.violation.is_some() && info.slot != Slot::Context {
            return Err(Status::AlreadyDenied);
        }
        self.charge_look_up(field);
        Ok((field, info.write))
    }

    pub(super) fn edit(&mut self, field: Field) -> Result<Edit<'_>, Status> {
        let Self { session, borrowed } = self;
        let call = session.call.as_mut().ok_or(Status::NotDuringInit)?;
        if field.info().slot == Slot::Payload {
            call.copy_payload(*borrowed)?;
        }
        let edit = Edit {
            field,
            extensions: call.request.extensions(),
            borrowed: call.borrowed(*borrowed),
            changes: session.changes.get_or_insert_default(),
            worked: 0,
        };
        edit.current().check_payload(field)?;
        Ok(edit)
    }
}

/// The position in an indexed field.
pub(super) fn position(field: Field, index: u32) -> Result<usize, Status> {
    if (!field.info().indexed && index != 0) || index == NO_INDEX {
        return Err(Status::InvalidArgument);
    }
    usize::try_from(index).map_err(|_| Status::Absent)
}
