//! Personal data of every kind, and texts that are none.

use cpex_wasmi_guest::testing::{Harness, Outcome, Request, model};
use serde_json::{Value, json};

use crate::PLUGIN;

const PRE: &str = "cmf.tool_pre_invoke";
const POST: &str = "cmf.tool_post_invoke";

fn harness() -> Harness {
    Harness::new(&PLUGIN).grant_all().module_file_if_built("../../../target/gallery/pii.wasm")
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
fn each_kind_is_masked() {
    let samples = [
        ("email", "ann.lee+x@mail.example.org", "***.***+*@****.*******.***"),
        ("phone", "+49 30 1234567", "+** ** *****67"),
        ("phone", "(212) 555-0187", "(***) ***-**87"),
        ("card", "4111 1111 1111 1111", "**** **** **** 1111"),
        ("card", "378282246310005", "***********0005"),
        ("iban", "DE89 3704 0044 0532 0130 00", "**** **** **** **** **30 00"),
        ("us_ssn", "123-45-6789", "***-**-6789"),
        ("uk_nino", "AB 12 34 56 C", "** ** ** ** C"),
        ("ip", "203.0.113.9", "***.*.***.*"),
    ];
    let mut harness = harness();
    for (kind, text, masked) in samples {
        let request = Request::tool_result("t", json!({"a": [format!("see {text}, ok")]}));
        let outcome = harness.call(POST, request).unwrap();
        assert_eq!(content(&outcome), json!({"a": [format!("see {masked}, ok")]}), "{kind}");
        assert_eq!(outcome.telemetry.metrics[&format!("pii.{kind}")], 1);
    }
}

#[test]
fn numbers_that_fail_their_check_are_left() {
    let text = "order 4111 1111 1111 1112, case 666-12-1234, host 127.0.0.1, version 1.2.3.400, DE88 3704 0044 0532 0130 00";
    let outcome = harness().call(POST, Request::tool_result("t", text)).unwrap();
    assert!(outcome.changes.is_empty(), "{:?}", outcome.changes);
    assert!(outcome.telemetry.is_empty());
}

#[test]
fn kinds_are_blocked_masked_counted_or_left() {
    let kinds = json!({"card": "block", "email": "mask", "ip": "off"});
    let mut harness = harness().config("default", "count").config("kinds", kinds);
    let text = "a@b.example, 203.0.113.9, 123-45-6789";
    let outcome = harness.call(PRE, Request::tool_call("t").argument("q", text)).unwrap();
    assert_eq!(content(&outcome), json!({"q": "*@*.*******, 203.0.113.9, 123-45-6789"}));
    assert_eq!(outcome.telemetry.metrics.len(), 2, "{:?}", outcome.telemetry);

    let request = Request::tool_call("t").argument("q", "4111-1111-1111-1111 and a@b.example");
    let outcome = harness.call(PRE, request).unwrap();
    let violation = outcome.decision.violation().unwrap();
    assert_eq!(violation.code, "personal_data");
    assert_eq!(violation.reason, "there is personal data in the arguments: card");
}

#[test]
fn many_findings_in_many_texts_are_masked() {
    let list: Vec<_> = (10..60).map(|n| format!("u{n}@mail.example, 123-45-67{n}")).collect();
    let outcome = harness().call(POST, Request::tool_result("t", json!(list))).unwrap();
    assert_eq!(outcome.telemetry.metrics["pii.email"], 50);
    assert_eq!(outcome.telemetry.metrics["pii.us_ssn"], 50);
    assert_eq!(content(&outcome)[49], "***@****.*******, ***-**-6759");
}
