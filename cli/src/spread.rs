//! The spread of numbers: the least and the greatest, and percentiles of times.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// The least and the greatest of some numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Range {
    pub(crate) min: u64,
    pub(crate) max: u64,
}

impl Range {
    /// The range of no numbers.
    pub(crate) const NONE: Self = Self { min: u64::MAX, max: 0 };

    /// Takes in the numbers of another range.
    pub(crate) fn join(&mut self, other: Self) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Renders it: `1`, or `1 to 2`.
    pub(crate) fn show(self, number: impl Fn(u64) -> String) -> String {
        let (min, max) = (number(self.min), number(self.max));
        if min == max { min } else { format!("{min} to {max}") }
    }
}

impl From<u64> for Range {
    fn from(number: u64) -> Self {
        Self { min: number, max: number }
    }
}

/// Times in nanoseconds, to within a thousandth. Those of a billion calls take as much memory as those of one.
#[derive(Clone)]
pub(crate) struct Times(Histogram<u64>);

impl Default for Times {
    #[expect(clippy::unwrap_used, reason = "fails for other digits and bounds only")]
    fn default() -> Self {
        // A day, which is longer than any deadline. What takes longer counts as a day.
        Self(Histogram::new_with_max(86_400_000_000_000, 3).unwrap())
    }
}

impl Times {
    pub(crate) fn note(&mut self, nanoseconds: u64) {
        self.0.saturating_record(nanoseconds);
    }

    /// Adds the times of another thread.
    pub(crate) fn add(&mut self, other: &Self) {
        // What both hold is within the same bounds.
        let _ = self.0.add(&other.0);
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    pub(crate) fn min(&self) -> u64 {
        self.0.min()
    }

    pub(crate) fn max(&self) -> u64 {
        self.0.max()
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "of numbers up to a day"
    )]
    pub(crate) fn mean(&self) -> u64 {
        self.0.mean() as u64
    }

    /// The time that so many percent of the calls do not exceed.
    pub(crate) fn percentile(&self, percent: u8) -> u64 {
        self.0.value_at_quantile(f64::from(percent) / 100.0)
    }
}

/// A time in nanoseconds.
pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_told_to_a_thousandth() {
        let mut times = Times::default();
        (1..=100).for_each(|number| times.note(number * 1_000_000));
        for (percent, exact) in [(50, 50_000_000), (99, 99_000_000), (100, 100_000_000)] {
            let told = times.percentile(percent);
            assert!(told >= exact && told - exact <= exact / 1000, "{percent}: {told}");
        }
        times.note(u64::MAX);
        assert_eq!(times.count(), 101);
        assert!(times.mean() < times.max());
    }

    #[test]
    fn times_of_several_threads_add_up() {
        let (mut sum, mut other) = (Times::default(), Times::default());
        sum.note(1);
        other.note(9);
        sum.add(&other);
        sum.add(&Times::default());
        assert_eq!((sum.min(), sum.percentile(50), sum.max(), sum.count()), (1, 1, 9, 2));
        assert_eq!((Times::default().min(), Times::default().percentile(50)), (0, 0));
    }
}
