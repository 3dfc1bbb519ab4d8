//! JSON in which no key stands twice, and the JSON of outcomes.

use cpex_wasmi::model::Strict;
use cpex_wasmi::{Decision, Outcome};
use serde_json::{Map, Value, json};

use crate::error::Failure;
use crate::raw::Text;

/// Reads JSON. `what` says what it is for.
pub(crate) fn read(
    text: Text<'_>,
    what: &str,
    failed: fn(String) -> Failure,
) -> Result<Value, Failure> {
    let Strict(json) = serde_json::from_str(text.read(what)?)
        .map_err(|error| failed(format!("{what} is not valid JSON: {error}")))?;
    Ok(json)
}

/// The violation, as CPEX's JSON has it.
pub(crate) fn violation(violation: &cpex_wasmi::Violation, plugin: &str) -> Value {
    let details = violation.details_as_json();
    json!({
        "code": violation.code,
        "reason": violation.reason,
        "description": violation.description,
        "details": details.map(|(name, value)| (name.into(), value)).collect::<Map<_, _>>(),
        "plugin_name": plugin,
        "proto_error_code": violation.proto_error_code,
    })
}

/// All of an outcome.
pub(crate) fn outcome(outcome: &Outcome, plugin: &str) -> serde_json::Result<Value> {
    Ok(json!({
        "decision": if outcome.decision.is_allow() { "allow" } else { "deny" },
        "violation": match &outcome.decision {
            Decision::Allow => Value::Null,
            Decision::Deny(denied) => violation(denied, plugin),
        },
        "changes": serde_json::to_value(&outcome.changes)?,
        "metrics": outcome.telemetry.metrics,
        "metadata": outcome.telemetry.metadata,
        "receipt": outcome.receipt,
    }))
}

/// An error in the place of an outcome.
pub(crate) fn error(error: &crate::error::Error) -> Value {
    json!({
        "decision": "error",
        "error": {"code": error.code().name(), "message": error.message()},
        "receipt": error.receipt(),
    })
}
