//! The payload, with errors that say where in it and what CPEX expects there.

use cpex_wasmi::model::{
    DelegationPayload, ElicitationPayload, IdentityPayload, MessagePayload, ToolCall, ToolResult,
};
use cpex_wasmi::{CustomPayload, Payload};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Malformed, Source, json, parse};
use crate::failure::Failure;

const SHAPE: &str = "CPEX's payload is `{\"message\": {\"role\": …, \"content\": […]}}`";

/// Reads the payload of a hook. What it is follows from the hook, if it is not said.
pub(crate) fn payload(
    source: &Source,
    named: Option<&str>,
    hook: &str,
) -> Result<Payload, Failure> {
    let usual = match hook {
        "identity.resolve" => "identity",
        "token.delegate" => "delegation",
        "elicit" => "elicitation",
        _ => "message",
    };
    let what = "the payload";
    Ok(match named.unwrap_or(usual) {
        "message" => message(source)?.into(),
        "identity" => json::<IdentityPayload>(source, what)?.into(),
        "delegation" => json::<DelegationPayload>(source, what)?.into(),
        "elicitation" => json::<ElicitationPayload>(source, what)?.into(),
        name => CustomPayload::untyped(name, json::<Value>(source, what)?)?.into(),
    })
}

fn message(source: &Source) -> Result<MessagePayload, Failure> {
    let what = "the payload";
    let text = source.text(what)?;
    parse(&text, source, what).map_err(|malformed| {
        if !malformed.is_json {
            return malformed.failure.hint(SHAPE);
        }
        explain(malformed, &text, &source.name())
    })
}

fn explain(malformed: Malformed, text: &str, name: &str) -> Failure {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return malformed.failure };
    if value.get("message").is_none() {
        let advice = if value.get("role").is_some() || value.get("content").is_some() {
            "; this looks like the message alone: put it under the key `message`"
        } else {
            ""
        };
        return malformed.failure.hint(format!("{SHAPE}{advice}"));
    }
    match inside_part(&malformed.path, &value) {
        Some((path, message)) => {
            Failure::input(format!("{name}: in the payload: `{path}`: {message}"))
        }
        None => malformed.failure,
    }
}

/// The fault inside of a content part. The kind of the part stands beside its content. So serde
/// reads the content in a second pass, which has lost the way to it.
fn inside_part(path: &str, value: &Value) -> Option<(String, String)> {
    let position = path.strip_prefix("message.content[")?.strip_suffix(']')?;
    let part = value.get("message")?.get("content")?.get(position.parse::<usize>().ok()?)?;
    let content = part.get("content")?;
    let (inner, message) = match part.get("content_type")?.as_str()? {
        "tool_call" => wrong::<ToolCall>(content),
        "tool_result" => wrong::<ToolResult>(content),
        _ => None,
    }?;
    let inner = if inner == "." { String::new() } else { format!(".{inner}") };
    Some((format!("{path}.content{inner}"), message))
}

fn wrong<T: DeserializeOwned>(value: &Value) -> Option<(String, String)> {
    let error = serde_path_to_error::deserialize::<_, T>(value).err()?;
    Some((error.path().to_string(), error.inner().to_string()))
}
