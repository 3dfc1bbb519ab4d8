//! Arbitrary values of the request model.

mod records;

use std::collections::{BTreeMap, BTreeSet};

use cpex_wasmi::model::{
    DelegationPayload, ElicitationPayload, Extensions, IdentityPayload, MessagePayload,
    PluginContext, RawCredentialsExtension,
};
use cpex_wasmi::{Capability, CapabilitySet};
use proptest::prelude::*;
use serde_json::Value as Json;

/// The greatest depth of messages in the results of prompts.
const DEPTH: u32 = 2;

/// A message payload.
pub fn payload() -> BoxedStrategy<MessagePayload> {
    records::message_payload(DEPTH)
}

/// An identity payload, with credentials that `cpex-core` can write as JSON.
pub fn identity() -> BoxedStrategy<IdentityPayload> {
    records::identity_payload()
        .prop_map(|mut identity| {
            if let Some(credentials) = &mut identity.raw_credentials {
                credentials.delegated_tokens.clear();
            }
            identity
        })
        .boxed()
}

/// A delegation payload.
pub fn delegation_payload() -> BoxedStrategy<DelegationPayload> {
    records::delegation_payload()
}

/// An elicitation payload.
pub fn elicitation() -> BoxedStrategy<ElicitationPayload> {
    records::elicitation_payload()
}

/// Raw credentials, without tokens.
pub fn raw_credentials() -> BoxedStrategy<RawCredentialsExtension> {
    records::raw_credentials_extension()
}

/// A plugin's context.
pub fn context() -> BoxedStrategy<PluginContext> {
    records::plugin_context()
}

/// All slots.
pub fn extensions() -> BoxedStrategy<Extensions> {
    records::extensions()
}

/// A JSON value that is not `null`, which reads back as nothing where it is optional.
pub fn schema() -> BoxedStrategy<Json> {
    json().prop_filter("null is nothing", |json| !json.is_null()).boxed()
}

/// A text, often short or empty.
pub fn text() -> BoxedStrategy<String> {
    prop_oneof![Just(String::new()), "[a-zA-Z]{1,6}", "\\PC{0,8}", Just("ключ-键".into())].boxed()
}

/// A JSON value.
pub fn json() -> BoxedStrategy<Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        prop::num::f64::NORMAL.prop_map(Json::from),
        text().prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map(text(), inner, 0..4)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
    .boxed()
}

/// JSON values by name.
pub fn json_map() -> BoxedStrategy<BTreeMap<String, Json>> {
    prop::collection::btree_map(text(), json(), 0..4).boxed()
}

/// A set of texts.
pub fn texts() -> BoxedStrategy<BTreeSet<String>> {
    prop::collection::btree_set(text(), 0..4).boxed()
}

/// Texts by name.
pub fn text_map() -> BoxedStrategy<BTreeMap<String, String>> {
    prop::collection::btree_map(text(), text(), 0..4).boxed()
}

/// The optional parts.
pub fn maybe<T: std::fmt::Debug>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<T>> {
    prop::option::of(value)
}

/// A list of texts, in order.
pub fn list() -> BoxedStrategy<Vec<String>> {
    // In order, as `sorted` puts every list of strings.
    texts().prop_map(|texts| texts.into_iter().collect()).boxed()
}

/// A moment, as `cpex-core` writes it.
pub fn time() -> BoxedStrategy<String> {
    prop_oneof![
        Just("2026-01-31T12:00:00Z".to_owned()),
        Just("1999-12-31T23:59:59.123456789Z".into()),
    ]
    .boxed()
}

/// A set of capabilities.
pub fn capabilities() -> BoxedStrategy<CapabilitySet> {
    prop::collection::vec(prop::sample::select(Capability::ALL.to_vec()), 0..Capability::ALL.len())
        .prop_map(|capabilities| capabilities.into_iter().collect())
        .boxed()
}
