//! The outcome of a call, as JSON.

use std::collections::BTreeMap;

use cpex_wasmi::model::{Extensions, JsonMap, PluginContext};
use cpex_wasmi::{Decision, Payload, Receipt, Violation};
use serde::Serialize;
use serde_json::Value;

use super::Called;
use super::summary::Summary;

/// The one object that `--json` prints. What the plugin did not change is `null`.
#[derive(Debug, Serialize)]
pub(crate) struct Answer<'a> {
    /// `allow` or `deny`.
    decision: &'static str,
    violation: Option<JsonViolation<'a>>,
    payload: Option<&'a Payload>,
    extensions: Option<&'a Extensions>,
    context: Option<&'a PluginContext>,
    /// The plugin's counters by name. Empty if it counts nothing.
    metrics: &'a BTreeMap<String, u64>,
    /// The values that the plugin reports, by key. Empty if there are none.
    metadata: &'a JsonMap,
    receipt: Receipt,
    /// Only there if there was more than one call.
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat: Option<&'a Summary>,
}

/// CPEX's `PluginViolation`.
#[derive(Debug, Serialize)]
struct JsonViolation<'a> {
    code: &'a str,
    reason: &'a str,
    description: Option<&'a str>,
    details: BTreeMap<&'a str, Value>,
    plugin_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    proto_error_code: Option<i64>,
}

impl<'a> JsonViolation<'a> {
    fn new(violation: &'a Violation, plugin_name: &'a str) -> Self {
        let Violation { code, reason, description, proto_error_code, .. } = violation;
        Self {
            code,
            reason,
            description: description.as_deref(),
            details: violation.details_as_json().collect(),
            plugin_name,
            proto_error_code: *proto_error_code,
        }
    }
}

impl<'a> Answer<'a> {
    pub(super) fn new(called: &'a Called) -> Self {
        let Called { plugin, before, after, decision, telemetry, measured, .. } = called;
        Self {
            decision: if decision.is_allow() { "allow" } else { "deny" },
            violation: match decision {
                Decision::Allow => None,
                Decision::Deny(violation) => Some(JsonViolation::new(violation, plugin.name())),
            },
            payload: (after.payload != before.payload).then_some(&after.payload),
            extensions: (after.extensions != before.extensions).then_some(&after.extensions),
            context: (after.context != before.context).then_some(&after.context),
            metrics: &telemetry.metrics,
            metadata: &telemetry.metadata,
            receipt: measured.receipt,
            repeat: measured.summary.as_ref(),
        }
    }
}

/// The keys of an answer, of a call that came to no decision.
pub(crate) const KEYS: [&str; 8] =
    ["decision", "violation", "payload", "extensions", "context", "metrics", "metadata", "receipt"];
