//! Requests from dicts in CPEX's JSON.

use cpex_wasmi::model::{
    DelegationPayload, ElicitationPayload, Extensions, IdentityPayload, MessagePayload,
    PluginContext,
};
use cpex_wasmi::{CustomPayload, Payload, Request};
use pyo3::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Track;

use crate::{errors, json};

/// Reads a request. Unknown members are refused: a misspelt one would hide from a plugin what it is about.
pub(crate) fn read(
    hook: &str,
    payload: &Bound<'_, PyAny>,
    extensions: Option<&Bound<'_, PyAny>>,
    context: Option<&Bound<'_, PyAny>>,
    payload_type: Option<&str>,
) -> PyResult<Request> {
    let py = payload.py();
    let mut request = Request::new(read_payload(hook, payload, payload_type)?);
    if let Some(given) = extensions {
        let extensions: Extensions = record(py, json::read(given, "extensions")?, "extensions")?;
        request = request.extensions(extensions);
    }
    if let Some(given) = context {
        let context: PluginContext = record(py, json::read(given, "context")?, "context")?;
        request = request.context(context);
    }
    Ok(request)
}

/// Reads the payload of a hook. Its kind follows from the hook, unless it is named.
fn read_payload(hook: &str, payload: &Bound<'_, PyAny>, named: Option<&str>) -> PyResult<Payload> {
    let py = payload.py();
    let usual = match hook {
        "identity.resolve" => "identity",
        "token.delegate" => "delegation",
        "elicit" => "elicitation",
        _ => "message",
    };
    let what = "payload";
    let value = json::read(payload, what)?;
    Ok(match named.unwrap_or(usual) {
        "message" => record::<MessagePayload>(py, value, what)?.into(),
        "identity" => record::<IdentityPayload>(py, value, what)?.into(),
        "delegation" => record::<DelegationPayload>(py, value, what)?.into(),
        "elicitation" => record::<ElicitationPayload>(py, value, what)?.into(),
        name => CustomPayload::untyped(name, value)
            .map_err(|error| errors::invalid_request(py, &error.to_string()))?
            .into(),
    })
}

fn record<T: DeserializeOwned>(py: Python<'_>, value: Value, what: &str) -> PyResult<T> {
    if !value.is_object() {
        let message = format!("{what}: it must be a dict in CPEX's JSON");
        return Err(errors::invalid_request(py, &message));
    }
    let mut unknown = Vec::new();
    let mut track = Track::new();
    let tracked = serde_path_to_error::Deserializer::new(value, &mut track);
    let read = serde_ignored::deserialize(tracked, |path| unknown.push(path.to_string()));
    let read = read.map_err(|error: serde_json::Error| {
        let path = track.path().to_string();
        let path = path.trim_end_matches('?').trim_end_matches('.');
        let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
        errors::invalid_request(py, &format!("{what}{dot}{path}: {error}"))
    })?;
    match unknown.first() {
        None => Ok(read),
        Some(path) => {
            // Serde's sign for the value of an optional member.
            let path = path.replace(".?", "");
            let message = format!("{what}: the member `{path}` is not known to this version");
            Err(errors::invalid_request(py, &message))
        }
    }
}
