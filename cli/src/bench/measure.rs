//! The measurements of one isolation: loading, single calls, many calls, whose time it is.

use cpex_wasmi::{Instances, Plugin};

use super::budget::Budget;
use super::load::{self, Loaded};
use super::shares::{self, Shares};
use super::tally::Tally;
use super::threads::{self, Crew};
use super::{name, quiet, with};
use crate::args::{BenchArgs, Isolation};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::subject::Subject;

/// The measurements of one isolation.
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

/// The amount to measure.
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
    let plugin = Plugin::load(&quiet(&subject.offers)?, &subject.wasm, policy.clone())?;
    let mut crew = Crew { plugin: &plugin, subject, threads: plan.threads, progress, made: 0 };
    let tally = threads::single(&mut crew, plan.single, plan.warm_up)?;
    let pace = tally.times.percentile(50);
    let calls_per_second = threads::many(&mut crew, plan.many, pace)?;
    let instances = plugin.instances();
    let shares = shares::measure(subject, &policy, plan.shares, &mut |steps| progress.step(steps))?;
    progress.next(plan.shares.steps());
    Ok(Measured { isolation, loaded, tally, calls_per_second, shares, instances })
}
