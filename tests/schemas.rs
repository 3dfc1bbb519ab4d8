//! JSON Schemas that plugins have the host compile: what is checked by them, and how long they last.
#![cfg(feature = "text")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

mod common;

use common::*;
use cpex_wasmi::abi::{Field, MEMORY, NO_KEY};
use cpex_wasmi::testing::Session;
use cpex_wasmi::{ErrorKind, HostFunction, LogRecord, Manifest, Plugin, Policy, Request, Status};
use serde_json::{Value, json};

fn session(policy: Policy) -> Session {
    let mut manifest = Manifest::new("guest", "1.0.0");
    manifest.hooks.push(HOOK.into());
    let mut session = Session::new(&manifest, policy, |_: &LogRecord<'_>| {}).unwrap();
    let request = Request::tool_call("pay")
        .argument("amount", 12.5)
        .argument("to", json!({"name": "bob", "tags": ["a", "b", "a"]}))
        .label("PII");
    session.start(HOOK, request).unwrap();
    session
}

/// Compiles a schema, or says why it is refused.
fn compile(session: &mut Session, schema: &str) -> Result<u32, String> {
    let mut memory = schema.as_bytes().to_vec();
    let len = memory.len() as u32;
    memory.resize(memory.len() + 512, 0);
    let answer = session.dispatch(HostFunction::Schema, &[0, len, len, 512], &mut memory).unwrap();
    u32::try_from(answer).map_err(|_| {
        assert_eq!(answer, Status::Malformed.code());
        let reason = memory[schema.len()..].split(|byte| *byte == 0).next().unwrap();
        String::from_utf8(reason.to_vec()).unwrap()
    })
}

/// The faults of an input, as JSON, or the status.
fn faults(session: &mut Session, schema: u32, input: (u32, Option<&str>)) -> Result<Value, Status> {
    let key = input.1.unwrap_or_default();
    let mut memory = key.as_bytes().to_vec();
    memory.resize(key.len() + 4096, 0);
    let len = if input.1.is_some() { key.len() as u32 } else { NO_KEY };
    let args = [input.0, 0, 0, len, schema, key.len() as u32, 4096];
    let answer = session.dispatch(HostFunction::SchemaCheckJson, &args, &mut memory).unwrap();
    match usize::try_from(answer) {
        Ok(0) => Ok(json!([])),
        Ok(len) => Ok(serde_json::from_slice(&memory[key.len()..][..len]).unwrap()),
        Err(_) => Err(Status::from_code(answer).unwrap()),
    }
}

#[test]
fn arguments_are_checked_where_they_are() {
    let mut session = session(Policy::default());
    let arguments = (Field::ToolCallArguments.number(), None);
    let fits = compile(&mut session, r#"{"required": ["amount"], "maxProperties": 2}"#).unwrap();
    assert_eq!(faults(&mut session, fits, arguments), Ok(json!([])));
    let schema = json!({
        "properties": {
            "amount": {"type": "integer"},
            "to": {"properties": {"tags": {"uniqueItems": true}}, "required": ["iban"]},
        },
    });
    let schema = compile(&mut session, &schema.to_string()).unwrap();
    assert_eq!(
        faults(&mut session, schema, arguments),
        Ok(json!([
            {"pointer": "/amount", "message": "must be a whole number, but is 12.5"},
            {"pointer": "/to", "message": "lacks `iban`"},
            {"pointer": "/to/tags/2", "message": "is the same as `/to/tags/0`, and items must not repeat"},
        ]))
    );
}

#[test]
fn any_value_of_the_request_can_be_checked() {
    let mut session = session(trusting());
    let arguments = Field::ToolCallArguments.number();
    for (schema, field, key) in [
        (json!({"const": "pay"}), Field::ToolCallName.number(), None),
        (json!({"const": 12.5}), arguments, Some("amount")),
        (json!({"required": ["name"]}), arguments, Some("to")),
        (json!({"const": ["PII"]}), Field::SecurityLabels.number(), None),
        (json!({"required": ["name", "arguments"]}), Field::ToolCall.number(), None),
        (json!({"const": "bob"}), Field::ToolCall.number(), Some("/arguments/to/name")),
        (json!({"items": {"type": "integer"}}), MEMORY, Some("[1, 2]")),
    ] {
        let fits = compile(&mut session, &schema.to_string()).unwrap();
        assert_eq!(faults(&mut session, fits, (field, key)), Ok(json!([])), "{schema}");
        let not = compile(&mut session, &json!({"not": schema}).to_string()).unwrap();
        let faults = faults(&mut session, not, (field, key)).unwrap();
        assert_eq!(faults.as_array().unwrap().len(), 1, "{schema}: {faults}");
    }
}

#[test]
fn a_check_is_a_read_as_others_are() {
    let mut session = session(Policy::default());
    let schema = compile(&mut session, "true").unwrap();
    for (field, key, status) in [
        (Field::SecurityLabels.number(), None, Status::CapabilityDenied),
        (Field::InboundToken.number(), None, Status::CapabilityDenied),
        (Field::ToolResult.number(), None, Status::Absent),
        (Field::ToolCallArguments.number(), Some("iban"), Status::Absent),
        (0xdead, None, Status::UnknownField),
        (MEMORY, Some("{"), Status::Malformed),
        (MEMORY, Some(r#"{"a": 1, "a": 2}"#), Status::Malformed),
    ] {
        assert_eq!(faults(&mut session, schema, (field, key)), Err(status), "{field} {key:?}");
    }
    assert_eq!(faults(&mut session, 7, (MEMORY, Some("1"))), Err(Status::Absent));
}

#[test]
fn a_refused_schema_says_why() {
    let mut session = session(Policy::default());
    for (schema, reason) in [
        ("{", "the schema is not JSON"),
        (r#"{"type": "text"}"#, "`/type`: `text` is not a type"),
        (r#"{"$ref": "https://example.com/s.json"}"#, "must be `#`, `#/$defs/NAME`"),
        (r#"{"contains": true}"#, "the keyword `contains` is not supported"),
    ] {
        let error = compile(&mut session, schema).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn patterns_are_searched_for_as_in_ecmascript() {
    let mut session = session(Policy::default());
    let mut fits = |pattern: &str, text: &str| {
        let schema = compile(&mut session, &json!({ "pattern": pattern }).to_string()).unwrap();
        let text = Value::from(text).to_string();
        let faults = faults(&mut session, schema, (MEMORY, Some(&text))).unwrap();
        session.dispatch(HostFunction::SchemaDrop, &[schema], &mut []).unwrap();
        faults == json!([])
    };
    for (pattern, yes, no) in [
        ("b", "abc", "ac"),
        (r"^\d{4}-\d{2}$", "2026-11", "٢٠٢٦-١١"),
        (r"^[\w.]+@example\.com$", "a.b@example.com", "ü@example.com"),
        (r"^[[a]+$", "[a[", "b"),
        ("^.$", "ü", "\u{2028}"),
        (r"\bid\b", "an id", "idle"),
        ("(?:a|b){3}$", "xaba", "xabab-"),
    ] {
        assert!(fits(pattern, yes), "{pattern} {yes}");
        assert!(!fits(pattern, no), "{pattern} {no}");
    }
}

#[test]
fn keys_are_checked_by_their_patterns() {
    let mut session = session(Policy::default());
    let schema = r#"{"patternProperties": {"^am": {"minimum": 20}}, "properties": {"to": true},
        "propertyNames": {"pattern": "o$"}, "additionalProperties": false}"#;
    let schema = compile(&mut session, schema).unwrap();
    assert_eq!(
        faults(&mut session, schema, (Field::ToolCallArguments.number(), None)),
        Ok(json!([
            {"pointer": "/amount", "message": "has a name that does not match the pattern `o$`"},
            {"pointer": "/amount", "message": "is 12.5, but must be at least 20"},
        ]))
    );
}

#[test]
fn patterns_that_the_engine_lacks_are_refused_in_words() {
    let mut session = session(Policy::default());
    for (pattern, says) in [
        ("a(?=b)", "look-around"),
        (r"(a)\1", "backreferences"),
        ("a(b", "unclosed group"),
        ("[]", "a class is empty"),
        (r"(\p{L}{100}){100}", "the pattern is too large"),
    ] {
        let schema = json!({"items": {"pattern": pattern}}).to_string();
        let reason = compile(&mut session, &schema).unwrap_err();
        assert!(reason.starts_with("`/items/pattern`: has the pattern"), "{reason}");
        assert!(reason.contains(says), "{reason}");
        assert!(!reason.contains('\n'), "{reason}");
    }
    let others = json!({"allOf": [{"pattern": "("}, {"pattern": "a"}]}).to_string();
    let reason = compile(&mut session, &others).unwrap_err();
    assert!(reason.contains("as another one was refused"), "{reason}");
}

#[test]
fn patterns_of_schemas_are_bounded() {
    let mut session = session(Policy::default());
    let many = |count: usize| {
        let all: Vec<_> = (0..count).map(|n| json!({"pattern": format!("a{n}")})).collect();
        json!({ "anyOf": all }).to_string()
    };
    assert!(compile(&mut session, &many(300)).unwrap_err().contains("states together"));
    assert!(compile(&mut session, &many(150)).is_ok());
    let mut memory = many(149).into_bytes();
    let len = memory.len() as u32;
    let answer = session.dispatch(HostFunction::Schema, &[0, len, 0, 0], &mut memory).unwrap();
    assert_eq!(answer, Status::QuotaExceeded.code());
    // So much text for so many states takes too many steps.
    let slow = compile(&mut session, r#"{"pattern": "(\\p{L}{20}){3}x"}"#).unwrap();
    let text = Value::from("ü".repeat(100_000)).to_string();
    assert_eq!(faults(&mut session, slow, (MEMORY, Some(&text))), Err(Status::TooLarge));
}

#[test]
fn faults_that_do_not_fit_are_not_copied() {
    let mut session = session(Policy::default());
    let schema = compile(&mut session, "false").unwrap();
    let mut memory = vec![0xee; 64];
    for function in [HostFunction::SchemaCheck, HostFunction::SchemaCheckJson] {
        let args = [Field::ToolCallName.number(), 0, 0, NO_KEY, schema, 0, 8];
        assert!(session.dispatch(function, &args, &mut memory).unwrap() > 8);
        assert!(memory.iter().all(|byte| *byte == 0xee));
        let outside = [Field::ToolCallName.number(), 0, 0, NO_KEY, schema, 60, 8];
        let error = session.dispatch(function, &outside, &mut memory).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AbiViolation);
    }
}

#[test]
fn schemas_are_numbered_and_given_back() {
    let mut session = session(Policy::default());
    let (one, two) = (compile(&mut session, "true"), compile(&mut session, "false"));
    assert_ne!(one, two);
    assert_eq!(compile(&mut session, "true"), one, "the same again");
    let number = one.clone().unwrap();
    let mut drop = || session.dispatch(HostFunction::SchemaDrop, &[number], &mut []).unwrap();
    assert_eq!([drop(), drop(), drop()], [0, 0, Status::Absent.code()]);
    assert_eq!(compile(&mut session, "{}"), one, "a free number");
}

/// A plugin that compiles a schema when it is initialised, and allows arguments that fit.
fn guarding() -> Vec<u8> {
    let schema = data(br#"{"required": ["to"]}"#);
    guest(&format!(
        r#"(data (i32.const 0) "{schema}") (global $s (mut i32) (i32.const -1))
           (func (export "cpex_init") (result i32)
             (global.set $s (call $schema (i32.const 0) (i32.const 20) (i32.const 64) (i32.const 64)))
             (i32.const 0))
           (func (export "cpex_invoke") (param i32) (result i32)
             (i32.ne (i32.const 0) (call $schema_check (i32.const 0x0124) (i32.const 0) (i32.const 0)
               (i32.const -1) (global.get $s) (i32.const 256) (i32.const 256))))"#,
    ))
}

#[test]
fn schemas_live_as_long_as_the_memory_that_knows_them() {
    let allows = |plugin: &Plugin, name: &str| {
        let outcome = plugin.call(HOOK, Request::tool_call("t").argument(name, 1)).unwrap();
        (outcome.decision.is_allow(), outcome.receipt.fuel)
    };
    let mut fresh = Policy::default();
    fresh.snapshot = false;
    let mut fuel = Vec::new();
    for policy in [Policy::default(), fresh, Policy::default().pooled(2)] {
        let plugin = load(&guarding(), policy);
        for _ in 0..3 {
            let (allowed, used) = allows(&plugin, "to");
            assert!(allowed);
            assert!(!allows(&plugin, "of").0);
            fuel.push(used);
        }
    }
    assert!(fuel.iter().all(|used| *used == fuel[0]), "{fuel:?}");
}
