//! Arguments that fit, and arguments that do not.

use cpex_wasmi_guest::testing::{Harness, Request};
use serde_json::{Value, json};

use crate::PLUGIN;

const PRE: &str = "cmf.tool_pre_invoke";

fn harness(tools: Value) -> Harness {
    Harness::new(&PLUGIN)
        .config("tools", tools)
        .module_file_if_built("../../../target/gallery/arguments_guard.wasm")
}

/// The code and the reason of a denial.
fn denial(harness: &mut Harness, request: Request) -> Option<(String, String)> {
    let outcome = harness.call(PRE, request).unwrap();
    outcome.decision.violation().map(|denied| (denied.code.clone(), denied.reason.clone()))
}

fn payment() -> Value {
    json!({
        "$defs": { "money": { "type": "number", "exclusiveMinimum": 0, "maximum": 1000 } },
        "type": "object",
        "properties": { "amount": { "$ref": "#/$defs/money" }, "to": { "pattern": "^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$" } },
        "required": ["amount", "to"],
        "additionalProperties": false,
    })
}

#[test]
fn arguments_that_do_not_fit_are_denied_with_the_first_fault() {
    let mut harness = harness(json!({ "pay": payment() }));
    let iban = "DE89370400440532013000";
    let call =
        |amount: f64| Request::tool_call("pay").argument("amount", amount).argument("to", iban);
    assert_eq!(denial(&mut harness, call(12.5)), None);
    let invalid = |reason: &str| Some(("invalid_arguments".into(), reason.into()));
    assert_eq!(
        denial(&mut harness, call(1001.0)),
        invalid("/amount: is 1001.0, but must be at most 1000")
    );
    let short = Request::tool_call("pay").argument("amount", 1);
    assert_eq!(denial(&mut harness, short), invalid("the arguments: lacks `to`"));
    let other = Request::tool_call("pay").argument("amount", 1).argument("to", "Mallory");
    let (_, reason) = denial(&mut harness, other).unwrap();
    assert!(reason.starts_with("/to: does not match the pattern `^[A-Z]{2}"), "{reason}");
    let more = call(1.0).argument("memo", "x");
    let (_, reason) = denial(&mut harness, more).unwrap();
    assert!(reason.starts_with("/memo: is not known"), "{reason}");
}

#[test]
fn globs_of_names_mean_several_tools() {
    let id = json!({ "required": ["id"] });
    let mut harness = harness(json!({ "delete_*": id, "*_user": { "maxProperties": 1 } }));
    let code = |harness: &mut Harness, request| denial(harness, request).map(|(code, _)| code);
    let request = |name: &str| Request::tool_call(name).argument("id", 1);
    assert_eq!(code(&mut harness, request("delete_file")), None);
    assert_eq!(
        code(&mut harness, Request::tool_call("delete_file")).as_deref(),
        Some("invalid_arguments")
    );
    // Both are meant.
    let two = request("delete_user").argument("force", true);
    assert_eq!(code(&mut harness, two).as_deref(), Some("invalid_arguments"));
    assert_eq!(
        code(&mut harness, Request::tool_call("list").argument("a", 1).argument("b", 2)),
        None
    );
}

#[test]
fn other_tools_are_denied_if_the_operator_says_so() {
    let mut harness = harness(json!({ "list": true })).config("unlisted", "deny");
    assert_eq!(denial(&mut harness, Request::tool_call("list")), None);
    let (code, _) = denial(&mut harness, Request::tool_call("delete")).unwrap();
    assert_eq!(code, "tool_not_listed");
}

#[test]
fn faults_can_be_counted_only() {
    let mut harness = harness(json!({ "list": { "maxProperties": 0 } })).config("mode", "count");
    let outcome = harness.call(PRE, Request::tool_call("list").argument("a", 1)).unwrap();
    assert!(outcome.decision.is_allow());
    assert_eq!(outcome.telemetry.metrics["arguments.invalid"], 1);
}

#[test]
fn an_unsupported_schema_fails_the_initialisation() {
    let mut harness = harness(json!({ "list": { "$ref": "https://example.com/schema.json" } }));
    let failure = harness.call(PRE, Request::tool_call("list")).unwrap_err();
    assert!(failure.to_string().contains("$ref"), "{failure}");
}
