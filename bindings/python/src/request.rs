//! Requests from dicts in CPEX's JSON.

use cpex_wasmi::Request;
use pyo3::prelude::*;
use serde_json::{Map, Value};

use crate::{errors, json};

/// The arguments of a call that make a request.
pub(crate) struct Arguments<'a, 'py> {
    pub(crate) payload: &'a Bound<'py, PyAny>,
    pub(crate) extensions: Option<&'a Bound<'py, PyAny>>,
    pub(crate) context: Option<&'a Bound<'py, PyAny>>,
    pub(crate) payload_type: Option<&'a str>,
}

impl Arguments<'_, '_> {
    /// Reads a request for a hook. The kind of the payload follows from the hook, unless it is named.
    pub(crate) fn read(self, hook: &str) -> PyResult<Request> {
        let usual = match hook {
            "identity.resolve" => "identity",
            "token.delegate" => "delegation",
            "elicit" => "elicitation",
            _ => "message",
        };
        let mut members = Map::new();
        let kind = self.payload_type.unwrap_or(usual);
        members.insert(String::from("payload_type"), Value::from(kind));
        let values = [
            ("payload", Some(self.payload)),
            ("extensions", self.extensions),
            ("context", self.context),
        ];
        for (name, value) in values {
            if let Some(value) = value {
                members.insert(String::from(name), json::read(value, name)?);
            }
        }
        let request = Request::from_value(Value::Object(members));
        request.map_err(|error| errors::request(self.payload.py(), &error))
    }
}
