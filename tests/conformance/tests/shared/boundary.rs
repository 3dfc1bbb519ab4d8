//! Reads: a plugin reads any value as the engine would have written it.

use cpex_wasmi::abi::{Field, codec};
use cpex_wasmi::model::{Extensions, MessagePayload, Role, from_wire};
use cpex_wasmi::{Payload, Request, Value};
use cpex_wasmi_conformance::sorted;
use cpex_wasmi_conformance::strategies::{
    delegation_payload, elicitation, extensions, identity, json, payload,
};
use proptest::prelude::*;
use serde_json::Value as Json;

use crate::common::boundary::{Boundary, at};
use crate::common::trusting;
use crate::upstream;

fn slots_are_the_same(extensions: &Extensions) -> Result<(), TestCaseError> {
    let theirs: upstream::extensions::Extensions = upstream::extensions_of(extensions);
    let expected = upstream::slots(&theirs);
    let request = Request::tool_call("x").extensions(extensions.clone());
    let mut boundary = Boundary::new(trusting(), request);
    for field in Field::ALL.iter().filter(|field| !field.path().contains('.')) {
        let Some(expected) = expected.get(field.path()).filter(|slot| !slot.is_null()) else {
            continue;
        };
        let seen = boundary.json(at(*field)).map(sorted);
        prop_assert_eq!(seen.as_ref(), Ok(expected), "{}", field);
    }
    Ok(())
}

fn payload_is_the_same(payload: impl Into<Payload>, theirs: &Json) -> Result<(), TestCaseError> {
    let mut boundary = Boundary::new(trusting(), Request::new(payload));
    let seen = boundary.json(at(Field::Payload)).map(sorted);
    prop_assert_eq!(seen.as_ref(), Ok(theirs));
    Ok(())
}

/// The JSON that the engine writes after reading ours, as plugins see it.
fn theirs<T>(ours: &impl serde::Serialize) -> Json
where
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    sorted(upstream::seen(serde_json::to_value(upstream::of_ours::<T>(ours)).unwrap()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn slots_read_as_the_engine_writes_them(mut extensions in upstream::widened(extensions())) {
        if let Some(credentials) = &mut extensions.raw_credentials {
            credentials.delegated_tokens.clear();
        }
        slots_are_the_same(&extensions)?;
    }

    #[test]
    fn payloads_read_as_the_engine_writes_them(
        message in payload(),
        identity in identity(),
        delegation in delegation_payload(),
        elicitation in elicitation(),
    ) {
        payload_is_the_same(message.clone(), &theirs::<upstream::cmf::MessagePayload>(&message))?;
        let expected = theirs::<upstream::identity::IdentityPayload>(&identity);
        payload_is_the_same(identity, &expected)?;
        let expected = theirs::<upstream::delegation::DelegationPayload>(&delegation);
        payload_is_the_same(delegation, &expected)?;
        let expected = theirs::<upstream::elicitation::ElicitationPayload>(&elicitation);
        payload_is_the_same(elicitation, &expected)?;
    }

    #[test]
    fn a_payload_written_back_as_it_was_read_is_the_same(message in payload()) {
        for postcard in [true, false] {
            let mut boundary = Boundary::new(trusting(), Request::new(message.clone()));
            if postcard {
                let bytes = boundary.read(at(Field::Payload)).unwrap();
                boundary.write(at(Field::Payload), &bytes).unwrap();
            } else {
                let json = boundary.json(at(Field::Payload)).unwrap();
                boundary.write_json(at(Field::Payload), &json).unwrap();
            }
            let changed = boundary.end(0).changes.payload;
            prop_assert_eq!(changed, Some(Payload::Message(message.clone())));
        }
    }

    #[test]
    fn json_crosses_exactly_in_both_directions_and_encodings(value in json()) {
        let request = Request::tool_call("x").argument("a", value.clone());
        let place = (Field::ToolCallArguments, 0, Some("a"));
        let mut boundary = Boundary::new(trusting(), request);
        let seen = boundary.json(place).unwrap();
        prop_assert_eq!(&seen, &value);
        let wire: Value =
            codec::decode(&boundary.read(place).unwrap(), codec::Bounds::DEFAULT).unwrap();
        let bytes = boundary.read(place).unwrap();
        let decoded = from_wire(wire).unwrap();
        prop_assert_eq!(&decoded, &value);
        boundary.write((Field::Custom, 0, Some("postcard")), &bytes).unwrap();
        boundary.write_json((Field::Custom, 0, Some("json")), &value).unwrap();
        let custom = boundary.end(0).changes.custom.unwrap();
        prop_assert_eq!((&custom["postcard"], &custom["json"]), (&value, &value));
    }
}

#[test]
fn deep_and_wide_values_cross_up_to_the_limits() {
    let deep = (0..100).fold(Json::Null, |inner, _| Json::Array(vec![inner]));
    let wide = Json::Array(vec![Json::from(u64::MAX); 6_000]);
    for value in [deep, wide] {
        let mut boundary = Boundary::new(trusting(), Request::text(Role::User, "x"));
        boundary.write_json((Field::Custom, 0, Some("a")), &value).unwrap();
        assert_eq!(boundary.json((Field::Custom, 0, Some("a"))).unwrap(), value);
        let bytes = boundary.read((Field::Custom, 0, Some("a"))).unwrap();
        boundary.write((Field::Custom, 0, Some("b")), &bytes).unwrap();
        assert_eq!(boundary.end(0).changes.custom.unwrap()["b"], value);
    }
    let nested = (0..20).fold(Request::text(Role::User, "x").payload, |inner, _| {
        let Payload::Message(MessagePayload { message }) = inner else { panic!() };
        let result =
            cpex_wasmi::model::PromptResult { messages: vec![message], ..Default::default() };
        let part = cpex_wasmi::model::ContentPart::PromptResult { content: result };
        cpex_wasmi::model::Message::with_content(Role::User, vec![part]).into()
    });
    let mut boundary = Boundary::new(trusting(), Request::new(nested.clone()));
    let bytes = boundary.read(at(Field::Payload)).unwrap();
    boundary.write(at(Field::Payload), &bytes).unwrap();
    assert_eq!(boundary.end(0).changes.payload, Some(nested));
}
