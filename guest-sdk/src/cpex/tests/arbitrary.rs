//! Values of any type that serde can deserialise, made of a seed.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "test"
)]

use alloc::format;
use alloc::string::String;

use chrono::{DateTime, SecondsFormat};
use serde::de::value::Error;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};

/// The value that this seed makes.
pub(super) fn value<T: DeserializeOwned>(seed: u64) -> T {
    T::deserialize(&mut Source { state: seed | 1, depth: 0, field: "", keys: 0, pair: false })
        .unwrap()
}

struct Source {
    state: u64,
    depth: u32,
    /// The name of the field that is made.
    field: &'static str,
    /// How many keys were made.
    keys: u32,
    /// Whether a pair begins, of which the first is a key.
    pair: bool,
}

impl Source {
    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 32) % limit
    }

    fn len(&mut self) -> usize {
        if self.depth > 8 { 0 } else { usize::try_from(self.below(4)).unwrap() }
    }

    /// A key that was not made before.
    fn key(&mut self) -> String {
        self.keys += 1;
        match self.below(3) {
            0 => format!("{}", self.keys),
            1 => format!("{}é", self.keys),
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
            let seconds = i64::try_from(self.next() % 315_569_520_000).unwrap() - 62_167_219_200;
            let nanos = [0, 5_000_000, 6_000, 7][usize::try_from(self.below(4)).unwrap()];
            let time = DateTime::from_timestamp(seconds, nanos).unwrap();
            return time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        }
        match self.below(8) {
            0 => String::new(),
            1 => "ключ-键".into(),
            2 => "third_party".into(),
            3 => "caller_workload".into(),
            4 => "x".repeat(200),
            _ => format!("{:x}", self.below(1 << 20)),
        }
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $ty:ident;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let shift = self.below(64);
            visitor.$visit((self.next() >> shift) as $ty)
        })*
    };
}

impl<'de> Deserializer<'de> for &mut Source {
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
        let number = f64::from_bits(self.next());
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
        let variant = u32::try_from(self.below(limit)).unwrap();
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
struct Elements<'a> {
    source: &'a mut Source,
    left: usize,
    fields: &'static [&'static str],
}

impl<'de> SeqAccess<'de> for Elements<'_> {
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

impl<'de> MapAccess<'de> for Elements<'_> {
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

struct Variant<'a> {
    source: &'a mut Source,
    variant: u32,
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let variant: serde::de::value::U32Deserializer<Error> = self.variant.into_deserializer();
        Ok((seed.deserialize(variant)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
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
