//! A serde `Deserializer` for the postcard wire format that counts what it reads.

use core::fmt;

use serde::de::{self, DeserializeSeed, IntoDeserializer, Visitor};

use super::{Bounds, DecodeError};

type Result<T> = core::result::Result<T, DecodeError>;

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::WrongType
    }
}

pub(super) struct Decoder<'de> {
    rest: &'de [u8],
    elements: usize,
    depth: usize,
}

impl<'de> Decoder<'de> {
    pub(super) const fn new(bytes: &'de [u8], bounds: Bounds) -> Self {
        Self { rest: bytes, elements: bounds.elements, depth: bounds.depth }
    }

    pub(super) const fn rest(&self) -> &'de [u8] {
        self.rest
    }

    /// The number of elements that may still come.
    pub(super) const fn elements(&self) -> usize {
        self.elements
    }

    pub(super) const fn finish(&self) -> Result<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(DecodeError::TrailingBytes) }
    }

    fn byte(&mut self) -> Result<u8> {
        let (byte, rest) = self.rest.split_first().ok_or(DecodeError::UnexpectedEnd)?;
        self.rest = rest;
        Ok(*byte)
    }

    fn take(&mut self, len: usize) -> Result<&'de [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(DecodeError::UnexpectedEnd)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(DecodeError::UnexpectedEnd)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// Reads a little-endian base-128 number of at most `bits` bits, in its shortest form.
    fn varint(&mut self, bits: u32) -> Result<u128> {
        let mut value = 0_u128;
        let mut shift = 0_u32;
        loop {
            let byte = self.byte()?;
            let payload = u128::from(byte & 0x7f);
            // What is left of the type at this place, at most the 7 bits a byte carries.
            let room = bits.saturating_sub(shift).min(7);
            if payload >> room != 0 || (byte == 0 && shift > 0) {
                return Err(DecodeError::BadNumber);
            }
            value |= payload << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
            shift = shift.saturating_add(7);
            if shift >= bits {
                return Err(DecodeError::BadNumber);
            }
        }
    }

    fn unsigned<T: TryFrom<u128>>(&mut self, bits: u32) -> Result<T> {
        T::try_from(self.varint(bits)?).map_err(|_| DecodeError::BadNumber)
    }

    /// Reads a zigzag number: 0, −1, 1, −2, … are sent as 0, 1, 2, 3, …
    fn signed<T: TryFrom<i128>>(&mut self, bits: u32) -> Result<T> {
        let sent = self.varint(bits)?;
        let half = i128::try_from(sent >> 1).map_err(|_| DecodeError::BadNumber)?;
        T::try_from(if sent & 1 == 0 { half } else { !half }).map_err(|_| DecodeError::BadNumber)
    }

    fn len(&mut self) -> Result<usize> {
        self.unsigned(32)
    }

    fn flag(&mut self) -> Result<bool> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::BadTag),
        }
    }

    fn text(&mut self) -> Result<&'de str> {
        let len = self.len()?;
        core::str::from_utf8(self.take(len)?).map_err(|_| DecodeError::BadText)
    }

    /// Counts `len` elements before any of them is read.
    fn count(&mut self, len: usize) -> Result<()> {
        self.elements = self.elements.checked_sub(len).ok_or(DecodeError::TooManyElements)?;
        Ok(())
    }

    /// Goes one level deeper. Only enums and options count: without one of them, how deep a value
    /// is nested follows from its type.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth = self.depth.checked_sub(1).ok_or(DecodeError::TooDeep)?;
        let value = read(self);
        self.depth = self.depth.saturating_add(1);
        value
    }
}

macro_rules! number {
    ($($method:ident $visit:ident $read:ident $bits:literal;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            visitor.$visit(self.$read($bits)?)
        })*
    };
}

impl<'de> de::Deserializer<'de> for &mut Decoder<'de> {
    type Error = DecodeError;

    fn is_human_readable(&self) -> bool {
        false
    }

    /// postcard does not describe itself.
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value> {
        Err(DecodeError::WrongType)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value> {
        Err(DecodeError::WrongType)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_bool(self.flag()?)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_u8(self.byte()?)
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let [byte] = self.array()?;
        visitor.visit_i8(i8::from_le_bytes([byte]))
    }

    number! {
        deserialize_u16 visit_u16 unsigned 16;
        deserialize_u32 visit_u32 unsigned 32;
        deserialize_u64 visit_u64 unsigned 64;
        deserialize_i16 visit_i16 signed 16;
        deserialize_i32 visit_i32 signed 32;
        deserialize_i64 visit_i64 signed 64;
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let number = f32::from_le_bytes(self.array()?);
        if number.is_finite() { visitor.visit_f32(number) } else { Err(DecodeError::BadNumber) }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let number = f64::from_le_bytes(self.array()?);
        if number.is_finite() { visitor.visit_f64(number) } else { Err(DecodeError::BadNumber) }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let mut chars = self.text()?.chars();
        match (chars.next(), chars.next()) {
            (Some(char), None) => visitor.visit_char(char),
            _ => Err(DecodeError::BadText),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let len = self.len()?;
        visitor.visit_borrowed_bytes(self.take(len)?)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.flag()? {
            self.nested(|decoder| visitor.visit_some(decoder))
        } else {
            visitor.visit_none()
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let len = self.len()?;
        self.count(len)?;
        visitor.visit_seq(Elements { decoder: self, left: len })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value> {
        visitor.visit_seq(Elements { decoder: self, left: len })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let len = self.len()?;
        self.count(len)?;
        visitor.visit_map(Entries { elements: Elements { decoder: self, left: len }, last: None })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_tuple(fields.len(), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.nested(|decoder| visitor.visit_enum(Variant { decoder }))
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, _: V) -> Result<V::Value> {
        Err(DecodeError::WrongType)
    }
}

/// The rest of a list, map, tuple or structure.
struct Elements<'a, 'de> {
    decoder: &'a mut Decoder<'de>,
    left: usize,
}

impl Elements<'_, '_> {
    /// The number of elements that can really follow: each takes at least one byte, but for those
    /// of zero size, which the caller's `Vec` holds for free.
    fn hint(&self) -> usize {
        self.left.min(self.decoder.rest.len())
    }
}

impl<'de> de::SeqAccess<'de> for Elements<'_, 'de> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(&mut *self.decoder).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.hint())
    }
}

/// The rest of a map, whose keys stand in order, each once.
struct Entries<'a, 'de> {
    elements: Elements<'a, 'de>,
    /// The bytes of the key before.
    last: Option<&'de [u8]>,
}

impl<'de> de::MapAccess<'de> for Entries<'_, 'de> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let before = self.elements.decoder.rest;
        let Some(key) = de::SeqAccess::next_element_seed(&mut self.elements, seed)? else {
            return Ok(None);
        };
        // Keys are texts: what follows their length.
        let text = Decoder::new(before, Bounds::DEFAULT).text()?.as_bytes();
        if self.last.is_some_and(|last| last >= text) {
            return Err(DecodeError::BadOrder);
        }
        self.last = Some(text);
        Ok(Some(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        seed.deserialize(&mut *self.elements.decoder)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.elements.hint())
    }
}

struct Variant<'a, 'de> {
    decoder: &'a mut Decoder<'de>,
}

impl<'a, 'de> de::EnumAccess<'de> for Variant<'a, 'de> {
    type Error = DecodeError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self)> {
        let index: u32 = self.decoder.unsigned(32)?;
        let variant = seed.deserialize(index.into_deserializer())?;
        Ok((variant, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_, 'de> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<()> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        seed.deserialize(&mut *self.decoder)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value> {
        de::Deserializer::deserialize_tuple(self.decoder, len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        de::Deserializer::deserialize_tuple(self.decoder, fields.len(), visitor)
    }
}
