//! Lists and objects that are made one element at a time.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde::ser::{
    Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::ser::ToValue;
use super::{Ser, Unfit};
use crate::Value;
use crate::cpex::wire::sort;

/// The value under the name of the variant it belongs to.
pub(super) fn under(variant: Option<&'static str>, value: Value) -> Value {
    match variant {
        Some(variant) => Value::Object(vec![(variant.into(), value)]),
        None => value,
    }
}

/// A list so far.
pub(super) struct Array {
    variant: Option<&'static str>,
    values: Vec<Value>,
}

impl Array {
    pub(super) const fn of(variant: Option<&'static str>) -> Self {
        Self { variant, values: Vec::new() }
    }

    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Ser<()> {
        self.values.push(value.serialize(ToValue)?);
        Ok(())
    }

    #[allow(clippy::unnecessary_wraps, reason = "what serde asks for")]
    fn done(self) -> Ser<Value> {
        Ok(under(self.variant, Value::Array(self.values)))
    }
}

/// An object so far.
pub(super) struct Object {
    variant: Option<&'static str>,
    key: Option<String>,
    entries: Vec<(String, Value)>,
}

impl Object {
    pub(super) const fn of(variant: Option<&'static str>) -> Self {
        Self { variant, key: None, entries: Vec::new() }
    }

    fn push<T: Serialize + ?Sized>(&mut self, key: String, value: &T) -> Ser<()> {
        self.entries.push((key, value.serialize(ToValue)?));
        Ok(())
    }

    #[allow(clippy::unnecessary_wraps, reason = "what serde asks for")]
    fn done(mut self) -> Ser<Value> {
        sort(&mut self.entries, |a, b| a.0 < b.0);
        Ok(under(self.variant, Value::Object(self.entries)))
    }
}

macro_rules! array {
    ($($as:ident $method:ident;)*) => {
        $(impl $as for Array {
            type Ok = Value;
            type Error = Unfit;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Ser<()> {
                self.push(value)
            }

            fn end(self) -> Ser<Value> {
                self.done()
            }
        })*
    };
}
array! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

macro_rules! structure {
    ($($as:ident)*) => {
        $(impl $as for Object {
            type Ok = Value;
            type Error = Unfit;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Ser<()> {
                self.push(key.into(), value)
            }

            fn end(self) -> Ser<Value> {
                self.done()
            }
        })*
    };
}
structure! { SerializeStruct SerializeStructVariant }

impl SerializeMap for Object {
    type Ok = Value;
    type Error = Unfit;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Ser<()> {
        self.key = Some(key.serialize(ToKey)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Ser<()> {
        let key = self.key.take().ok_or(Unfit)?;
        self.push(key, value)
    }

    fn end(self) -> Ser<Value> {
        self.done()
    }
}

/// Makes the key of an object: of texts, and of variants without fields.
struct ToKey;

macro_rules! no_keys {
    ($($method:ident($($arg:ty),*);)*) => {
        $(fn $method(self $(, _: $arg)*) -> Ser<String> {
            Err(Unfit)
        })*
    };
}

macro_rules! no_compound_keys {
    ($($method:ident($($arg:ty),*) -> $compound:ident;)*) => {
        $(fn $method(self $(, _: $arg)*) -> Ser<Self::$compound> {
            Err(Unfit)
        })*
    };
}

impl Serializer for ToKey {
    type Ok = String;
    type Error = Unfit;
    type SerializeSeq = Impossible<String, Unfit>;
    type SerializeTuple = Impossible<String, Unfit>;
    type SerializeTupleStruct = Impossible<String, Unfit>;
    type SerializeTupleVariant = Impossible<String, Unfit>;
    type SerializeMap = Impossible<String, Unfit>;
    type SerializeStruct = Impossible<String, Unfit>;
    type SerializeStructVariant = Impossible<String, Unfit>;

    fn serialize_str(self, key: &str) -> Ser<String> {
        Ok(key.into())
    }

    fn serialize_char(self, key: char) -> Ser<String> {
        Ok(key.into())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Ser<String> {
        Ok(variant.into())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        key: &T,
    ) -> Ser<String> {
        key.serialize(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Ser<String> {
        Err(Unfit)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Ser<String> {
        Err(Unfit)
    }

    no_keys! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_bytes(&[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(&'static str);
    }

    no_compound_keys! {
        serialize_seq(Option<usize>) -> SerializeSeq;
        serialize_tuple(usize) -> SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> SerializeTupleVariant;
        serialize_map(Option<usize>) -> SerializeMap;
        serialize_struct(&'static str, usize) -> SerializeStruct;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> SerializeStructVariant;
    }
}
