//! Reads of fields, and the check of their capabilities.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use cpex_wasmi_abi::model::Secret;
use cpex_wasmi_abi::{Access, Capability, Field, NO_INDEX, Shape, Status};
use serde_json::Value;

use super::unread::Unread;
use super::{Answer, Service};
use crate::boundary::{Format, RawKey, Span};
use crate::outcome::Current;
use crate::text::Name;
use crate::view::{BYTES_PER_ELEMENT, Entries, Item, Want, wipe};

impl Service<'_> {
    pub(super) fn read(
        &mut self,
        format: Format,
        number: u32,
        index: u32,
        (key, out): (Span, Span),
        memory: &mut [u8],
    ) -> Answer {
        let key = key.key(memory)?;
        if let Some(unread) = self.session.unread.take()
            && unread.is(format, number, index, key)
        {
            return self.hand_out_unread(&unread, out, memory);
        }
        let before = self.session.usage.uncharged();
        self.session.usage.moved(key.len());
        let field = match self.readable(number) {
            Ok(field) => field,
            Err(status) => return Ok(status.code()),
        };
        if let Err(status) = self.convert_payload(field) {
            return Ok(status.code());
        }
        let left = self.session.read_left();
        let mut scratch = core::mem::take(&mut self.session.scratch);
        scratch.clear();
        let (item, worked) = self.item(field, index, key, Want::Value);
        if format == Format::Text
            && !holds_tokens(field)
            && let Ok(found) = &item
            && let Some(text) = found.plain()
        {
            // As it is, without a copy in between.
            let (len, out) = (text.len(), out.of_mut(memory)?);
            let fits = out.len() >= len;
            if let Some(out) = out.get_mut(..len).filter(|_| len <= left) {
                out.copy_from_slice(text);
            }
            drop(item);
            self.session.scratch = scratch;
            return self.handed_out(worked, len, fits);
        }
        let encoded = encode(format, field, item, &mut scratch);
        let noted = self.note_encoded(worked, encoded);
        let charge = self.session.usage.uncharged().saturating_sub(before);
        if noted.is_ok() && scratch.len() > out.len() && !holds_tokens(field) {
            self.session.unread = Some(Unread::new(format, number, index, key, charge));
        }
        let answer = match noted {
            Ok(()) => self.hand_out(&scratch, out, memory),
            Err(status) => Ok(status.code()),
        };
        if holds_tokens(field) {
            wipe(&mut scratch);
        }
        self.session.scratch = scratch;
        answer
    }

    /// Charges for a text that was looked up, and copied if it fitted.
    fn handed_out(&mut self, worked: usize, len: usize, fits: bool) -> Answer {
        self.session.usage.moved(worked.saturating_add(len));
        let Ok(answer) = i32::try_from(len) else { return Ok(Status::TooLarge.code()) };
        if fits {
            self.session.count_read(len)?;
        }
        Ok(answer)
    }

    /// Charges for a value that was looked up and encoded, and remembers the tokens in it.
    fn note_encoded(&mut self, worked: usize, encoded: Encoded) -> Result<(), Status> {
        let sorted = encoded.sorting.saturating_mul(BYTES_PER_ELEMENT);
        self.session.usage.moved(worked.saturating_add(sorted));
        for token in encoded.tokens? {
            self.session.secrets.add(token);
        }
        Ok(())
    }

    pub(super) fn read_key(
        &mut self,
        field: u32,
        index: u32,
        position: u32,
        out: Span,
        memory: &mut [u8],
    ) -> Answer {
        let mut scratch = core::mem::take(&mut self.session.scratch);
        scratch.clear();
        let answer = match self.encode_key(field, index, position, &mut scratch) {
            Ok(()) => self.hand_out(&scratch, out, memory),
            Err(status) => Ok(status.code()),
        };
        self.session.scratch = scratch;
        answer
    }

    pub(super) fn contains(&mut self, field: u32, index: u32, key: Span, memory: &[u8]) -> Answer {
        let key = key.key(memory)?;
        self.session.usage.moved(key.len());
        Ok(match self.has(field, index, key) {
            Ok(has) => has.into(),
            Err(status) => status.code(),
        })
    }

    pub(super) fn count(&mut self, field: u32, index: u32) -> Answer {
        Ok(match self.len(field, index) {
            Ok(len) => i32::try_from(len).unwrap_or(i32::MAX),
            Err(status) => status.code(),
        })
    }

    /// The slots that are there and open to the plugin, a bit for each.
    pub(super) fn slots(&self) -> i32 {
        let there = match self.current() {
            Ok(current) => current.slots(),
            Err(status) => return status.code(),
        };
        i32::try_from(there & self.session.grants.open_slots).unwrap_or(i32::MAX)
    }

    /// Copies `value` to where the plugin wants it, if it fits there, and tells its length.
    pub(super) fn hand_out(&mut self, value: &[u8], out: Span, memory: &mut [u8]) -> Answer {
        let out = out.of_mut(memory)?;
        self.session.usage.moved(value.len());
        let Ok(len) = i32::try_from(value.len()) else { return Ok(Status::TooLarge.code()) };
        if let Some(out) = out.get_mut(..value.len()) {
            self.session.count_read(value.len())?;
            out.copy_from_slice(value);
        }
        Ok(len)
    }

    fn encode_key(
        &mut self,
        field: u32,
        index: u32,
        position: u32,
        out: &mut Vec<u8>,
    ) -> Result<(), Status> {
        let field = self.readable(field)?;
        if !has_members(field) {
            let (there, worked) = self.looked_for(field, index, RawKey::None);
            self.session.usage.moved(worked);
            return there.and(Err(Status::InvalidArgument));
        }
        let position = usize::try_from(position).map_err(|_| Status::Absent)?;
        let (name, passed) = match self.item(field, index, RawKey::None, Want::Value).0? {
            Item::TextSet(set) => (set.nth(position), set.passed_to(position)),
            Item::TextMap(map) => (map.nth_key(position), map.passed_to(position)),
            Item::JsonMap(map) => (map.nth_key(position), map.passed_to(position)),
            _ => return Err(Status::InvalidArgument),
        };
        let found = name.map(|name| out.extend_from_slice(name.as_bytes()));
        // Getting there means passing all those before.
        self.session.usage.moved(passed.saturating_mul(BYTES_PER_ELEMENT));
        found.ok_or(Status::Absent)
    }

    fn has(&mut self, field: u32, index: u32, key: RawKey<'_>) -> Result<bool, Status> {
        let field = self.readable(field)?;
        self.convert_payload(field)?;
        let (found, worked) = self.looked_for(field, index, key);
        self.session.usage.moved(worked);
        match found {
            Err(Status::Absent) => Ok(false),
            found => found,
        }
    }

    /// True if a value is there, and how much work it was to look.
    fn looked_for(
        &self,
        field: Field,
        index: u32,
        key: RawKey<'_>,
    ) -> (Result<bool, Status>, usize) {
        match (field, key) {
            // These are made when they are read, which is not needed to know that they are there.
            (Field::MessageText, RawKey::None) => (self.current_has(field, index, |_| true), 0),
            (Field::Security, RawKey::None) => {
                (self.current_has(field, index, |current| current.has_security()), 0)
            }
            // Membership in a set is what only `contains` can tell.
            (_, RawKey::Some(member)) if field.info().shape == Shape::TextSet => {
                match self.item(field, index, RawKey::None, Want::Presence).0 {
                    Ok(Item::TextSet(set)) if ignores_case(field) => {
                        let name = Name::new(member);
                        let there = set.contains(member) || set.any(&|other| name.is(other));
                        (Ok(there), name.compared())
                    }
                    Ok(Item::TextSet(set)) => (Ok(set.contains(member)), 0),
                    Ok(_) => (Err(Status::InvalidArgument), 0),
                    Err(status) => (Err(status), 0),
                }
            }
            _ => {
                let (found, worked) = self.item(field, index, key, Want::Presence);
                (found.map(|_| true), worked)
            }
        }
    }

    fn current_has(
        &self,
        field: Field,
        index: u32,
        has: impl FnOnce(Current<'_>) -> bool,
    ) -> Result<bool, Status> {
        if index != 0 {
            return Err(Status::InvalidArgument);
        }
        let current = self.current()?;
        current.check_payload(field)?;
        Ok(has(current))
    }

    fn len(&mut self, field: u32, index: u32) -> Result<usize, Status> {
        let field = self.readable(field)?;
        if field.info().indexed && index == NO_INDEX {
            return Ok(self.current()?.count(field));
        }
        if !has_members(field) {
            return Err(Status::InvalidArgument);
        }
        match self.item(field, index, RawKey::None, Want::Presence).0 {
            Ok(Item::TextSet(set)) => Ok(set.len()),
            Ok(Item::TextMap(map)) => Ok(map.len()),
            Ok(Item::JsonMap(map)) => Ok(map.len()),
            Ok(_) => Err(Status::InvalidArgument),
            Err(Status::Absent) if !field.info().indexed => Ok(0),
            Err(status) => Err(status),
        }
    }

    /// The field with this number, if the plugin may read it.
    pub(super) fn readable(&mut self, number: u32) -> Result<Field, Status> {
        let field = Field::from_number(number).ok_or(Status::UnknownField)?;
        self.charge_look_up(field);
        let granted = self.session.grants.capabilities;
        let access = field.info().read;
        if granted.opens(access) {
            let needs_more = matches!(access, Access::Token(_));
            return match needs_more && !self.session.grants.allow_raw_credentials {
                true => Err(Status::CredentialsDenied),
                false => Ok(field),
            };
        }
        let missing = match access {
            Access::Needs(capability) | Access::Token(capability) => capability,
            Access::Credentials => Capability::ReadInboundCredentials,
            _ => Capability::ReadSubject,
        };
        self.session.denied = Some(missing);
        Err(Status::CapabilityDenied)
    }

    /// Sees to it that a payload which has to be converted is converted once in a call.
    pub(super) fn convert_payload(&mut self, field: Field) -> Result<(), Status> {
        match (field, &mut self.session.call) {
            (Field::Payload, Some(call)) => call.copy_converted(self.borrowed),
            _ => Ok(()),
        }
    }

    /// Charges for the elements that a look-up in this field may have to pass.
    pub(super) fn charge_look_up(&mut self, field: Field) {
        let elements = self.current().map_or(0, |current| current.breadth(field));
        self.session.usage.moved(elements.saturating_mul(BYTES_PER_ELEMENT));
    }

    /// The request as the plugin has changed it so far.
    fn current(&self) -> Result<Current<'_>, Status> {
        let call = self.session.call.as_ref().ok_or(Status::NotDuringInit)?;
        let extensions = call.request.extensions();
        Ok(Current {
            extensions,
            borrowed: call.borrowed(self.borrowed),
            changes: self.session.changes(),
        })
    }

    /// The value of a field, or of the entry or the place in it that `key` names, and how much work
    /// it was to find it or not to, in bytes.
    pub(super) fn item(
        &self,
        field: Field,
        index: u32,
        key: RawKey<'_>,
        want: Want,
    ) -> (Result<Item<'_>, Status>, usize) {
        if !field.info().indexed && index != 0 {
            return (Err(Status::InvalidArgument), 0);
        }
        let item = match (self.whole(field, index), key) {
            (Err(status), _) => return (Err(status), 0),
            // One that is given is charged for as such.
            (Ok(item), RawKey::None) if want == Want::Value => return (Ok(item), 0),
            (Ok(item), RawKey::None) => {
                let made = item.made();
                return (Ok(item), made);
            }
            (Ok(item), RawKey::Invalid) => return (Err(Status::InvalidArgument), item.made()),
            (Ok(item), RawKey::Some(key)) => (item, key),
        };
        let (found, worked) = match item {
            (Item::TextMap(map), key) => {
                let (text, worked) = entry(field, map, key);
                (text.map(|text| Item::Text(text.into())), worked)
            }
            (Item::JsonMap(map), key) => (map.get(key).map(Item::json_value), 0),
            (Item::Record(record), pointer) => {
                let (found, worked) = record.select(pointer, want);
                match found {
                    Ok(found) => (found.map(|value| Item::Json(Cow::Owned(value))), worked),
                    Err(status) => return (Err(status), worked),
                }
            }
            (Item::Json(Cow::Borrowed(value)), pointer) => {
                (value.pointer(pointer).map(Item::json_value), 0)
            }
            (item, _) => return (Err(Status::InvalidArgument), item.made()),
        };
        (found.ok_or(Status::Absent), worked)
    }

    fn whole(&self, field: Field, index: u32) -> Result<Item<'_>, Status> {
        if field == Field::Config {
            return Ok(Item::JsonMap(&self.session.grants.config));
        }
        let current = self.current()?;
        current.check_payload(field)?;
        let index = usize::try_from(index).map_err(|_| Status::Absent)?;
        current.item(field, index, self.session.grants.capabilities).ok_or(Status::Absent)
    }
}

/// A value that was encoded: the elements that were sorted for it, and the tokens in it.
struct Encoded {
    sorting: usize,
    tokens: Result<Vec<Secret>, Status>,
}

fn encode(
    format: Format,
    field: Field,
    item: Result<Item<'_>, Status>,
    out: &mut Vec<u8>,
) -> Encoded {
    let mut sorting = 0_usize;
    let tokens = item.and_then(|item| {
        if format != Format::Text {
            sorting = item.sorting();
        }
        match (format, &item) {
            (Format::Postcard, item) => item.postcard(out).ok_or(Status::Failed),
            (Format::Json, item) => item.json(out).ok_or(Status::Failed),
            (Format::Text, item) => text(item, out),
        }?;
        Ok(if holds_tokens(field) { item.tokens() } else { Vec::new() })
    });
    Encoded { sorting, tokens }
}

/// True if what is read from a field is a token.
pub(super) fn holds_tokens(field: Field) -> bool {
    matches!(field.info().read, Access::Token(_))
}

/// Appends a value as bare text.
fn text(item: &Item<'_>, out: &mut Vec<u8>) -> Result<(), Status> {
    match item {
        Item::Text(text) => out.extend_from_slice(text.as_bytes()),
        Item::Json(value) => match &**value {
            Value::String(text) => out.extend_from_slice(text.as_bytes()),
            Value::Array(_) | Value::Object(_) => return Err(Status::NoTextForm),
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                return item.json(out).ok_or(Status::Failed);
            }
        },
        Item::Bool(_) | Item::Unsigned(_) | Item::Float(_) => {
            return item.json(out).ok_or(Status::Failed);
        }
        _ => return Err(Status::NoTextForm),
    }
    Ok(())
}

/// True if a field is a set or a map.
fn has_members(field: Field) -> bool {
    matches!(field.info().shape, Shape::TextSet | Shape::TextMap | Shape::JsonMap)
}

/// True if members or keys of a field are the same whatever their case, as `cpex-core` has it.
pub(super) const fn ignores_case(field: Field) -> bool {
    matches!(field, Field::SecurityLabels | Field::HttpRequestHeaders | Field::HttpResponseHeaders)
}

/// The entry of a map, and how much work it was to find it or not to, in bytes.
fn entry<'a>(field: Field, map: &'a dyn Entries<str>, key: &str) -> (Option<&'a str>, usize) {
    let found = map.get(key);
    if found.is_some() || !ignores_case(field) {
        return (found, 0);
    }
    let name = Name::new(key);
    let found = map.find(&|other| name.is(other)).map(|(_, value)| value);
    (found, name.compared())
}
