//! Values of any type that serde can deserialise, made of bytes: each byte decides something, so that
//! who varies the bytes, as proptest and fuzzers do, varies the value. And JSON to compare values by.
#![forbid(unsafe_code)]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "for tests"
)]

mod json;
#[cfg(feature = "proptest")]
mod patterns;
mod praxis;

use chrono::{DateTime, SecondsFormat};
use serde::de::value::Error;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};

pub use json::{plain, sorted, to_json};
#[cfg(feature = "proptest")]
pub use patterns::patterns;
pub use praxis::{seen, unseen};

/// The types of values.
pub struct Source<'b> {
    bytes: &'b [u8],
    depth: u32,
    /// The name of the field that is made.
    field: &'static str,
    /// The number of keys.
    keys: u32,
    /// True if a pair begins, of which the first is a key.
    pair: bool,
}

impl<'b> Source<'b> {
    /// Makes values of these bytes, and small ones when there are none left.
    pub const fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, depth: 0, field: "", keys: 0, pair: false }
    }

    /// The next value.
    ///
    /// # Panics
    ///
    /// If the type does not say what it is made of, as postcard needs it, or refuses a value.
    pub fn value<T: DeserializeOwned>(&mut self) -> T {
        T::deserialize(self).unwrap()
    }

    /// The next byte.
    pub const fn byte(&mut self) -> u8 {
        let Some((byte, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        *byte
    }

    /// As many of the next bytes as there are, at most.
    pub fn bytes(&mut self, len: usize) -> &'b [u8] {
        let (taken, rest) = self.bytes.split_at_checked(len).unwrap_or((self.bytes, &[]));
        self.bytes = rest;
        taken
    }

    /// True if nothing is left.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// A number below a limit of at most 256.
    pub fn below(&mut self, limit: u64) -> u64 {
        u64::from(self.byte()) % limit
    }

    fn number(&mut self) -> u64 {
        // Small ones and the ends of the ranges come more often than others.
        match self.byte() {
            0..=127 => u64::from(self.byte()),
            byte @ 128..=191 => u64::MAX >> (byte & 63),
            _ => {
                let mut number = [0; 8];
                for (to, from) in number.iter_mut().zip(self.bytes(8)) {
                    *to = *from;
                }
                u64::from_le_bytes(number)
            }
        }
    }

    fn len(&mut self) -> usize {
        if self.depth > 8 { 0 } else { self.below(4) as usize }
    }

    /// A key that was not made before.
    fn key(&mut self) -> String {
        self.keys += 1;
        match self.below(4) {
            0 => format!("{}", self.keys),
            1 => format!("{}é", self.keys),
            2 => format!("~1/{}", self.keys),
            _ => format!("k{}", self.keys),
        }
    }

    fn text(&mut self) -> String {
        if core::mem::take(&mut self.pair) {
            return self.key();
        }
        if ["timestamp", "attested_at", "expires_at", "resolved_at", "minted_at"]
            .contains(&self.field)
        {
            let seconds = (self.number() % 315_569_520_000) as i64 - 62_167_219_200;
            let nanos = [0, 5_000_000, 6_000, 7][self.below(4) as usize];
            let time = DateTime::from_timestamp(seconds, nanos).unwrap();
            return time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        }
        match self.byte() {
            0..=31 => String::new(),
            32..=47 => "ключ-键".into(),
            48..=63 => "third_party".into(),
            64..=79 => "caller_workload".into(),
            80..=95 => "x".repeat(200),
            96..=159 => format!("{:x}", self.byte()),
            len => String::from_utf8_lossy(self.bytes(usize::from(len & 15))).into_owned(),
        }
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $ty:ident;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit(self.number() as $ty)
        })*
    };
}

impl<'de> Deserializer<'de> for &mut Source<'_> {
    type Error = Error;

    fn is_human_readable(&self) -> bool {
        false
    }

    numbers! {
        deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
        deserialize_u64 visit_u64 u64;
        deserialize_i64 visit_i64 i64;
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(self.below(2) == 1)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let number = f64::from_bits(self.number());
        visitor.visit_f64(if number.is_finite() { number } else { 0.5 })
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.text())
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.text())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.below(3) == 0 { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let left = self.len();
        visitor.visit_seq(Elements { source: self, left, fields: &[] })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        self.pair = true;
        visitor.visit_seq(Elements { source: self, left: len, fields: &[] })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let left = self.len();
        visitor.visit_map(Elements { source: self, left, fields: &[] })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let outer = self.field;
        let left = fields.len();
        let value = visitor.visit_seq(Elements { source: self, left, fields });
        self.field = outer;
        value
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        // The list has other names of variants too, and the first is a plain one.
        let count = variants.iter().filter(|name| **name != "as_gateway").count();
        let limit = if self.depth > 6 { 1 } else { count as u64 };
        let variant = self.below(limit) as u32;
        visitor.visit_enum(Variant { source: self, variant })
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        unimplemented!("the records say what they are made of")
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i128 u128 f32 char bytes byte_buf unit unit_struct tuple_struct identifier
        ignored_any
    }
}

/// The elements of a list, the entries of a map, or the fields of a structure.
struct Elements<'a, 'b> {
    source: &'a mut Source<'b>,
    left: usize,
    fields: &'static [&'static str],
}

impl<'de> SeqAccess<'de> for Elements<'_, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        if let [field, rest @ ..] = self.fields {
            self.source.field = field;
            self.fields = rest;
        }
        self.source.depth += 1;
        let value = seed.deserialize(&mut *self.source);
        self.source.depth -= 1;
        value.map(Some)
    }
}

impl<'de> MapAccess<'de> for Elements<'_, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let key = self.source.key();
        let key: serde::de::value::StringDeserializer<Error> = key.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        self.source.depth += 1;
        let value = seed.deserialize(&mut *self.source);
        self.source.depth -= 1;
        value
    }
}

struct Variant<'a, 'b> {
    source: &'a mut Source<'b>,
    variant: u32,
}

impl<'de> EnumAccess<'de> for Variant<'_, '_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let variant: serde::de::value::U32Deserializer<Error> = self.variant.into_deserializer();
        Ok((seed.deserialize(variant)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, '_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        self.source.depth += 1;
        let value = seed.deserialize(&mut *self.source);
        self.source.depth -= 1;
        value
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        self.source.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.source.deserialize_struct("", fields, visitor)
    }
}
