//! The times and costs of some calls.

use cpex_wasmi::{Outcome, Receipt};
use serde::{Serialize, Serializer};

use crate::spread::{Range, Times};

/// The times and costs of some calls.
#[derive(Clone, Default)]
pub(super) struct Tally {
    pub(super) times: Times,
    pub(super) denied: u64,
    pub(super) costs: Costs,
}

impl Tally {
    /// Notes a call.
    pub(super) fn note(&mut self, nanoseconds: u64, outcome: &Outcome) {
        self.times.note(nanoseconds);
        if !outcome.decision.is_allow() {
            self.denied = self.denied.saturating_add(1);
        }
        self.costs.add(&Costs(COSTS.map(|(_, cost)| cost(&outcome.receipt).into())));
    }

    /// Adds the calls of another thread.
    pub(super) fn add(&mut self, other: &Self) {
        self.times.add(&other.times);
        self.denied = self.denied.saturating_add(other.denied);
        self.costs.add(&other.costs);
    }
}

/// The range of each number in the receipts, in the order of [`COSTS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Costs(pub(super) [Range; 8]);

/// One number of a receipt.
type Cost = fn(&Receipt) -> u64;

/// The numbers of a receipt, by their names in JSON.
const COSTS: [(&str, Cost); 8] = [
    ("fuel", |receipt| receipt.fuel),
    ("peak_memory_bytes", |receipt| receipt.peak_memory_bytes),
    ("host_calls", |receipt| receipt.host_calls),
    ("bytes_read", |receipt| receipt.bytes_read),
    ("bytes_written", |receipt| receipt.bytes_written),
    ("log_bytes", |receipt| receipt.log_bytes),
    ("slices", |receipt| receipt.slices),
    ("init_fuel", |receipt| receipt.init_fuel),
];

impl Costs {
    fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, others)| mine.join(others));
    }
}

impl Default for Costs {
    fn default() -> Self {
        Self([Range::NONE; 8])
    }
}

impl Serialize for Costs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(COSTS.iter().map(|(name, _)| name).zip(self.0))
    }
}
