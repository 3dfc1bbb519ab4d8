//! A walk through a structure, value by value, as serde shows it.

use serde::ser::{
    Error as _, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::Error;

/// The steps of a walk at one value.
pub(crate) trait Walk: Sized {
    /// The result of the walk.
    type Found;
    /// The members of a value.
    type Members: Members<Found = Self::Found>;

    /// Passes a value without members. A text has a length in bytes.
    fn leaf(self, len: usize) -> Result<Self::Found, Error>;

    /// Enters a map or a list.
    fn enter(self) -> Result<Self::Members, Error>;

    /// Enters a structure.
    fn enter_structure(self) -> Result<Self::Members, Error> {
        self.enter()
    }

    /// Passes the value of a variant.
    fn variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _value: &T,
    ) -> Result<Self::Found, Error> {
        Err(Error::custom(NO_SUCH))
    }

    /// Enters the members of a variant.
    fn enter_variant(self, _name: &'static str) -> Result<Self::Members, Error> {
        Err(Error::custom(NO_SUCH))
    }

    /// Walks on through a value.
    fn walk<T: Serialize + ?Sized>(self, value: &T) -> Result<Self::Found, Error> {
        value.serialize(Step(self))
    }
}

/// The steps of a walk within a structure, a map or a list.
pub(crate) trait Members {
    /// The result of the walk.
    type Found;

    /// Passes the next element of a list.
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error>;

    /// Passes the next key of a map.
    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error>;

    /// Passes the value of the key that came last.
    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error>;

    /// Passes a member of a structure.
    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error>;

    /// Passes a member of a structure that is left out.
    fn skip(&mut self, _name: &'static str) {}

    /// Leaves the structure.
    fn leave(self) -> Result<Self::Found, Error>;
}

const NO_SUCH: &str = "no such structure in the model";

/// A step of a walk, for serde.
struct Step<W>(W);

macro_rules! leaves {
    ($($method:ident($($ty:ty),*);)*) => {
        $(fn $method(self, $(_: $ty),*) -> Result<W::Found, Error> { self.0.leaf(0) })*
    };
}

macro_rules! structures {
    ($($method:ident($($ty:ty),*);)*) => {
        $(fn $method(self, $(_: $ty),*) -> Result<Inside<W::Members>, Error> { self.0.enter().map(Inside) })*
    };
}

impl<W: Walk> Serializer for Step<W> {
    type Ok = W::Found;
    type Error = Error;
    type SerializeSeq = Inside<W::Members>;
    type SerializeTuple = Inside<W::Members>;
    type SerializeTupleStruct = Inside<W::Members>;
    type SerializeTupleVariant = Inside<W::Members>;
    type SerializeMap = Inside<W::Members>;
    type SerializeStruct = Inside<W::Members>;
    type SerializeStructVariant = Inside<W::Members>;

    leaves! {
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
        serialize_char(char);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(&'static str);
        serialize_unit_variant(&'static str, u32, &'static str);
    }
    structures! {
        serialize_seq(Option<usize>);
        serialize_tuple(usize);
        serialize_tuple_struct(&'static str, usize);
        serialize_map(Option<usize>);
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Error> {
        self.0.enter_structure().map(Inside)
    }

    fn serialize_str(self, text: &str) -> Result<W::Found, Error> {
        self.0.leaf(text.len())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<W::Found, Error> {
        self.0.leaf(bytes.len())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<W::Found, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<W::Found, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<W::Found, Error> {
        self.0.variant(variant, value)
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        number: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        self.serialize_struct_variant(name, number, variant, len)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        self.0.enter_variant(variant).map(Inside)
    }
}

/// The members of a value, for serde.
struct Inside<M>(M);

macro_rules! members {
    ($($of:ident $([$skip:ident])?: $($method:ident($($name:ident: $ty:ty)?) $step:ident),*;)*) => {$(
        impl<M: Members> $of for Inside<M> {
            type Ok = M::Found;
            type Error = Error;

            $(fn $method<T: Serialize + ?Sized>(&mut self, $($name: $ty,)? value: &T) -> Result<(), Error> {
                self.0.$step($($name,)? value)
            })*

            $(fn $skip(&mut self, name: &'static str) -> Result<(), Error> {
                self.0.skip(name);
                Ok(())
            })?

            fn end(self) -> Result<M::Found, Error> {
                self.0.leave()
            }
        }
    )*};
}

members! {
    SerializeSeq: serialize_element() element;
    SerializeTuple: serialize_element() element;
    SerializeTupleStruct: serialize_field() element;
    SerializeTupleVariant: serialize_field() element;
    SerializeMap: serialize_key() key, serialize_value() value;
    SerializeStruct [skip_field]: serialize_field(name: &'static str) field;
    SerializeStructVariant [skip_field]: serialize_field(name: &'static str) field;
}
