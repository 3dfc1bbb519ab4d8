//! The texts in a value, in the order in which they are numbered.

use alloc::string::String;
use core::fmt::Write as _;
use core::ops::ControlFlow;

use cpex_wasmi_abi::Status;
use serde_json::Value;

use super::Item;

/// The greatest depth that is gone into: as deep as JSON can be parsed.
const MAX_DEPTH: usize = 128;

/// A visitor of texts: gets the JSON Pointer of each, and the text.
pub(crate) type Visit<'v> = &'v mut dyn FnMut(&str, &str) -> ControlFlow<()>;

impl Item<'_> {
    /// Visits each text in the value. Returns the bytes that were made for that.
    ///
    /// # Errors
    ///
    /// [`Status::TooLarge`] if the value is nested too deeply.
    pub(crate) fn texts(&self, visit: Visit<'_>) -> Result<usize, Status> {
        let mut pointer = String::new();
        let mut made = 0;
        let _ = match self {
            Self::Bool(_) | Self::Unsigned(_) | Self::Float(_) => ControlFlow::Continue(()),
            Self::Text(text) => visit("", text),
            Self::Json(value) => texts_of(value, &mut pointer, MAX_DEPTH, visit)?,
            Self::TextSet(set) => {
                set.sorted().into_iter().enumerate().try_for_each(|(position, text)| {
                    within(&mut pointer, &position, |pointer| visit(pointer, text))
                })
            }
            Self::TextMap(map) => map.sorted().into_iter().try_for_each(|(key, text)| {
                within(&mut pointer, &Escaped(key), |pointer| visit(pointer, text))
            }),
            Self::JsonMap(map) => {
                for (key, value) in map.sorted() {
                    let flow = within(&mut pointer, &Escaped(key), |pointer| {
                        texts_of(value, pointer, MAX_DEPTH, visit)
                    })?;
                    if flow.is_break() {
                        return Ok(made);
                    }
                }
                ControlFlow::Continue(())
            }
            Self::Record(record) => {
                let json = record.json().ok_or(Status::Failed)?;
                made = json.len().saturating_mul(2);
                let value = serde_json::from_slice(&json).map_err(|_| Status::TooLarge)?;
                texts_of(&value, &mut pointer, MAX_DEPTH, visit)?
            }
        };
        Ok(made)
    }
}

fn texts_of(
    value: &Value,
    pointer: &mut String,
    left: usize,
    visit: Visit<'_>,
) -> Result<ControlFlow<()>, Status> {
    let deeper = left.checked_sub(1).ok_or(Status::TooLarge)?;
    match value {
        Value::String(text) => return Ok(visit(pointer, text)),
        Value::Array(list) => {
            for (position, value) in list.iter().enumerate() {
                let inside = |pointer: &mut String| texts_of(value, pointer, deeper, visit);
                if within(pointer, &position, inside)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Value::Object(map) => {
            for (key, value) in map {
                let inside = |pointer: &mut String| texts_of(value, pointer, deeper, visit);
                if within(pointer, &Escaped(key), inside)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(ControlFlow::Continue(()))
}

/// Runs `visit` with a pointer that is longer by one name.
fn within<R>(
    pointer: &mut String,
    name: &dyn core::fmt::Display,
    visit: impl FnOnce(&mut String) -> R,
) -> R {
    let before = pointer.len();
    let _ = write!(pointer, "/{name}");
    let result = visit(pointer);
    pointer.truncate(before);
    result
}

/// A name in a JSON Pointer.
struct Escaped<'n>(&'n str);

impl core::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        for part in self.0.split_inclusive(['~', '/']) {
            match part.strip_suffix('~') {
                Some(part) => write!(f, "{part}~0")?,
                None => match part.strip_suffix('/') {
                    Some(part) => write!(f, "{part}~1")?,
                    None => f.write_str(part)?,
                },
            }
        }
        Ok(())
    }
}

/// Visits each text in a value to change it, in the order of [`Item::texts`].
pub(crate) fn texts_mut(value: &mut Value, visit: &mut dyn FnMut(&mut String)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(list) => list.iter_mut().for_each(|value| texts_mut(value, visit)),
        Value::Object(map) => map.iter_mut().for_each(|(_, value)| texts_mut(value, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
