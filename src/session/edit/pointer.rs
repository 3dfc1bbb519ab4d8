//! One value in a structure, changed by JSON Pointer (RFC 6901).

use cpex_wasmi_abi::Status;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Input;
use crate::view::{list_position, step};

/// The structure with another value where `pointer` leads: a member of an object, there or new, or
/// an element of an array.
///
/// What is no longer a structure of its type, or has no such place, is refused. `worked` grows by
/// what had to be gone through, in bytes.
pub(super) fn replaced<T: Serialize + DeserializeOwned>(
    current: &T,
    pointer: &str,
    input: Input<'_>,
    worked: &mut usize,
) -> Result<T, Status> {
    let changed = replaced_json(current, pointer, input, worked)?;
    T::deserialize(changed).map_err(|_| Status::Malformed)
}

/// As [`replaced`], but left as JSON.
pub(super) fn replaced_json<T: Serialize>(
    current: &T,
    pointer: &str,
    input: Input<'_>,
    worked: &mut usize,
) -> Result<Value, Status> {
    let value = input.json()?;
    let mut whole = serde_json::to_value(current).map_err(|_| Status::Failed)?;
    *worked = worked.saturating_add(size(&whole));
    *place(&mut whole, pointer)? = value;
    Ok(whole)
}

fn place<'v>(whole: &'v mut Value, pointer: &str) -> Result<&'v mut Value, Status> {
    let mut value = whole;
    let mut pointer = pointer;
    while !pointer.is_empty() {
        let (name, rest) = step(pointer).ok_or(Status::InvalidArgument)?;
        value = match value {
            Value::Object(map) => {
                if rest.is_empty() && !map.contains_key(&*name) {
                    map.insert(name.clone().into_owned(), Value::Null);
                }
                map.get_mut(&*name).ok_or(Status::Absent)?
            }
            Value::Array(values) => list_position(&name)
                .and_then(|position| values.get_mut(position))
                .ok_or(Status::Absent)?,
            _ => return Err(Status::Absent),
        };
        pointer = rest;
    }
    Ok(value)
}

/// About how many bytes a value is in JSON. Not deeper than what it was made of.
fn size(value: &Value) -> usize {
    const EACH: usize = 8;
    let inner = match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(size).fold(0, usize::saturating_add),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| key.len().saturating_add(size(value)))
            .fold(0, usize::saturating_add),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    inner.saturating_add(EACH)
}
