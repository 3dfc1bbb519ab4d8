//! Differences between several calls of one plugin.

use std::fmt;

use cpex_wasmi::{Changes, Decision, Outcome, visible};
use serde::Serialize;

use crate::fit;
use crate::spread::{Range, Times};
use crate::style::{DIM, ERROR, GOOD, grouped, paint, time};

/// The number of kinds of outcomes that are told apart: a plugin can make up a code for each call.
const KINDS: usize = 20;

/// The decision of a call and its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Allow,
    /// With the code of the violation.
    Deny(String),
    /// With the code of the error.
    Error(&'static str),
}

impl Kind {
    pub(super) fn of(result: &Result<Outcome, cpex_wasmi::Error>) -> Self {
        match result {
            Ok(Outcome { decision: Decision::Deny(violation), .. }) => {
                Self::Deny(violation.code.clone())
            }
            Ok(_) => Self::Allow,
            Err(error) => Self::Error(error.code()),
        }
    }

    /// The severity: the worst gives the exit status.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Allow => 0,
            Self::Deny(_) => 1,
            Self::Error(_) => 2,
        }
    }

    fn name(&self) -> Option<&'static str> {
        match self {
            Self::Allow => Some("allow"),
            Self::Deny(_) => Some("deny"),
            Self::Error(_) => None,
        }
    }

    fn code(&self) -> Option<&str> {
        match self {
            Self::Allow => None,
            Self::Deny(code) => Some(code),
            Self::Error(code) => Some(code),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allow => write!(f, "{}", paint(GOOD, "ALLOW")),
            Self::Deny(code) => write!(f, "{} {}", paint(ERROR, "DENY"), visible(code)),
            Self::Error(code) => write!(f, "{}", paint(ERROR, format_args!("error[{code}]"))),
        }
    }
}

/// Counts of outcomes, and what the calls took.
#[derive(Debug)]
pub(super) struct Counts {
    kinds: Vec<(Kind, u32)>,
    /// Calls of yet other kinds.
    others: u32,
    fuel: Range,
    /// The changes of the first call that allowed.
    changes: Option<Changes>,
    changes_differ: bool,
}

impl Default for Counts {
    fn default() -> Self {
        let (kinds, fuel) = (Vec::new(), Range::NONE);
        Self { kinds, others: 0, fuel, changes: None, changes_differ: false }
    }
}

impl Counts {
    pub(super) fn note(&mut self, kind: &Kind, result: &Result<Outcome, cpex_wasmi::Error>) {
        self.count(kind, 1);
        let receipt = match result {
            Ok(outcome) => Some(&outcome.receipt),
            Err(error) => error.receipt(),
        };
        if let Some(receipt) = receipt {
            self.fuel.join(receipt.fuel.into());
        }
        if let (Kind::Allow, Ok(outcome)) = (kind, result) {
            match &self.changes {
                None => self.changes = Some(outcome.changes.clone()),
                Some(first) => self.changes_differ |= *first != outcome.changes,
            }
        }
    }

    /// Adds the calls of another thread.
    pub(super) fn add(&mut self, other: Self) {
        for (kind, calls) in &other.kinds {
            self.count(kind, *calls);
        }
        self.others = self.others.saturating_add(other.others);
        self.fuel.join(other.fuel);
        self.changes_differ |= other.changes_differ;
        match (&self.changes, other.changes) {
            (Some(mine), Some(others)) => self.changes_differ |= *mine != others,
            (None, others) => self.changes = others,
            (Some(_), None) => {}
        }
    }

    /// True if the calls came to more than one thing.
    pub(super) fn differ(&self) -> bool {
        self.kinds.len() > 1 || self.others > 0
    }

    fn count(&mut self, kind: &Kind, calls: u32) {
        if let Some((_, count)) = self.kinds.iter_mut().find(|(known, _)| known == kind) {
            *count = count.saturating_add(calls);
        } else if self.kinds.len() < KINDS {
            self.kinds.push((kind.clone(), calls));
        } else {
            self.others = self.others.saturating_add(calls);
        }
    }
}

/// Differences between several calls of one plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Summary {
    /// The number of calls that were made.
    calls: u32,
    /// The number of threads that made them at once.
    threads: u16,
    /// The number of calls of each decision and code, the worst first.
    outcomes: Vec<Count>,
    /// The number of the call that is shown.
    shown: u32,
    /// True if calls that allowed made different changes.
    changes_differ: bool,
    /// The fuel of the call that took the least.
    fuel_min: u64,
    /// The fuel of the call that took the most.
    fuel_max: u64,
    /// The wall time of one call, in nanoseconds: half of the calls took no longer.
    nanoseconds_median: u64,
    /// The wall time of one call, in nanoseconds: 99 of 100 calls took no longer.
    nanoseconds_p99: u64,
}

/// The number of calls that came to one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Count {
    /// `allow` or `deny`; `null` if the calls failed, or if these are the rest.
    decision: Option<&'static str>,
    /// The code of the violation or of the error.
    code: Option<String>,
    calls: u32,
    #[serde(skip)]
    line: String,
}

impl Summary {
    /// Sums up calls that took these times.
    pub(super) fn new(counts: Counts, times: &Times, threads: u16, shown: u32) -> Self {
        let Counts { mut kinds, others, fuel, changes_differ, .. } = counts;
        kinds.sort_by_key(|(kind, calls)| std::cmp::Reverse((kind.rank(), *calls)));
        let mut outcomes: Vec<_> = kinds
            .iter()
            .map(|(kind, calls)| Count {
                decision: kind.name(),
                code: kind.code().map(str::to_owned),
                calls: *calls,
                line: kind.to_string(),
            })
            .collect();
        if others > 0 {
            let line = String::from("with other codes");
            outcomes.push(Count { decision: None, code: None, calls: others, line });
        }
        Self {
            calls: u32::try_from(times.count()).unwrap_or(u32::MAX),
            threads,
            outcomes,
            shown,
            changes_differ,
            // Of no receipts, there is no least.
            fuel_min: fuel.min.min(fuel.max),
            fuel_max: fuel.max,
            nanoseconds_median: times.percentile(50),
            nanoseconds_p99: times.percentile(99),
        }
    }

    /// The cost of the calls on one line, and then what they came to if that differs.
    pub(super) fn render(&self) -> String {
        format!("{}\n{}", paint(DIM, self.costs()), self.differences())
    }

    /// The cost of the calls, on one line.
    fn costs(&self) -> String {
        let (fuel_min, fuel_max) = (grouped(self.fuel_min), grouped(self.fuel_max));
        let fuel = if fuel_min == fuel_max {
            format!("fuel {fuel_min} each")
        } else {
            format!("fuel {fuel_min} to {fuel_max}")
        };
        let threads = match self.threads {
            1 => String::new(),
            threads => format!(" · {threads} threads"),
        };
        let line = format!(
            "{} calls{threads} · {fuel} · time median {}, p99 {}",
            grouped(u64::from(self.calls)),
            time(self.nanoseconds_median),
            time(self.nanoseconds_p99)
        );
        fit::parts(&line)
    }

    /// The outcomes of the calls, if they differ.
    fn differences(&self) -> String {
        let mut out = String::new();
        if self.outcomes.len() > 1 {
            let shown = grouped(u64::from(self.shown));
            out.push_str(&format!("the calls differ; call {shown} is shown:\n"));
            let calls = |count: &Count| grouped(u64::from(count.calls));
            let width = self.outcomes.iter().map(|count| calls(count).len()).max().unwrap_or(0);
            for count in &self.outcomes {
                out.push_str(&format!("  {:>width$} × {}\n", calls(count), count.line));
            }
        }
        if self.changes_differ {
            out.push_str("the changes differ from call to call\n");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_without_end_are_counted_together() {
        let mut counts = Counts::default();
        for number in 0..100 {
            counts.count(&Kind::Deny(number.to_string()), 1);
        }
        counts.count(&Kind::Allow, 5);
        let summary = Summary::new(counts, &Times::default(), 1, 1);
        assert_eq!(summary.outcomes.len(), KINDS + 1);
        let calls: u32 = summary.outcomes.iter().map(|count| count.calls).sum();
        assert_eq!(calls, 105);
        assert!(summary.differences().contains("85 × with other codes"));
    }
}
