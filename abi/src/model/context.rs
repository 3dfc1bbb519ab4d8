use serde::Deserialize;

use super::{JsonMap, json, serialize_both};

/// What a plugin keeps for the length of a request: CPEX's `PluginContext`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct PluginContext {
    /// State of this plugin alone.
    #[serde(default, deserialize_with = "json::map")]
    pub local_state: JsonMap,
    /// State that all plugins of the request share.
    #[serde(default, deserialize_with = "json::map")]
    pub global_state: JsonMap,
}

serialize_both!(PluginContext { local_state as json_map, global_state as json_map });
