//! The extensions of praxis-policy for one call. How they are looked at is in the room of that engine.

use alloc::collections::BTreeMap;
use alloc::string::String;
use std::sync::OnceLock;

use cpex_wasmi_abi::model::JsonMap;
use praxis_policy_core::extensions::Extensions;

/// Extensions of praxis-policy, with the texts of claims, which are JSON values there.
pub(crate) struct PraxisExtensions {
    pub(crate) extensions: Extensions,
    /// Made when a plugin looks at them.
    pub(crate) claims: OnceLock<BTreeMap<String, String>>,
    /// The claims that are no texts.
    pub(crate) claim_values: OnceLock<JsonMap>,
}

impl From<Extensions> for PraxisExtensions {
    fn from(extensions: Extensions) -> Self {
        Self { extensions, claims: OnceLock::new(), claim_values: OnceLock::new() }
    }
}
