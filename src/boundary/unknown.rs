//! Members that a plugin wrote and the record it wrote does not have.
//!
//! They are found by serialising the decoded record beside the JSON: what a structure neither writes nor
//! [skips](SerializeStruct::skip_field) is none of its members. `serde`'s own ways do not see through the
//! parts of a message, which are decoded in two steps.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde::ser::{
    Error as _, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple,
    Serializer,
};
use serde_json::{Error, Value};

use crate::text::suggest::did_you_mean;
use crate::view::plain_values;

/// Says which member of `given` the record made of it does not have, if there is one.
pub(super) fn unknown_member<T: Serialize + ?Sized>(given: &Value, record: &T) -> Option<String> {
    record.serialize(Beside { given, at: JsonPath::Top }).err().map(|problem| problem.to_string())
}

/// The message about an unknown member.
pub(super) fn not_known(path: &str, hint: &str) -> String {
    format!("`{path}` is not known{hint}")
}

/// A place in the JSON.
#[derive(Clone, Copy)]
enum JsonPath<'a> {
    Top,
    Member(&'a JsonPath<'a>, &'a str),
    Element(&'a JsonPath<'a>, usize),
}

impl JsonPath<'_> {
    /// The place as people write it: `content[1].arguments`.
    fn path(self) -> String {
        match self {
            JsonPath::Top => String::new(),
            JsonPath::Member(JsonPath::Top, name) => name.into(),
            JsonPath::Member(parent, name) => format!("{}.{name}", parent.path()),
            JsonPath::Element(parent, at) => format!("{}[{at}]", parent.path()),
        }
    }
}

/// A serializer that compares the members of a record with those of the JSON it was made of.
#[derive(Clone, Copy)]
struct Beside<'a> {
    given: &'a Value,
    at: JsonPath<'a>,
}

impl<'a> Beside<'a> {
    fn inside(self) -> Inside<'a> {
        Inside { outer: self, known: Vec::new(), position: 0, member: None }
    }
}

/// The members of one structure, map or list.
struct Inside<'a> {
    outer: Beside<'a>,
    /// The members that a structure has.
    known: Vec<&'static str>,
    /// The position of the next element of a list.
    position: usize,
    /// The JSON of the map's entry whose key came last.
    member: Option<(&'a str, &'a Value)>,
}

impl Inside<'_> {
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let Beside { given, at } = self.outer;
        let position = self.position;
        self.position = position.saturating_add(1);
        match given.get(position) {
            Some(given) => value.serialize(Beside { given, at: JsonPath::Element(&at, position) }),
            None => Ok(()),
        }
    }
}

/// A value without members.
macro_rules! leaves {
    ($($method:ident($($ty:ty),*);)*) => {
        $(fn $method(self, $(_: $ty),*) -> Result<(), Error> { Ok(()) })*
    };
}

fn no_such() -> Error {
    Error::custom("no such structure in the model")
}

impl<'a> Serializer for Beside<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Inside<'a>;
    type SerializeTuple = Inside<'a>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Inside<'a>;
    type SerializeStruct = Inside<'a>;
    type SerializeStructVariant = Impossible<(), Error>;

    plain_values!(leaves);
    leaves! {
        serialize_str(&str);
        serialize_bytes(&[u8]);
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Error> {
        Err(no_such())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Inside<'a>, Error> {
        Ok(self.inside())
    }

    fn serialize_tuple(self, _: usize) -> Result<Inside<'a>, Error> {
        Ok(self.inside())
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        Err(no_such())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Err(no_such())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Inside<'a>, Error> {
        Ok(self.inside())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Inside<'a>, Error> {
        Ok(self.inside())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        Err(no_such())
    }
}

impl SerializeSeq for Inside<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.element(value)
    }

    fn end(self) -> Result<(), Error> {
        Ok(())
    }
}

impl SerializeTuple for Inside<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.element(value)
    }

    fn end(self) -> Result<(), Error> {
        Ok(())
    }
}

/// The name that `caller_workload` had of old, which is read too.
const OLD_ROLE: (&str, &str) = ("caller_workload", "workload");

impl SerializeMap for Inside<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        let (Value::String(key), Value::Object(given)) =
            (serde_json::to_value(key)?, self.outer.given)
        else {
            return Ok(());
        };
        let entry = |name: &str| given.get_key_value(name);
        let (now, of_old) = OLD_ROLE;
        let old = || if key == now { entry(of_old) } else { None };
        self.member = entry(&key).or_else(old).map(|(name, value)| (&**name, value));
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        match self.member.take() {
            Some((name, given)) => {
                value.serialize(Beside { given, at: JsonPath::Member(&self.outer.at, name) })
            }
            None => Ok(()),
        }
    }

    fn end(self) -> Result<(), Error> {
        Ok(())
    }
}

impl SerializeStruct for Inside<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.known.push(name);
        match self.outer.given.get(name) {
            Some(given) => {
                value.serialize(Beside { given, at: JsonPath::Member(&self.outer.at, name) })
            }
            None => Ok(()),
        }
    }

    fn skip_field(&mut self, name: &'static str) -> Result<(), Error> {
        self.known.push(name);
        Ok(())
    }

    fn end(self) -> Result<(), Error> {
        let Self { outer: Beside { given, at }, known, .. } = self;
        let mut names = given.as_object().into_iter().flat_map(serde_json::Map::keys);
        match names.find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => {
                let hint = did_you_mean(name, known.into_iter());
                Err(Error::custom(not_known(&JsonPath::Member(&at, name).path(), &hint)))
            }
        }
    }
}
