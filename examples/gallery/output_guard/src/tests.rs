//! Results that are too long, or have listed words.

use cpex_wasmi_guest::testing::{Harness, Outcome, Request, model};
use serde_json::{Value, json};

use crate::PLUGIN;

const POST: &str = "cmf.tool_post_invoke";

fn harness() -> Harness {
    Harness::new(&PLUGIN)
        .grant_all()
        .module_file_if_built("../../../target/gallery/output_guard.wasm")
}

fn content(outcome: &Outcome) -> Value {
    let payload = outcome.changes.payload.as_ref().unwrap();
    match &payload.as_message().unwrap().message.content[0] {
        model::ContentPart::ToolResult { content } => content.content.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn long_results_are_denied() {
    let mut harness = harness().config("max_bytes", 20);
    let mut code = |content: Value| {
        let outcome = harness.call(POST, Request::tool_result("t", content)).unwrap();
        outcome.decision.violation().map(|violation| violation.code.clone())
    };
    assert_eq!(code(json!("sixteen letters.")), None);
    assert_eq!(code(json!(["one", "two", "three", "four"])).as_deref(), Some("output_too_long"));
}

#[test]
fn long_texts_are_cut() {
    let mut harness = harness().config("max_text_chars", 4);
    let request = Request::tool_result("t", json!({"a": "äöüßx", "b": ["four", 12345]}));
    let outcome = harness.call(POST, request).unwrap();
    assert_eq!(content(&outcome), json!({"a": "äöüß […]", "b": ["four", 12345]}));
    assert_eq!(outcome.telemetry.metrics["output.cut"], 1);
}

#[test]
fn listed_words_and_patterns_are_denied() {
    let mut harness = harness()
        .config("words", json!(["project (falcon)"]))
        .config("patterns", json!(["INT-[0-9]{4}"]));
    for (text, allowed) in
        [("Project (Falcon)!", false), ("see INT-1234", false), ("project falcon INT-12", true)]
    {
        let outcome = harness.call(POST, Request::tool_result("t", json!([text]))).unwrap();
        assert_eq!(outcome.decision.is_allow(), allowed, "{text}");
    }
}

#[test]
fn listed_words_are_masked() {
    let mut harness = harness().config("words", json!(["falcon"])).config("mode", "mask");
    let outcome = harness.call(POST, Request::tool_result("t", "a Falcon")).unwrap();
    assert_eq!(content(&outcome), "a ******");
    assert_eq!(outcome.telemetry.metrics["output.masked"], 1);
}

#[test]
fn an_invalid_pattern_is_told() {
    let mut harness = harness().config("patterns", json!(["a("]));
    let failure = harness.call(POST, Request::tool_result("t", "x")).unwrap_err();
    assert!(failure.to_string().contains("unclosed group"), "{failure}");
}
