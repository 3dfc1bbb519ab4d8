//! What a plugin keeps for the length of a request.

use alloc::string::String;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a plugin keeps for the length of a request.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PluginContext {
    /// State of this plugin alone.
    #[serde(default)]
    pub local_state: HashMap<String, Value>,
    /// State that all plugins of the request share.
    #[serde(default)]
    pub global_state: HashMap<String, Value>,
}

impl PluginContext {
    /// An empty context.
    pub fn new() -> Self {
        Self::default()
    }

    /// A context that begins with what other plugins left.
    pub fn with_global_state(global_state: HashMap<String, Value>) -> Self {
        Self { local_state: HashMap::new(), global_state }
    }

    /// A value of this plugin's own state.
    pub fn get_local(&self, key: &str) -> Option<&Value> {
        self.local_state.get(key)
    }

    /// Sets a value of this plugin's own state.
    pub fn set_local(&mut self, key: impl Into<String>, value: Value) {
        self.local_state.insert(key.into(), value);
    }

    /// A value of the state that is shared.
    pub fn get_global(&self, key: &str) -> Option<&Value> {
        self.global_state.get(key)
    }

    /// Sets a value of the state that is shared.
    pub fn set_global(&mut self, key: impl Into<String>, value: Value) {
        self.global_state.insert(key.into(), value);
    }
}
