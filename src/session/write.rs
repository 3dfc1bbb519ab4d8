use alloc::collections::BTreeMap;
use alloc::string::String;

use cpex_wasmi_abi::codec::{self, Bounds, DecodeError};
use cpex_wasmi_abi::model::{JsonMap, MessagePayload, from_wire};
use cpex_wasmi_abi::{Field, Slot, Status, Value, Write};
use serde::de::DeserializeOwned;

use super::read::same_name;
use super::span::{Key, Span};
use super::{Answer, Format, Session};
use crate::{Changes, Payload, Request};

impl Session {
    pub(super) fn write(
        &mut self,
        format: Format,
        field: u32,
        index: u32,
        (key, value): (Span, Span),
        memory: &[u8],
    ) -> Answer {
        let (key, value) = (key.key(memory)?, value.of(memory)?);
        self.count_written(key.len().saturating_add(value.len()))?;
        Ok(match self.set(field, index, key, Input { format, bytes: value }) {
            Ok(()) => 0,
            Err(status) => status.code(),
        })
    }

    pub(super) fn remove(&mut self, field: u32, index: u32, key: Span, memory: &[u8]) -> Answer {
        let key = key.key(memory)?;
        self.count_written(key.len())?;
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
        key: Key<'_>,
        input: Input<'_>,
    ) -> Result<(), Status> {
        let (field, rule) = self.writable(field)?;
        let (request, changes) = self.parts()?;
        let index = position(field, index)?;
        match (rule, key) {
            (_, Key::Invalid) => Err(Status::InvalidArgument),
            (Write::Replace(_), Key::None) => {
                let payload: MessagePayload = input.record()?;
                changes.payload = Some(Payload::Message(payload));
                Ok(())
            }
            (Write::Grow(_), Key::None) => {
                let label = input.text()?;
                labels(changes, request).insert(label);
                Ok(())
            }
            (Write::Entries(_), Key::Some(key)) => match field {
                Field::HttpRequestHeaders | Field::HttpResponseHeaders => {
                    let value = input.text()?;
                    if !is_header_name(key) {
                        return Err(Status::InvalidArgument);
                    }
                    if !is_header_value(&value) {
                        return Err(Status::Malformed);
                    }
                    let headers = headers(field, changes, request);
                    headers.retain(|other, _| !same_name(other, key));
                    headers.insert(key.into(), value);
                    Ok(())
                }
                _ => {
                    let value = input.json()?;
                    json_map(field, index, changes, request)?.insert(key.into(), value);
                    Ok(())
                }
            },
            _ => Err(Status::InvalidArgument),
        }
    }

    fn unset(&mut self, field: u32, index: u32, key: Key<'_>) -> Result<bool, Status> {
        let (field, rule) = self.writable(field)?;
        let (request, changes) = self.parts()?;
        let index = position(field, index)?;
        let key = match (rule, key) {
            (Write::Entries(_), Key::Some(key)) => key,
            (Write::Entries(_), _) => return Err(Status::InvalidArgument),
            // What only grows or is replaced whole has nothing that can be removed.
            _ => return Err(Status::ReadOnly),
        };
        // Looks before it copies, so that removing nothing changes nothing.
        match field {
            Field::HttpRequestHeaders | Field::HttpResponseHeaders => {
                let current = changes.http.as_ref().or(request.extensions.http.as_ref());
                let there = current.is_some_and(|http| {
                    let map = if field == Field::HttpRequestHeaders {
                        &http.request_headers
                    } else {
                        &http.response_headers
                    };
                    map.keys().any(|other| same_name(other, key))
                });
                if there {
                    headers(field, changes, request).retain(|other, _| !same_name(other, key));
                }
                Ok(there)
            }
            _ => {
                let there = current_json_map(field, index, changes, request)?
                    .is_some_and(|map| map.contains_key(key));
                if there {
                    json_map(field, index, changes, request)?.remove(key);
                }
                Ok(there)
            }
        }
    }

    /// The field with this number and how it may be changed, if the plugin may change it now.
    fn writable(&mut self, number: u32) -> Result<(Field, Write), Status> {
        let field = Field::from_number(number).ok_or(Status::UnknownField)?;
        let info = field.info();
        let needed = match info.write {
            Write::Replace(needed) | Write::Entries(needed) | Write::Grow(needed) => needed,
            _ => return Err(Status::ReadOnly),
        };
        if let Some(capability) =
            needed.filter(|needed| !self.grants.capabilities.contains(*needed))
        {
            self.denied = Some(capability);
            return Err(Status::CapabilityDenied);
        }
        if self.violation.is_some() && info.slot != Slot::Context {
            return Err(Status::AlreadyDenied);
        }
        self.charge_look_up(field);
        Ok((field, info.write))
    }

    fn parts(&mut self) -> Result<(&Request, &mut Changes), Status> {
        let (_, request) = self.call.as_ref().ok_or(Status::NotDuringInit)?;
        Ok((request, &mut self.changes))
    }
}

fn position(field: Field, index: u32) -> Result<usize, Status> {
    if !field.info().indexed && index != 0 {
        return Err(Status::InvalidArgument);
    }
    usize::try_from(index).map_err(|_| Status::Absent)
}

// Each of the following gives the plugin's own copy of a part, made of the request's when it is
// first asked for.

fn labels<'a>(
    changes: &'a mut Changes,
    request: &Request,
) -> &'a mut alloc::collections::BTreeSet<String> {
    changes.labels.get_or_insert_with(|| {
        request
            .extensions
            .security
            .as_ref()
            .map(|security| security.labels.clone())
            .unwrap_or_default()
    })
}

fn headers<'a>(
    field: Field,
    changes: &'a mut Changes,
    request: &Request,
) -> &'a mut BTreeMap<String, String> {
    let http =
        changes.http.get_or_insert_with(|| request.extensions.http.clone().unwrap_or_default());
    if field == Field::HttpRequestHeaders {
        &mut http.request_headers
    } else {
        &mut http.response_headers
    }
}

fn current_json_map<'a>(
    field: Field,
    index: usize,
    changes: &'a Changes,
    request: &'a Request,
) -> Result<Option<&'a JsonMap>, Status> {
    Ok(match field {
        Field::Custom => changes.custom.as_ref().or(request.extensions.custom.as_ref()),
        Field::ContextLocal => {
            Some(changes.local_state.as_ref().unwrap_or(&request.context.local_state))
        }
        Field::ContextGlobal => {
            Some(changes.global_state.as_ref().unwrap_or(&request.context.global_state))
        }
        Field::ToolCallArguments => {
            let Payload::Message(payload) = changes.payload.as_ref().unwrap_or(&request.payload);
            let call = payload.message.tool_calls().nth(index).ok_or(Status::Absent)?;
            Some(&call.arguments)
        }
        _ => return Err(Status::ReadOnly),
    })
}

fn json_map<'a>(
    field: Field,
    index: usize,
    changes: &'a mut Changes,
    request: &Request,
) -> Result<&'a mut JsonMap, Status> {
    // Looks before it copies: a payload may be large, and the index wrong.
    current_json_map(field, index, changes, request)?;
    Ok(match field {
        Field::Custom => changes
            .custom
            .get_or_insert_with(|| request.extensions.custom.clone().unwrap_or_default()),
        Field::ContextLocal => {
            changes.local_state.get_or_insert_with(|| request.context.local_state.clone())
        }
        Field::ContextGlobal => {
            changes.global_state.get_or_insert_with(|| request.context.global_state.clone())
        }
        Field::ToolCallArguments => {
            let Payload::Message(payload) =
                changes.payload.get_or_insert_with(|| request.payload.clone());
            let call = payload.message.tool_calls_mut().nth(index).ok_or(Status::Absent)?;
            &mut call.arguments
        }
        _ => return Err(Status::ReadOnly),
    })
}

/// A value from a plugin, not yet decoded.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    pub(super) format: Format,
    pub(super) bytes: &'a [u8],
}

impl Input<'_> {
    fn text(self) -> Result<String, Status> {
        match self.format {
            Format::Text => self.utf8().map(Into::into),
            Format::Postcard | Format::Json => self.record(),
        }
    }

    fn json(self) -> Result<serde_json::Value, Status> {
        match self.format {
            Format::Text => self.utf8().map(Into::into),
            Format::Postcard => from_wire(self.record::<Value>()?).ok_or(Status::Malformed),
            Format::Json => self.record(),
        }
    }

    /// Decodes something that has no text form of its own.
    pub(super) fn record<T: DeserializeOwned>(self) -> Result<T, Status> {
        let bounds = Bounds::DEFAULT;
        match self.format {
            Format::Text => Err(Status::NoTextForm),
            Format::Postcard => codec::decode(self.bytes, bounds).map_err(|error| match error {
                DecodeError::TooLarge | DecodeError::TooManyElements | DecodeError::TooDeep => {
                    Status::TooLarge
                }
                _ => Status::Malformed,
            }),
            Format::Json => {
                if self.bytes.len() > bounds.bytes || json_elements(self.bytes) > bounds.elements {
                    return Err(Status::TooLarge);
                }
                serde_json::from_slice(self.bytes).map_err(|_| Status::Malformed)
            }
        }
    }

    fn utf8(&self) -> Result<&str, Status> {
        if self.bytes.len() > Bounds::DEFAULT.bytes {
            return Err(Status::TooLarge);
        }
        core::str::from_utf8(self.bytes).map_err(|_| Status::Malformed)
    }
}

/// How many elements the arrays and objects of a JSON text have together, at most: a parsed element
/// takes many times the two bytes that its text may take, so that they are counted first.
fn json_elements(text: &[u8]) -> usize {
    let mut elements = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b',' | b'[' | b'{' if !in_string => elements = elements.saturating_add(1),
            _ => {}
        }
    }
    elements
}

/// Whether a header of this name can be sent: a token, as in RFC 9110.
fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Whether a header of this value can be sent without becoming another header: no control
/// characters but the tab, as in RFC 9110.
fn is_header_value(value: &str) -> bool {
    value.chars().all(|char| char == '\t' || !char.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_json_are_counted_outside_of_strings() {
        assert_eq!(json_elements(br#"{"a,[{":"\",","b":[1,2,[]]}"#), 6);
        assert_eq!(json_elements(b"[[[["), 4);
    }
}
