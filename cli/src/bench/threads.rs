//! Calling one plugin from one thread or several: call by call, and as fast as it goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cpex_wasmi::{Clock as _, Error, Outcome, Plugin, Request};

use super::budget::Budget;
use super::clock::{Monotonic, Overhead};
use super::tally::Tally;
use crate::crew;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::spread::nanoseconds;
use crate::style::grouped;
use crate::subject::Subject;

/// The time after which a thread tells how far it has come.
const TELL: Duration = Duration::from_millis(50);
/// The rough time of a batch of calls, between two looks at the clock, and what it has at most.
const BATCH_NANOSECONDS: u64 = 100_000;
const BATCH: u64 = 1024;

/// The threads that call a plugin, and who waits for them.
pub(super) struct Crew<'a> {
    pub(super) plugin: &'a Plugin,
    pub(super) subject: &'a Subject,
    pub(super) threads: u16,
    pub(super) progress: &'a mut Progress,
    /// The number of calls that the plugin has had.
    pub(super) made: u64,
}

/// The calls that one thread made, from when to when.
struct Round {
    calls: u64,
    begun: Instant,
    ended: Instant,
}

/// The subject of one thread of a crew.
struct Worker<'a> {
    plugin: &'a Plugin,
    hook: &'a str,
    /// Its own: threads that count the same pointers wait for one another.
    request: Arc<Request>,
    budget: Budget,
    stop: &'a AtomicBool,
    done: &'a AtomicU64,
    /// The number of its last call, if there are no other threads.
    number: Option<u64>,
}

/// Times each call.
pub(super) fn single(crew: &mut Crew<'_>, budget: Budget, warm_up: u32) -> Result<Tally, Failure> {
    let overhead = Overhead::measure(&Monotonic::new()).within;
    let tallies = crew.run(budget, |worker| worker.single(warm_up, overhead))?;
    let mut sum = Tally::default();
    for tally in &tallies {
        sum.add(tally);
    }
    crew.made = crew.made.saturating_add(warm_up.into()).saturating_add(sum.times.count());
    Ok(sum)
}

/// Looks at the clock now and then only; gives the calls per second of all threads together. `pace` is
/// what a call takes, in nanoseconds.
pub(super) fn many(crew: &mut Crew<'_>, budget: Budget, pace: u64) -> Result<u64, Failure> {
    let batch = BATCH_NANOSECONDS.checked_div(pace).unwrap_or(BATCH).clamp(1, BATCH);
    let rounds = crew.run(budget, |worker| worker.many(batch))?;
    let begun = rounds.iter().map(|round| round.begun).min();
    let ended = rounds.iter().map(|round| round.ended).max();
    let calls: u128 = rounds.iter().map(|round| u128::from(round.calls)).sum();
    let elapsed = begun.zip(ended).map(|(begun, ended)| ended.saturating_duration_since(begun));
    let rate = elapsed
        .and_then(|elapsed| calls.saturating_mul(1_000_000_000).checked_div(elapsed.as_nanos()))
        .unwrap_or_default();
    Ok(u64::try_from(rate).unwrap_or(u64::MAX))
}

impl Crew<'_> {
    /// Has each thread do its part of the work.
    fn run<T: Send>(
        &mut self,
        budget: Budget,
        work: impl Fn(&mut Worker<'_>) -> Result<T, Failure> + Sync,
    ) -> Result<Vec<T>, Failure> {
        let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
        let begun = Instant::now();
        let Self { plugin, subject, threads, ref mut progress, made } = *self;
        let part = |thread| {
            let mut worker = Worker {
                plugin,
                hook: &subject.hook,
                request: Arc::new(Request::clone(&subject.request)),
                budget: budget.part(thread, threads),
                stop: &stop,
                done: &done,
                number: (threads == 1).then_some(made),
            };
            work(&mut worker).inspect_err(|_| stop.store(true, Ordering::Relaxed))
        };
        let watch = || {
            progress.step(budget.steps_of(begun.elapsed(), done.load(Ordering::Relaxed)));
            progress.is_watched()
        };
        let ends = crew::run(threads, part, watch, || stop.store(true, Ordering::Relaxed))?;
        self.progress.next(budget.steps());
        ends.into_iter().collect()
    }
}

impl Worker<'_> {
    fn single(&mut self, warm_up: u32, overhead: u64) -> Result<Tally, Failure> {
        let clock = Monotonic::new();
        for _ in 0..warm_up {
            if self.stopped() || self.budget.is_over(clock.now()) {
                break;
            }
            let outcome = self.plugin.call(self.hook, self.request.clone());
            self.counted(outcome)?;
        }
        let mut tally = Tally::default();
        let (begun, mut now) = (clock.now(), clock.now());
        let (mut told, mut untold) = (begun, 0_u64);
        while !self.stopped()
            && !self.budget.is_spent(now.saturating_sub(begun), tally.times.count())
        {
            let request = self.request.clone();
            let calling = clock.now();
            let outcome = self.plugin.call(self.hook, request);
            now = clock.now();
            let outcome = self.counted(outcome)?;
            let time = nanoseconds(now.saturating_sub(calling)).saturating_sub(overhead);
            tally.note(time, &outcome);
            untold = untold.saturating_add(1);
            if now.saturating_sub(told) >= TELL {
                told = now;
                self.done.fetch_add(std::mem::take(&mut untold), Ordering::Relaxed);
            }
        }
        Ok(tally)
    }

    fn many(&mut self, batch: u64) -> Result<Round, Failure> {
        let begun = Instant::now();
        let (mut calls, mut ended) = (0_u64, begun);
        while !self.stopped() && !self.budget.is_spent(ended.duration_since(begun), calls) {
            let batch = self.budget.left(calls).min(batch);
            for _ in 0..batch {
                let outcome = self.plugin.call(self.hook, self.request.clone());
                self.counted(outcome)?;
            }
            ended = Instant::now();
            calls = calls.saturating_add(batch);
            self.done.fetch_add(batch, Ordering::Relaxed);
        }
        Ok(Round { calls, begun, ended })
    }

    /// True if another thread has failed.
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Counts a call; a failure says which it was.
    fn counted(&mut self, outcome: Result<Outcome, Error>) -> Result<Outcome, Failure> {
        if let Some(number) = &mut self.number {
            *number = number.saturating_add(1);
        }
        outcome.map_err(|error| match self.number {
            Some(number) => Failure::from(error).within(&format!("call {}", grouped(number))),
            None => error.into(),
        })
    }
}
