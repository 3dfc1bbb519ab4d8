//! JSON values, straight between the wire and `serde_json`.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Number, Value};

use super::behind::behind_value;
use super::collections::put_sorted;
use super::{Reader, Wire, put_number, put_text};
use crate::value::wire::{ARRAY, BOOL, FLOAT, NEGATIVE, NULL, OBJECT, STRING, UNSIGNED};

impl Wire for Value {
    fn read(reader: &mut Reader<'_>) -> Self {
        match reader.byte() {
            NULL => Self::Null,
            BOOL => Self::Bool(bool::read(reader)),
            UNSIGNED => Self::Number(reader.number().into()),
            NEGATIVE => Self::Number(i64::read(reader).into()),
            FLOAT => {
                let number = Number::from_f64(f64::read(reader));
                Self::Number(number.unwrap_or_else(|| {
                    reader.fail();
                    0_u64.into()
                }))
            }
            STRING => Self::String(reader.text()),
            ARRAY => Self::Array(Wire::read(reader)),
            OBJECT => Self::Object(Wire::read(reader)),
            _ => {
                reader.fail();
                Self::Null
            }
        }
    }

    fn skip(reader: &mut Reader<'_>) {
        reader.pass(behind_value(reader.rest(), 0));
    }

    fn as_json_text(&self) -> Option<&str> {
        self.as_str()
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.push(NULL),
            Self::Bool(value) => out.extend([BOOL, u8::from(*value)]),
            Self::Number(number) => {
                if let Some(number) = number.as_u64() {
                    out.push(UNSIGNED);
                    put_number(out, number);
                } else if let Some(number) = number.as_i64() {
                    out.push(NEGATIVE);
                    number.write(out);
                } else {
                    out.push(FLOAT);
                    number.as_f64().unwrap_or_default().write(out);
                }
            }
            Self::String(text) => {
                out.push(STRING);
                put_text(out, text);
            }
            Self::Array(values) => {
                out.push(ARRAY);
                values.write(out);
            }
            Self::Object(map) => {
                out.push(OBJECT);
                map.write(out);
            }
        }
    }
}

impl Wire for Map<String, Value> {
    fn read(reader: &mut Reader<'_>) -> Self {
        let mut map = Self::new();
        for _ in 0..reader.len() {
            let key = reader.text();
            let value = Value::read(reader);
            if !insert(&mut map, key, value) {
                reader.fail();
            }
        }
        map
    }

    fn write(&self, out: &mut Vec<u8>) {
        // `serde_json` may have been built to keep another order.
        let entries = self.iter().map(|(key, value)| (key.as_str(), value as &dyn Wire));
        put_sorted(out, entries.collect());
    }
}

/// Adds a value, and says whether the key is new. Apart, so that nested values do not take the stack
/// that it needs.
#[inline(never)]
fn insert(map: &mut Map<String, Value>, key: String, value: Value) -> bool {
    map.insert(key, value).is_none()
}
