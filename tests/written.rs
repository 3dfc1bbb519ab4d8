//! Records that a plugin writes as JSON: a member that a record does not have is refused wherever it stands.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::boundary::{APPEND, At, Boundary, at};
use common::trusting;
use cpex_wasmi::abi::{Field, Status};
use cpex_wasmi::model::{
    DelegationPayload, ElicitationPayload, IdentityPayload, Message, MessagePayload, Role,
};
use cpex_wasmi::{Decision, HostFunction, Payload, PayloadType, Request};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A member that no record has.
const UNKNOWN: &str = "unheard_of";

/// Members whose values are maps with any keys.
const MAPS: [&str; 8] = [
    "annotations",
    "arguments",
    "claims",
    "custom",
    "details",
    "headers",
    "metadata",
    "raw_claims",
];

fn hop() -> Value {
    json!({
        "subject_id": "alice", "subject_type": "user", "audience": "b", "scopes_granted": ["s"],
        "authorization_details": [{"type": "payment", "locations": ["x"], "own": {"a": 1}}],
        "timestamp": "2026-01-01T00:00:00Z", "ttl_seconds": 5, "strategy": "ucan", "from_cache": true,
    })
}

fn delegation() -> Value {
    json!({
        "chain": [hop(), hop()], "depth": 2, "origin_subject_id": "a", "actor_subject_id": "b",
        "delegated": true, "age_seconds": 1.5,
    })
}

fn minted() -> Value {
    json!({
        "outbound_header": "authorization", "audience": "b", "scopes": ["s"],
        "expires_at": "2026-01-01T00:00:00Z",
    })
}

fn parts() -> Vec<Value> {
    let source = |extra: &str, value: Value| {
        let mut source = json!({"type": "url", "data": "d", "media_type": "m"});
        if !extra.is_empty() {
            source[extra] = value;
        }
        source
    };
    let part = |kind: &str, content: Value| json!({"content_type": kind, "content": content});
    let nested = json!({"schema_version": "2.0", "role": "user", "content": [
        part("tool_call", json!({"tool_call_id": "2", "name": "n", "arguments": {"q": {"a": 1}}})),
    ]});
    vec![
        json!({"content_type": "text", "text": "one"}),
        json!({"content_type": "thinking", "text": "two"}),
        part(
            "tool_call",
            json!({
                "tool_call_id": "1", "name": "n", "arguments": {"q": {"a": 1}}, "namespace": "s",
            }),
        ),
        part(
            "tool_result",
            json!({
                "tool_call_id": "1", "tool_name": "n", "content": ["free"], "is_error": false,
            }),
        ),
        part(
            "resource",
            json!({
                "resource_request_id": "1", "uri": "u", "name": "n", "description": "d",
                "resource_type": "file", "content": "c", "blob": [1, 2], "mime_type": "m",
                "size_bytes": 2, "annotations": {"a": 1}, "version": "v",
            }),
        ),
        part(
            "resource_ref",
            json!({
                "resource_request_id": "1", "uri": "u", "name": "n", "resource_type": "file",
                "range_start": 1, "range_end": 2, "selector": "s",
            }),
        ),
        part(
            "prompt_request",
            json!({
                "prompt_request_id": "1", "name": "n", "arguments": {"a": 1}, "server_id": "s",
            }),
        ),
        part(
            "prompt_result",
            json!({
                "prompt_request_id": "1", "prompt_name": "n", "messages": [nested], "content": "c",
                "is_error": true, "error_message": "e",
            }),
        ),
        part("image", source("", Value::Null)),
        part("video", source("duration_ms", json!(5))),
        part("audio", source("duration_ms", json!(5))),
        part("document", source("title", json!("t"))),
    ]
}

fn message() -> Value {
    json!({"message": {
        "schema_version": "2.0", "role": "assistant", "channel": "final", "content": parts(),
    }})
}

fn identity() -> Value {
    json!({
        "source": "bearer", "source_header": "h", "headers": {"a": "b"}, "client_host": "c",
        "client_port": 1,
        "subject": {
            "id": "a", "subject_type": "user", "roles": ["r"], "permissions": ["p"], "teams": ["t"],
            "claims": {"c": "d"},
        },
        "client": {
            "client_id": "c", "client_name": "n", "trust_level": "internal",
            "authorized_scopes": ["s"], "authorized_audiences": ["a"], "roles": ["r"],
            "permissions": ["p"], "teams": ["t"], "claims": {"c": {"d": 1}},
        },
        "caller_workload": {
            "spiffe_id": "s", "trust_domain": "t", "attested_at": "2026-01-01T00:00:00Z",
            "attestor": "a", "selectors": ["s"], "client_id": "c",
        },
        "delegation": delegation(),
        "raw_credentials": {
            "inbound_tokens": {"user": {"source_header": "h", "kind": "jwt"}},
            "delegated_tokens": [[
                {
                    "subject_id": "a", "workload_id": "w", "client_id": "c", "audience": "b",
                    "scopes": ["s"], "mode": "as_client",
                },
                minted(),
            ]],
        },
        "resolved_at": "2026-01-01T00:00:00Z",
        "raw_claims": {"c": {"d": 1}},
    })
}

fn token() -> Value {
    json!({
        "actor_role": "user", "subject": "user", "target_name": "n", "target_type": "tool",
        "target_audience": "a", "required_permissions": ["p"], "trust_domain": "t",
        "auth_enforced_by": "both",
        "route_attenuation": {
            "capabilities": ["c"], "resource_template": "r", "actions": ["a"], "ttl_seconds": 1,
        },
        "delegated_token": minted(), "delegation_update": delegation(),
        "delegation_mode": "as_client", "minted_at": "2026-01-01T00:00:00Z",
        "metadata": {"m": {"n": 1}},
    })
}

fn elicitation() -> Value {
    json!({
        "operation": "check", "elicitation_id": "e", "kind": "approval", "from": "f", "purpose": "p",
        "scope": "s", "timeout": "t", "channel": "c", "id": "i", "status": "pending",
        "outcome": "denied", "approver": "a", "intent_id": "i",
        "expires_at": "2026-01-01T00:00:00Z", "valid": true, "reason": "r", "metadata": {"m": 1},
    })
}

fn constraint() -> Value {
    json!({
        "allow_models": ["m"], "deny_models": ["d"], "allow_regions": ["r"], "allow_sites": ["s"],
        "max_cost_tiers": ["t"], "custom": {"c": "d"}, "on_empty": "fallback",
    })
}

fn payload(json: &Value) -> Payload {
    let json = json.clone();
    if json.get("message").is_some() {
        serde_json::from_value::<MessagePayload>(json).unwrap().into()
    } else if json.get("source").is_some() {
        serde_json::from_value::<IdentityPayload>(json).unwrap().into()
    } else if json.get("target_name").is_some() {
        serde_json::from_value::<DelegationPayload>(json).unwrap().into()
    } else {
        serde_json::from_value::<ElicitationPayload>(json).unwrap().into()
    }
}

/// Every record that can be written: of which payload, where, and with all its members.
fn records() -> Vec<(Payload, At<'static>, Value)> {
    let mut records: Vec<_> = [message(), identity(), token(), elicitation()]
        .into_iter()
        .map(|json| (payload(&json), at(Field::Payload), json))
        .collect();
    let text = || Payload::from(Message::text(Role::User, "a"));
    records.push((text(), at(Field::CandidateConstraint), constraint()));
    records.push((text(), (Field::DelegationHop, APPEND, None), hop()));
    for (position, part) in (0..).zip(parts()) {
        records.push((payload(&message()), (Field::Part, position, None), part.clone()));
        let field = match part["content_type"].as_str().unwrap() {
            "tool_call" => Field::ToolCall,
            "tool_result" => Field::ToolResult,
            "resource" => Field::Resource,
            "resource_ref" => Field::ResourceRef,
            "prompt_request" => Field::PromptRequest,
            "prompt_result" => Field::PromptResult,
            _ => continue,
        };
        records.push((payload(&message()), at(field), part["content"].clone()));
    }
    records
}

/// The JSON Pointers of all objects in a value.
fn objects(value: &Value, pointer: &str) -> Vec<String> {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(values) => (0..).map(|n: usize| n.to_string()).zip(values).collect(),
        _ => Vec::new(),
    };
    let mut found = Vec::from_iter(value.is_object().then(|| pointer.to_owned()));
    for (name, value) in members {
        found.extend(objects(value, &format!("{pointer}/{name}")));
    }
    found
}

/// True if an object may have any members: it is in a map, or an authorization detail.
fn is_open(pointer: &str) -> bool {
    pointer.split('/').any(|step| MAPS.contains(&step) || step == "authorization_details")
}

/// The value with one more member in the object that `pointer` names.
fn with_unknown(value: &Value, pointer: &str) -> Value {
    let mut value = value.clone();
    value.pointer_mut(pointer).unwrap()[UNKNOWN] = json!("x");
    value
}

/// A JSON Pointer as a path.
fn path(pointer: &str) -> String {
    let mut path = String::new();
    for step in pointer.split('/').skip(1).chain([UNKNOWN]) {
        match step.parse::<usize>() {
            Ok(position) => path.push_str(&format!("[{position}]")),
            Err(_) if path.is_empty() => path.push_str(step),
            Err(_) => path.push_str(&format!(".{step}")),
        }
    }
    path
}

#[test]
fn unknown_members_are_refused_at_each_level() {
    let mut refused = 0;
    for (payload, at, record) in records() {
        let (field, index, _) = at;
        let new = || Boundary::new(trusting(), Request::new(payload.clone()));
        assert_eq!(new().write_json(at, &record), Ok(()), "{field:?}: {record}");
        for pointer in objects(&record, "") {
            // A token by role is no text.
            if pointer.ends_with("/inbound_tokens") {
                continue;
            }
            let misspelt = with_unknown(&record, &pointer);
            let mut boundary = new();
            let written = boundary.write_json((field, index, None), &misspelt);
            if is_open(&pointer) {
                // What is only given may not change.
                assert_ne!(written, Err(Status::Malformed), "{field:?}: {misspelt}");
                continue;
            }
            refused += 1;
            assert_eq!(written, Err(Status::Malformed), "{field:?} {pointer}: {misspelt}");
            let words = boundary.gives_up(Status::Malformed);
            let path = path(&pointer);
            assert!(words.contains(&format!("`{path}` is not known")), "{field:?}: {words}");
        }
    }
    assert!(refused > 60, "{refused}");
}

#[test]
fn unknown_members_are_refused_in_what_a_pointer_names() {
    for (field, record) in [(Field::Payload, identity()), (Field::Payload, token())] {
        for pointer in objects(&record, "").into_iter().skip(1) {
            if is_open(&pointer) || pointer.contains("_tokens") || pointer == "/route_attenuation" {
                continue;
            }
            let mut boundary = Boundary::new(trusting(), Request::new(payload(&record)));
            let here = record.pointer(&pointer).unwrap();
            let place = (field, 0, Some(&*pointer));
            assert_eq!(boundary.write_json(place, here), Ok(()), "{pointer}");
            let written = boundary.write_json(place, &with_unknown(here, ""));
            assert_eq!(written, Err(Status::Malformed), "{pointer}");
            let words = boundary.gives_up(Status::Malformed);
            assert!(words.contains(&format!("`{}` is not known", path(&pointer))), "{words}");
        }
    }
}

#[test]
fn a_misspelt_member_is_named_with_the_nearest() {
    let mut boundary = Boundary::new(trusting(), Request::new(payload(&identity())));
    let place = (Field::Payload, 0, Some("/caller_workload"));
    let written = boundary.write_json(place, &json!({"spiffe": "s"}));
    assert_eq!(written, Err(Status::Malformed));
    assert_eq!(
        boundary.gives_up(Status::Malformed),
        "`cpex_invoke` gave up with the status `Malformed`. The bytes given are not a valid \
         value of the field: `payload`: `caller_workload.spiffe` is not known; did you mean `spiffe_id`?"
    );
    let mut boundary = Boundary::new(trusting(), Request::tool_call("search"));
    let written = boundary.write_json(at(Field::ToolCall), &json!({"name": "n", "argumnts": {}}));
    assert_eq!(written, Err(Status::Malformed));
    assert!(boundary.gives_up(Status::Malformed).contains("missing field `tool_call_id`"));
}

#[test]
fn the_token_of_the_old_role_is_looked_into() {
    let mut record = identity();
    let misspelt = json!({"source_header": "h", "kind": "jwt", "tokn": "t"});
    record["raw_credentials"]["inbound_tokens"] = json!({"workload": misspelt});
    let mut boundary = Boundary::new(trusting(), Request::new(payload(&identity())));
    assert_eq!(boundary.write_json(at(Field::Payload), &record), Err(Status::Malformed));
    let words = boundary.gives_up(Status::Malformed);
    assert!(
        words.contains("`raw_credentials.inbound_tokens.workload.tokn` is not known"),
        "{words}"
    );
}

#[test]
fn a_violation_that_is_misspelt_says_so_and_denies() {
    let mut boundary = Boundary::new(trusting(), Request::tool_call("search"));
    let violation = json!({"code": "c", "reason": "r", "detials": {"a": 1}}).to_string();
    let denied = boundary.deny(HostFunction::DenyJson, violation.as_bytes());
    assert_eq!(denied, Err(Status::Malformed));
    let Decision::Deny(violation) = boundary.end(0).decision else { panic!("it denied") };
    let reason = violation.reason;
    assert!(reason.ends_with("`detials` is not known; did you mean `details`?"), "{reason}");
}

#[test]
fn a_secret_in_an_unknown_member_is_masked() {
    let mut record = identity();
    record["raw_token"] = json!("s3cret-token");
    let mut boundary =
        Boundary::new(trusting().allow_raw_credentials(), Request::new(payload(&record)));
    let token = boundary.text(at(Field::PayloadRawToken)).unwrap();
    record["subject"] = json!({token: "x\n"});
    assert_eq!(boundary.write_json(at(Field::Payload), &record), Err(Status::Malformed));
    let words = boundary.gives_up(Status::Malformed);
    assert!(words.contains("`subject.[redacted]` is not known"), "{words}");
}

#[derive(Serialize, Deserialize)]
struct Invoice {
    amount: u64,
    #[serde(rename(deserialize = "lines"))]
    rows: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(alias = "text")]
    label: String,
}

#[test]
fn an_embedders_own_payload_refuses_unknown_members() {
    const INVOICE: PayloadType<Invoice> = PayloadType::new("acme.invoice");
    let invoice = Invoice { amount: 1, rows: Vec::new() };
    let new = || Request::new(INVOICE.payload(&invoice).unwrap());
    let written =
        |json: Value| Boundary::new(trusting(), new()).write_json(at(Field::Payload), &json);
    assert_eq!(written(json!({"amount": 2, "lines": [{"text": "a"}, {"label": "b"}]})), Ok(()));
    let misspelt = json!({"amount": 2, "lines": [{"text": "a", "lable": "b"}]});
    assert_eq!(written(misspelt), Err(Status::Malformed));
    assert_eq!(written(json!({"amount": 2, "lines": [], "amonut": 3})), Err(Status::Malformed));
}
