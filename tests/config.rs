//! A plugin's configuration is held against the schema that its manifest brings along.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::*;
use cpex_wasmi::{Plugin, Policy};
use serde_json::json;

const SCHEMA: &str = r##"{
    "type": "object",
    "required": ["limit"],
    "additionalProperties": false,
    "properties": {
        "limit": {"type": "integer", "minimum": 1},
        "rules": {"type": "array", "items": {"$ref": "#/$defs/Rule"}}
    },
    "$defs": {
        "Rule": {"type": "object", "properties": {"action": {"enum": ["deny", "allow"]}}}
    }
}"##;

/// A policy of a plugin's entry with this under `config:`.
fn config(config: &serde_json::Value) -> Policy {
    Policy::from_value(&json!({"kind": "wasm://guest.wasm", "config": config})).unwrap()
}

#[test]
fn a_configuration_that_fits_is_taken() {
    let fits = json!({"limit": 3, "rules": [{"action": "deny"}], "sandbox_policy": {}});
    assert!(call(&load(&guest_with_schema(SCHEMA), config(&fits))).unwrap().decision.is_allow());
}

#[test]
fn each_mismatch_is_named_by_its_path_in_the_yaml() {
    let wrong = json!({"limt": 1, "rules": [{"action": "deny"}, {"action": "dney"}]});
    let problems = Plugin::check(&engine(), &guest_with_schema(SCHEMA), &config(&wrong), &[]);
    let messages: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
    let named = |words: &[&str]| {
        assert!(
            messages.iter().any(|message| words.iter().all(|word| message.contains(word))),
            "no {words:?} in {messages:#?}"
        );
    };
    named(&["`config`", "lacks `limit`"]);
    named(&["`config.limt`", "did you mean `limit`?"]);
    named(&["`config.rules[1].action`", "did you mean `deny`?"]);
    assert_eq!(messages.len(), 3, "{messages:#?}");
    let error = load_error(&guest_with_schema(SCHEMA), config(&wrong));
    assert_eq!(error.code(), "invalid_policy");
    assert_eq!(error.problems().len(), 3);
}

#[test]
fn an_unchecked_schema_keeps_the_plugin_from_loading() {
    let error = |schema: &str| {
        let error = load_error(&guest_with_schema(schema), Policy::default());
        assert_eq!(error.code(), "invalid_module", "{schema}");
        error.to_string()
    };
    assert!(error("[]").contains("configuration schema"));
    assert!(error("{").contains("configuration schema"));
    let pattern = r#"{"properties": {"name": {"pattern": "(a+)+$"}}}"#;
    assert!(error(pattern).contains("`pattern`"), "{}", error(pattern));
}

#[test]
fn a_keyword_that_stands_twice_is_not_ignored() {
    let twice = r#"{"additionalProperties": false, "additionalProperties": true}"#;
    let error = load_error(&guest_with_schema(twice), Policy::default().config("n", 10));
    assert!(error.to_string().contains("`additionalProperties` stands twice"), "{error}");
}

#[test]
fn a_schema_made_to_take_forever_is_a_failure_and_not_a_pass() {
    // Each definition asks the next one twice.
    let definition = |number: usize| {
        let next = format!(r##"{{"$ref": "#/$defs/d{}"}}"##, number + 1);
        format!(r#""d{number}": {{"allOf": [{next}, {next}]}}"#)
    };
    let mut definitions: Vec<String> = (0..20).map(definition).collect();
    definitions.push(r#""d20": {"not": {"type": "null"}}"#.into());
    let schema = format!(r##"{{"$defs": {{{}}}, "$ref": "#/$defs/d0"}}"##, definitions.join(","));
    let wasm = guest_with_schema(&schema);
    let error = load_error(&wasm, Policy::default());
    assert_eq!(error.code(), "invalid_policy");
    assert!(error.to_string().contains("steps"), "{error}");
}
