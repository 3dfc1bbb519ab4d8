//! Metrics and metadata that a plugin reports beside its decision.

use alloc::collections::BTreeMap;
use alloc::string::String;

use cpex_wasmi_abi::model::JsonMap;
use serde::Serialize;

/// Metrics and metadata that a plugin reports beside its decision. They decide nothing.
///
/// They are there if the plugin allowed or denied. A call that fails has none: what a plugin counted before it failed is
/// no count of what was done.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Telemetry {
    /// Counters by name, such as `secrets.masked`: the sum of what the plugin added in this call, at most [`u64::MAX`].
    pub metrics: BTreeMap<String, u64>,
    /// JSON values by key.
    pub metadata: JsonMap,
}

impl Telemetry {
    /// The telemetry of a plugin that reports nothing.
    #[cfg(feature = "pipeline")]
    pub(crate) const NONE: &'static Self =
        &Self { metrics: BTreeMap::new(), metadata: JsonMap::new() };

    /// Returns true if there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.metrics.is_empty() && self.metadata.is_empty()
    }
}
