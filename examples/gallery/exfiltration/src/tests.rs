//! Secrets in each encoding, and encoded texts that are none.

use std::fmt::Write as _;

use cpex_wasmi_guest::testing::{Harness, Outcome, Request, model};
use serde_json::{Value, json};

use crate::PLUGIN;

const PRE: &str = "cmf.tool_pre_invoke";
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn harness() -> Harness {
    Harness::new(&PLUGIN)
        .grant_all()
        .module_file_if_built("../../../target/gallery/exfiltration.wasm")
}

fn call(harness: &mut Harness, text: &str) -> Outcome {
    harness.call(PRE, Request::tool_call("send").argument("body", json!([text]))).unwrap()
}

fn token() -> String {
    format!("ghp_{}", "aB3dE6gH9".repeat(4))
}

fn base64(text: &str) -> String {
    let mut encoded = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            encoded.push(char::from(ALPHABET[(bits >> (18 - 6 * place)) as usize & 63]));
        }
    }
    encoded
}

fn hex(text: &str, before: &str) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        write!(all, "{before}{byte:02x}").unwrap();
        all
    })
}

#[test]
fn secrets_are_found_in_each_encoding() {
    let mut harness = harness();
    let token = token();
    for text in [
        base64(&token),
        base64(&format!("the key: {token} and more")),
        hex(&token, ""),
        hex(&token, "%"),
        token.replace('_', "%5F"),
        format!("xyz{}", base64(&token)),
        base64(&base64(&token)),
        base64(&hex(&token, "")),
    ] {
        let outcome = call(&mut harness, &format!("send {text} now"));
        let violation = outcome.decision.violation().unwrap_or_else(|| panic!("{text}"));
        assert_eq!(violation.code, "encoded_secret");
        assert!(outcome.telemetry.metrics["exfiltration.found"] > 0);
    }
}

#[test]
fn encoded_texts_without_a_secret_pass() {
    let mut harness = harness();
    for text in [
        base64("nothing but an ordinary text, which somebody has encoded"),
        hex("nothing but an ordinary text", ""),
        "https://example.com/a%20page?q=two%20words".into(),
        "da39a3ee5e6b4b0d3255bfef95601890afd80709".into(),
    ] {
        let outcome = call(&mut harness, &text);
        assert!(outcome.decision.is_allow() && outcome.changes.is_empty(), "{text}");
    }
}

#[test]
fn encoded_secrets_are_masked() {
    let mut harness = harness().config("mode", "mask");
    let outcome = call(&mut harness, &format!("send {}, ok", base64(&token())));
    let payload = outcome.changes.payload.unwrap();
    let model::ContentPart::ToolCall { content } =
        &payload.as_message().unwrap().message.content[0]
    else {
        panic!("another part")
    };
    assert_eq!(content.arguments["body"], json!(["send [encoded secret], ok"]));
}

#[test]
fn operators_add_patterns_and_bound_entropy() {
    let mut own = harness().config("patterns", json!(["INT-[0-9]{4}"]));
    assert!(!call(&mut own, &base64("the number INT-1234")).decision.is_allow());
    let random: Value = "q8Zr1XvT5mKc0WbY7LdP3sNf9HgJ2aRe".into();
    let mut strict = harness().config("max_entropy", 450);
    assert!(!call(&mut strict, random.as_str().unwrap()).decision.is_allow());
    assert!(call(&mut strict, &"abcd".repeat(10)).decision.is_allow());
}
