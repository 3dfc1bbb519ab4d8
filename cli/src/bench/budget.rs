//! The budget of a measurement: a time, or a number of calls.

use std::time::Duration;

/// The end of a measurement.
#[derive(Clone, Copy, Debug)]
pub(super) enum Budget {
    Time(Duration),
    Calls(u64),
}

impl Budget {
    /// True if nothing is left of it.
    pub(super) fn is_spent(self, elapsed: Duration, calls: u64) -> bool {
        match self {
            // There is no time too short for one call.
            Self::Time(time) => calls > 0 && elapsed >= time,
            Self::Calls(most) => calls >= most,
        }
    }

    /// True if the time is over. Calls may take any.
    pub(super) fn is_over(self, elapsed: Duration) -> bool {
        matches!(self, Self::Time(time) if elapsed >= time)
    }

    /// The number of calls that are left, as far as that is known.
    pub(super) fn left(self, calls: u64) -> u64 {
        match self {
            Self::Time(_) => u64::MAX,
            Self::Calls(most) => most.saturating_sub(calls),
        }
    }

    /// The part of one of several threads.
    pub(super) fn part(self, thread: u16, threads: u16) -> Self {
        let (thread, threads) = (u64::from(thread), u64::from(threads));
        match self {
            Self::Time(time) => Self::Time(time),
            Self::Calls(calls) => {
                let each = calls.checked_div(threads).unwrap_or(calls);
                let over = calls.saturating_sub(each.saturating_mul(threads));
                Self::Calls(each.saturating_add(u64::from(thread < over)))
            }
        }
    }

    /// All of it, in the steps of a bar.
    pub(super) fn steps(self) -> u64 {
        match self {
            Self::Time(time) => u64::try_from(time.as_micros()).unwrap_or(u64::MAX),
            Self::Calls(calls) => calls,
        }
    }

    /// The part of it that is spent, in the steps of a bar.
    pub(super) fn steps_of(self, elapsed: Duration, calls: u64) -> u64 {
        let spent = match self {
            Self::Time(_) => u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
            Self::Calls(_) => calls,
        };
        spent.min(self.steps())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_share_the_calls() {
        let parts = |calls| {
            (0..4).map(|thread| Budget::Calls(calls).part(thread, 4).left(0)).collect::<Vec<_>>()
        };
        assert_eq!(parts(10), [3, 3, 2, 2]);
        assert_eq!(parts(1), [1, 0, 0, 0]);
        assert_eq!(
            parts(u64::MAX).iter().map(|part| u128::from(*part)).sum::<u128>(),
            u64::MAX.into()
        );
    }

    #[test]
    fn there_is_time_for_one_call_and_for_no_more() {
        let (none, second) = (Duration::ZERO, Duration::from_secs(1));
        assert!(!Budget::Time(none).is_spent(second, 0) && Budget::Time(none).is_spent(none, 1));
        assert!(Budget::Calls(0).is_spent(none, 0) && !Budget::Calls(2).is_spent(second, 1));
    }
}
