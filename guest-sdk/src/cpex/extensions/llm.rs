//! The model that is used.

use alloc::string::String;
use alloc::vec::Vec;

use crate::cpex::wire::record;

record! {
    /// The model that is used.
    #[derive(Debug, Default)]
    pub struct LLMExtension {
        /// Its identifier.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub model_id: Option<String>,
        /// Who runs it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub provider: Option<String>,
        /// What it can do.
        #[serde(default)]
        pub capabilities: Vec<String>,
    }
}
