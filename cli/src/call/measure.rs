//! Calling a plugin once or often, and what that cost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cpex_wasmi::{Outcome, Plugin, Receipt, Request};
use serde::Serialize;

use super::logs::Logs;
use crate::failure::Failure;
use crate::progress::Progress;

/// What the calls cost.
pub(super) struct Measured {
    /// The receipt of the last call.
    pub(super) receipt: Receipt,
    /// How the calls differed, if there were several.
    pub(super) summary: Option<Summary>,
}

/// How several calls of the same plugin differed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Summary {
    /// How many calls there were.
    pub(super) calls: u32,
    /// The fuel of the call that took the least.
    pub(super) fuel_min: u64,
    /// The fuel of the call that took the most.
    pub(super) fuel_max: u64,
    /// The wall time of one call, in nanoseconds: half of the calls took no longer.
    pub(super) nanoseconds_median: u64,
    /// The wall time of one call, in nanoseconds: 99 of 100 calls took no longer.
    pub(super) nanoseconds_p99: u64,
}

/// Calls the plugin `repeat` times, and gives the outcome of the last call.
pub(super) fn calls(
    plugin: &Plugin,
    hook: &str,
    request: &Arc<Request>,
    repeat: u32,
    logs: &Logs,
) -> Result<(Outcome, Measured), Failure> {
    let mut progress =
        (repeat > 1).then(|| Progress::new(repeat.into(), "[{bar:30}] {pos} of {len} calls"));
    let mut times = Vec::new();
    let (mut fuel_min, mut fuel_max) = (u64::MAX, 0);
    let mut last = None;
    for number in 1..=repeat {
        logs.clear();
        let start = Instant::now();
        let outcome = plugin.call(hook, request.clone());
        times.push(nanoseconds(start.elapsed()));
        let outcome = outcome.map_err(|error| {
            let failure = Failure::from(error);
            if repeat == 1 { failure } else { failure.within(&format!("call {number}")) }
        })?;
        fuel_min = fuel_min.min(outcome.receipt.fuel);
        fuel_max = fuel_max.max(outcome.receipt.fuel);
        last = Some(outcome);
        if let Some(progress) = &mut progress {
            progress.step(number.into());
        }
    }
    drop(progress);
    let outcome = last.ok_or_else(|| Failure::usage("there is nothing to do in no calls"))?;
    let summary = (repeat > 1).then(|| {
        times.sort_unstable();
        Summary {
            calls: repeat,
            fuel_min,
            fuel_max,
            nanoseconds_median: percentile(&times, 50),
            nanoseconds_p99: percentile(&times, 99),
        }
    });
    let receipt = outcome.receipt;
    Ok((outcome, Measured { receipt, summary }))
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The least of these (sorted) numbers that `percent` of them are no larger than.
fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let rank = sorted.len().saturating_mul(percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_numbers_that_were_measured() {
        let hundred: Vec<u64> = (1..=100).collect();
        assert_eq!((percentile(&hundred, 50), percentile(&hundred, 99)), (50, 99));
        assert_eq!((percentile(&[7], 50), percentile(&[7], 99)), (7, 7));
        assert_eq!((percentile(&[1, 9], 50), percentile(&[1, 9], 99)), (1, 9));
    }
}
