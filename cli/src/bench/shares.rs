//! Whose time the time of a call is.

use std::sync::Arc;
use std::time::Instant;

use cpex_wasmi::{Clock as _, Plugin, Policy, Receipt, Timing};
use serde::Serialize;

use super::budget::Budget;
use super::builder;
use super::clock::{Monotonic, Overhead};
use crate::failure::Failure;
use crate::spread::nanoseconds;
use crate::subject::Subject;

/// The most calls that are looked at.
const CALLS: usize = 100_000;

/// Parts of the time of a call, which are 1 together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Shares {
    /// The plugin's own code.
    pub(super) guest: f64,
    /// The host's functions that it calls.
    pub(super) host_calls: f64,
    /// All before and after: the instance, the request, the verdict.
    pub(super) set_up: f64,
}

/// Calls the plugin with a look at the clock before and after each host call, and takes out what the
/// looks took.
pub(super) fn measure(
    subject: &Subject,
    policy: &Policy,
    budget: Budget,
    progress: &mut dyn FnMut(u64),
) -> Result<Shares, Failure> {
    let clock = Monotonic::new();
    let engine = subject.offers.engine(builder().clock(clock).measure_time())?;
    let plugin = Plugin::load(&engine, &subject.wasm, policy.clone())?;
    // What is done once is no part of a call.
    plugin.initialize()?;
    plugin.call(&subject.hook, Arc::clone(&subject.request))?;
    let overhead = Overhead::measure(&clock);
    let mut looked = Vec::new();
    let begun = Instant::now();
    while looked.len() < CALLS {
        let done = u64::try_from(looked.len()).unwrap_or(u64::MAX);
        let elapsed = begun.elapsed();
        if done > 0 && budget.is_spent(elapsed, done) {
            break;
        }
        progress(budget.steps_of(elapsed, done));
        let request = Arc::clone(&subject.request);
        let calling = clock.now();
        let outcome = plugin.call(&subject.hook, request);
        let whole = nanoseconds(clock.now().saturating_sub(calling));
        looked.push((whole, outcome?.receipt));
    }
    // What was interrupted says nothing of the plugin.
    looked.sort_unstable_by_key(|(whole, _)| *whole);
    let kept = looked.len().saturating_sub(looked.len() / 10);
    Ok(shares(looked.get(..kept).unwrap_or(&looked), overhead))
}

/// The shares of calls, each with its time and its receipt, without what looking at the clock took.
fn shares(calls: &[(u64, Receipt)], overhead: Overhead) -> Shares {
    let total = |part: fn(&Receipt, Timing) -> u64| -> f64 {
        let parts =
            calls.iter().map(|(_, receipt)| part(receipt, receipt.timing.unwrap_or_default()));
        parts.map(|part| part as f64).sum()
    };
    let (within, around) = (overhead.within as f64, overhead.around as f64);
    // There is a pair of looks for each host call, and one for each slice.
    let (pairs, slices) =
        (total(|receipt, _| receipt.host_calls), total(|receipt, _| receipt.slices));
    let count = calls.len() as f64;
    let host_calls = (total(|_, timing| timing.host_call_nanoseconds) - pairs * within).max(0.0);
    let guest =
        (total(|_, timing| timing.guest_nanoseconds) - pairs * around - slices * within).max(0.0);
    let looks = (pairs + slices) * (within + around) + count * within;
    let whole: f64 = calls.iter().map(|(whole, _)| *whole as f64).sum();
    let whole = (whole - looks).max(guest + host_calls);
    if whole <= 0.0 {
        return Shares { set_up: 1.0, ..Shares::default() };
    }
    let (guest, host_calls) = (guest / whole, host_calls / whole);
    Shares { guest, host_calls, set_up: (1.0 - guest - host_calls).max(0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A call with its receipt: one slice, and this many host calls.
    fn looked(whole: u64, guest: u64, host_time: u64, host_calls: u64) -> (u64, Receipt) {
        let mut timing = Timing::default();
        (timing.guest_nanoseconds, timing.host_call_nanoseconds) = (guest, host_time);
        let mut receipt = Receipt::default();
        (receipt.host_calls, receipt.slices, receipt.timing) = (host_calls, 1, Some(timing));
        (whole, receipt)
    }

    #[test]
    fn looking_at_the_clock_is_nobodys_time() {
        let overhead = Overhead { within: 20, around: 5 };
        // 100 ns of set-up, 200 of the guest, 100 in four host calls.
        let call = looked(400 + 5 * 25 + 20, 200 + 4 * 5 + 20, 100 + 4 * 20, 4);
        let expected = Shares { guest: 0.5, host_calls: 0.25, set_up: 0.25 };
        assert_eq!(shares(&[call; 3], overhead), expected);
    }

    #[test]
    fn shares_are_never_less_than_nothing() {
        let overhead = Overhead { within: 1000, around: 1000 };
        let shares = shares(&[looked(10, 4, 3, 1)], overhead);
        assert_eq!(shares, Shares { guest: 0.0, host_calls: 0.0, set_up: 1.0 });
    }
}
