//! Patterns of the configuration, and matches that the plugin rewrites.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::prelude::*;
use crate::testing::{Harness, Request, model};

plugin! {
    name: "rewriter",
    init: prepare,
    hooks: { "cmf.tool_pre_invoke" => upper, "cmf.tool_post_invoke" => upper },
}

static WORDS: Prepared<Patterns> = Prepared::new();

fn prepare(config: JsonMap) -> Result<()> {
    let words: Vec<String> = config.get_as("words")?.unwrap_or_default();
    WORDS.set(Patterns::compiled(&words)?)
}

fn upper(call: &Call) -> Result<Verdict> {
    let words = WORDS.get()?;
    let mut rewrite =
        |pattern: usize, word: &str| (pattern != 1).then(|| word.to_ascii_uppercase());
    let mut replaced = 0_usize;
    for tool in call.tool_calls()? {
        replaced = replaced.wrapping_add(words.rewrite(tool, &mut rewrite)?);
    }
    for result in call.tool_results()? {
        replaced = replaced.wrapping_add(words.rewrite(result, &mut rewrite)?);
    }
    call.count("words", u32::try_from(replaced).unwrap_or(u32::MAX))?;
    allow()
}

fn harness() -> Harness {
    Harness::new(&PLUGIN).config("words", serde_json::json!(["b[a-z]+", "keep", "bee[ ]?hive"]))
}

#[test]
fn matches_are_rewritten_by_the_plugin() {
    let request = Request::tool_call("hire")
        .argument("a/b", "a bee hive, keep, bär bat")
        .argument("none", "KEEP")
        .argument("list", serde_json::json!(["x", {"~": "bat"}]));
    let outcome = harness().call("cmf.tool_pre_invoke", request).unwrap();
    let payload = outcome.changes.payload.unwrap();
    let model::ContentPart::ToolCall { content } =
        &payload.as_message().unwrap().message.content[0]
    else {
        panic!("another part")
    };
    assert_eq!(content.arguments["a/b"], "a BEE HIVE, keep, bär BAT");
    assert_eq!(content.arguments["list"], serde_json::json!(["x", {"~": "BAT"}]));
}

#[test]
fn content_that_is_a_text_is_rewritten() {
    let request = Request::tool_result("t", "one bat");
    let outcome = harness().call("cmf.tool_post_invoke", request).unwrap();
    let payload = outcome.changes.payload.unwrap();
    let model::ContentPart::ToolResult { content } =
        &payload.as_message().unwrap().message.content[0]
    else {
        panic!("another part")
    };
    assert_eq!(content.content, "one BAT");
}

#[test]
fn matches_that_are_left_change_nothing() {
    let request = Request::tool_result("t", "keep");
    let outcome = harness().call("cmf.tool_post_invoke", request).unwrap();
    assert!(outcome.changes.is_empty());
}

#[test]
fn an_invalid_pattern_of_the_configuration_is_told() {
    let mut harness = Harness::new(&PLUGIN).config("words", serde_json::json!(["ok", "a("]));
    let failure = harness.call("cmf.tool_pre_invoke", Request::tool_call("t")).unwrap_err();
    assert!(failure.to_string().contains("unclosed group"), "{failure}");
}
