//! Records that an embedder gives as JSON. A member that a record does not have is refused at each level: it
//! would be lost, and may be a misspelt one that matters.

use alloc::boxed::Box;
use alloc::string::{String, ToString as _};

use cpex_wasmi_abi::model::{
    DelegationPayload, ElicitationPayload, IdentityPayload, MessagePayload, PluginContext,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::unknown::{not_known, unknown_member};
use crate::model::Extensions;
use crate::{CustomPayload, Error, ErrorKind, Payload, Request};

/// Reads a payload of this kind.
pub(crate) fn payload(kind: &str, json: Value) -> Result<Payload, String> {
    Ok(match kind {
        "message" => Payload::Message(record::<MessagePayload>(json)?),
        "identity" => Payload::Identity(Box::new(record::<IdentityPayload>(json)?)),
        "delegation" => Payload::Delegation(Box::new(record::<DelegationPayload>(json)?)),
        "elicitation" => Payload::Elicitation(Box::new(record::<ElicitationPayload>(json)?)),
        name => CustomPayload::untyped(name, json).map_err(|error| error.to_string())?.into(),
    })
}

/// Reads a record.
pub(crate) fn record<T: Serialize + DeserializeOwned>(json: Value) -> Result<T, String> {
    let record = T::deserialize(&json).map_err(|error| error.to_string())?;
    match unknown_member(&json, &record) {
        Some(problem) => Err(problem),
        None => Ok(record),
    }
}

impl Request {
    /// Reads a request from JSON: an object with the `payload`, and beside it, as far as they are needed,
    /// `payload_type` (`message` if it is missing), `extensions` and `context`.
    ///
    /// ```
    /// use cpex_wasmi::Request;
    ///
    /// let request = Request::from_value(serde_json::json!({
    ///     "payload": {"message": {"role": "user", "content": [{"content_type": "text", "text": "hello"}]}},
    ///     "extensions": {"security": {"labels": ["PII"]}}
    /// }))?;
    /// assert_eq!(request.payload.type_name(), "message");
    /// # Ok::<(), cpex_wasmi::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] for anything missing, malformed or unknown, at each level.
    pub fn from_value(json: Value) -> Result<Self, Error> {
        let wrong = |problem: String| {
            Error::new(ErrorKind::InvalidRequest, alloc::format!("the request: {problem}"))
        };
        let Value::Object(mut members) = json else {
            return Err(wrong("it is not an object with a `payload`".into()));
        };
        let kind = match members.remove("payload_type") {
            None | Some(Value::Null) => String::from("message"),
            Some(Value::String(name)) => name,
            Some(_) => return Err(wrong("`payload_type` is not a text".into())),
        };
        let within = |name: &'static str| {
            move |problem: String| wrong(alloc::format!("in `{name}`: {problem}"))
        };
        let given = members.remove("payload").ok_or_else(|| wrong("it has no `payload`".into()))?;
        let mut request = Self::new(payload(&kind, given).map_err(within("payload"))?);
        if let Some(extensions) = members.remove("extensions").filter(|json| !json.is_null()) {
            request.extensions = record::<Extensions>(extensions).map_err(within("extensions"))?;
        }
        if let Some(context) = members.remove("context").filter(|json| !json.is_null()) {
            request.context = record::<PluginContext>(context).map_err(within("context"))?;
        }
        match members.keys().next() {
            None => Ok(request),
            Some(name) => {
                let known = ["payload", "payload_type", "extensions", "context"];
                let hint = crate::text::suggest::did_you_mean(name, known.into_iter());
                Err(wrong(not_known(&crate::visible(name), &hint)))
            }
        }
    }
}
