//! The record of one call, for an embedder.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::{Changes, Decision, Error, Receipt, Telemetry};

/// One call of a plugin, for `WasmFactory::on_call`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CallRecord<'a> {
    /// The plugin, by the name of its entry.
    pub plugin: &'a str,
    /// The hook that it was called for.
    pub hook: &'a str,
    /// The identifier of the request, if the slot `request` has a `request_id`. It tells records of requests apart that run
    /// side by side, in all modes.
    pub request_id: Option<&'a str>,
    /// The decision, or the error in its place. What the engine makes of either depends on
    /// the `mode` and `on_error` of the entry.
    pub result: Result<&'a Decision, &'a Error>,
    /// The changed fields, by the names of the fields of [`Changes`]. Empty if it failed.
    pub changed: &'a [&'static str],
    /// The metrics and metadata that the plugin reported. Empty if it failed.
    pub telemetry: &'a Telemetry,
    /// The cost of the call. It is zero throughout if the plugin did not come to run, and that of
    /// the initialisation if this failed; else an initialisation is not in it.
    pub receipt: Receipt,
    /// The time that it took, on the clock on the wall: from the call of the handler to its end, other tasks
    /// that ran meanwhile included.
    pub elapsed: Duration,
}

/// The sink of call records.
pub(crate) type Observer = Arc<dyn Fn(&CallRecord<'_>) + Send + Sync>;

/// The names of the parts that were changed.
pub(crate) fn changed(changes: &Changes) -> Vec<&'static str> {
    // Taken apart, so that none is forgotten.
    let Changes {
        payload,
        labels,
        http,
        delegation,
        candidate_constraint,
        custom,
        local_state,
        global_state,
    } = changes;
    let parts = [
        ("payload", payload.is_some()),
        ("labels", labels.is_some()),
        ("http", http.is_some()),
        ("delegation", delegation.is_some()),
        ("candidate_constraint", candidate_constraint.is_some()),
        ("custom", custom.is_some()),
        ("local_state", local_state.is_some()),
        ("global_state", global_state.is_some()),
    ];
    parts.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect()
}
