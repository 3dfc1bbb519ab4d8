//! The reason of a denial.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::Value;

/// The reason of a denial: CPEX's `PluginViolation` without the plugin's name, which the
/// host knows better.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Violation {
    /// A code for programs, such as `pii_access`.
    pub code: String,
    /// A short reason for people.
    pub reason: String,
    /// A longer explanation.
    pub description: Option<String>,
    /// Anything else worth knowing, by name.
    pub details: Vec<(String, Value)>,
    /// The code to answer with in the protocol that carried the operation (such as JSON-RPC).
    pub proto_error_code: Option<i64>,
}

impl Violation {
    /// A violation with a code and a reason, and nothing else.
    pub fn new(code: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { code: code.into(), reason: reason.into(), ..Self::default() }
    }
}
