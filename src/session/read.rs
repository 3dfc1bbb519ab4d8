use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use cpex_wasmi_abi::codec::Bounds;
use cpex_wasmi_abi::{Access, Capability, Field, NO_INDEX, Shape, Slot, Status};
use serde_json::Value;

use super::name::Name;
use super::span::{Key, Span};
use super::{Answer, Format, Session};
use crate::changes::Current;
use crate::view::{Item, TextMap, Want, wipe};

impl Session {
    pub(super) fn read(
        &mut self,
        format: Format,
        field: u32,
        index: u32,
        (key, out): (Span, Span),
        memory: &mut [u8],
    ) -> Answer {
        let key = key.key(memory)?;
        self.usage.moved(key.len());
        let mut scratch = core::mem::take(&mut self.scratch);
        scratch.clear();
        let encoded = self.encode(format, field, index, key, &mut scratch);
        let answer = match encoded {
            Ok(()) => self.hand_out(&scratch, out, memory),
            Err(status) => Ok(status.code()),
        };
        if Field::from_number(field).is_some_and(holds_tokens) {
            wipe(&mut scratch);
        }
        self.scratch = scratch;
        answer
    }

    pub(super) fn read_key(
        &mut self,
        field: u32,
        index: u32,
        position: u32,
        out: Span,
        memory: &mut [u8],
    ) -> Answer {
        let mut scratch = core::mem::take(&mut self.scratch);
        scratch.clear();
        let answer = match self.encode_key(field, index, position, &mut scratch) {
            Ok(()) => self.hand_out(&scratch, out, memory),
            Err(status) => Ok(status.code()),
        };
        self.scratch = scratch;
        answer
    }

    pub(super) fn contains(&mut self, field: u32, index: u32, key: Span, memory: &[u8]) -> Answer {
        let key = key.key(memory)?;
        self.usage.moved(key.len());
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

    /// Copies `value` to where the plugin wants it, if it fits there, and tells its length.
    fn hand_out(&mut self, value: &[u8], out: Span, memory: &mut [u8]) -> Answer {
        let out = out.of_mut(memory)?;
        self.usage.moved(value.len());
        let Ok(len) = i32::try_from(value.len()) else { return Ok(Status::TooLarge.code()) };
        if let Some(out) = out.get_mut(..value.len()) {
            self.count_read(value.len())?;
            out.copy_from_slice(value);
        }
        Ok(len)
    }

    fn encode(
        &mut self,
        format: Format,
        field: u32,
        index: u32,
        key: Key<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Status> {
        let field = self.readable(field)?;
        let (item, worked) = self.item(field, index, key, Want::Value);
        let encoded = item.and_then(|item| {
            match (format, &item) {
                (Format::Postcard, item) => item.postcard(out).ok_or(Status::Failed),
                (Format::Json, item) => item.json(out).ok_or(Status::Failed),
                (Format::Text, item) => text(item, out),
            }?;
            Ok(if holds_tokens(field) { item.tokens() } else { Vec::new() })
        });
        self.usage.moved(worked);
        for token in encoded? {
            self.secrets.add(token);
        }
        Ok(())
    }

    fn encode_key(
        &mut self,
        field: u32,
        index: u32,
        position: u32,
        out: &mut Vec<u8>,
    ) -> Result<(), Status> {
        let field = self.readable(field)?;
        let position = usize::try_from(position).map_err(|_| Status::Absent)?;
        let name = match self.item(field, index, Key::None, Want::Value).0? {
            Item::TextSet(set) => set.nth(position),
            Item::TextMap(map) => map.nth_key(position),
            Item::JsonMap(map) => map.keys().nth(position).map(|key| key.as_str()),
            _ => return Err(Status::InvalidArgument),
        };
        let found = name.map(|name| out.extend_from_slice(name.as_bytes()));
        // Getting there means passing all those before.
        self.usage.moved(position.min(Bounds::DEFAULT.bytes).saturating_mul(BYTES_PER_ELEMENT));
        found.ok_or(Status::Absent)
    }

    fn has(&mut self, field: u32, index: u32, key: Key<'_>) -> Result<bool, Status> {
        let field = self.readable(field)?;
        let (found, worked) = self.looked_for(field, index, key);
        self.usage.moved(worked);
        match found {
            Err(Status::Absent) => Ok(false),
            found => found,
        }
    }

    /// Whether a value is there, and how much work it was to look.
    fn looked_for(&self, field: Field, index: u32, key: Key<'_>) -> (Result<bool, Status>, usize) {
        match (field, key) {
            // These are made when they are read, which is not needed to know that they are there.
            (Field::MessageText, Key::None) => (self.current_has(field, index, |_| true), 0),
            (Field::Security, Key::None) => {
                (self.current_has(field, index, |current| current.labels().is_some()), 0)
            }
            // Membership in a set is what only `contains` can tell.
            (_, Key::Some(member)) if field.info().shape == Shape::TextSet => {
                match self.item(field, index, Key::None, Want::Presence).0 {
                    Ok(Item::TextSet(set)) if ignores_case(field) => {
                        let name = Name::new(member);
                        let names = || set.sorted().into_iter().any(|other| name.is(other));
                        (Ok(set.contains(member) || names()), 0)
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
        if !matches!(field.info().shape, Shape::TextSet | Shape::TextMap | Shape::JsonMap) {
            return Err(Status::InvalidArgument);
        }
        match self.item(field, index, Key::None, Want::Presence).0 {
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
        let granted = self.grants.capabilities;
        let missing = match field.info().read {
            Access::Open => return Ok(field),
            Access::Subject if granted.opens_subject() => return Ok(field),
            Access::Credentials if granted.opens_credentials() => return Ok(field),
            Access::Needs(capability) if granted.contains(capability) => return Ok(field),
            Access::Token(capability) if granted.contains(capability) => {
                let allowed = self.grants.allow_raw_credentials;
                return if allowed { Ok(field) } else { Err(Status::CredentialsDenied) };
            }
            Access::Needs(capability) | Access::Token(capability) => capability,
            Access::Credentials => Capability::ReadInboundCredentials,
            _ => Capability::ReadSubject,
        };
        self.denied = Some(missing);
        Err(Status::CapabilityDenied)
    }

    /// Charges for the elements that a look-up in this field may have to pass.
    pub(super) fn charge_look_up(&mut self, field: Field) {
        let elements = self.elements_to_look_through(field);
        self.usage.moved(elements.saturating_mul(BYTES_PER_ELEMENT));
    }

    /// How many elements a look-up in this field may have to pass, where that is more than a few:
    /// the plugin may have put them there itself.
    fn elements_to_look_through(&self, field: Field) -> usize {
        let Ok(current) = self.current() else { return 0 };
        match field {
            Field::SecurityLabels => current.labels().map_or(0, BTreeSet::len),
            Field::HttpRequestHeaders => {
                current.http().map_or(0, |http| http.request_headers.len())
            }
            Field::HttpResponseHeaders => {
                current.http().map_or(0, |http| http.response_headers.len())
            }
            // What a plugin sees of these is copied for it.
            Field::Security | Field::Subject => {
                let security = current.request.extensions.security.as_ref();
                let subject = security.and_then(|security| security.subject.as_ref());
                let subject = subject.map_or(0, |subject| {
                    [subject.roles.len(), subject.permissions.len(), subject.teams.len()]
                        .into_iter()
                        .fold(subject.claims.len(), usize::saturating_add)
                });
                let labels = current.labels().map_or(0, BTreeSet::len);
                let known = security.map_or(0, |security| {
                    security.objects.len().saturating_add(security.data.len())
                });
                let copied = subject.saturating_add(labels).saturating_add(known);
                copied.saturating_mul(COPIED)
            }
            Field::RawCredentials => {
                let credentials = current.request.extensions.raw_credentials.as_ref();
                let copied = credentials.map_or(0, |credentials| {
                    credentials
                        .inbound_tokens
                        .len()
                        .saturating_add(credentials.delegated_tokens.len())
                });
                copied.saturating_mul(COPIED)
            }
            _ if field.info().slot == Slot::Payload => {
                current.payload().as_message().map_or(0, |payload| payload.message.content.len())
            }
            _ => 0,
        }
    }

    /// The request as the plugin has changed it so far.
    fn current(&self) -> Result<Current<'_>, Status> {
        let (_, request) = self.call.as_ref().ok_or(Status::NotDuringInit)?;
        Ok(Current { request, changes: &self.changes })
    }

    /// The value of a field, or of the entry or the place in it that `key` names, and how much work
    /// it was to find it or not to, in bytes.
    fn item(
        &self,
        field: Field,
        index: u32,
        key: Key<'_>,
        want: Want,
    ) -> (Result<Item<'_>, Status>, usize) {
        if !field.info().indexed && index != 0 {
            return (Err(Status::InvalidArgument), 0);
        }
        let item = match (self.whole(field, index), key) {
            (Err(status), _) => return (Err(status), 0),
            (item, Key::None) => return (item, 0),
            (_, Key::Invalid) => return (Err(Status::InvalidArgument), 0),
            (Ok(item), Key::Some(key)) => (item, key),
        };
        let (found, worked) = match item {
            (Item::TextMap(map), key) => {
                (entry(field, map, key).map(|text| Item::Text(text.into())), 0)
            }
            (Item::JsonMap(map), key) => (map.get(key).map(Item::json_value), 0),
            (Item::Record(record), pointer) => {
                let (found, worked) = record.select(pointer, want);
                (found.map(|value| Item::Json(Cow::Owned(value))), worked)
            }
            (Item::Json(Cow::Borrowed(value)), pointer) => {
                (value.pointer(pointer).map(Item::json_value), 0)
            }
            _ => return (Err(Status::InvalidArgument), 0),
        };
        (found.ok_or(Status::Absent), worked)
    }

    fn whole(&self, field: Field, index: u32) -> Result<Item<'_>, Status> {
        if field == Field::Config {
            return Ok(Item::JsonMap(&self.grants.config));
        }
        let current = self.current()?;
        current.check_payload(field)?;
        let index = usize::try_from(index).map_err(|_| Status::Absent)?;
        current.item(field, index, self.grants.capabilities).ok_or(Status::Absent)
    }
}

/// Whether what is read from a field is a token.
fn holds_tokens(field: Field) -> bool {
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

/// What passing one element is charged like.
const BYTES_PER_ELEMENT: usize = 8;

/// How many elements that are passed one that is copied is charged like.
const COPIED: usize = 8;

/// Whether members or keys of a field are the same whatever their case, as `cpex-core` has it.
pub(super) const fn ignores_case(field: Field) -> bool {
    matches!(field, Field::SecurityLabels | Field::HttpRequestHeaders | Field::HttpResponseHeaders)
}

fn entry<'a>(field: Field, map: &'a dyn TextMap, key: &str) -> Option<&'a str> {
    map.get(key).or_else(|| {
        if !ignores_case(field) {
            return None;
        }
        let name = Name::new(key);
        map.sorted().into_iter().find(|(other, _)| name.is(other)).map(|(_, value)| value)
    })
}
