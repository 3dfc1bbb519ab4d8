//! Costs: the host's work for a plugin is paid for in fuel, whether or not it comes to something, and
//! ends with the deadline.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

mod common;

use std::time::{Duration, Instant};

use common::*;
use cpex_wasmi::abi::Field;
use cpex_wasmi::model::{
    CandidateConstraintExtension, DelegationExtension, DelegationHop, IdentityPayload,
};
use cpex_wasmi::{Limits, Plugin, Policy, Request};
use serde_json::{Value, json};

/// A request whose parts have that many elements each.
fn request(elements: usize) -> Request {
    let list: Vec<Value> = (0..elements).map(|_| json!({"": 0})).collect();
    let hop = json!({"subject_id": "a", "authorization_details": [{"type": "t", "extra": list}]});
    let hop: DelegationHop = serde_json::from_value(hop).unwrap();
    let mut request = Request::tool_result("t", list.clone())
        .part(Request::tool_call("t").argument("list", list).message().unwrap().content[0].clone());
    request.extensions.delegation =
        Some(DelegationExtension { chain: vec![hop], ..DelegationExtension::default() });
    request.extensions.candidate_constraint = Some(CandidateConstraintExtension {
        deny_models: (0..elements).map(|number| number.to_string()).collect(),
        ..CandidateConstraintExtension::default()
    });
    for number in 0..elements {
        request = request.label(format!("label-{number}"));
    }
    request
}

/// A module that makes this call once, with a key and a value, and drops what comes of it.
fn module(function: &str, field: Field, key: &str, value: &str) -> Vec<u8> {
    let (key_len, len) = (key.len(), value.len());
    let value_at = 4096;
    let tail = match function {
        "contains" => String::new(),
        "write_text" | "write_json" => format!("(i32.const {value_at}) (i32.const {len})"),
        _ => "(i32.const 8192) (i32.const 64)".into(),
    };
    let escape = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let number = field.number();
    guest(&format!(
        r#"(data (i32.const 0) "{}") (data (i32.const {value_at}) "{}")
           (func (export "cpex_invoke") (param i32) (result i32)
             (drop (call ${function} (i32.const {number}) (i32.const 0)
               (i32.const 0) (i32.const {key_len}) {tail}))
             (i32.const 0))"#,
        escape(key),
        escape(value),
    ))
}

#[test]
fn work_is_paid_for_whether_it_comes_to_something_or_not() {
    let calls: [(&str, &str, Field, &str, &str); 8] = [
        ("a hit", "read_json", Field::ToolCall, "/arguments/list", ""),
        ("what has no text form", "read_text", Field::ToolCall, "/arguments/list", ""),
        ("a miss among many", "read_json", Field::CandidateConstraint, "/deny_models/999999", ""),
        ("presence", "contains", Field::CandidateConstraint, "/deny_models/999999", ""),
        ("the security slot", "read_json", Field::Security, "/classification", ""),
        ("a write by pointer", "write_text", Field::ToolResult, "/content/0", "x"),
        ("a refused write", "write_text", Field::CandidateConstraint, "/x/y", "x"),
        ("a misspelt write", "write_text", Field::ToolCall, "/nme", "x"),
    ];
    for (what, function, field, key, value) in calls {
        let plugin = load(&module(function, field, key, value), trusting());
        let fuel = |elements| plugin.call(HOOK, request(elements)).unwrap().receipt.fuel;
        let (few, many) = (fuel(10), fuel(1010));
        assert!(many > few + 1000, "{what}: {few} and {many}");
    }
}

/// The time of a call that makes this host call as often as it can, with a deadline of a quarter
/// of a second.
fn storm(function: &str, field: Field, key: &str, value: &str) -> (Duration, String) {
    let (number, key_len, len) = (field.number(), key.len(), value.len());
    let tail = match function {
        "contains" => String::new(),
        "write_text" => format!("(i32.const 4096) (i32.const {len})"),
        _ => "(i32.const 8192) (i32.const 64)".into(),
    };
    let wasm = guest(&format!(
        r#"(data (i32.const 0) "{key}") (data (i32.const 4096) "{value}")
           (func (export "cpex_invoke") (param i32) (result i32)
             (loop $again
               (drop (call ${function} (i32.const {number}) (i32.const 0)
                 (i32.const 0) (i32.const {key_len}) {tail}))
               (br $again))
             (i32.const 0))"#
    ));
    let limits = Limits::default().deadline(Duration::from_millis(250)).bytes_read(u64::MAX);
    let plugin = load(&wasm, trusting().limits(limits));
    let request = request(3000);
    let start = Instant::now();
    let result = plugin.call(HOOK, request);
    (start.elapsed(), result.map_or_else(|error| error.code().into(), |_| "decided".into()))
}

#[test]
fn a_storm_of_host_calls_ends_with_the_deadline() {
    let storms = [
        ("contains", Field::ToolCall, "/arguments/list", ""),
        ("read_text", Field::ToolCall, "/arguments/list", ""),
        ("read_json", Field::ToolCall, "/arguments/list", ""),
        ("write_text", Field::ToolResultIsError, "", "tru"),
    ];
    for (function, field, key, value) in storms {
        let (took, came) = storm(function, field, key, value);
        assert!(["timeout", "fuel_exhausted", "limit_exceeded"].contains(&&*came), "{came}");
        assert!(took < Duration::from_secs(5), "{function} {field}: {took:?}");
    }
}

#[test]
fn host_calls_without_a_loop_end_with_the_deadline_too() {
    let field = Field::Payload.number();
    let call = format!(
        "(drop (call $read_json (i32.const {field}) (i32.const 0) (i32.const 0) (i32.const -1)
           (i32.const 0) (i32.const 0)))"
    );
    let limits = Limits::default().deadline(Duration::from_millis(50)).fuel(u64::MAX);
    let plugin = load(&invoking(&format!("{} (i32.const 0)", call.repeat(3000))), {
        Policy::default().limits(limits)
    });
    let error = plugin.call(HOOK, request(3000)).unwrap_err();
    assert_eq!(error.code(), "timeout");
    assert!(error.receipt().unwrap().host_calls < 3000, "it never came to the end of a slice");
}

/// An identity payload with that many delegated tokens for one audience.
fn many_tokens(count: usize, audience: &str) -> Value {
    let tokens: Vec<_> = (0..count)
        .map(|number| {
            json!([
                {"subject_id": number.to_string(), "audience": audience, "scopes": [],
                 "mode": "as_client"},
                {"outbound_header": "h", "audience": audience, "scopes": [],
                 "expires_at": "2030-01-01T00:00:00Z"}
            ])
        })
        .collect();
    let mut payload = IdentityPayload::new("", "bearer");
    let credentials = json!({"inbound_tokens": {}, "delegated_tokens": tokens});
    payload.raw_credentials = Some(serde_json::from_value(credentials).unwrap());
    serde_json::to_value(&payload).unwrap()
}

#[test]
fn keeping_many_tokens_takes_no_longer_than_reading() {
    use common::boundary::{Boundary, at};
    let request = Request::new(IdentityPayload::new("token", "bearer"));
    let mut boundary = Boundary::new(Policy::default(), request);
    let start = Instant::now();
    for audience in ["a", "b"] {
        boundary.write_json(at(Field::Payload), &many_tokens(5000, audience)).unwrap();
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn nothing_is_copied_for_what_cannot_be_decoded() {
    use common::boundary::Boundary;
    let mut identity = IdentityPayload::new("the-token", "bearer");
    identity.headers.insert("Authorization".into(), "Bearer the-token".into());
    identity.raw_claims = (0..50_000).map(|number| (number.to_string(), json!(number))).collect();
    let places = [
        (request(100_000), (Field::CandidateConstraint, 0, Some("/on_empty"))),
        (Request::new(identity), (Field::Payload, 0, Some("/resolved_at"))),
    ];
    for (request, place) in places {
        let mut boundary = Boundary::new(trusting(), request);
        let start = Instant::now();
        for _ in 0..1000 {
            boundary.write(place, b"\xff").unwrap_err();
        }
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    }
}

#[test]
fn what_a_plugin_may_write_in_one_call_has_a_bound() {
    use common::boundary::Boundary;
    let mut boundary = Boundary::new(Policy::default(), Request::tool_call("x"));
    let list = Value::Array(vec![json!({"": 0}); 30_000]);
    let written = (0..20)
        .take_while(|number| {
            let key = number.to_string();
            boundary.write_json((Field::Custom, 0, Some(&key)), &list).is_ok()
        })
        .count();
    assert!((1..4).contains(&written), "{written}");
}

#[test]
fn a_plugin_cannot_nest_a_value_deeper_than_any_may_be() {
    use common::boundary::{Boundary, at};
    use cpex_wasmi::abi::Status;
    let deep = |levels: usize| (0..levels).fold(Value::Null, |inner, _| json!([inner]));
    let request = Request::tool_call("x").argument("a", deep(100));
    let mut boundary = Boundary::new(Policy::default(), request);
    let pointer = format!("/arguments/a{}", "/0".repeat(99));
    let place = (Field::ToolCall, 0, Some(&*pointer));
    assert_eq!(boundary.write_json(place, &deep(100)), Err(Status::TooLarge));
    assert_eq!(boundary.write_json(place, &deep(20)), Ok(()));
    // Nor messages in the results of prompts.
    let nested = (0..30).fold(json!({"role": "user", "content": []}), |inner, _| {
        let result = json!({"prompt_request_id": "", "prompt_name": "", "messages": [inner]});
        json!({"role": "user", "content": [{"content_type": "prompt_result", "content": result}]})
    });
    let payload: cpex_wasmi::model::MessagePayload =
        serde_json::from_value(json!({"message": nested})).unwrap();
    let mut bytes = Vec::new();
    cpex_wasmi::abi::codec::encode(&payload, &mut bytes).unwrap();
    assert_eq!(boundary.write(at(Field::Payload), &bytes), Err(Status::TooLarge));
}

#[test]
fn the_module_of_the_first_test_is_loaded_and_called() {
    // That the costs compared there are those of calls that were made.
    let plugin: Plugin =
        load(&module("read_json", Field::ToolCall, "/name", ""), Policy::default());
    let outcome = plugin.call(HOOK, request(1)).unwrap();
    assert_eq!((outcome.receipt.host_calls, outcome.receipt.bytes_read), (1, 3));
}
