//! Engines that read configurations, and the keys that each has.

use serde_json::Value;

use super::Document;
use super::shapes::{CONFIGURATION, GROUP, MATCHERS};
use super::shapes_praxis;
use crate::policy::keys::Mapping;

/// The engine that a configuration is for. Entries of plugins are the same for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// cpex-core 0.2, with `plugin_settings`.
    CpexCore,
    /// praxis-policy 0.5 and cpex 0.3, with `engine_settings`.
    PraxisPolicy,
}

impl Dialect {
    /// All of them.
    pub(super) const ALL: [Self; 2] = [Self::CpexCore, Self::PraxisPolicy];

    /// Returns the dialect of a document: praxis-policy's, if it has `engine_settings` or `secrets`.
    pub fn of(document: &Document) -> Self {
        let has = |key| document.value().get(key).is_some();
        if has("engine_settings") || has("secrets") { Self::PraxisPolicy } else { Self::CpexCore }
    }

    /// The keys of a configuration.
    pub(super) fn configuration(self) -> &'static Mapping {
        match self {
            Self::CpexCore => &CONFIGURATION,
            Self::PraxisPolicy => &shapes_praxis::CONFIGURATION,
        }
    }

    /// The keys of a group.
    pub(super) fn group(self) -> &'static Mapping {
        match self {
            Self::CpexCore => &GROUP,
            Self::PraxisPolicy => &shapes_praxis::GROUP,
        }
    }

    /// The keys of the kinds of things that a route is for.
    pub(super) fn matchers(self) -> &'static [&'static str] {
        match self {
            Self::CpexCore => &MATCHERS,
            Self::PraxisPolicy => &shapes_praxis::MATCHERS,
        }
    }

    /// Tells whether routes and groups count.
    pub(super) fn routes(self, config: &Value) -> bool {
        match self {
            Self::CpexCore => {
                config.pointer("/plugin_settings/routing_enabled") == Some(&Value::Bool(true))
            }
            Self::PraxisPolicy => {
                config.pointer("/engine_settings/dispatch").and_then(Value::as_str) != Some("hooks")
            }
        }
    }
}
