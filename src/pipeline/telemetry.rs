//! Metrics and metadata of plugins, as `tracing` has them.

use alloc::string::String;

use serde::Serialize;
use tracing::{Level, event};

use crate::{Telemetry, visible};

/// The target under which the metrics and metadata of a call reach `tracing`, as one event with the fields `plugin`,
/// `hook`, `metrics` and `metadata`. The last two are JSON objects, as text.
pub const TELEMETRY_TARGET: &str = "cpex_wasmi::telemetry";

/// Traces what a plugin reported in a call, if it did.
pub(crate) fn trace(plugin: &str, hook: &str, telemetry: &Telemetry) {
    if telemetry.is_empty() {
        return;
    }
    event!(
        target: TELEMETRY_TARGET,
        Level::INFO,
        plugin,
        hook,
        metrics = json(&telemetry.metrics),
        metadata = json(&telemetry.metadata),
    );
}

fn json(value: &impl Serialize) -> String {
    visible(&serde_json::to_string(value).unwrap_or_default())
}
