//! The postcard form of a [`Value`], by hand: a third of the code that serde's derive makes of it.

use alloc::string::String;
use alloc::vec::Vec;

use super::Pairs;
use crate::{Result, Status, Value, sys};

pub(crate) const NULL: u8 = 0;
pub(crate) const BOOL: u8 = 1;
pub(crate) const UNSIGNED: u8 = 2;
pub(crate) const NEGATIVE: u8 = 3;
pub(crate) const FLOAT: u8 = 4;
pub(crate) const STRING: u8 = 5;
pub(crate) const ARRAY: u8 = 6;
pub(crate) const OBJECT: u8 = 7;

/// Decodes a value that the host wrote.
pub(crate) fn decode_value(bytes: &[u8]) -> Result<Value> {
    Reader(bytes).value().ok_or(Status::Malformed.into())
}

/// Decodes a map of values that the host wrote.
pub(crate) fn decode_entries(bytes: &[u8]) -> Result<Pairs> {
    Reader(bytes).pairs().ok_or(Status::Malformed.into())
}

/// Decodes a list of texts that the host wrote.
pub(crate) fn decode_texts(bytes: &[u8]) -> Result<Vec<String>> {
    Reader(bytes).texts().ok_or(Status::Malformed.into())
}

/// Encodes a value for the host.
pub(crate) fn encode_value(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    put_value(&mut out, value);
    out
}

/// The rest to read. `None` where it is not what it should be.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl Reader<'_> {
    fn value(&mut self) -> Option<Value> {
        Some(match self.byte()? {
            NULL => Value::Null,
            BOOL => Value::Bool(self.byte()? != 0),
            UNSIGNED => Value::Unsigned(self.number()?),
            NEGATIVE => {
                let sent = self.number()?;
                // Zigzag: the lowest bit is the sign.
                Value::Negative((sent >> 1).cast_signed() ^ (sent & 1).cast_signed().wrapping_neg())
            }
            FLOAT => {
                let (bits, rest) = self.0.split_first_chunk()?;
                self.0 = rest;
                Value::Float(f64::from_le_bytes(*bits))
            }
            STRING => Value::String(self.text()?),
            ARRAY => {
                let mut values = Vec::new();
                for _ in 0..self.number()? {
                    values.push(self.value()?);
                }
                Value::Array(values)
            }
            OBJECT => Value::Object(self.pairs()?),
            _ => return None,
        })
    }

    fn pairs(&mut self) -> Option<Pairs> {
        let mut pairs = Vec::new();
        for _ in 0..self.number()? {
            pairs.push((self.text()?, self.value()?));
        }
        Some(pairs)
    }

    fn texts(&mut self) -> Option<Vec<String>> {
        let len = self.len()?;
        let mut texts = Vec::with_capacity(len);
        for _ in 0..len {
            texts.push(self.text()?);
        }
        Some(texts)
    }

    /// A number of elements: no more than there are bytes left.
    fn len(&mut self) -> Option<usize> {
        let len = usize::try_from(self.number()?).ok()?;
        (len <= self.0.len()).then_some(len)
    }

    pub(crate) fn text(&mut self) -> Option<String> {
        let len = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(sys::text(sys::copy(text).ok()?))
    }

    #[inline]
    pub(crate) fn number(&mut self) -> Option<u64> {
        match *self.0 {
            // Most are lengths of less than 128, and nearly all others have two bytes.
            [byte, ref rest @ ..] if byte < 0x80 => {
                self.0 = rest;
                Some(byte.into())
            }
            [low, high, ref rest @ ..] if high < 0x80 => {
                self.0 = rest;
                Some(u64::from(low & 0x7f) | u64::from(high) << 7)
            }
            _ => self.long_number(),
        }
    }

    #[inline(never)]
    fn long_number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }
}

fn put_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.push(NULL),
        Value::Bool(value) => out.extend([BOOL, u8::from(*value)]),
        Value::Unsigned(value) => {
            out.push(UNSIGNED);
            put_number(out, *value);
        }
        Value::Negative(value) => {
            out.push(NEGATIVE);
            put_number(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
        }
        Value::Float(value) => {
            out.push(FLOAT);
            out.extend(value.to_le_bytes());
        }
        Value::String(text) => {
            out.push(STRING);
            put_text(out, text);
        }
        Value::Array(values) => {
            out.push(ARRAY);
            put_number(out, values.len() as u64);
            values.iter().for_each(|value| put_value(out, value));
        }
        Value::Object(pairs) => {
            out.push(OBJECT);
            put_number(out, pairs.len() as u64);
            for (name, value) in pairs {
                put_text(out, name);
                put_value(out, value);
            }
        }
    }
}

pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

#[allow(clippy::cast_possible_truncation, reason = "seven bits at a time")]
pub(crate) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{decode, encode};
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<u64>().prop_map(Value::Unsigned),
            (i64::MIN..0).prop_map(Value::Negative),
            (-1e300..1e300).prop_map(Value::Float),
            any::<String>().prop_map(Value::String),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
                prop::collection::vec((any::<String>(), inner), 0..8).prop_map(Value::Object),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_value_is_written_and_read_as_postcard_does(value in any_value()) {
            let bytes = encode(&value).unwrap();
            prop_assert_eq!(encode_value(&value), bytes.clone());
            prop_assert_eq!(decode_value(&bytes), Ok(value.clone()));
            prop_assert_eq!(decode::<Value>(&bytes), Ok(value));
        }

        #[test]
        fn texts_are_read_as_postcard_writes_them(texts: Vec<String>) {
            prop_assert_eq!(decode_texts(&encode(&texts).unwrap()), Ok(texts));
        }

        #[test]
        // Text that is not UTF-8 cannot come from the host.
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(0_u8..128, 0..64)) {
            let _ = decode_value(&bytes);
            let _ = decode_entries(&bytes);
            let _ = decode_texts(&bytes);
        }
    }

    #[test]
    fn the_ends_of_the_ranges_are_exact() {
        for value in [
            Value::Unsigned(u64::MAX),
            Value::Unsigned(0),
            Value::Negative(i64::MIN),
            Value::Negative(-1),
        ] {
            assert_eq!(encode_value(&value), encode(&value).unwrap());
            assert_eq!(decode_value(&encode_value(&value)), Ok(value));
        }
    }
}
