//! Encodings of the host, decoded by the guest SDK: natively, with the real rules of the boundary.

mod cpex;
mod lean;

use cpex_wasmi::model::{Extensions, IdentityPayload, MessagePayload, PluginContext};
use cpex_wasmi::{Capability, Payload, Policy, Request};
use cpex_wasmi_arbitrary::Source;
use serde_json::Value as Json;

/// Makes a request, and has a plugin in each style read all of it: it is what it was. A payload
/// that a plugin gives back as it was is the same.
pub fn guest(data: &[u8]) {
    let mut source = Source::new(data);
    let kind = source.byte();
    let payload: Payload = match kind & 3 {
        0 => {
            let mut payload: IdentityPayload = source.value();
            // They have no JSON to compare.
            payload.raw_credentials.iter_mut().for_each(|all| all.delegated_tokens.clear());
            payload.into()
        }
        1 => Payload::Delegation(source.value()),
        2 => Payload::Elicitation(source.value()),
        _ => source.value::<MessagePayload>().into(),
    };
    let mut extensions: Extensions = source.value();
    if let Some(credentials) = &mut extensions.raw_credentials {
        credentials.delegated_tokens.clear();
    }
    let context: PluginContext = source.value();
    let mut request = Request::new(payload);
    request.extensions = extensions;
    request.context = context;
    cpex::reads_what_was_written(&request);
    lean::reads_what_was_written(&request);
}

/// A payload as a plugin is given it, as JSON: without its token.
fn given(payload: &Payload) -> Json {
    match payload {
        Payload::Identity(payload) => serde_json::to_value(payload.without_token_in_headers()),
        payload => serde_json::to_value(payload),
    }
    .unwrap()
}

/// Everything granted.
fn trusting() -> Policy {
    Policy::default().grant(Capability::ALL.iter().copied()).allow_raw_credentials()
}
