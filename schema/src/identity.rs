//! The identity of a JSON value: equal for values that are equal by JSON Schema.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

use serde_json::Value;

use super::meter::{Halt, Meter};
use super::number::Exact;

/// A text that two values share if, and only if, they are equal by the standard: numbers by what
/// they are worth, objects whatever the order of their keys.
pub(super) fn of(value: &Value, meter: &mut Meter) -> Result<String, Halt> {
    let mut out = String::new();
    write(value, &mut out, meter)?;
    Ok(out)
}

fn write(value: &Value, out: &mut String, meter: &mut Meter) -> Result<(), Halt> {
    meter.enter()?;
    match value {
        Value::Null => out.push('n'),
        Value::Bool(value) => out.push(if *value { 't' } else { 'f' }),
        // Writing to a `String` cannot fail.
        Value::Number(number) => match Exact::of(number).ok_or(Halt::Number)? {
            Exact::Whole(whole) => {
                let _ = write!(out, "{whole};");
            }
            Exact::Float(float) => {
                let _ = write!(out, "x{:x};", float.to_bits());
            }
        },
        Value::String(text) => write_text(text, out, meter)?,
        Value::Array(values) => {
            out.push('[');
            for value in values {
                write(value, out, meter)?;
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            // In the order of the keys, whatever order `serde_json` was built to keep.
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            for (key, value) in entries {
                write_text(key, out, meter)?;
                write(value, out, meter)?;
            }
            out.push('}');
        }
    }
    meter.leave();
    Ok(())
}

/// The length comes first, so that no text reads as the end of one and the start of another.
fn write_text(text: &str, out: &mut String, meter: &mut Meter) -> Result<(), Halt> {
    meter.bytes(text.len())?;
    // Writing to a `String` cannot fail.
    let _ = write!(out, "\"{}:{text}", text.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_share_an_identity_only_if_they_are_equal() {
        let of = |value: Value| of(&value, &mut Meter::new()).unwrap();
        assert_eq!(of(json!({"a": [1, 2.0], "b": 0})), of(json!({"b": -0.0, "a": [1.0, 2]})));
        let different = [
            json!(null),
            json!(false),
            json!(true),
            json!(0),
            json!(""),
            json!("0"),
            json!(1),
            json!(1.5),
            json!([]),
            json!({}),
            json!([[]]),
            json!([1]),
            json!([1, 1]),
            json!([11]),
            json!(["a", "b"]),
            json!(["a\"1:b"]),
            json!({"a": 1}),
            json!({"a": 1, "b": 1}),
            json!({"a1": 1}),
            json!(u64::MAX),
            json!(u64::MAX - 1),
            json!(i64::MIN),
            json!(1e300),
        ];
        for (i, left) in different.iter().enumerate() {
            for (j, right) in different.iter().enumerate() {
                assert_eq!(of(left.clone()) == of(right.clone()), i == j, "{left} {right}");
            }
        }
    }
}
