//! Lists and objects that are made one element at a time.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
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
        // Of texts, and of variants without fields.
        let Value::String(key) = key.serialize(ToValue)? else { return Err(Unfit) };
        self.key = Some(key);
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
