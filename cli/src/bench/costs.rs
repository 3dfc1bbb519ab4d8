//! What calls cost but for time.

use cpex_wasmi::Receipt;
use serde::Serialize;

/// The least and the greatest of some numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Range {
    pub(super) min: u64,
    pub(super) max: u64,
}

/// Of each number in the receipts, the least and the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Costs {
    pub(super) fuel: Range,
    pub(super) peak_memory_bytes: Range,
    pub(super) host_calls: Range,
    pub(super) bytes_read: Range,
    pub(super) bytes_written: Range,
    pub(super) log_bytes: Range,
    pub(super) slices: Range,
    pub(super) init_fuel: Range,
}

impl Range {
    fn of(number: u64) -> Self {
        Self { min: number, max: number }
    }

    fn join(&mut self, other: Self) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// `1`, or `1 to 2`.
    pub(super) fn show(self, number: impl Fn(u64) -> String) -> String {
        let (min, max) = (number(self.min), number(self.max));
        if min == max { min } else { format!("{min} to {max}") }
    }
}

impl From<&Receipt> for Costs {
    fn from(receipt: &Receipt) -> Self {
        Self {
            fuel: Range::of(receipt.fuel),
            peak_memory_bytes: Range::of(receipt.peak_memory_bytes),
            host_calls: Range::of(receipt.host_calls),
            bytes_read: Range::of(receipt.bytes_read),
            bytes_written: Range::of(receipt.bytes_written),
            log_bytes: Range::of(receipt.log_bytes),
            slices: Range::of(receipt.slices),
            init_fuel: Range::of(receipt.init_fuel),
        }
    }
}

impl Costs {
    /// Takes other costs in.
    pub(super) fn join(&mut self, other: &Self) {
        self.fuel.join(other.fuel);
        self.peak_memory_bytes.join(other.peak_memory_bytes);
        self.host_calls.join(other.host_calls);
        self.bytes_read.join(other.bytes_read);
        self.bytes_written.join(other.bytes_written);
        self.log_bytes.join(other.log_bytes);
        self.slices.join(other.slices);
        self.init_fuel.join(other.init_fuel);
    }
}
