//! The hook that asks people, `elicit`.

pub use crate::cpex::records::{
    ElicitationOp, ElicitationOutcomeKind, ElicitationPayload, ElicitationStatusKind,
};

use alloc::string::String;

use super::hooks::payload::record_payload;
use super::lazy::LazyMap;
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
            metadata: LazyMap::new(),
        }
    }

    texts! {
        with_elicitation_id elicitation_id: "the identifier of a question that was asked before";
        with_purpose purpose: "what it is for";
        with_scope scope: "what it holds for";
        with_timeout timeout: "how long the answer may take";
        with_channel channel: "how the question is asked";
    }

    /// The action about the question.
    pub fn operation(&self) -> ElicitationOp {
        self.operation
    }

    /// The kind of the question.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The person who is asked.
    pub fn from(&self) -> &str {
        &self.from
    }
}
