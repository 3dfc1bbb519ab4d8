//! Secrets in a JSON tree, blocked and masked.

use cpex_wasmi_guest::testing::{Harness, Request, model};
use serde_json::json;

use crate::PLUGIN;

const PRE: &str = "cmf.tool_pre_invoke";
const POST: &str = "cmf.tool_post_invoke";

fn harness() -> Harness {
    Harness::new(&PLUGIN)
        .grant_all()
        .module_file_if_built("../../../target/gallery/secrets_cpex.wasm")
}

fn token() -> String {
    format!("ghp_{}", "aB3dE6gH9".repeat(4))
}

#[test]
fn a_secret_in_the_arguments_is_blocked() {
    let request =
        Request::tool_call("t").argument("a", json!([{ "b": format!("see {}", token()) }]));
    let outcome = harness().call(PRE, request).unwrap();
    assert_eq!(outcome.decision.violation().unwrap().code, "secret_found");
    assert_eq!(outcome.telemetry.metadata["secrets.formats"], json!(["github_token"]));
}

#[test]
fn secrets_of_a_result_are_masked() {
    let mut harness = harness().config("mode", "mask");
    let content = json!({ "log": ["x", format!("use {0}, {0}", token())], "n": 5 });
    let outcome = harness.call(POST, Request::tool_result("t", content)).unwrap();
    let payload = outcome.changes.payload.unwrap();
    let model::ContentPart::ToolResult { content } =
        &payload.as_message().unwrap().message.content[0]
    else {
        panic!("another part")
    };
    assert_eq!(content.content, json!({ "log": ["x", "use [secret], [secret]"], "n": 5 }));
    assert_eq!(outcome.telemetry.metadata["secrets.found"], 2);
}

#[test]
fn harmless_texts_and_ignored_formats_pass() {
    let mut harness = harness().config("ignore", json!(["github_token"]));
    let request = Request::tool_result("t", json!([token(), "ghp_short", "sk-1"]));
    let outcome = harness.call(POST, request).unwrap();
    assert!(outcome.decision.is_allow() && outcome.changes.is_empty());
    assert!(outcome.telemetry.is_empty());
}
