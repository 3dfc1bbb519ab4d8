//! Patterns by the rules of the real host.

use alloc::vec::Vec;

use cpex_wasmi_abi::Field;

use crate::prelude::*;
use crate::raw::Place;
use crate::testing::{Harness, Request, model};

plugin! {
    name: "scanner",
    hooks: { "cmf.tool_pre_invoke" => mask, "cmf.tool_post_invoke" => look },
}

static NUMBERS: Patterns = Patterns::new(&[r"\b\d{3}-\d{2}-\d{4}\b", "secret=(?P<name>[a-z]+)"]);

fn mask(call: &Call) -> Result<Verdict> {
    let mut masked = 0_usize;
    for tool_call in call.tool_calls()? {
        masked = masked.saturating_add(NUMBERS.mask(tool_call.arguments(), '*', 0, 4)?);
    }
    info!("{masked} masked");
    allow()
}

fn look(_: &Call) -> Result<Verdict> {
    let content = Place::of(Field::ToolResultContent);
    let found = NUMBERS.scan(content)?;
    for found in &found {
        info!("{} at {} in {}", found.pattern, found.range.start, found.pointer);
    }
    if NUMBERS.is_in(content)? && NUMBERS.is_match("secret=x")? {
        NUMBERS.replace(content, "<$name>")?;
    }
    allow()
}

#[test]
fn matches_in_arguments_are_masked_in_place() {
    let request = Request::tool_call("hire")
        .argument("note", "his number is 123-45-6789, or 987-65-4321")
        .argument("list", serde_json::json!(["none", {"ssn": "123-45-6789"}, 5]));
    let mut harness = Harness::new(&PLUGIN);
    let outcome = harness.call("cmf.tool_pre_invoke", request).unwrap();
    let payload = outcome.changes.payload.unwrap();
    let model::ContentPart::ToolCall { content } =
        &payload.as_message().unwrap().message.content[0]
    else {
        panic!("another part")
    };
    assert_eq!(content.arguments["note"], "his number is *******6789, or *******4321");
    assert_eq!(content.arguments["list"], serde_json::json!(["none", {"ssn": "*******6789"}, 5]));
    assert_eq!(harness.take_log()[0].message, "3 masked");
}

#[test]
fn matches_are_told_with_their_pointers() {
    let content = serde_json::json!({"a/b": ["secret=abc", "no"], "c": "secret=x 123-45-6789"});
    let mut harness = Harness::new(&PLUGIN);
    let outcome = harness.call("cmf.tool_post_invoke", Request::tool_result("t", content)).unwrap();
    let log = harness.take_log();
    let lines: Vec<_> = log.iter().map(|line| &*line.message).collect();
    assert_eq!(lines, ["1 at 0 in /a~1b/0", "0 at 9 in /c", "1 at 0 in /c"]);
    let payload = outcome.changes.payload.unwrap();
    let model::ContentPart::ToolResult { content } =
        &payload.as_message().unwrap().message.content[0]
    else {
        panic!("another part")
    };
    assert_eq!(content.content, serde_json::json!({"a/b": ["<abc>", "no"], "c": "<x> <>"}));
}

#[test]
fn a_text_without_a_match_changes_nothing() {
    let request = Request::tool_call("hire").argument("note", "nothing here");
    let outcome = Harness::new(&PLUGIN).call("cmf.tool_pre_invoke", request).unwrap();
    assert!(outcome.changes.is_empty());
}

mod configured;
