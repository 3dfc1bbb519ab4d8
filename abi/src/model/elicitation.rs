use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::{JsonMap, json, serialize_both};

/// The payload of `elicit`: a question to a person, and what came of it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ElicitationPayload {
    /// What is to be done.
    pub operation: ElicitationOp,
    /// The question that is meant, once it was sent.
    #[serde(default)]
    pub elicitation_id: Option<String>,
    /// What kind of answer is wanted, such as `approval`.
    pub kind: String,
    /// Whom to ask.
    pub from: String,
    /// What for.
    #[serde(default)]
    pub purpose: Option<String>,
    /// What the answer is good for.
    #[serde(default)]
    pub scope: Option<String>,
    /// How long to wait.
    #[serde(default)]
    pub timeout: Option<String>,
    /// Which way to ask.
    #[serde(default)]
    pub channel: Option<String>,
    /// The identifier of the question.
    #[serde(default)]
    pub id: Option<String>,
    /// How far it has come.
    #[serde(default)]
    pub status: Option<ElicitationStatusKind>,
    /// What the answer was.
    #[serde(default)]
    pub outcome: Option<ElicitationOutcomeKind>,
    /// Who answered.
    #[serde(default)]
    pub approver: Option<String>,
    /// The identifier of the intent.
    #[serde(default)]
    pub intent_id: Option<String>,
    /// When the question expires.
    #[serde(default)]
    pub expires_at: Option<String>,
    /// Whether the answer is valid.
    #[serde(default)]
    pub valid: Option<bool>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// Anything else, by name.
    #[serde(default, deserialize_with = "json::map")]
    pub metadata: JsonMap,
}

// CPEX writes what is missing of the question as `null`.
serialize_both!(ElicitationPayload {
    operation,
    elicitation_id,
    kind,
    from,
    purpose,
    scope,
    timeout,
    channel,
    id as optional,
    status as optional,
    outcome as optional,
    approver as optional,
    intent_id as optional,
    expires_at as optional,
    valid as optional,
    reason as optional,
    metadata as json_map_or_none,
});

impl ElicitationPayload {
    /// A question that has not been sent.
    pub fn new(operation: ElicitationOp, kind: impl Into<String>, from: impl Into<String>) -> Self {
        Self {
            operation,
            elicitation_id: None,
            kind: kind.into(),
            from: from.into(),
            purpose: None,
            scope: None,
            timeout: None,
            channel: None,
            id: None,
            status: None,
            outcome: None,
            approver: None,
            intent_id: None,
            expires_at: None,
            valid: None,
            reason: None,
            metadata: JsonMap::new(),
        }
    }

    /// Whether all that a plugin is given, and may not change, is the same.
    pub fn same_input(&self, other: &Self) -> bool {
        self.operation == other.operation
            && self.elicitation_id == other.elicitation_id
            && self.kind == other.kind
            && self.from == other.from
            && self.purpose == other.purpose
            && self.scope == other.scope
            && self.timeout == other.timeout
            && self.channel == other.channel
    }
}

/// What is to be done about a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum ElicitationOp {
    Dispatch,
    Check,
    Validate,
}

/// How far a question has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum ElicitationStatusKind {
    Pending,
    Resolved,
    Expired,
}

/// What an answer was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum ElicitationOutcomeKind {
    Approved,
    Denied,
}
