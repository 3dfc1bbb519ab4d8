//! The payloads that are no messages.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::boundary::{Boundary, at};
use cpex_wasmi::abi::{Field, Status};
use cpex_wasmi::model::{
    DelegationPayload, ElicitationOp, ElicitationPayload, IdentityPayload, Role,
};
use cpex_wasmi::{Payload, PayloadType, Policy, Request};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Invoice {
    amount: u64,
    items: Vec<String>,
}

const INVOICE: PayloadType<Invoice> = PayloadType::new("acme.invoice");

fn invoice() -> Request {
    let invoice = Invoice { amount: 7, items: vec!["pen".into()] };
    Request::new(INVOICE.payload(&invoice).unwrap())
}

fn boundary(payload: impl Into<Payload>) -> Boundary {
    Boundary::new(Policy::default(), Request::new(payload))
}

#[test]
fn a_payload_says_what_it_is() {
    let kind = |request: Request| {
        Boundary::new(Policy::default(), request).text(at(Field::PayloadType)).unwrap()
    };
    assert_eq!(kind(Request::text(Role::User, "hi")), "message");
    assert_eq!(kind(Request::new(IdentityPayload::new("t", "bearer"))), "identity");
    assert_eq!(kind(Request::new(DelegationPayload::new("t", "tool"))), "delegation");
    let elicitation = ElicitationPayload::new(ElicitationOp::Dispatch, "approval", "alice");
    assert_eq!(kind(Request::new(elicitation)), "elicitation");
    assert_eq!(kind(invoice()), "acme.invoice");
}

#[test]
fn fields_of_another_kind_of_payload_are_told_from_missing_ones() {
    let mut identity = boundary(IdentityPayload::new("t", "bearer"));
    assert_eq!(identity.text(at(Field::MessageRole)), Err(Status::WrongPayload));
    assert_eq!(identity.text(at(Field::ToolCallName)), Err(Status::WrongPayload));
    let argument = (Field::ToolCallArguments, 0, Some("a"));
    assert_eq!(identity.write_text(argument, "b"), Err(Status::WrongPayload));
    let mut message = Boundary::new(Policy::default(), Request::text(Role::User, "hi"));
    assert_eq!(message.text(at(Field::ToolCallName)), Err(Status::Absent));
}

#[test]
fn an_identity_is_resolved_field_by_field() {
    let mut payload = IdentityPayload::new("eyJ", "bearer");
    payload.headers.insert("host".into(), "a".into());
    let mut boundary = boundary(payload.clone());
    let place = |pointer| (Field::Payload, 0, Some(pointer));
    assert_eq!(boundary.text(place("/headers/host")).unwrap(), "a");
    boundary.write_json(place("/subject"), &json!({"id": "alice", "roles": ["hr"]})).unwrap();
    boundary.write_json(place("/raw_claims"), &json!({"sub": "alice"})).unwrap();
    boundary.write_text(place("/raw_claims/iss"), "idp").unwrap();
    // What it was given stays as it was.
    for pointer in ["/source", "/source_header", "/client_host"] {
        assert_eq!(boundary.write_text(place(pointer), "x"), Err(Status::ReadOnly), "{pointer}");
    }
    assert_eq!(boundary.write_text(place("/raw_token"), "x"), Err(Status::ReadOnly));
    let Some(Payload::Identity(resolved)) = boundary.end(0).changes.payload else { panic!() };
    assert_eq!(resolved.subject.as_ref().unwrap().id.as_deref(), Some("alice"));
    assert_eq!(resolved.raw_claims["iss"], "idp");
    assert_eq!(resolved.raw_token.expose(), "eyJ", "the token is kept");
    assert_eq!(resolved.headers, payload.headers);
}

#[test]
fn a_token_that_a_plugin_mints_reaches_the_host_and_is_shown_to_nobody() {
    let mut boundary = boundary(DelegationPayload::new("eyJ", "tool"));
    let token = json!({
        "token": "minted", "outbound_header": "Authorization", "audience": "a", "scopes": ["s"],
        "expires_at": "2030-01-01T00:00:00Z"
    });
    boundary.write_json((Field::Payload, 0, Some("/delegated_token")), &token).unwrap();
    // Reading it back, and changing something else, keeps it.
    let read = boundary.json((Field::Payload, 0, Some("/delegated_token"))).unwrap();
    assert_eq!(read.get("token"), None);
    boundary.write_text((Field::Payload, 0, Some("/minted_at")), "2029-01-01T00:00:00Z").unwrap();
    let outcome = boundary.end(0);
    let shown = format!("{outcome:?}");
    assert!(!shown.contains("minted\"") && !shown.contains("eyJ"), "{shown}");
    let Some(Payload::Delegation(payload)) = outcome.changes.payload else { panic!() };
    assert_eq!(payload.delegated_token.unwrap().token.expose(), "minted");
    assert_eq!(payload.bearer_token.expose(), "eyJ");
}

#[test]
fn an_answer_to_a_question_is_recorded() {
    let mut boundary = boundary(ElicitationPayload::new(ElicitationOp::Check, "approval", "alice"));
    let place = |pointer| (Field::Payload, 0, Some(pointer));
    boundary.write_text(place("/outcome"), "approved").unwrap();
    assert_eq!(boundary.write_text(place("/outcome"), "maybe"), Err(Status::Malformed));
    assert_eq!(boundary.write_text(place("/from"), "bob"), Err(Status::ReadOnly));
    let Some(Payload::Elicitation(payload)) = boundary.end(0).changes.payload else { panic!() };
    assert_eq!(serde_json::to_value(payload.outcome).unwrap(), "approved");
}

#[test]
fn an_embedder_s_own_type_is_read_changed_and_kept() {
    let mut boundary = Boundary::new(Policy::default(), invoice());
    assert_eq!(boundary.text((Field::Payload, 0, Some("/items/0"))).unwrap(), "pen");
    boundary.write_json((Field::Payload, 0, Some("/amount")), &json!(8)).unwrap();
    // The type decides what is one of it.
    let refused = boundary.write_json((Field::Payload, 0, Some("/amount")), &json!(-1));
    assert_eq!(refused, Err(Status::Malformed));
    assert_eq!(boundary.write_json(at(Field::Payload), &json!([])), Err(Status::Malformed));
    let changed = boundary.end(0).changes.payload.unwrap();
    let expected = Invoice { amount: 8, items: vec!["pen".into()] };
    assert_eq!(INVOICE.read(&changed).unwrap(), expected);
    let other: PayloadType<Invoice> = PayloadType::new("acme.order");
    let error = other.read(&changed).unwrap_err();
    assert_eq!(error.to_string(), "the payload is no `acme.order`: it is `acme.invoice`");
}
