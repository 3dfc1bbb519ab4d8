//! The engine, and what differs in it from others.

use std::collections::HashMap;

use cpex_wasmi::model;
pub(crate) use cpex_wasmi_conformance::seen;
use cpex_wasmi_conformance::strategies::json_map;
use cpex_wasmi_conformance::{sorted, to_json, unseen};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub(crate) use praxis_policy_core::engine::PolicyEngine as PipelineEngine;
pub(crate) use praxis_policy_core::prelude as sdk;
pub(crate) use praxis_policy_core::*;

use extensions::LlmRequestDocument;

/// The fields of an identity that are in no JSON. By the second, a native plugin says that a credential is not for it; what
/// sandboxed ones leave keeps it.
pub(crate) const OF_IDENTITIES: &[&str] = &["raw_token", "credential_declined"];

/// The number of its slots that are data.
pub(crate) const SLOTS: usize = 15;

/// The capabilities that only it has.
pub(crate) fn capabilities() -> [extensions::Capability; 2] {
    [extensions::Capability::ReadLlmRequest, extensions::Capability::PerformHttp]
}

/// A value of ours as one of its own.
pub(crate) fn of_ours<T: DeserializeOwned>(ours: &impl Serialize) -> T {
    serde_json::from_value(unseen(serde_json::to_value(ours).unwrap())).unwrap()
}

/// All slots of ours as its own.
pub(crate) fn extensions_of(ours: &model::Extensions) -> extensions::Extensions {
    let mut theirs: extensions::Extensions = of_ours(ours);
    theirs.llm_request = ours.llm_request.clone().map(LlmRequestDocument::new);
    theirs
}

/// The JSON of all its slots, as plugins see it.
pub(crate) fn slots(theirs: &extensions::Extensions) -> Value {
    // In order at the end: a claim that is no text has a text, too.
    let mut slots = sorted(seen(serde_json::to_value(theirs).unwrap()));
    if let Some(request) = &theirs.llm_request {
        slots["llm_request"] = to_json(request.value());
    }
    slots
}

/// Values of what only this engine has.
pub(crate) fn widened(slots: BoxedStrategy<model::Extensions>) -> BoxedStrategy<model::Extensions> {
    let more = (any::<Option<u16>>(), json_map(), prop::option::of(json_map()));
    (slots, more)
        .prop_map(|(mut slots, (status, claims, request))| {
            if let Some(http) = &mut slots.http {
                http.status = status;
            }
            if let Some(subject) = slots.security.as_mut().and_then(|slot| slot.subject.as_mut()) {
                let values = claims.into_iter().filter(|(_, value)| !value.is_string());
                for (name, value) in values {
                    subject.claims.insert(name.clone(), value.to_string());
                    subject.claim_values.insert(name, value);
                }
            }
            slots.llm_request = request.map(|request| Value::Object(request.into_iter().collect()));
            slots
        })
        .boxed()
}

pub(crate) fn claims() -> HashMap<String, Value> {
    let claims = [("tenant", json!("acme")), ("groups", json!(["a", {"b": 1}])), ("age", json!(7))];
    claims.map(|(name, value)| (name.to_owned(), value)).into()
}

pub(crate) fn llm_request() -> LlmRequestDocument {
    LlmRequestDocument::new(json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]}))
}

pub(crate) fn delegated(payload: delegation::DelegationPayload) -> delegation::DelegationPayload {
    payload.with_delegator_name("delegator-1")
}

pub(crate) fn elicitation(
    payload: elicitation::ElicitationPayload,
) -> elicitation::ElicitationPayload {
    payload.with_binding("route-1", "tool-1", "requester-1").with_peek(true)
}

/// A key of a minted token, with what only this engine has.
pub(crate) fn key(key: extensions::DelegationKey) -> extensions::DelegationKey {
    key.with_delegator_name("delegator-1").with_target_name("target-1")
}
