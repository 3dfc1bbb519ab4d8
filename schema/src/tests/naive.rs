//! A naive checker without bounds or messages, to compare with.

use alloc::format;
use alloc::vec::Vec;

use serde_json::{Value, json};

/// True if a value fits, as the standard words it: no bounds, no messages, numbers as they come.
pub(super) fn naive(schema: &Value, defs: &Value, value: &Value) -> bool {
    let Value::Object(rules) = schema else { return schema == &json!(true) };
    let fits = |schema: &Value, value: &Value| naive(schema, defs, value);
    let len = |limit: &Value| usize::try_from(limit.as_u64().unwrap()).unwrap();
    let each = |rule: &Value| -> Vec<bool> {
        rule.as_array().unwrap().iter().map(|node| fits(node, value)).collect()
    };
    rules.iter().all(|(keyword, rule)| match (keyword.as_str(), value) {
        ("type", _) => rule.as_array().unwrap().iter().any(|name| is(name, value)),
        ("const", _) => same(rule, value),
        ("enum", _) => rule.as_array().unwrap().iter().any(|known| same(known, value)),
        ("minLength", Value::String(text)) => text.chars().count() >= len(rule),
        ("pattern", Value::String(text)) => text.contains(rule.as_str().unwrap()),
        ("maxItems", Value::Array(values)) => values.len() <= len(rule),
        ("minProperties", Value::Object(map)) => map.len() >= len(rule),
        ("multipleOf", Value::Number(number)) => match number.as_i128() {
            Some(whole) => whole.checked_rem(i128::from(rule.as_u64().unwrap())) == Some(0),
            None => number.as_f64().unwrap() % rule.as_f64().unwrap() == 0.0,
        },
        ("minimum", Value::Number(_)) => !less(value, rule),
        ("exclusiveMaximum", Value::Number(_)) => less(value, rule),
        ("uniqueItems", Value::Array(values)) => values
            .iter()
            .enumerate()
            .all(|(position, value)| !values[..position].iter().any(|other| same(other, value))),
        ("required", Value::Object(map)) => {
            rule.as_array().unwrap().iter().all(|key| map.contains_key(key.as_str().unwrap()))
        }
        ("properties", Value::Object(map)) => {
            map.iter().all(|(key, value)| rule.get(key).is_none_or(|node| fits(node, value)))
        }
        ("patternProperties", Value::Object(map)) => {
            map.iter().all(|(key, value)| matching(rule, key).all(|node| fits(node, value)))
        }
        ("additionalProperties", Value::Object(map)) => map
            .iter()
            .filter(|(key, _)| rules["properties"].get(key).is_none())
            .filter(|(key, _)| matching(&rules["patternProperties"], key).next().is_none())
            .all(|(_, value)| fits(rule, value)),
        ("propertyNames", Value::Object(map)) => map.keys().all(|key| fits(rule, &json!(key))),
        ("items", Value::Array(values)) => values.iter().all(|value| fits(rule, value)),
        ("prefixItems", Value::Array(values)) => {
            rule.as_array().unwrap().iter().zip(values).all(|(node, value)| fits(node, value))
        }
        ("allOf", _) => each(rule).into_iter().all(|fit| fit),
        ("anyOf", _) => each(rule).into_iter().any(|fit| fit),
        ("oneOf", _) => each(rule).into_iter().filter(|fit| *fit).count() == 1,
        ("not", _) => !fits(rule, value),
        ("if", _) => fits(&rules[if fits(rule, value) { "then" } else { "else" }], value),
        ("$ref", _) => fits(&defs["d"], value),
        _ => true,
    })
}

/// The schemas whose text, as a pattern that stands for itself, is in a key.
fn matching<'s>(rule: &'s Value, key: &str) -> impl Iterator<Item = &'s Value> {
    let all = rule.as_object().unwrap().iter();
    all.filter(move |(text, _)| key.contains(text.as_str())).map(|(_, node)| node)
}

fn is(name: &Value, value: &Value) -> bool {
    match (name.as_str().unwrap(), value) {
        ("integer", Value::Number(number)) => {
            !number.is_f64() || number.as_f64().unwrap().fract() == 0.0
        }
        (name, value) => match value {
            Value::Null => name == "null",
            Value::Bool(_) => name == "boolean",
            Value::Number(_) => name == "number",
            Value::String(_) => name == "string",
            Value::Array(_) => name == "array",
            Value::Object(_) => name == "object",
        },
    }
}

/// Compares with a small whole number.
fn less(value: &Value, limit: &Value) -> bool {
    match parts(value) {
        Ok(whole) => whole < i128::from(limit.as_i64().unwrap()),
        Err(float) => float < limit.as_f64().unwrap(),
    }
}

fn parts(value: &Value) -> Result<i128, f64> {
    let number = value.as_number().unwrap();
    number.as_i128().ok_or_else(|| number.as_f64().unwrap())
}

fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => match (parts(left), parts(right)) {
            (Ok(left), Ok(right)) => left == right,
            (Err(left), Err(right)) => left == right,
            (Ok(whole), Err(float)) | (Err(float), Ok(whole)) => {
                // All digits, exactly; but for zero, which may have a sign.
                float.fract() == 0.0 && format!("{:.0}", float + 0.0) == format!("{whole}")
            }
        },
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, left)| right.get(key).is_some_and(|right| same(left, right)))
        }
        _ => left == right,
    }
}
