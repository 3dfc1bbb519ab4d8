//! Host functions of JSON Schemas.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use cpex_wasmi_abi::codec::Bounds;
use cpex_wasmi_abi::{HostFunction, MEMORY, SchemaFault, Status};
use serde_json::{Map, Value};

use super::numbered::Numbered;
use super::operand::Operand;
use super::patterns::BYTES_PER_STATE;
use super::read::holds_tokens;
use super::{Answer, Service, Session};
use crate::Error;
use crate::boundary::{Decoding, Format, Input, Span};
use crate::schemas::{MAX_TEXT, Schema};
use crate::view::{BYTES_PER_ELEMENT, EACH, Item, Want, size};

/// The charge for compiling a schema, in bytes for each byte of its text.
const BYTES_PER_CHARACTER: usize = 512;

/// The charge for one that is refused, beside that: the words for its problems take long to find.
const BYTES_PER_REFUSAL: usize = 512 << 10;

/// The charge for each step of a check, in bytes.
const BYTES_PER_STEP: usize = 256;

/// The schemas of an instance. They stay while the instance does, as its memory does.
#[derive(Clone, Default)]
pub(super) struct Schemas(Option<Arc<Numbered<Arc<Schema>>>>);

impl Schemas {
    fn get(&self, number: u32) -> Result<Arc<Schema>, Status> {
        self.0.as_ref().ok_or(Status::Absent)?.get(number).cloned()
    }

    fn change(&mut self) -> &mut Numbered<Arc<Schema>> {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl Session {
    fn compile_schema(&mut self, text: &str) -> Result<Arc<Schema>, String> {
        self.usage.moved(text.len().saturating_mul(BYTES_PER_CHARACTER));
        #[cfg(feature = "std")]
        let compiled = self.grants.schemas.schema(text);
        #[cfg(not(feature = "std"))]
        let compiled = Schema::new(text).map(Arc::new);
        let states = compiled.as_ref().map_or_else(|refusal| refusal.states, |made| made.states());
        self.usage.moved(states.saturating_mul(BYTES_PER_STATE));
        compiled.map_err(|refusal| refusal.reason)
    }
}

impl Service<'_> {
    /// Serves a function of JSON Schemas.
    pub(super) fn serve_schema(
        &mut self,
        function: HostFunction,
        args: &[u32],
        memory: &mut [u8],
    ) -> Answer {
        use HostFunction as F;
        match (function, args) {
            (F::Schema, &[text, len, out, out_len]) => {
                self.schema(Span::new(text, len), Span::new(out, out_len), memory)
            }
            (F::SchemaDrop, &[number]) => {
                let released = self.session.compiled.schemas.change().release(number);
                Ok(released.map_or_else(Status::code, |()| 0))
            }
            (F::SchemaCheck | F::SchemaCheckJson, args) => {
                let Some((operand, &[schema, out, len])) = Operand::split(args) else {
                    return Ok(Status::InvalidArgument.code());
                };
                let is_json = function == F::SchemaCheckJson;
                let format = if is_json { Format::Json } else { Format::Postcard };
                self.schema_check(operand, schema, format, Span::new(out, len), memory)
            }
            _ => Ok(Status::InvalidArgument.code()),
        }
    }

    /// Compiles a schema. If it is refused, the reason is written to `out`.
    fn schema(&mut self, text: Span, out: Span, memory: &mut [u8]) -> Answer {
        out.of(memory)?;
        let text = text.of(memory)?;
        self.session.count_written(text.len())?;
        let compiled = match core::str::from_utf8(text) {
            Ok(text) => self.session.compile_schema(text),
            Err(_) => Err("the schema is not valid UTF-8".into()),
        };
        match compiled {
            Ok(schema) => {
                let schemas = self.session.compiled.schemas.change();
                let weight = schema.weight();
                let there = schemas.reuse(|other| other.is(schema.text()));
                let number = there.map_or_else(|| schemas.add(schema, weight, MAX_TEXT), Ok);
                Ok(match number.map(i32::try_from) {
                    Ok(number) => number.unwrap_or(Status::QuotaExceeded.code()),
                    Err(status) => status.code(),
                })
            }
            Err(reason) => {
                self.session.usage.moved(BYTES_PER_REFUSAL);
                self.hand_out_cut(&reason, out, memory)?;
                Ok(Status::Malformed.code())
            }
        }
    }

    /// Checks an input by a schema: 0 if it fits, else the length of its faults, which are copied if they fit.
    fn schema_check(
        &mut self,
        operand: Operand,
        schema: u32,
        format: Format,
        out: Span,
        memory: &mut [u8],
    ) -> Answer {
        out.of(memory)?;
        operand.check(memory)?;
        let checked = match self.session.compiled.schemas.get(schema) {
            Ok(schema) => self.checked(operand, &schema, memory)?,
            Err(status) => Err(status),
        };
        match checked.and_then(|faults| match &*faults {
            [] => Ok(Vec::new()),
            faults => format.encode(&faults),
        }) {
            Ok(faults) => self.hand_out(&faults, out, memory),
            Err(status) => Ok(status.code()),
        }
    }

    fn checked(
        &mut self,
        operand: Operand,
        schema: &Schema,
        memory: &[u8],
    ) -> Result<Result<Vec<SchemaFault>, Status>, Error> {
        let mut worked = 0;
        let result = if operand.field == MEMORY {
            let bytes = operand.key.of(memory)?;
            json(bytes, &mut worked).and_then(|value| check(schema, &value, &mut worked))
        } else {
            let key = operand.key.key(memory)?;
            self.session.usage.moved(key.len());
            self.readable(operand.field).and_then(|field| {
                // Faults may repeat a part of the value.
                if holds_tokens(field) {
                    return Err(Status::InvalidArgument);
                }
                self.convert_payload(field)?;
                let (item, found) = self.item(field, operand.index, key, Want::Value);
                worked = found;
                let value = value_of(item?, &mut worked)?;
                check(schema, &value, &mut worked)
            })
        };
        self.session.usage.moved(worked);
        Ok(result)
    }
}

/// The faults of a value, and more work for the steps that it takes to find them.
fn check(schema: &Schema, value: &Value, worked: &mut usize) -> Result<Vec<SchemaFault>, Status> {
    let (faults, steps) = schema.check(value);
    let steps = usize::try_from(steps).unwrap_or(usize::MAX);
    *worked = worked.saturating_add(steps.saturating_mul(BYTES_PER_STEP));
    faults.ok_or(Status::TooLarge)
}

/// The value of a JSON text, within the bounds of what a plugin writes.
fn json(bytes: &[u8], worked: &mut usize) -> Result<Value, Status> {
    let decoding = Decoding::new(Bounds::DEFAULT.elements);
    let value = Input { format: Format::Json, bytes, decoding: &decoding }.json();
    let elements = Bounds::DEFAULT.elements.saturating_sub(decoding.elements_left());
    *worked = bytes.len().saturating_mul(2).saturating_add(elements.saturating_mul(EACH));
    value
}

/// The value of an item. What has to be copied for that is more work.
fn value_of<'i>(item: Item<'i>, worked: &mut usize) -> Result<Cow<'i, Value>, Status> {
    let sorted = item.sorting().saturating_mul(BYTES_PER_ELEMENT);
    let value = match item {
        Item::Json(value) => return Ok(value),
        Item::Text(text) => Value::String(text.into_owned()),
        Item::Bool(value) => value.into(),
        Item::Unsigned(number) => number.into(),
        Item::Float(number) => number.into(),
        Item::TextSet(set) => set.sorted().into(),
        Item::TextMap(map) => {
            let entry = |(key, text): (&str, &str)| (key.into(), text.into());
            Value::Object(map.sorted().into_iter().map(entry).collect::<Map<_, _>>())
        }
        Item::JsonMap(map) => {
            let entry = |(key, value): (&str, &Value)| (key.into(), value.clone());
            Value::Object(map.sorted().into_iter().map(entry).collect::<Map<_, _>>())
        }
        Item::Record(record) => {
            let json = record.json().ok_or(Status::Failed)?;
            *worked = worked.saturating_add(json.len());
            serde_json::from_slice(&json).map_err(|_| Status::TooLarge)?
        }
    };
    *worked = worked.saturating_add(sorted).saturating_add(size(&value));
    Ok(Cow::Owned(value))
}
