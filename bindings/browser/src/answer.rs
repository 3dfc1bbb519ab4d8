//! Answers to the page: the outcome of a call, or its failure, with what was noted on the way.

use std::collections::BTreeMap;

use cpex_wasmi::model::{Extensions, PluginContext};
use cpex_wasmi::{
    AuditEvent, Decision, Error, ErrorKind, LogRecord, Outcome, Payload, Plugin, Receipt, Request,
    Violation, visible,
};
use serde::Serialize;
use serde_json::Value;

use crate::diff::{self, Change};

/// The uses of the system that are kept for one call.
const MAX_EVENTS: usize = 500;

/// Lines of the log and uses of the system, in their order.
#[derive(Default, Serialize)]
pub(crate) struct Notes {
    log: Vec<Line>,
    audit: Vec<Event>,
    /// The number of uses beyond those in `audit`.
    audit_left_out: usize,
}

#[derive(Serialize)]
struct Line {
    level: String,
    hook: String,
    message: String,
}

#[derive(Serialize)]
struct Event {
    access: String,
    operation: String,
    target: String,
    outcome: &'static str,
}

impl Notes {
    /// Keeps a line. The policy bounds how much a plugin logs.
    pub(crate) fn log(&mut self, record: &LogRecord<'_>) {
        self.log.push(Line {
            level: record.level.as_str().to_ascii_lowercase(),
            hook: record.hook.into(),
            message: record.message.into(),
        });
    }

    pub(crate) fn audit(&mut self, event: &AuditEvent<'_>) {
        if self.audit.len() == MAX_EVENTS {
            self.audit_left_out = self.audit_left_out.saturating_add(1);
            return;
        }
        self.audit.push(Event {
            access: event.access.to_string(),
            operation: event.operation.into(),
            target: event.target.into(),
            outcome: event.outcome.name(),
        });
    }
}

/// The outcome of a call. What the plugin did not change is `null`.
#[derive(Serialize)]
pub(crate) struct Answer {
    /// `allow` or `deny`.
    decision: &'static str,
    violation: Option<JsonViolation>,
    payload: Option<Payload>,
    extensions: Option<Extensions>,
    context: Option<PluginContext>,
    changes: Vec<JsonChange>,
    metrics: BTreeMap<String, u64>,
    metadata: BTreeMap<String, String>,
    receipt: Receipt,
    warnings: Vec<String>,
    #[serde(flatten)]
    notes: Notes,
}

#[derive(Serialize)]
struct JsonViolation {
    code: String,
    reason: String,
    description: Option<String>,
    details: BTreeMap<String, String>,
    proto_error_code: Option<i64>,
}

/// One value that is new, gone, or another.
#[derive(Serialize)]
struct JsonChange {
    kind: &'static str,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

impl Answer {
    pub(crate) fn new(plugin: &Plugin, before: &Request, outcome: Outcome, notes: Notes) -> Self {
        let Outcome { decision, changes, telemetry, receipt, .. } = outcome;
        let mut after = before.clone();
        after.apply(changes);
        let violation = match decision {
            Decision::Allow => None,
            Decision::Deny(violation) => Some(violation),
        };
        let differences = diff::requests(before, &after);
        Self {
            decision: if violation.is_none() { "allow" } else { "deny" },
            violation: violation.map(JsonViolation::from),
            payload: (after.payload != before.payload).then_some(after.payload),
            extensions: (after.extensions != before.extensions).then_some(after.extensions),
            context: (after.context != before.context).then_some(after.context),
            changes: differences.into_iter().map(JsonChange::from).collect(),
            metrics: telemetry.metrics,
            metadata: telemetry
                .metadata
                .iter()
                .map(|(key, value)| (visible(key), shown(value)))
                .collect(),
            receipt,
            warnings: plugin.warnings().to_vec(),
            notes,
        }
    }
}

impl From<Violation> for JsonViolation {
    fn from(violation: Violation) -> Self {
        let details = violation.details_as_json();
        Self {
            code: visible(&violation.code),
            reason: visible(&violation.reason),
            description: violation.description.as_deref().map(visible),
            details: details.map(|(name, value)| (visible(name), shown(&value))).collect(),
            proto_error_code: violation.proto_error_code,
        }
    }
}

impl From<Change> for JsonChange {
    fn from(change: Change) -> Self {
        let (kind, path, before, after) = match change {
            Change::Added(path, new) => ("added", path, None, Some(new)),
            Change::Member(path, new) => ("member", path, None, Some(new)),
            Change::Removed(path, old) => ("removed", path, Some(old), None),
            Change::Changed(path, old, new) => ("changed", path, Some(old), Some(new)),
        };
        let shown = |value: Option<Value>| value.as_ref().map(shown);
        Self { kind, path: visible(&path), before: shown(before), after: shown(after) }
    }
}

/// The characters of a value that are shown.
const MAX_VALUE: usize = 2000;

/// A value as JSON, safe to show, and cut off where it gets long.
fn shown(value: &Value) -> String {
    let text = visible(&value.to_string());
    match text.char_indices().nth(MAX_VALUE) {
        None => text,
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

/// A failure of the page's question, of the module or of a call. It is no decision.
#[derive(Serialize)]
pub(crate) struct Failure {
    error: JsonError,
    receipt: Option<Box<Receipt>>,
    #[serde(flatten)]
    notes: Notes,
}

#[derive(Serialize)]
struct JsonError {
    code: &'static str,
    problems: Vec<String>,
}

impl Failure {
    /// A fault in what the page asked.
    pub(crate) fn invalid(problem: String) -> Self {
        let kind = ErrorKind::InvalidRequest;
        let error = JsonError { code: kind.code(), problems: vec![visible(&problem)] };
        Self { error, receipt: None, notes: Notes::default() }
    }

    /// Adds what was noted before it failed.
    pub(crate) fn with(self, notes: Notes) -> Self {
        Self { notes, ..self }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let problems = error.problems().iter().map(|problem| visible(&problem.to_string()));
        Self {
            error: JsonError { code: error.code(), problems: problems.collect() },
            receipt: error.receipt().copied().map(Box::new),
            notes: Notes::default(),
        }
    }
}
