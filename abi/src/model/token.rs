//! Tokens to be minted.

use alloc::string::String;

use super::{DelegationPayload, Secret};

impl DelegationPayload {
    /// A token that is wanted for calling a tool, in exchange for this one.
    pub fn new(bearer_token: impl Into<Secret>, target_name: impl Into<String>) -> Self {
        Self {
            bearer_token: bearer_token.into(),
            target_name: target_name.into(),
            ..Self::default()
        }
    }
}
