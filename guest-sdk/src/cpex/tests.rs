//! Holds this module's types against the host's model of the request.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "test"
)]

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Debug;
use std::collections::HashMap;

use cpex_wasmi::model;
use cpex_wasmi_arbitrary::{Source, plain};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::wire::{Wire, from_bytes, to_bytes};
use super::{
    DelegationPayload, ElicitationPayload, IdentityPayload, Message, MessagePayload, Role,
    extensions as ours,
};

/// The types of values.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..800)
}

/// The record of a value of the model is read, and written as the same bytes.
fn round_trip<O: Wire>(value: &impl Serialize) -> Result<O, TestCaseError> {
    let bytes = postcard::to_allocvec(value).unwrap();
    let own: O =
        from_bytes(bytes.clone()).map_err(|error| TestCaseError::fail(std::format!("{error}")))?;
    prop_assert_eq!(to_bytes(&own), bytes);
    Ok(own)
}

/// As [`round_trip`], and the JSON is the same too, both ways.
fn same<O, M>(value: &M) -> Result<(), TestCaseError>
where
    O: Wire + Serialize + DeserializeOwned,
    M: Serialize + DeserializeOwned + Debug,
{
    let own: O = round_trip(value)?;
    let json = serde_json::to_value(value).unwrap();
    prop_assert_eq!(plain(serde_json::to_value(&own).unwrap()), plain(json.clone()));
    let json = plain(json);
    let read: M = serde_json::from_value(json.clone()).unwrap();
    let own: O = serde_json::from_value(json).unwrap();
    prop_assert_eq!(to_bytes(&own), postcard::to_allocvec(&read).unwrap());
    Ok(())
}

/// In the order that this module writes, and without duplicates.
fn ordered(credentials: &mut model::RawCredentialsExtension) {
    let bytes = |key: &model::DelegationKey| postcard::to_allocvec(key).unwrap();
    credentials.delegated_tokens.sort_by_key(|(key, _)| bytes(key));
    credentials.delegated_tokens.dedup_by_key(|(key, _)| bytes(key));
}

macro_rules! slots_are_the_same {
    ($($name:ident: $ty:ident;)*) => {
        proptest! {
            $(#[test]
            fn $name(bytes in bytes()) {
                same::<ours::$ty, model::$ty>(&Source::new(&bytes).value())?;
            })*
        }
    };
}
slots_are_the_same! {
    request: RequestExtension;
    agent: AgentExtension;
    http: HttpExtension;
    security: SecurityExtension;
    candidate_constraint: CandidateConstraintExtension;
    delegation: DelegationExtension;
    mcp: MCPExtension;
    completion: CompletionExtension;
    provenance: ProvenanceExtension;
    llm: LLMExtension;
    framework: FrameworkExtension;
    meta: MetaExtension;
}

proptest! {
    #[test]
    fn message(bytes in bytes()) {
        same::<MessagePayload, model::MessagePayload>(&Source::new(&bytes).value())?;
    }

    #[test]
    fn identity(bytes in bytes()) {
        let mut payload: model::IdentityPayload = Source::new(&bytes).value();
        payload.raw_credentials.iter_mut().for_each(ordered);
        round_trip::<IdentityPayload>(&payload)?;
        // Neither CPEX nor serde_json writes maps whose keys are structures.
        payload.raw_credentials.iter_mut().for_each(|all| all.delegated_tokens.clear());
        let json = serde_json::to_value(&payload).unwrap();
        let own: IdentityPayload = round_trip(&payload)?;
        let mut expected = plain(json);
        let credentials = expected.get_mut("raw_credentials");
        if let Some(list) = credentials.and_then(|all| all.get_mut("delegated_tokens")) {
            *list = serde_json::json!({});
        }
        prop_assert_eq!(plain(serde_json::to_value(&own).unwrap()), expected);
    }

    #[test]
    fn delegation_payload(bytes in bytes()) {
        same::<DelegationPayload, model::DelegationPayload>(&Source::new(&bytes).value())?;
    }

    #[test]
    fn elicitation(bytes in bytes()) {
        same::<ElicitationPayload, model::ElicitationPayload>(&Source::new(&bytes).value())?;
    }

    #[test]
    fn raw_credentials(bytes in bytes()) {
        let mut credentials: model::RawCredentialsExtension = Source::new(&bytes).value();
        ordered(&mut credentials);
        round_trip::<ours::RawCredentialsExtension>(&credentials)?;
    }

    #[test]
    fn custom(bytes in bytes()) {
        let context: model::PluginContext = Source::new(&bytes).value();
        let bytes = postcard::to_allocvec(&model::MapOnWire(&context.local_state)).unwrap();
        let own: HashMap<String, Json> = from_bytes(bytes.clone()).unwrap();
        prop_assert_eq!(to_bytes(&own), bytes);
        prop_assert_eq!(serde_json::json!(own), serde_json::json!(context.local_state));
    }

    // Text that is not UTF-8 cannot come from the host.
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(0_u8..128, 0..200)) {
        let _ = from_bytes::<MessagePayload>(bytes.clone());
        let _ = from_bytes::<ours::SecurityExtension>(bytes.clone());
        let _ = from_bytes::<ours::DelegationExtension>(bytes.clone());
        let _ = from_bytes::<IdentityPayload>(bytes.clone());
        let _ = from_bytes::<DelegationPayload>(bytes.clone());
        let _ = from_bytes::<HashMap<String, Json>>(bytes.clone());
    }

    #[test]
    fn what_is_cut_off_is_malformed(bytes in bytes(), keep in 0.0..1.0) {
        let bytes = postcard::to_allocvec(&Source::new(&bytes).value::<model::MessagePayload>()).unwrap();
        let kept = (bytes.len() as f64 * keep) as usize;
        prop_assert!(from_bytes::<MessagePayload>(bytes[..kept].to_vec()).is_err());
        let longer: Vec<u8> = bytes.iter().copied().chain([0]).collect();
        prop_assert!(from_bytes::<MessagePayload>(longer).is_err());
    }
}

#[test]
fn the_source_makes_parts_of_all_kinds() {
    let bytes =
        (0_u32..2000).map(|seed| (0..99).map(move |at| (seed * 7919 + at * seed * 31) as u8));
    let messages =
        bytes.map(|bytes| Source::new(&bytes.collect::<Vec<_>>()).value::<model::MessagePayload>());
    let kinds: std::collections::BTreeSet<_> = messages
        .flat_map(|payload| payload.message.content)
        .map(|part| part.content_type())
        .collect();
    assert_eq!(kinds.len(), 12, "{kinds:?}");
}

#[test]
fn an_absurd_count_is_malformed_and_allocates_nothing() {
    let mut bytes = to_bytes(&MessagePayload { message: Message::text(Role::User, "x").into() });
    // The count of parts.
    bytes.truncate(5);
    bytes.extend([0xff; 9]);
    bytes.push(1);
    assert!(from_bytes::<MessagePayload>(bytes.clone()).is_err());
    assert!(from_bytes::<Vec<u64>>([0xff, 0xff, 0xff, 0xff, 0x0f].into()).is_err());
}

#[test]
fn no_token_is_printed() {
    let mut payload = IdentityPayload::new("s3cret", super::identity::TokenSource::Bearer)
        .with_headers([("authorization".into(), "Bearer s3cret".into())].into());
    let inbound = ours::RawInboundToken::new("s3cret", "authorization", ours::TokenKind::Jwt);
    let mut credentials = ours::RawCredentialsExtension::default();
    credentials.inbound_tokens.insert(ours::TokenRole::User, inbound);
    let delegated =
        ours::RawDelegatedToken::new("s3cret", "h", "a", Vec::new(), Default::default());
    let key = ours::DelegationKey::new(ours::DelegationMode::AsClient, "a", Vec::new());
    credentials.delegated_tokens.insert(key, delegated.clone());
    payload.raw_credentials = Some(credentials);
    let mut minting =
        DelegationPayload::new("s3cret", "t").with_actor(ours::TokenRole::Client, "s3cret");
    minting.delegated_token = Some(delegated);
    let shown = std::format!("{payload:?} {minting:?}");
    assert!(shown.contains("authorization") && !shown.contains("s3cret"), "{shown}");
}
