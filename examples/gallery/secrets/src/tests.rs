//! Secrets of every format, and texts without any.

use cpex_wasmi_guest::testing::{Harness, Outcome, Request, model};
use serde_json::{Value, json};

use crate::PLUGIN;
use crate::formats::FORMATS;

const PRE: &str = "cmf.tool_pre_invoke";
const POST: &str = "cmf.tool_post_invoke";

fn harness() -> Harness {
    Harness::new(&PLUGIN).grant_all().module_file_if_built("../../../target/gallery/secrets.wasm")
}

/// Texts with one secret each, put together here so that no scanner of sources finds one.
fn samples() -> Vec<(&'static str, String)> {
    let letters = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0iL".repeat(4);
    let of = |len: usize| letters[..len].to_string();
    vec![
        ("aws_access_key_id", format!("AKIA{}", "IOSFODNN7EXAMPLE".replace('1', "2"))),
        ("aws_secret_access_key", format!("aws_secret_access_key = \"{}\"", of(40))),
        ("github_token", format!("ghp_{}", of(36))),
        ("github_fine_grained_token", format!("github_pat_{}_{}", of(22), of(59))),
        ("gitlab_token", format!("glpat-{}", of(20))),
        ("slack_token", format!("xoxb-12345678901-{}", of(24))),
        ("slack_webhook", format!("https://hooks.slack.com/services/T0/B0/{}", of(24))),
        ("google_api_key", format!("AIza{}", of(35))),
        ("google_oauth_secret", format!("GOCSPX-{}", of(28))),
        ("stripe_key", format!("sk_live_{}", of(24))),
        ("model_api_key", format!("sk-proj-{}", of(48))),
        ("sendgrid_key", format!("SG.{}.{}", of(22), of(43))),
        ("npm_token", format!("npm_{}", of(36))),
        ("azure_storage_key", format!("AccountKey={}==", of(86))),
        ("json_web_token", format!("eyJ{}.eyJ{}.{}", of(20), of(30), of(43))),
        (
            "private_key",
            format!("-----BEGIN {} KEY-----\n{}\n-----END {0} KEY-----", "RSA PRIVATE", of(64)),
        ),
        ("password_assignment", format!("password: {}", of(12))),
    ]
}

fn found(outcome: &Outcome) -> Option<u64> {
    outcome.telemetry.metrics.get("secrets.found").copied()
}

fn content(outcome: &Outcome) -> Value {
    let payload = outcome.changes.payload.as_ref().unwrap();
    match &payload.as_message().unwrap().message.content[0] {
        model::ContentPart::ToolResult { content } => content.content.clone(),
        model::ContentPart::ToolCall { content } => json!(content.arguments),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_format_is_found_and_named() {
    let samples = samples();
    assert_eq!(samples.len(), FORMATS.len());
    for (name, secret) in samples {
        let mut harness = harness().config("formats", json!([name]));
        let request =
            Request::tool_call("t").argument("a", json!([{"b": format!("see {secret} here")}]));
        let outcome = harness.call(PRE, request).unwrap();
        let violation = outcome.decision.violation().unwrap_or_else(|| panic!("{name}"));
        assert_eq!(violation.code, "secret_found");
        assert_eq!(violation.reason, format!("there is a secret in the arguments: {name}"));
        assert_eq!(found(&outcome), Some(1), "{name}");
    }
}

#[test]
fn the_defaults_find_all_but_what_is_on_request() {
    let mut harness = harness();
    for (name, secret) in samples() {
        let outcome =
            harness.call(POST, Request::tool_result("t", json!({ "x": secret }))).unwrap();
        assert_eq!(outcome.decision.is_allow(), name == "password_assignment", "{name}");
    }
}

#[test]
fn harmless_texts_pass() {
    let mut harness = harness();
    let text = "a skeleton sk-1, AKIA is a prefix, eyJ.eyJ.x, ghp_short, see https://hooks.slack.com/ \
                and -----BEGIN CERTIFICATE-----";
    let outcome = harness.call(POST, Request::tool_result("t", json!([text, 5, null]))).unwrap();
    assert!(outcome.decision.is_allow() && outcome.changes.is_empty());
    assert_eq!(found(&outcome), None);
}

#[test]
fn secrets_are_masked_in_place() {
    let mut harness = harness().config("mode", "mask").config("keep_last", 4);
    let token = &samples()[2].1;
    let request = Request::tool_result("t", json!({"log": ["x", format!("use {token}, {token}")]}));
    let outcome = harness.call(POST, request).unwrap();
    let mask = format!("{}{}", "*".repeat(token.len() - 4), &token[token.len() - 4..]);
    assert_eq!(content(&outcome), json!({"log": ["x", format!("use {mask}, {mask}")]}));
    assert_eq!(found(&outcome), Some(2));
}

#[test]
fn private_keys_are_cut_out_whole() {
    let mut harness = harness().config("mode", "mask");
    let key = &samples()[15].1;
    let request = Request::tool_call("t")
        .argument("a~/b", format!("one {key} two {key} three"))
        .argument("cut off", key[..60].to_string());
    let outcome = harness.call(PRE, request).unwrap();
    let expected =
        json!({"a~/b": "one [private key] two [private key] three", "cut off": "[private key]"});
    assert_eq!(content(&outcome), expected);
}

#[test]
fn formats_can_be_ignored() {
    let mut harness = harness().config("ignore", json!(["github_token"]));
    let request = Request::tool_result("t", samples()[2].1.clone());
    assert!(harness.call(POST, request).unwrap().decision.is_allow());
}

#[test]
fn an_unknown_format_is_refused_at_load() {
    let mut harness = harness().config("formats", json!(["github_tokens"]));
    let failure = harness.call(POST, Request::tool_result("t", "x")).unwrap_err();
    assert!(failure.to_string().contains("github_token"), "{failure}");
}
