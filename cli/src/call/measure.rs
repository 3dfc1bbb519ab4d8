//! Calling a plugin once or often, from one thread or several, and what that came to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use cpex_wasmi::{Outcome, Plugin, Receipt, Request};
use serde_json::json;

use super::logs::Logs;
use super::summary::{Counts, Kind, Summary};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::spread::{Times, nanoseconds};
use crate::style::time;
use crate::{crew, terminal};

/// The number of failed calls after which no more are made: each may take its whole deadline.
const FAILURES: u32 = 10;

/// The calls to make.
pub(super) struct Calls<'a> {
    pub(super) plugin: &'a Plugin,
    pub(super) hook: &'a str,
    pub(super) request: &'a Arc<Request>,
    /// The number of calls, of all threads together.
    pub(super) repeat: u32,
    pub(super) threads: u16,
    pub(super) logs: &'a Logs,
}

/// The cost of the calls.
pub(super) struct Measured {
    /// The receipt of the call that is shown.
    pub(super) receipt: Receipt,
    /// The differences of the calls, if there were several.
    pub(super) summary: Option<Summary>,
}

/// The calls of one thread.
#[derive(Default)]
struct Tally {
    times: Times,
    counts: Counts,
    /// The first and the last call of the worst kind: an error is worse than a denial.
    first: Option<Sample>,
    last: Option<Sample>,
}

/// One call.
struct Sample {
    number: u32,
    kind: Kind,
    result: Result<Outcome, cpex_wasmi::Error>,
    log: String,
}

impl Calls<'_> {
    /// Makes the calls. Gives the outcome of the call that is shown: the last one, or where they differ
    /// the first of the worst.
    ///
    /// # Errors
    ///
    /// The first call that failed, with the counts of them all.
    pub(super) fn run(&self) -> Result<(Outcome, Measured), Failure> {
        let next = AtomicU32::new(1);
        let failed = AtomicU32::new(0);
        let threads = self.threads.min(u16::try_from(self.repeat).unwrap_or(u16::MAX));
        let mut progress = (self.repeat > 1)
            .then(|| Progress::new(self.repeat.into(), "[{bar:30}] {pos} of {len} calls"));
        let watch = || {
            progress.as_mut().is_some_and(|progress| {
                progress.step(next.load(Ordering::Relaxed).into());
                progress.is_watched()
            })
        };
        let stop = || next.store(u32::MAX, Ordering::Relaxed);
        let tallies = crew::run(threads, |_| self.work(&next, &failed), watch, stop)?;
        drop(progress);
        let mut sum = Tally::default();
        tallies.into_iter().for_each(|tally| sum.add(tally));
        self.told(sum)
    }

    /// Makes calls until there are none left.
    fn work(&self, next: &AtomicU32, failed: &AtomicU32) -> Tally {
        let mut tally = Tally::default();
        // Its own: threads that count the same pointers wait for one another.
        let request = Arc::new(Request::clone(self.request));
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number > self.repeat || failed.load(Ordering::Relaxed) >= FAILURES {
                return tally;
            }
            let request = Arc::clone(&request);
            let start = Instant::now();
            let result = self.plugin.call(self.hook, request);
            let nanoseconds = nanoseconds(start.elapsed());
            let log = self.logs.take();
            let kind = Kind::of(&result);
            if self.repeat > 1 && terminal::is_verbose() {
                terminal::err(&format!("{log}call {number}: {kind}, {}\n", time(nanoseconds)));
            }
            if result.is_err() {
                failed.fetch_add(1, Ordering::Relaxed);
            }
            tally.note(Sample { number, kind, result, log }, nanoseconds);
        }
    }

    fn told(&self, tally: Tally) -> Result<(Outcome, Measured), Failure> {
        let Tally { times, counts, first, last } = tally;
        let differ = counts.differ();
        let shown = if differ { first } else { last.or(first) };
        let shown = shown.ok_or_else(|| Failure::usage("there is nothing to do in no calls"))?;
        let several = self.repeat > 1;
        let summary = several.then(|| Summary::new(counts, &times, self.threads, shown.number));
        // What several calls log has been told call by call, if all of it was asked for.
        if !(several && terminal::is_verbose()) {
            terminal::note(&shown.log);
        }
        match shown.result {
            Ok(outcome) => {
                let receipt = outcome.receipt;
                Ok((outcome, Measured { receipt, summary }))
            }
            Err(error) => {
                let failure = Failure::from(error);
                Err(match summary {
                    None => failure,
                    Some(summary) => failure.within(&format!("call {}", shown.number)).with(
                        "repeat",
                        json!(summary),
                        summary.render(),
                    ),
                })
            }
        }
    }
}

impl Tally {
    fn note(&mut self, sample: Sample, nanoseconds: u64) {
        self.times.note(nanoseconds);
        self.counts.note(&sample.kind, &sample.result);
        self.keep(sample);
    }

    /// Keeps a call if it is the first or the last of the worst kind.
    fn keep(&mut self, sample: Sample) {
        let rank = |kept: &Option<Sample>| kept.as_ref().map(|sample| sample.kind.rank());
        if rank(&self.first).is_none_or(|worst| sample.kind.rank() > worst) {
            (self.first, self.last) = (Some(sample), None);
        } else if rank(&self.first) == Some(sample.kind.rank()) {
            let number = |kept: &Option<Sample>| kept.as_ref().map(|sample| sample.number);
            if number(&self.first).is_some_and(|first| sample.number < first) {
                let first = self.first.replace(sample);
                self.last = self.last.take().or(first);
            } else if number(&self.last).is_none_or(|last| sample.number > last) {
                self.last = Some(sample);
            }
        }
    }

    /// Adds the calls of another thread.
    fn add(&mut self, other: Self) {
        self.times.add(&other.times);
        self.counts.add(other.counts);
        other.first.into_iter().chain(other.last).for_each(|sample| self.keep(sample));
    }
}
