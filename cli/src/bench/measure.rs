//! The measurements of one isolation: loading, single calls, many calls, whose time it is.

use std::time::Duration;

use cpex_wasmi::{Instances, Plugin};

use super::load::{self, Loaded};
use super::shares::{self, Shares};
use super::tally::Tally;
use super::threads::{self, Crew};
use super::{name, quiet, with};
use crate::args::{BenchArgs, Isolation};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::subject::Subject;

/// What was measured of one isolation.
pub(super) struct Measured {
    pub(super) isolation: Isolation,
    pub(super) loaded: Loaded,
    /// The calls that were timed one by one.
    pub(super) tally: Tally,
    /// Of all threads together.
    pub(super) calls_per_second: u64,
    pub(super) shares: Shares,
    /// The instances that all these calls took.
    pub(super) instances: Instances,
}

/// When a measurement is over.
#[derive(Clone, Copy, Debug)]
pub(super) enum Budget {
    Time(Duration),
    Calls(u64),
}

impl Budget {
    /// Whether nothing is left of it.
    pub(super) fn is_spent(self, elapsed: Duration, calls: u64) -> bool {
        match self {
            // There is no time too short for one call.
            Self::Time(time) => calls > 0 && elapsed >= time,
            Self::Calls(most) => calls >= most,
        }
    }

    /// Whether the time is over. What is bounded in calls may take any.
    pub(super) fn is_over(self, elapsed: Duration) -> bool {
        matches!(self, Self::Time(time) if elapsed >= time)
    }

    /// How many calls are left, as far as that is known.
    pub(super) fn left(self, calls: u64) -> u64 {
        match self {
            Self::Time(_) => u64::MAX,
            Self::Calls(most) => most.saturating_sub(calls),
        }
    }

    /// What one of several threads has of it.
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

    /// What of it is spent.
    pub(super) fn steps_of(self, elapsed: Duration, calls: u64) -> u64 {
        let spent = match self {
            Self::Time(_) => u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
            Self::Calls(_) => calls,
        };
        spent.min(self.steps())
    }
}

/// How much to measure.
pub(super) struct Plan {
    single: Budget,
    many: Budget,
    shares: Budget,
    threads: u16,
    warm_up: u32,
}

impl Plan {
    pub(super) fn new(args: &BenchArgs) -> Self {
        let part = |percent: u32| match args.calls {
            Some(calls) => Budget::Calls(calls),
            None => Budget::Time(
                args.duration.saturating_mul(percent).checked_div(100).unwrap_or_default(),
            ),
        };
        Self {
            single: part(60),
            many: part(20),
            shares: part(20),
            threads: args.threads,
            warm_up: args.warm_up,
        }
    }

    /// All of it, in the steps of a bar.
    pub(super) fn steps(&self) -> u64 {
        let Self { single, many, shares, .. } = self;
        single.steps().saturating_add(many.steps()).saturating_add(shares.steps())
    }
}

/// Measures one isolation.
pub(super) fn measure(
    subject: &Subject,
    isolation: Isolation,
    plan: &Plan,
    progress: &mut Progress,
) -> Result<Measured, Failure> {
    measured(subject, isolation, plan, progress)
        .map_err(|failure| failure.within(&format!("`isolation: {}`", name(isolation))))
}

fn measured(
    subject: &Subject,
    isolation: Isolation,
    plan: &Plan,
    progress: &mut Progress,
) -> Result<Measured, Failure> {
    progress.says(name(isolation));
    let policy = with(&subject.policy, isolation);
    let loaded = load::measure(subject, &policy)?;
    let plugin = Plugin::load(&quiet(&subject.stubs)?, &subject.wasm, policy.clone())?;
    let mut crew = Crew { plugin: &plugin, subject, threads: plan.threads, progress, made: 0 };
    let tally = threads::single(&mut crew, plan.single, plan.warm_up)?;
    let pace = tally.times.percentile(50);
    let calls_per_second = threads::many(&mut crew, plan.many, pace)?;
    let instances = plugin.instances();
    let shares = shares::measure(subject, &policy, plan.shares, &mut |steps| progress.step(steps))?;
    progress.next(plan.shares.steps());
    Ok(Measured { isolation, loaded, tally, calls_per_second, shares, instances })
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
