//! The work of making a structure, counted by a serializer that makes nothing.

use core::cell::Cell;

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::Error;

use super::select::{EACH, plain_values};

type Counted = Result<(), Error>;

/// About how much work it is to make `value`, as [`size`](super::size) has it for JSON.
pub(crate) fn weight<T: Serialize + ?Sized>(value: &T) -> usize {
    let bytes = Cell::new(0_usize);
    // As far as it can be serialized, it was made.
    let _ = value.serialize(Weigh(&bytes));
    bytes.get()
}

#[derive(Clone, Copy)]
struct Weigh<'c>(&'c Cell<usize>);

impl Weigh<'_> {
    fn add(self, len: usize) -> Counted {
        self.0.set(self.0.get().saturating_add(EACH).saturating_add(len));
        Ok(())
    }
}

/// A value without members.
macro_rules! leaves {
    ($($method:ident($($ty:ty),*);)*) => {
        $(fn $method(self, $(_: $ty),*) -> Counted { self.add(0) })*
    };
}

/// A value with members.
macro_rules! structures {
    ($($method:ident($($ty:ty),*);)*) => {
        $(fn $method(self, $(_: $ty),*) -> Result<Self, Error> { self.add(0).map(|()| self) })*
    };
}

impl Serializer for Weigh<'_> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    plain_values!(leaves);

    structures! {
        serialize_seq(Option<usize>);
        serialize_tuple(usize);
        serialize_tuple_struct(&'static str, usize);
        serialize_tuple_variant(&'static str, u32, &'static str, usize);
        serialize_map(Option<usize>);
        serialize_struct(&'static str, usize);
        serialize_struct_variant(&'static str, u32, &'static str, usize);
    }

    fn serialize_str(self, text: &str) -> Counted {
        self.add(text.len())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Counted {
        self.add(bytes.len())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Counted {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Counted {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Counted {
        value.serialize(self)
    }
}

/// The count of the members of a structure: all of them.
macro_rules! members {
    ($($of:ident: $($method:ident($($name:ty)?),)*;)*) => {$(
        impl $of for Weigh<'_> {
            type Ok = ();
            type Error = Error;

            $(fn $method<T: Serialize + ?Sized>(
                &mut self,
                $(_: $name,)?
                value: &T,
            ) -> Counted {
                value.serialize(*self)
            })*

            fn end(self) -> Counted {
                Ok(())
            }
        }
    )*};
}

members! {
    SerializeSeq: serialize_element(),;
    SerializeTuple: serialize_element(),;
    SerializeTupleStruct: serialize_field(),;
    SerializeTupleVariant: serialize_field(),;
    SerializeMap: serialize_key(), serialize_value(),;
    SerializeStruct: serialize_field(&'static str),;
    SerializeStructVariant: serialize_field(&'static str),;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::size;
    use serde_json::json;

    #[test]
    fn each_value_counts_and_each_byte_of_text() {
        let value = json!({"a": ["text", 1, null], "b": {"c": true}});
        let keys = 3 * EACH;
        assert_eq!(weight(&value), size(&value) + keys);
        assert_eq!(weight(&Some("text")), EACH + 4);
        assert_eq!(weight(&None::<u8>), EACH);
    }
}
