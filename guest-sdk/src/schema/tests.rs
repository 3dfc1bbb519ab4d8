//! Schemas by the rules of the real host, and outside of a harness.

use alloc::vec::Vec;

use super::Schema;
use crate::prelude::*;
use crate::testing::{Harness, Request};

plugin! {
    name: "arguments",
    init: prepare,
    hooks: { "cmf.tool_pre_invoke" => look },
}

static ARGUMENTS: Prepared<Schema> = Prepared::new();

fn prepare(config: JsonMap) -> Result<()> {
    let schema = config.json_of("arguments")?.unwrap_or("true".into());
    ARGUMENTS.set(Schema::new(&schema)?)
}

fn look(call: &Call) -> Result<Verdict> {
    let schema = ARGUMENTS.get()?;
    for tool_call in call.tool_calls()? {
        let faults = schema.check(tool_call)?;
        assert_eq!(faults.is_empty(), schema.is_valid(tool_call.arguments())?);
        let json = tool_call.arguments().json()?.unwrap_or_default();
        assert_eq!(faults, schema.check_text(&json)?);
        for fault in faults {
            warn!("{} {}", fault.pointer, fault.message);
        }
    }
    allow()
}

#[test]
fn arguments_are_checked_by_a_configured_schema() {
    let schema =
        serde_json::json!({"properties": {"amount": {"maximum": 100}}, "maxProperties": 1});
    let mut harness = Harness::new(&PLUGIN).config("arguments", schema);
    let mut faults = |request: Request| {
        harness.call("cmf.tool_pre_invoke", request).unwrap();
        harness.take_log().into_iter().map(|line| line.message).collect::<Vec<_>>()
    };
    assert!(faults(Request::tool_call("pay").argument("amount", 100)).is_empty());
    assert_eq!(
        faults(Request::tool_call("pay").argument("amount", 101).argument("to", "bob")),
        ["has 2 keys, but must have at most 1", "/amount is 101, but must be at most 100"].map(
            |line| {
                // The pointer of the whole is empty.
                if line.starts_with('/') { line.into() } else { alloc::format!(" {line}") }
            }
        )
    );
}

#[test]
fn texts_are_checked_without_a_harness() {
    let schema = Schema::new(r#"{"items": {"type": "integer"}}"#).unwrap();
    assert!(schema.check_text("[1, 2]").unwrap().is_empty());
    let faults = schema.check_text(r#"[1, "2"]"#).unwrap();
    assert_eq!(
        (&*faults[0].pointer, &*faults[0].message),
        ("/1", "must be a whole number, but is a text")
    );
    assert_eq!(schema.check_text("[1").unwrap_err().status(), Status::Malformed);
    #[cfg(feature = "cpex")]
    assert_eq!(schema.check_value(&[1, 2]), Ok(Vec::new()));
}

#[test]
fn a_refused_schema_is_an_error_with_the_reason() {
    let error = Schema::new(r#"{"type": "text"}"#).unwrap_err();
    assert_eq!(error.status(), Status::Failed);
}
