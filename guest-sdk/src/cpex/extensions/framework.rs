//! The framework the agent runs in.

use alloc::string::String;
use std::collections::HashMap;

use serde_json::Value;

use crate::cpex::wire::record;

record! {
    /// The framework the agent runs in.
    #[derive(Debug, Default)]
    pub struct FrameworkExtension {
        /// Its name.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub framework: Option<String>,
        /// Its version.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub framework_version: Option<String>,
        /// The node of its graph.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub node_id: Option<String>,
        /// Its graph.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub graph_id: Option<String>,
        /// Anything else, by name.
        #[serde(default)]
        pub metadata: HashMap<String, Value>,
    }
}
