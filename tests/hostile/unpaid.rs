//! Work that the host would do for little fuel, because of what a request holds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cpex_wasmi::abi::{Field, codec};
use cpex_wasmi::model::{ContentPart, IdentityPayload};
use cpex_wasmi::{Capability, Decision, HostFunction, Plugin, Policy, Request, Violation};

use serde_json::json;

use super::allocated::measured;
use super::common::boundary::{Boundary, at};
use super::common::*;

/// The sender of requests chooses the token, and the plugin its texts.
#[test]
fn a_token_that_repeats_itself_is_found_as_fast_as_another() {
    let token = "a".repeat(8 << 10);
    let policy =
        Policy::default().grant([Capability::ReadInboundCredentials]).allow_raw_credentials();
    let identity = IdentityPayload::new(token.as_str(), "bearer");
    let mut boundary = Boundary::new(policy, Request::new(identity));
    boundary.text(at(Field::PayloadRawToken)).unwrap();
    let mut violation = Vec::new();
    codec::encode(&Violation::new("c", "a".repeat(1_000_000)), &mut violation).unwrap();
    let start = Instant::now();
    boundary.deny(HostFunction::Deny, &violation).unwrap();
    let took = start.elapsed();
    let Decision::Deny(violation) = boundary.end(1).decision else { panic!("allowed") };
    assert_eq!(violation.reason, "[redacted]");
    assert!(took < Duration::from_secs(1), "{took:?}");
}

/// A plugin that makes one host call that is given nothing: of a field, by a key.
fn caller(function: &str, field: Field, key: &str) -> Plugin {
    let (number, len) = (field.number(), key.len());
    let key_at = format!("(i32.const 0) (i32.const {len})");
    let rest = match function {
        "contains" => key_at,
        "read_key" => "(i32.const 0) (i32.const 8192) (i32.const 0)".into(),
        _ => format!("{key_at} (i32.const 8192) (i32.const 0)"),
    };
    let wasm = guest(&format!(
        r#"(data (i32.const 0) "{key}")
           (func (export "cpex_invoke") (param i32) (result i32)
             (drop (call ${function} (i32.const {number}) (i32.const 0) {rest}))
             (i32.const 0))"#
    ));
    load(&wasm, trusting())
}

fn fuel(function: &str, field: Field, key: &str, request: Request) -> u64 {
    caller(function, field, key).call(HOOK, request).unwrap().receipt.fuel
}

#[test]
fn searching_headers_for_the_token_is_paid_by_length() {
    let request = |len| {
        let mut identity = IdentityPayload::new("secret-token", "bearer");
        identity.headers.insert("x".into(), "s".repeat(len));
        Request::new(identity)
    };
    for (function, key) in [("read_json", "/source"), ("contains", "/nothing")] {
        let fuel = |len| fuel(function, Field::Payload, key, request(len));
        let (short, long) = (fuel(10), fuel(100_000));
        assert!(long > short + 5000, "{function}: {short} and {long}");
    }
}

#[test]
fn joining_texts_is_paid_for_even_without_a_result() {
    let request = |len: usize| {
        let texts = ["text", "text", "thinking", "thinking"];
        texts.into_iter().fold(Request::tool_call("search"), |request, kind| {
            let part = json!({"content_type": kind, "text": "x".repeat(len)});
            request.part(serde_json::from_value(part).unwrap())
        })
    };
    for field in [Field::MessageText, Field::MessageThinking] {
        for function in ["read_text", "contains"] {
            let fuel = |len| fuel(function, field, "/key", request(len));
            let (short, long) = (fuel(10), fuel(100_000));
            assert!(long > short + 90_000, "{field} {function}: {short} and {long}");
        }
    }
}

#[test]
fn nothing_is_copied_to_say_that_a_structure_has_no_keys() {
    let mut request = Request::tool_call("search").claim("c", "x".repeat(1 << 20)).label("x");
    for part in [(); 2].map(|()| ContentPart::Text { text: "x".repeat(1 << 20) }) {
        request = request.part(part);
    }
    let request = Arc::new(request);
    for field in [Field::Security, Field::Subject, Field::MessageText] {
        let plugin = caller("read_key", field, "");
        let (outcome, peak) = measured(|| plugin.call(HOOK, request.clone()));
        assert!(outcome.is_ok() && peak < 512 << 10, "{field}: {} KiB", peak >> 10);
    }
}

/// Labels are looked up whatever their case, among them those that a plugin put there itself.
#[test]
fn looking_past_long_labels_is_paid_for_by_their_length() {
    let fuel = |key: &str, label: String| {
        fuel("contains", Field::SecurityLabels, key, Request::tool_call("search").label(label))
    };
    let (key, last) = ("ü".repeat(1000), "ü".repeat(999) + "ö");
    let (short, long) = (fuel(&key, "a".into()), fuel(&key, last));
    assert!(long > short + 900, "{short} and {long}");
    // One that is much longer is no other case of it, and is not looked at.
    let longer = "ü".repeat(1 << 20);
    let mut boundary = Boundary::new(trusting(), Request::tool_call("search").label(longer));
    let start = Instant::now();
    for _ in 0..1000 {
        assert_eq!(boundary.contains((Field::SecurityLabels, 0, Some("ä"))), Ok(false));
    }
    let took = start.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
}
