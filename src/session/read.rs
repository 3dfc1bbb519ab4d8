use alloc::vec::Vec;

use cpex_wasmi_abi::codec::Bounds;
use cpex_wasmi_abi::{Access, Field, NO_INDEX, Shape, Slot, Status};

use super::span::{Key, Span};
use super::{Answer, Format, Session};
use crate::view::{Item, TextMap, View};
use crate::{Payload, Request};

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
        let item = self.item(field, index, key)?;
        match (format, item) {
            (Format::Postcard, item) => item.postcard(out).ok_or(Status::Failed),
            (Format::Json, item) => item.json(out).ok_or(Status::Failed),
            (Format::Text, Item::Text(text)) => {
                out.extend_from_slice(text.as_bytes());
                Ok(())
            }
            (Format::Text, Item::Json(serde_json::Value::String(text))) => {
                out.extend_from_slice(text.as_bytes());
                Ok(())
            }
            (
                Format::Text,
                Item::Json(serde_json::Value::Array(_) | serde_json::Value::Object(_)),
            ) => Err(Status::NoTextForm),
            (Format::Text, item @ (Item::Json(_) | Item::Bool(_) | Item::Unsigned(_))) => {
                item.json(out).ok_or(Status::Failed)
            }
            (Format::Text, _) => Err(Status::NoTextForm),
        }
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
        let name = match self.item(field, index, Key::None)? {
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
        let item = match self.item(field, index, Key::None) {
            Ok(item) => item,
            Err(Status::Absent) => return Ok(false),
            Err(status) => return Err(status),
        };
        let key = match key {
            Key::None => return Ok(true),
            Key::Invalid => return Err(Status::InvalidArgument),
            Key::Some(key) => key,
        };
        match item {
            Item::TextSet(set) if ignores_case(field) => {
                Ok(set.contains(key) || set.sorted().iter().any(|other| same_name(other, key)))
            }
            Item::TextSet(set) => Ok(set.contains(key)),
            Item::TextMap(map) => Ok(entry(field, map, key).is_some()),
            Item::JsonMap(map) => Ok(map.contains_key(key)),
            _ => Err(Status::InvalidArgument),
        }
    }

    fn len(&mut self, field: u32, index: u32) -> Result<usize, Status> {
        let field = self.readable(field)?;
        if field.info().indexed && index == NO_INDEX {
            return Ok(self.view_of(field.info().slot)?.map_or(0, |view| view.count(field)));
        }
        if !matches!(field.info().shape, Shape::TextSet | Shape::TextMap | Shape::JsonMap) {
            return Err(Status::InvalidArgument);
        }
        match self.item(field, index, Key::None) {
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
        match field.info().read {
            Access::Open => Ok(field),
            Access::Subject if granted.opens_subject() => Ok(field),
            Access::Needs(capability) if granted.contains(capability) => Ok(field),
            access => {
                self.denied = match access {
                    Access::Needs(capability) => Some(capability),
                    _ => Some(cpex_wasmi_abi::Capability::ReadSubject),
                };
                Err(Status::CapabilityDenied)
            }
        }
    }

    /// Charges for the elements that a look-up in this field may have to pass.
    pub(super) fn charge_look_up(&mut self, field: Field) {
        let elements = self.elements_to_look_through(field);
        self.usage.moved(elements.saturating_mul(BYTES_PER_ELEMENT));
    }

    /// How many elements a look-up in this field may have to pass, where that is more than a few:
    /// the plugin may have put them there itself.
    fn elements_to_look_through(&self, field: Field) -> usize {
        let Some((_, request)) = &self.call else { return 0 };
        let Request { payload, extensions, .. } = &**request;
        let http = || self.changes.http.as_ref().or(extensions.http.as_ref());
        match field {
            Field::SecurityLabels => match (&self.changes.labels, &extensions.security) {
                (Some(labels), _) => labels.len(),
                (None, Some(security)) => security.labels.len(),
                (None, None) => 0,
            },
            Field::HttpRequestHeaders => http().map_or(0, |http| http.request_headers.len()),
            Field::HttpResponseHeaders => http().map_or(0, |http| http.response_headers.len()),
            _ if field.info().slot == Slot::Payload => {
                let Payload::Message(payload) = self.changes.payload.as_ref().unwrap_or(payload);
                payload.message.content.len()
            }
            _ => 0,
        }
    }

    /// What a slot is read from: what the plugin made of it, if it changed it, else the request.
    fn view_of(&self, slot: Slot) -> Result<Option<&dyn View>, Status> {
        let (_, request) = self.call.as_ref().ok_or(Status::NotDuringInit)?;
        Ok(Some(match slot {
            Slot::Payload => match &self.changes.payload {
                Some(payload) => payload,
                None => &request.payload,
            },
            Slot::Http => match &self.changes.http {
                Some(http) => http,
                None => &**request,
            },
            _ => &**request,
        }))
    }

    fn item<'a>(&'a self, field: Field, index: u32, key: Key<'_>) -> Result<Item<'a>, Status> {
        let info = field.info();
        if !info.indexed && index != 0 {
            return Err(Status::InvalidArgument);
        }
        let item = self.whole(field, index)?;
        let key = match key {
            Key::None => return Ok(item),
            Key::Invalid => return Err(Status::InvalidArgument),
            Key::Some(key) => key,
        };
        match item {
            Item::TextMap(map) => {
                entry(field, map, key).map(|text| Item::Text(text.into())).ok_or(Status::Absent)
            }
            Item::JsonMap(map) => map.get(key).map(Item::Json).ok_or(Status::Absent),
            _ => Err(Status::InvalidArgument),
        }
    }

    fn whole(&self, field: Field, index: u32) -> Result<Item<'_>, Status> {
        let Self { changes, grants, .. } = self;
        let changed = match field {
            Field::Config => return Ok(Item::JsonMap(&grants.config)),
            Field::SecurityLabels => changes.labels.as_ref().map(|labels| Item::TextSet(labels)),
            Field::Security => match (&changes.labels, &self.call) {
                (Some(labels), Some((_, request))) => {
                    let mut security = request.extensions.security.clone().unwrap_or_default();
                    security.labels.clone_from(labels);
                    let security = security.visible_to(grants.capabilities);
                    return Ok(Item::Record(alloc::boxed::Box::new(security)));
                }
                _ => None,
            },
            Field::Custom => changes.custom.as_ref().map(Item::JsonMap),
            Field::ContextLocal => changes.local_state.as_ref().map(Item::JsonMap),
            Field::ContextGlobal => changes.global_state.as_ref().map(Item::JsonMap),
            _ => None,
        };
        if let Some(item) = changed {
            return Ok(item);
        }
        let index = usize::try_from(index).map_err(|_| Status::Absent)?;
        let view = self.view_of(field.info().slot)?;
        view.and_then(|view| view.item(field, index, grants.capabilities)).ok_or(Status::Absent)
    }
}

/// What passing one element is charged like.
const BYTES_PER_ELEMENT: usize = 8;

/// Whether members or keys of a field are the same whatever their case, as `cpex-core` has it.
pub(super) const fn ignores_case(field: Field) -> bool {
    matches!(field, Field::SecurityLabels | Field::HttpRequestHeaders | Field::HttpResponseHeaders)
}

/// Whether two names are the same but for their case.
pub(super) fn same_name(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() {
        a.eq_ignore_ascii_case(b)
    } else {
        a.to_lowercase() == b.to_lowercase()
    }
}

fn entry<'a>(field: Field, map: &'a dyn TextMap, key: &str) -> Option<&'a str> {
    map.get(key).or_else(|| {
        if !ignores_case(field) {
            return None;
        }
        map.sorted().into_iter().find(|(other, _)| same_name(other, key)).map(|(_, value)| value)
    })
}
