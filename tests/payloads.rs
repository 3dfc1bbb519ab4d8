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
use serde_json::{Value, json};

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
fn fields_of_another_payload_kind_are_not_missing() {
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

/// Tries to change each member of a payload that stands before `first_output`.
fn inputs_are_fixed(payload: impl Into<Payload>, given: &Value, first_output: &str) {
    let mut boundary = boundary(payload);
    let names: Vec<&String> = given.as_object().unwrap().keys().collect();
    assert!(!names.iter().any(|name| *name == first_output));
    for name in names {
        let mut other = given[name].clone();
        match &mut other {
            Value::String(text) => text.insert(0, 'x'),
            Value::Number(_) => other = 7.into(),
            Value::Array(values) => values.push("x".into()),
            Value::Object(map) => drop(map.insert("x".into(), "x".into())),
            _ => panic!("{name}"),
        }
        // An enum has other names.
        let others = match name.as_str() {
            "operation" => vec!["dispatch".into()],
            "subject" => vec!["client".into()],
            "auth_enforced_by" => vec!["target".into()],
            "route_attenuation" => vec![json!({"actions": ["x"]})],
            _ => vec![other],
        };
        for other in others {
            let place = format!("/{name}");
            let refused = boundary.write_json((Field::Payload, 0, Some(&place)), &other);
            assert_eq!(refused, Err(Status::ReadOnly), "{name} = {other}");
        }
    }
    assert!(boundary.end(0).changes.is_empty());
}

#[test]
fn nothing_that_a_plugin_is_only_given_can_be_changed() {
    let identity = json!({
        "source": "bearer", "source_header": "A", "headers": {"a": "b"}, "client_host": "h",
        "client_port": 443
    });
    let payload: IdentityPayload = serde_json::from_value(identity.clone()).unwrap();
    inputs_are_fixed(payload, &identity, "subject");
    let delegation = json!({
        "actor_role": "client", "subject": "user", "target_name": "t", "target_type": "tool",
        "target_audience": "a", "required_permissions": ["p"], "trust_domain": "d",
        "auth_enforced_by": "caller", "route_attenuation": {"actions": ["a"]}
    });
    let payload: DelegationPayload = serde_json::from_value(delegation.clone()).unwrap();
    inputs_are_fixed(payload, &delegation, "delegated_token");
    let elicitation = json!({
        "operation": "check", "elicitation_id": "i", "kind": "k", "from": "f", "purpose": "p",
        "scope": "s", "timeout": "t", "channel": "c"
    });
    let payload: ElicitationPayload = serde_json::from_value(elicitation.clone()).unwrap();
    inputs_are_fixed(payload, &elicitation, "id");
}

#[test]
fn a_guess_at_a_token_is_no_better_than_any_other() {
    let mut boundary = boundary(IdentityPayload::new("4711", "bearer"));
    for guess in ["4711", "0815"] {
        let write = boundary.write_text((Field::Payload, 0, Some("/raw_token")), guess);
        assert_eq!(write, Err(Status::ReadOnly), "{guess}");
    }
}

#[test]
fn a_token_in_a_header_is_hidden_and_kept() {
    let mut payload = IdentityPayload::new("eyJ.secret", "bearer");
    payload.headers.insert("authorization".into(), "Bearer eyJ.secret".into());
    let mut boundary = boundary(payload.clone());
    let header = boundary.text((Field::Payload, 0, Some("/headers/authorization"))).unwrap();
    assert_eq!(header, "Bearer [redacted]");
    let whole = boundary.json(at(Field::Payload)).unwrap();
    assert!(!whole.to_string().contains("eyJ"), "{whole}");
    boundary.write_json(at(Field::Payload), &whole).unwrap();
    boundary.write_json((Field::Payload, 0, Some("/subject")), &json!({"id": "a"})).unwrap();
    let Some(Payload::Identity(after)) = boundary.end(0).changes.payload else { panic!() };
    assert_eq!(after.headers, payload.headers);
}

fn kept() -> IdentityPayload {
    let token = |token: &str| json!({"token": token, "source_header": "A", "kind": "jwt"});
    let minted = json!([
        {"subject_id": "s", "audience": "a", "scopes": [], "mode": "as_client"},
        {"token": "minted", "outbound_header": "A", "audience": "a", "scopes": [],
         "expires_at": "2030-01-01T00:00:00Z"}
    ]);
    let credentials = json!({
        "inbound_tokens": {"user": token("users"), "client": token("clients")},
        "delegated_tokens": [minted]
    });
    let mut payload = IdentityPayload::new("raw", "bearer");
    payload.raw_credentials = Some(serde_json::from_value(credentials).unwrap());
    payload
}

#[test]
fn tokens_that_do_not_cross_are_kept() {
    let tokens = |edit: &dyn Fn(&mut Boundary)| {
        let mut boundary = boundary(kept());
        edit(&mut boundary);
        let Some(Payload::Identity(after)) = boundary.end(0).changes.payload else { panic!() };
        assert_eq!(after.raw_token.expose(), "raw");
        let credentials = after.raw_credentials.unwrap();
        let of = |role: &str| credentials.inbound_tokens[role].token.expose().to_owned();
        let minted = credentials.delegated_tokens[0].1.token.expose().to_owned();
        [of("user"), of("client"), minted]
    };
    let unrelated = |boundary: &mut Boundary| {
        boundary.write_text((Field::Payload, 0, Some("/resolved_at")), "now").unwrap();
    };
    assert_eq!(tokens(&unrelated), ["users", "clients", "minted"]);
    // In postcard too, and after it was written twice.
    let rewritten = |boundary: &mut Boundary| {
        for _ in 0..2 {
            let bytes = boundary.read(at(Field::Payload)).unwrap();
            boundary.write(at(Field::Payload), &bytes).unwrap();
        }
    };
    assert_eq!(tokens(&rewritten), ["users", "clients", "minted"]);
    // What is said of a token is said of that token: it cannot be passed off as another.
    let relabelled = |boundary: &mut Boundary| {
        let header = "/raw_credentials/inbound_tokens/user/source_header";
        boundary.write_text((Field::Payload, 0, Some(header)), "X-Evil").unwrap();
        let audience = "/raw_credentials/delegated_tokens/0/1/audience";
        boundary.write_text((Field::Payload, 0, Some(audience)), "evil.example").unwrap();
    };
    assert_eq!(tokens(&relabelled), ["", "clients", ""]);
    let replaced = |boundary: &mut Boundary| {
        let token = "/raw_credentials/inbound_tokens/user/token";
        boundary.write_text((Field::Payload, 0, Some(token)), "another").unwrap();
    };
    assert_eq!(tokens(&replaced), ["another", "clients", "minted"]);
}

#[test]
fn a_misspelt_member_is_refused_and_not_lost() {
    let mut message = Boundary::new(Policy::default(), Request::tool_call("x"));
    let nme = message.write_text((Field::ToolCall, 0, Some("/nme")), "y");
    assert_eq!(nme, Err(Status::Malformed));
    let contents = message.write_json((Field::Payload, 0, Some("/message/contents")), &json!([]));
    assert_eq!(contents, Err(Status::Malformed));
    // What may be left out is no misspelling.
    message.write_json((Field::ToolCall, 0, Some("/namespace")), &Value::Null).unwrap();
    message.write_text((Field::ToolCall, 0, Some("/namespace")), "ns").unwrap();
    message.write_text((Field::ToolCall, 0, Some("/arguments/new")), "z").unwrap();
    let mut constrained = Boundary::new(common::trusting(), Request::tool_call("x"));
    let wrong = json!({"deny_modls": ["gpt-*"]});
    let place = at(Field::CandidateConstraint);
    assert_eq!(constrained.write_json(place, &wrong), Err(Status::Malformed));
    constrained.write_json(place, &json!({"deny_models": []})).unwrap();
    let wrong = (Field::CandidateConstraint, 0, Some("/deny_modls"));
    assert_eq!(constrained.write_json(wrong, &json!(["a"])), Err(Status::Malformed));
}

#[test]
fn the_names_of_cpex_s_own_payloads_are_taken() {
    use cpex_wasmi::CustomPayload;
    assert!(CustomPayload::untyped("acme.order", 1).is_ok());
    for name in ["message", "identity", "delegation", "elicitation"] {
        assert!(CustomPayload::untyped(name, 1).is_err(), "{name}");
    }
}

#[test]
fn a_minted_token_reaches_only_the_host() {
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
    assert_eq!(error.to_string(), "the payload is not a `acme.order`: it is `acme.invoice`");
}

/// Panics where what it is made of is no number.
#[derive(Serialize)]
struct Careless(u64);

impl<'de> Deserialize<'de> for Careless {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Value::deserialize(from).map(|value| Self(value.as_u64().unwrap()))
    }
}

#[test]
fn a_type_that_panics_over_what_a_plugin_writes_refuses_it() {
    const CARELESS: PayloadType<Careless> = PayloadType::new("acme.careless");
    let wasm = common::guest(
        r#"(data (i32.const 0) "\"no\"")
           (func (export "cpex_invoke") (param i32) (result i32)
             (call $write_json (i32.const 0x0100) (i32.const 0) (i32.const 0) (i32.const -1)
               (i32.const 0) (i32.const 4)))"#,
    );
    let request = Request::new(CARELESS.payload(&Careless(1)).unwrap());
    let error = common::load(&wasm, Policy::default()).call(common::HOOK, request).unwrap_err();
    assert_eq!(error.code(), "plugin_failed");
}
