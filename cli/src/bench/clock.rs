//! The time of a look at the clock, which is as long as a short call.

use std::hint::black_box;
use std::time::{Duration, Instant};

use cpex_wasmi::Clock;

use crate::spread::nanoseconds;

/// The number of looks at the clock to learn what one takes.
const LOOKS: usize = 10_001;

/// The clock that calls are measured with.
#[derive(Clone, Copy)]
pub(super) struct Monotonic(Instant);

impl Monotonic {
    pub(super) fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Monotonic {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The time that a pair of looks adds between them, and around it, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Overhead {
    pub(super) within: u64,
    pub(super) around: u64,
}

impl Overhead {
    /// The overhead of a look before and a look after.
    pub(super) fn measure(clock: &dyn Clock) -> Self {
        let mut times = Vec::with_capacity(LOOKS);
        let all = Instant::now();
        for _ in 0..LOOKS {
            let begun = black_box(clock).now();
            times.push(nanoseconds(black_box(clock).now().saturating_sub(begun)));
        }
        let all = nanoseconds(all.elapsed());
        let whole = usize::try_from(all).unwrap_or(usize::MAX).checked_div(LOOKS).unwrap_or(0);
        times.sort_unstable();
        let within = times.get(LOOKS / 2).copied().unwrap_or_default();
        let whole = u64::try_from(whole).unwrap_or(u64::MAX);
        // Where the whole was interrupted, it is not told from what lies within.
        Self { within, around: whole.saturating_sub(within).min(within) }
    }
}
