//! Structures with one value in them changed by JSON Pointer (RFC 6901).

use cpex_wasmi_abi::Status;
use cpex_wasmi_abi::codec::Bounds;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Input;
use crate::view::{Record, Want, list_position, size, step};

/// The structure with another value where `pointer` leads: a member of an object, there or new, or
/// an element of an array.
///
/// A value that is no longer a structure of its type, has a member that this does not have, or would be nested too
/// deeply, is refused. `worked` grows by what had to be gone through, in bytes.
pub(super) fn replaced<T: Serialize + DeserializeOwned>(
    current: &dyn Fn() -> Result<Value, Status>,
    pointer: &str,
    input: Input<'_>,
    worked: &mut usize,
) -> Result<T, Status> {
    let changed: T = input.model(&replaced_json(current, pointer, input, worked)?)?;
    let (there, cost) = (&changed as &dyn Record).select(pointer, Want::Place);
    *worked = worked.saturating_add(cost);
    if matches!(there, Ok(Some(_))) { Ok(changed) } else { Err(Status::Malformed) }
}

/// As [`replaced`], but left as JSON. What is given is decoded before anything is made of the
/// structure.
pub(super) fn replaced_json(
    current: &dyn Fn() -> Result<Value, Status>,
    pointer: &str,
    input: Input<'_>,
    worked: &mut usize,
) -> Result<Value, Status> {
    let value = input.json()?;
    if pointer.matches('/').count().saturating_add(depth(&value)) > Bounds::DEFAULT.depth {
        return Err(Status::TooLarge);
    }
    let mut whole = current()?;
    // It is decoded again, too, and gone through for members that are not known.
    *worked = worked.saturating_add(size(&whole).saturating_mul(3));
    *place(&mut whole, pointer)? = value;
    Ok(whole)
}

/// A structure as JSON.
pub(super) fn to_json(value: &dyn Record) -> Result<Value, Status> {
    value.select("", Want::Value).0?.ok_or(Status::Failed)
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

/// The depth of a value. What a plugin gives is not deeper than the codec allows.
fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::Array(values) => values.iter().map(depth).max(),
        Value::Object(map) => map.values().map(depth).max(),
        _ => return 0,
    };
    inner.unwrap_or(0).saturating_add(1)
}
