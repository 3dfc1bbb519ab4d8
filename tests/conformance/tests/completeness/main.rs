//! Nothing is lost: every value that `cpex-core` has can be read by a plugin, by itself and as part
//! of the whole.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "for tests"
)]

#[path = "../../../common/mod.rs"]
mod common;
mod full;

use std::collections::BTreeSet;

use common::boundary::{Boundary, at};
use common::trusting;
use cpex_wasmi::abi::{Field, Status};
use cpex_wasmi::model::{
    DelegationPayload, ElicitationPayload, Extensions, IdentityPayload, MessagePayload,
    PluginContext,
};
use cpex_wasmi::{Payload, Request};
use cpex_wasmi_conformance::to_json;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A value of theirs as one of ours.
fn ours<T: DeserializeOwned>(theirs: &impl serde::Serialize) -> T {
    serde_json::from_value(serde_json::to_value(theirs).unwrap()).unwrap()
}

fn boundary(payload: impl Into<Payload>) -> Boundary {
    let request = Request::new(payload).extensions(ours(&full::extensions()));
    Boundary::new(trusting().allow_raw_credentials(), request)
}

/// The pointers to all values in `value`, and these.
fn all<'v>(value: &'v Value, pointer: &str, found: &mut Vec<(String, &'v Value)>) {
    found.push((pointer.to_owned(), value));
    match value {
        Value::Array(values) => {
            for (position, value) in values.iter().enumerate() {
                all(value, &format!("{pointer}/{position}"), found);
            }
        }
        Value::Object(map) => {
            for (key, value) in map {
                let key = key.replace('~', "~0").replace('/', "~1");
                all(value, &format!("{pointer}/{key}"), found);
            }
        }
        _ => {}
    }
}

/// Every value under a field is read by pointer, and the field whole.
fn readable(boundary: &mut Boundary, field: Field, expected: &Value) -> usize {
    assert_eq!(&boundary.json(at(field)).unwrap(), expected, "{field}");
    let mut found = Vec::new();
    all(expected, "", &mut found);
    for (pointer, value) in &found {
        let seen = boundary.json((field, 0, Some(pointer)));
        assert_eq!(seen.as_ref(), Ok(*value), "{field} {pointer}");
        if let Value::String(text) = value {
            assert_eq!(boundary.text((field, 0, Some(pointer))).as_ref(), Ok(text));
        }
    }
    found.len()
}

#[test]
fn every_value_of_every_slot_is_readable() {
    let theirs = to_json(&full::extensions());
    let mut boundary = boundary(ours::<MessagePayload>(&full::message()));
    let slots = theirs.as_object().unwrap();
    assert_eq!(slots.len(), 14, "a slot is new: {:?}", slots.keys());
    let mut read = 0;
    for (slot, expected) in slots {
        let field = Field::ALL.iter().find(|field| field.path() == slot).unwrap();
        if *field == Field::Custom {
            for (name, value) in expected.as_object().unwrap() {
                assert_eq!(boundary.json((Field::Custom, 0, Some(name))).as_ref(), Ok(value));
            }
            assert_eq!(&boundary.json(at(Field::Custom)).unwrap(), expected);
        } else {
            read += readable(&mut boundary, *field, expected);
        }
    }
    assert!(read > 250, "{read}");
}

#[test]
fn fields_of_their_own_show_what_the_whole_shows() {
    let theirs = to_json(&full::extensions());
    let mut boundary = boundary(ours::<MessagePayload>(&full::message()));
    let mut seen = 0;
    for field in Field::ALL {
        let pointer = format!("/{}", field.path().replace('.', "/"));
        let Some(expected) = theirs.pointer(&pointer) else { continue };
        if matches!(field, Field::InboundToken | Field::DelegatedToken) {
            continue;
        }
        let expected = if field.info().indexed { &expected[0] } else { expected };
        assert_eq!(boundary.json(at(*field)).as_ref(), Ok(expected), "{field}");
        seen += 1;
    }
    assert!(seen > 80, "{seen}");
}

#[test]
fn every_value_of_every_payload_is_readable() {
    let message = to_json(&full::message());
    let mut boundary_ = boundary(ours::<MessagePayload>(&full::message()));
    readable(&mut boundary_, Field::Payload, &message);
    for (index, part) in message["message"]["content"].as_array().unwrap().iter().enumerate() {
        let index = u32::try_from(index).unwrap();
        let mut found = Vec::new();
        all(part, "", &mut found);
        for (pointer, value) in found {
            let seen = boundary_.json((Field::Part, index, Some(&pointer)));
            assert_eq!(seen.as_ref(), Ok(value), "{index} {pointer}");
        }
    }
    let identity = to_json(&full::identity());
    readable(&mut boundary(ours::<IdentityPayload>(&full::identity())), Field::Payload, &identity);
    let delegated = to_json(&full::delegated());
    readable(
        &mut boundary(ours::<DelegationPayload>(&full::delegated())),
        Field::Payload,
        &delegated,
    );
    let elicitation = to_json(&full::elicitation());
    readable(
        &mut boundary(ours::<ElicitationPayload>(&full::elicitation())),
        Field::Payload,
        &elicitation,
    );
}

/// The fields that `Debug` shows of a structure: all that it has, private ones too.
fn fields_of(value: &impl std::fmt::Debug) -> BTreeSet<String> {
    let shown = format!("{value:#?}");
    let field = |line: &str| {
        let (name, _) = line.strip_prefix("    ")?.split_once(": ")?;
        (!name.starts_with(' ')).then(|| name.to_owned())
    };
    shown.lines().filter_map(field).collect()
}

#[test]
fn no_private_field_is_new() {
    let known = |theirs: &dyn Fn() -> Value, tokens: &[&str]| -> BTreeSet<String> {
        let json = theirs();
        let names = json.as_object().unwrap().keys().cloned();
        names.chain(tokens.iter().map(|token| (*token).to_owned())).collect()
    };
    // What is neither in the JSON nor a token that has a field of its own would be lost.
    assert_eq!(fields_of(&full::identity()), known(&|| to_json(&full::identity()), &["raw_token"]));
    assert_eq!(
        fields_of(&full::delegated()),
        known(&|| to_json(&full::delegated()), &["bearer_token", "actor_token"])
    );
    assert_eq!(fields_of(&full::elicitation()), known(&|| to_json(&full::elicitation()), &[]));
    use cpex_core::extensions::raw_credentials::{DelegationKey, DelegationMode};
    let key = DelegationKey::new(DelegationMode::AsClient, "aud", vec!["s".into()])
        .with_subject_id("alice")
        .with_workload_id(Some("w".into()))
        .with_client_id(Some("c".into()));
    assert_eq!(fields_of(&key), known(&|| to_json(&key), &[]));
}

/// `fixtures/requests/full_*.json`, which show every field there is.
#[test]
fn the_examples_with_every_field_have_every_field() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/requests");
    for (name, expected) in [
        ("full_message", to_json(&full::message())),
        ("full_extensions", to_json(&full::extensions())),
        ("full_identity", to_json(&full::identity())),
        ("full_delegation", to_json(&full::delegated())),
        ("full_elicitation", to_json(&full::elicitation())),
    ] {
        let path = folder.join(name).with_extension("json");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, format!("{expected:#}\n")).unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let shown: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(shown, expected, "run this with UPDATE_DOCS=1");
    }
}

#[test]
fn tokens_have_fields_of_their_own() {
    let mut payload: IdentityPayload = ours(&full::identity());
    payload.raw_token = full::identity().raw_token().into();
    assert_eq!(boundary(payload).text(at(Field::PayloadRawToken)).unwrap(), "raw token");
    let theirs = full::delegated();
    let mut payload: DelegationPayload = ours(&theirs);
    payload.bearer_token = theirs.bearer_token().into();
    payload.actor_token = theirs.actor_token().into();
    let mut boundary = boundary(payload);
    assert_eq!(boundary.text(at(Field::PayloadBearerToken)).unwrap(), "bearer token");
    assert_eq!(boundary.text(at(Field::PayloadActorToken)).unwrap(), "actor token");
    let inbound = (Field::InboundToken, 0, Some("caller_workload"));
    assert_eq!(boundary.text(inbound).as_deref(), Ok(""), "JSON has no token");
    assert_eq!(boundary.text((Field::InboundToken, 0, Some("user"))), Err(Status::Absent));
}

#[test]
fn every_value_of_the_context_is_readable() {
    let mut theirs = cpex_core::context::PluginContext::new();
    theirs.set_local("mine", json!({"a": [1]}));
    theirs.set_global("ours", json!(u64::MAX));
    let request = Request::tool_call("x").context(ours::<PluginContext>(&theirs));
    let mut boundary = Boundary::new(trusting(), request);
    let shown = json!({
        "local_state": boundary.json(at(Field::ContextLocal)).unwrap(),
        "global_state": boundary.json(at(Field::ContextGlobal)).unwrap(),
    });
    assert_eq!(shown, to_json(&theirs));
    assert_eq!(boundary.json((Field::ContextLocal, 0, Some("mine"))).unwrap(), json!({"a": [1]}));
}

#[test]
fn the_order_of_maps_changes_nothing() {
    // The same extensions from maps that were filled in other orders, many times over: `HashMap`
    // has another order each time.
    let seen: BTreeSet<Vec<u8>> = (0..20)
        .map(|_| {
            let mut theirs = full::extensions();
            let names: Vec<String> = (0..50).map(|number| format!("header-{number}")).collect();
            let http = std::sync::Arc::make_mut(theirs.http.as_mut().unwrap());
            http.request_headers = names.iter().map(|name| (name.clone(), name.clone())).collect();
            let request = Request::tool_call("x").extensions(ours::<Extensions>(&theirs));
            let mut boundary = Boundary::new(trusting(), request);
            let mut bytes = boundary.read(at(Field::Http)).unwrap();
            bytes.extend(boundary.read(at(Field::Security)).unwrap());
            bytes.extend(boundary.json(at(Field::Http)).unwrap().to_string().into_bytes());
            bytes
        })
        .collect();
    assert_eq!(seen.len(), 1);
}
