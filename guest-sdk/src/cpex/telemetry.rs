//! Metrics and metadata, told to the host. As they decide nothing, they fail nothing either.

use serde_json::Value;

use super::wire::to_bytes;
use crate::result::check;
use crate::{Result, sys};

/// The key of metadata that is no object.
const VALUE: &str = "value";

/// Adds to a counter, such as `secrets.masked`, for the operator.
///
/// It is told with the outcome of the call, also of a denial; a call that fails tells of none. The name has 1 to 128
/// letters, digits, `-`, `_` and `.`. A count that the host refuses is left out, with a line in the log.
pub fn count(name: &str, added: u32) {
    note("metric", name, check(sys::metric(name.as_bytes(), added)));
}

/// Reports the metadata of a result.
#[inline(never)]
pub(super) fn report(metadata: &Value) {
    match metadata {
        Value::Null => {}
        Value::Object(members) => members.iter().for_each(|(key, value)| attach(key, value)),
        value => attach(VALUE, value),
    }
}

fn attach(key: &str, value: &Value) {
    note("metadata", key, check(sys::metadata(key.as_bytes(), &to_bytes(value))));
}

fn note(what: &str, name: &str, answer: Result<usize>) {
    if let Err(error) = answer {
        crate::warn!("the {what} `{name}` was refused: {}", error.status().name());
    }
}
