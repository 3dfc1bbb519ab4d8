//! Nothing is lost: every value that the engine has can be read by a plugin, by itself and as part
//! of the whole.

use std::collections::BTreeSet;

use crate::common::boundary::{Boundary, at};
use crate::common::trusting;
use cpex_wasmi::abi::{Field, Status};
use cpex_wasmi::model::{
    DelegationPayload, ElicitationPayload, Extensions, IdentityPayload, MessagePayload,
    PluginContext,
};
use cpex_wasmi::{Payload, Request};
use cpex_wasmi_conformance::{sorted, to_json};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{full, upstream};

/// A value of theirs as one of ours.
fn ours<T: DeserializeOwned>(theirs: &impl serde::Serialize) -> T {
    serde_json::from_value(seen(theirs)).unwrap()
}

/// The JSON of a value of theirs, as plugins see it.
fn seen(theirs: &impl serde::Serialize) -> Value {
    sorted(upstream::seen(serde_json::to_value(theirs).unwrap()))
}

/// All slots of theirs, as plugins see them.
fn slots() -> Value {
    upstream::slots(&full::extensions())
}

fn boundary(payload: impl Into<Payload>) -> Boundary {
    let request = Request::new(payload).extensions(serde_json::from_value(slots()).unwrap());
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
    let theirs = slots();
    let mut boundary = boundary(ours::<MessagePayload>(&full::message()));
    let slots = theirs.as_object().unwrap();
    assert_eq!(slots.len(), upstream::SLOTS, "a slot is new: {:?}", slots.keys());
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
    let theirs = slots();
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
    let message = seen(&full::message());
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
    let identity = seen(&full::identity());
    readable(&mut boundary(ours::<IdentityPayload>(&full::identity())), Field::Payload, &identity);
    let delegated = seen(&full::delegated());
    readable(
        &mut boundary(ours::<DelegationPayload>(&full::delegated())),
        Field::Payload,
        &delegated,
    );
    let elicitation = seen(&full::elicitation());
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
    assert_eq!(
        fields_of(&full::identity()),
        known(&|| seen(&full::identity()), upstream::OF_IDENTITIES)
    );
    assert_eq!(
        fields_of(&full::delegated()),
        known(&|| seen(&full::delegated()), &["bearer_token", "actor_token"])
    );
    assert_eq!(fields_of(&full::elicitation()), known(&|| seen(&full::elicitation()), &[]));
    use crate::upstream::extensions::raw_credentials::{DelegationKey, DelegationMode};
    let key = DelegationKey::new(DelegationMode::AsClient, "aud", vec!["s".into()])
        .with_subject_id("alice")
        .with_workload_id(Some("w".into()))
        .with_client_id(Some("c".into()));
    let key = upstream::key(key);
    assert_eq!(fields_of(&key), known(&|| to_json(&key), &[]));
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
    let mut theirs = upstream::context::PluginContext::new();
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
