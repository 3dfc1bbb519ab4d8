//! Members that a plugin wrote and the record it wrote does not have.
//!
//! They are found by walking through the decoded record beside the JSON: what a structure neither writes nor
//! [skips](Members::skip) is none of its members. `serde`'s own ways do not see through the
//! parts of a message, which are decoded in two steps.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde::ser::{Error as _, Serialize};
use serde_json::{Error, Value};

use crate::text::suggest::did_you_mean;
use crate::view::{Members, Walk};

/// Says which member of `given` the record made of it does not have, if there is one.
pub(super) fn unknown_member<T: Serialize + ?Sized>(given: &Value, record: &T) -> Option<String> {
    Beside { given, at: JsonPath::Top }.walk(record).err().map(|problem| problem.to_string())
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

/// A walk that compares the members of a record with those of the JSON it was made of.
#[derive(Clone, Copy)]
struct Beside<'a> {
    given: &'a Value,
    at: JsonPath<'a>,
}

/// The members of one structure, map or list.
struct Inside<'a> {
    outer: Beside<'a>,
    /// True if other members than these are unknown.
    is_structure: bool,
    /// The members that a structure has.
    known: Vec<&'static str>,
    /// The position of the next element of a list.
    position: usize,
    /// The JSON of the map's entry whose key came last.
    member: Option<(&'a str, &'a Value)>,
}

impl<'a> Walk for Beside<'a> {
    type Found = ();
    type Members = Inside<'a>;

    fn leaf(self, _: usize) -> Result<(), Error> {
        Ok(())
    }

    fn enter(self) -> Result<Inside<'a>, Error> {
        Ok(Inside {
            outer: self,
            is_structure: false,
            known: Vec::new(),
            position: 0,
            member: None,
        })
    }

    fn enter_structure(self) -> Result<Inside<'a>, Error> {
        // `serde` takes a list for the members in their order, and an empty one for a structure without any.
        if self.given.is_array() {
            let path = self.at.path();
            let place = if path.is_empty() { "it".into() } else { format!("`{path}`") };
            let problem = format!("{place} is a list, and the record there has members by name");
            return Err(Error::custom(problem));
        }
        Ok(Inside { is_structure: true, ..self.enter()? })
    }
}

/// The name that `caller_workload` had of old, which is read too.
const OLD_ROLE: (&str, &str) = ("caller_workload", "workload");

impl Members for Inside<'_> {
    type Found = ();

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let Beside { given, at } = self.outer;
        let position = self.position;
        self.position = position.saturating_add(1);
        match given.get(position) {
            Some(given) => Beside { given, at: JsonPath::Element(&at, position) }.walk(value),
            None => Ok(()),
        }
    }

    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
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

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        match self.member.take() {
            Some((name, given)) => {
                Beside { given, at: JsonPath::Member(&self.outer.at, name) }.walk(value)
            }
            None => Ok(()),
        }
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        self.known.push(name);
        match self.outer.given.get(name) {
            Some(given) => Beside { given, at: JsonPath::Member(&self.outer.at, name) }.walk(value),
            None => Ok(()),
        }
    }

    fn skip(&mut self, name: &'static str) {
        self.known.push(name);
    }

    fn leave(self) -> Result<(), Error> {
        let Self { outer: Beside { given, at }, is_structure, known, .. } = self;
        if !is_structure {
            return Ok(());
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use cpex_wasmi_abi::model::ToolCall;
    use serde_json::json;

    fn unknown(given: &Value) -> Option<String> {
        let call: ToolCall = serde_json::from_value(given.clone()).unwrap_or_default();
        unknown_member(given, &call)
    }

    #[test]
    fn a_map_has_any_names_and_a_structure_its_own() {
        let given = json!({"tool_call_id": "1", "name": "a", "arguments": {"b": [{"c": 1}]}});
        assert_eq!(unknown(&given), None);
        let given = json!({"tool_call_id": "1", "name": "a", "argument": {}});
        assert!(unknown(&given).is_some_and(|told| told.contains("`argument` is not known")));
    }

    #[test]
    fn a_list_is_no_structure() {
        let given = json!(["1", "a", {"b": 1}]);
        assert!(serde_json::from_value::<ToolCall>(given.clone()).is_ok());
        assert!(unknown(&given).is_some_and(|told| told.contains("it is a list")));
    }
}
