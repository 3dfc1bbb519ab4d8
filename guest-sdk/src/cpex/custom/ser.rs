//! A serializer to values of JSON.

use serde::ser::{Serialize, Serializer};

use super::compound::{Array, Object, under};
use super::{Ser, Unfit};
use crate::Value;

/// Makes the JSON value that `serde_json` makes.
pub(super) struct ToValue;

macro_rules! numbers {
    ($($method:ident: $ty:ident as $wide:ident;)*) => {
        $(fn $method(self, value: $ty) -> Ser<Value> {
            Ok($wide::from(value).into())
        })*
    };
}

impl Serializer for ToValue {
    type Ok = Value;
    type Error = Unfit;
    type SerializeSeq = Array;
    type SerializeTuple = Array;
    type SerializeTupleStruct = Array;
    type SerializeTupleVariant = Array;
    type SerializeMap = Object;
    type SerializeStruct = Object;
    type SerializeStructVariant = Object;

    numbers! {
        serialize_i8: i8 as i64;
        serialize_i16: i16 as i64;
        serialize_i32: i32 as i64;
        serialize_i64: i64 as i64;
        serialize_u8: u8 as u64;
        serialize_u16: u16 as u64;
        serialize_u32: u32 as u64;
        serialize_u64: u64 as u64;
    }

    fn serialize_bool(self, value: bool) -> Ser<Value> {
        Ok(Value::Bool(value))
    }

    fn serialize_f32(self, value: f32) -> Ser<Value> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Ser<Value> {
        Ok(if value.is_finite() { Value::Float(value) } else { Value::Null })
    }

    fn serialize_char(self, value: char) -> Ser<Value> {
        Ok(Value::String(value.into()))
    }

    fn serialize_str(self, value: &str) -> Ser<Value> {
        Ok(value.into())
    }

    fn serialize_bytes(self, value: &[u8]) -> Ser<Value> {
        Ok(Value::Array(value.iter().map(|byte| Value::Unsigned((*byte).into())).collect()))
    }

    fn serialize_none(self) -> Ser<Value> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Ser<Value> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Ser<Value> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Ser<Value> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Ser<Value> {
        Ok(variant.into())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Ser<Value> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Ser<Value> {
        value.serialize(Self).map(|value| under(Some(variant), value))
    }

    fn serialize_seq(self, _: Option<usize>) -> Ser<Array> {
        Ok(Array::of(None))
    }

    fn serialize_tuple(self, _: usize) -> Ser<Array> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Ser<Array> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Ser<Array> {
        Ok(Array::of(Some(variant)))
    }

    fn serialize_map(self, _: Option<usize>) -> Ser<Object> {
        Ok(Object::of(None))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Ser<Object> {
        self.serialize_map(None)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Ser<Object> {
        Ok(Object::of(Some(variant)))
    }
}
