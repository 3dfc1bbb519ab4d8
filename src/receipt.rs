//! The cost of one call.

use serde::Serialize;

/// The cost of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Receipt {
    /// Fuel used, in units of wasmi: about one for each instruction.
    pub fuel: u64,
    /// The plugin's memory at its largest, in bytes. Memory never shrinks, so that this is its size
    /// at the end of the call.
    pub peak_memory_bytes: u64,
    /// The number of host calls.
    pub host_calls: u64,
    /// Bytes the plugin read through the boundary.
    pub bytes_read: u64,
    /// Bytes the plugin wrote through the boundary.
    pub bytes_written: u64,
    /// Bytes the plugin logged.
    pub log_bytes: u64,
    /// Log lines that were dropped because the plugin had used up what it may log.
    pub log_lines_dropped: u64,
    /// The number of slices of fuel that the call took. Between slices, the deadline is checked, and an
    /// asynchronous call yields.
    pub slices: u64,
    /// Fuel that the initialisation of the call's instance took, or that of the first instance if this one
    /// began as that was left. It is not part of `fuel`, and the same in each call of a plugin whose
    /// initialisation is.
    pub init_fuel: u64,
    /// True if the state that the plugin keeps was lost: the call failed on its way, and the instance was
    /// thrown away.
    pub state_lost: bool,
    /// The time by part, if the engine was told to [look](crate::EngineBuilder::measure_time).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timing: Option<Timing>,
}

/// The time of a call by part, on the engine's clock. What it took beside these to begin and to end
/// the call, to make an instance and to initialise it, is in neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Timing {
    /// In the plugin's own code, in nanoseconds, with what the interpreter needs to go from there to
    /// the host's functions and back.
    pub guest_nanoseconds: u64,
    /// In the host's functions that the plugin called, in nanoseconds.
    pub host_call_nanoseconds: u64,
}
