//! Questions to people.

use alloc::string::String;

use super::{ElicitationOp, ElicitationPayload, JsonMap};

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
            route_key: None,
            tool: None,
            requester: None,
            peek: None,
        }
    }
}
