//! Receipts: the cost of one call.

use core::mem::MaybeUninit;

/// The cost of one call.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Fuel used: about one unit for each instruction.
    pub fuel: u64,
    /// The plugin's memory at its largest, in bytes.
    pub peak_memory_bytes: u64,
    /// The number of host calls.
    pub host_calls: u64,
    /// Bytes that the plugin read through the boundary.
    pub bytes_read: u64,
    /// Bytes that the plugin wrote through the boundary.
    pub bytes_written: u64,
    /// Bytes that the plugin logged.
    pub log_bytes: u64,
    /// Log lines that were dropped because the plugin had used up what it may log.
    pub log_lines_dropped: u64,
    /// The number of slices of fuel that the call took.
    pub slices: u64,
    /// Fuel that the initialisation of the call's instance took. It is not part of `fuel`.
    pub init_fuel: u64,
    /// Time in the plugin's code, in nanoseconds; 0 unless `is_timed`.
    pub guest_nanoseconds: u64,
    /// Time in the functions that the plugin called, in nanoseconds; 0 unless `is_timed`.
    pub host_call_nanoseconds: u64,
    /// True if the state that the plugin keeps was lost, as the call failed on its way.
    pub state_lost: bool,
    /// True if the engine measures time: `cpex_wasmi_engine_builder_measure_time`.
    pub is_timed: bool,
}

impl From<&cpex_wasmi::Receipt> for Receipt {
    fn from(cost: &cpex_wasmi::Receipt) -> Self {
        let timing = cost.timing.unwrap_or_default();
        Self {
            fuel: cost.fuel,
            peak_memory_bytes: cost.peak_memory_bytes,
            host_calls: cost.host_calls,
            bytes_read: cost.bytes_read,
            bytes_written: cost.bytes_written,
            log_bytes: cost.log_bytes,
            log_lines_dropped: cost.log_lines_dropped,
            slices: cost.slices,
            init_fuel: cost.init_fuel,
            guest_nanoseconds: timing.guest_nanoseconds,
            host_call_nanoseconds: timing.host_call_nanoseconds,
            state_lost: cost.state_lost,
            is_timed: cost.timing.is_some(),
        }
    }
}

impl Receipt {
    /// Copies a receipt to its place. False if there is none.
    pub(crate) fn give(
        cost: Option<&cpex_wasmi::Receipt>,
        place: Option<&mut MaybeUninit<Self>>,
    ) -> bool {
        if let Some(place) = place {
            place.write(cost.map(Self::from).unwrap_or_default());
        }
        cost.is_some()
    }
}
