//! The keywords for regular expressions, with an engine that takes each text as it is.

use alloc::boxed::Box;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde_json::{Value, json};

use super::Schema;
use crate::Pattern;

#[derive(Debug)]
struct Literal(String);

impl Pattern for Literal {
    fn steps(&self, bytes: usize) -> u32 {
        if self.0 == "slow" { u32::MAX } else { u32::try_from(bytes).unwrap() }
    }

    fn is_match(&self, text: &str) -> Option<bool> {
        Some(text.contains(&self.0)).filter(|_| self.0 != "endless")
    }
}

pub(super) fn compile(text: &str) -> Result<Box<dyn Pattern>, String> {
    match text {
        "(" => Err("unclosed group".into()),
        text => Ok(Box::new(Literal(text.into()))),
    }
}

fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let schema = Schema::parse_with(&schema.to_string(), &mut compile).unwrap();
    let found = schema.check_within(value, 10_000).mismatches.unwrap();
    found.into_iter().map(|wrong| alloc::format!("{}: {}", wrong.path, wrong.message)).collect()
}

#[test]
fn texts_have_to_match_their_pattern() {
    let schema = json!({"properties": {"a": {"pattern": "ab"}}});
    assert!(faults(&schema, &json!({"a": "xaby"})).is_empty());
    assert!(faults(&schema, &json!({"a": 7})).is_empty());
    assert_eq!(faults(&schema, &json!({"a": "ba"})), ["/a: does not match the pattern `ab`"]);
    let names = json!({"propertyNames": {"pattern": "ab"}});
    assert_eq!(
        faults(&names, &json!({"abc": 1, "b": 2})),
        ["/b: has a name that does not match the pattern `ab`"]
    );
}

#[test]
fn keys_that_match_have_a_schema_of_their_own() {
    let schema = json!({
        "properties": {"x-a": {"minimum": 1}},
        "patternProperties": {"x-": {"type": "integer"}, "-b": {"maximum": 5}},
        "additionalProperties": false,
    });
    assert!(faults(&schema, &json!({"x-a": 1, "x-b": 5, "y-b": "any"})).is_empty());
    assert_eq!(faults(&schema, &json!({"x-a": 0})), ["/x-a: is 0, but must be at least 1"]);
    assert_eq!(faults(&schema, &json!({"x-b": 6})), ["/x-b: is 6, but must be at most 5"]);
    assert_eq!(
        faults(&schema, &json!({"x-c": "c"})),
        ["/x-c: must be a whole number, but is a text"]
    );
    assert_eq!(faults(&schema, &json!({"y": 1})), ["/y: is not known; known are `x-a`"]);
}

#[test]
fn refused_patterns_are_told_with_their_place() {
    let schema = json!({"items": {"pattern": "("}, "patternProperties": {"(": true}});
    let problems = Schema::parse_with(&schema.to_string(), &mut compile).unwrap_err();
    let reason = "has the pattern `(`, which is refused: unclosed group";
    let expected = ["items/pattern", "patternProperties/("];
    assert_eq!(problems, expected.map(|place| alloc::format!("`/{place}`: {reason}")));
    let wrong = json!({"pattern": 1, "patternProperties": []}).to_string();
    let problems = Schema::parse_with(&wrong, &mut compile).unwrap_err();
    assert!(problems[0].ends_with("must be a text, but is 1"), "{problems:?}");
    assert!(problems[1].ends_with("must be a mapping, but is a list"), "{problems:?}");
    // Without an engine, as ever.
    let problems = Schema::parse(r#"{"pattern": "a"}"#).unwrap_err();
    assert!(problems[0].contains("`pattern` is not supported by this host"), "{problems:?}");
}

#[test]
fn searches_take_steps() {
    for pattern in ["slow", "endless"] {
        let schema = json!({"anyOf": [{"pattern": pattern}, true]}).to_string();
        let schema = Schema::parse_with(&schema, &mut compile).unwrap();
        assert_eq!(schema.check_within(&json!("text"), 10_000).mismatches, None);
        assert_eq!(schema.check_within(&json!(1), 10_000).mismatches, Some(Vec::new()));
    }
}
