//! JSON in which no key stands twice, and the JSON of outcomes.

use cpex_wasmi::model::{Strict, from_wire};
use cpex_wasmi::{Changes, Decision, Outcome};
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

/// The parts that a plugin changed, each with its new value.
pub(crate) fn changes(changes: &Changes) -> serde_json::Result<Map<String, Value>> {
    let mut json = Map::new();
    let Changes {
        payload,
        labels,
        http,
        delegation,
        candidate_constraint,
        custom,
        local_state,
        global_state,
        ..
    } = changes;
    let parts = [
        ("payload", payload.as_ref().map(serde_json::to_value)),
        ("labels", labels.as_ref().map(serde_json::to_value)),
        ("http", http.as_ref().map(serde_json::to_value)),
        ("delegation", delegation.as_ref().map(serde_json::to_value)),
        ("candidate_constraint", candidate_constraint.as_ref().map(serde_json::to_value)),
        ("custom", custom.as_ref().map(serde_json::to_value)),
        ("local_state", local_state.as_ref().map(serde_json::to_value)),
        ("global_state", global_state.as_ref().map(serde_json::to_value)),
    ];
    for (name, value) in parts {
        if let Some(value) = value {
            json.insert(name.into(), value?);
        }
    }
    Ok(json)
}

/// The violation, as CPEX's JSON has it.
pub(crate) fn violation(violation: &cpex_wasmi::Violation, plugin: &str) -> Value {
    let details = violation.details.iter();
    let details: Map<_, _> = details
        // The host refuses details that are no JSON.
        .map(|(name, value)| (name.clone(), from_wire(value.clone()).unwrap_or_default()))
        .collect();
    json!({
        "code": violation.code,
        "reason": violation.reason,
        "description": violation.description,
        "details": details,
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
        "changes": changes(&outcome.changes)?,
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
