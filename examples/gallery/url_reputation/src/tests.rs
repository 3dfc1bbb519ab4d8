//! URLs of good, bad and doubtful hosts.

use cpex_wasmi_guest::testing::{Harness, Request};
use serde_json::json;

use crate::PLUGIN;

fn harness() -> Harness {
    Harness::new(&PLUGIN)
        .grant_all()
        .module_file_if_built("../../../target/gallery/url_reputation.wasm")
        .config("known", json!(["example.com", "my-bank.example"]))
        .config("blocked", json!(["evil.net"]))
}

/// The rule that a text breaks.
fn rule(harness: &mut Harness, text: &str) -> Option<String> {
    let request = Request::tool_result("t", json!({ "a": [text] }));
    let outcome = harness.call("cmf.tool_post_invoke", request).unwrap();
    let rule =
        outcome.telemetry.metadata.get("urls.rule").map(|rule| rule.as_str().unwrap().into());
    assert_eq!(outcome.decision.is_allow(), rule.is_none());
    rule
}

#[test]
fn doubtful_hosts_are_denied_by_their_rule() {
    let mut harness = harness();
    for (text, expected) in [
        ("see https://evil.net/a", "blocked"),
        ("see HTTPS:\\\\www.EVIL.net.", "blocked"),
        ("https://example.com@evil.net", "blocked"),
        ("https://example.com\"@evil.net", "blocked"),
        ("<a href='https://evil.net'>ann@example.com</a>", "blocked"),
        ("https://examp1e.com", "look_alike"),
        ("https://login.exarnple.com/x", "look_alike"),
        ("https://exmaple.com", "look_alike"),
        ("https://example.com.attacker.org", "look_alike"),
        ("https://mybank.example", "look_alike"),
        ("https://xn--exmple-cua.com", "international"),
        ("https://ex\u{430}mple.org", "international"),
        ("https://%65vil.net", "malformed"),
    ] {
        assert_eq!(rule(&mut harness, text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn good_hosts_pass() {
    let mut harness = harness();
    for text in [
        "https://example.com/a?b=evil.net",
        "https://docs.example.com:8443, or http://other.org.",
        "evil.net is no URL, nor is https",
        "https://notevil.net",
    ] {
        assert_eq!(rule(&mut harness, text), None, "{text}");
    }
}

#[test]
fn only_allowed_hosts_pass() {
    let mut harness =
        harness().config("allowed", json!(["other.org"])).config("international", "allow");
    assert_eq!(rule(&mut harness, "https://api.other.org https://example.com"), None);
    assert_eq!(rule(&mut harness, "https://bücher.org").as_deref(), Some("not_allowed"));
}
