//! The hook that asks people, `elicit`.

use alloc::string::String;
use std::collections::HashMap;

use serde_json::Value;

use super::hooks::payload::record_payload;
use super::wire::{plain_enum, record};
use super::{PluginResult, define_hook};

/// The name of the hook.
pub const HOOK_ELICIT: &str = "elicit";

define_hook! {
    /// The hook that asks people, `elicit`.
    ElicitationHook, "elicit" => {
        payload: ElicitationPayload,
        result: PluginResult<ElicitationPayload>,
    }
}

plain_enum! {
    /// What is to be done about a question.
    #[derive(Copy)]
    pub enum ElicitationOp {
        Dispatch = "dispatch",
        Check = "check",
        Validate = "validate",
    }
}

plain_enum! {
    /// How far a question has come.
    #[derive(Copy)]
    pub enum ElicitationStatusKind {
        Pending = "pending",
        Resolved = "resolved",
        Expired = "expired",
    }
}

plain_enum! {
    /// What the answer is.
    #[derive(Copy)]
    pub enum ElicitationOutcomeKind {
        Approved = "approved",
        Denied = "denied",
    }
}

record! {
    /// A question to somebody, and what became of it.
    #[derive(Debug)]
    pub struct ElicitationPayload {
        operation: ElicitationOp,
        elicitation_id: Option<String>,
        kind: String,
        from: String,
        purpose: Option<String>,
        scope: Option<String>,
        timeout: Option<String>,
        channel: Option<String>,
        /// The question's identifier.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub id: Option<String>,
        /// How far it has come.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub status: Option<ElicitationStatusKind>,
        /// What the answer is.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub outcome: Option<ElicitationOutcomeKind>,
        /// Who answered.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub approver: Option<String>,
        /// The identifier of what was agreed to.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub intent_id: Option<String>,
        /// When the answer is no longer valid.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub expires_at: Option<String>,
        /// Whether the answer is valid.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub valid: Option<bool>,
        /// Why.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub reason: Option<String>,
        /// Anything else, by name.
        #[serde(default, skip_serializing_if = "HashMap::is_empty")]
        pub metadata: HashMap<String, Value>,
    }
}

record_payload!(ElicitationPayload);

/// A setter and a getter for each text.
macro_rules! texts {
    ($($with:ident $name:ident: $what:literal;)*) => {
        $(
            #[doc = concat!("Sets ", $what, ".")]
            #[must_use]
            pub fn $with(mut self, $name: impl Into<String>) -> Self {
                self.$name = Some($name.into());
                self
            }

            #[doc = concat!("Gives ", $what, ".")]
            pub fn $name(&self) -> Option<&str> {
                self.$name.as_deref()
            }
        )*
    };
}

impl ElicitationPayload {
    /// A question of this kind, to this person or role.
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
            metadata: HashMap::new(),
        }
    }

    texts! {
        with_elicitation_id elicitation_id: "the identifier of a question that was asked before";
        with_purpose purpose: "what it is for";
        with_scope scope: "what it holds for";
        with_timeout timeout: "how long the answer may take";
        with_channel channel: "how the question is asked";
    }

    /// What is to be done about the question.
    pub fn operation(&self) -> ElicitationOp {
        self.operation
    }

    /// What kind of question it is.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Who is asked.
    pub fn from(&self) -> &str {
        &self.from
    }
}
