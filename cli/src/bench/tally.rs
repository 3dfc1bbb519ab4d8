//! What some calls came to.

use cpex_wasmi::Outcome;

use super::costs::Costs;
use super::histogram::Histogram;

/// What some calls came to.
#[derive(Clone, Default)]
pub(super) struct Tally {
    /// What each took, in nanoseconds.
    pub(super) times: Histogram,
    pub(super) denied: u64,
    /// Of none, if there were no calls.
    pub(super) costs: Option<Costs>,
}

impl Tally {
    /// Notes a call.
    pub(super) fn note(&mut self, nanoseconds: u64, outcome: &Outcome) {
        self.times.record(nanoseconds);
        if !outcome.decision.is_allow() {
            self.denied = self.denied.saturating_add(1);
        }
        self.join(Some(Costs::from(&outcome.receipt)));
    }

    /// Takes in what others came to.
    pub(super) fn add(&mut self, other: &Self) {
        self.times.add(&other.times);
        self.denied = self.denied.saturating_add(other.denied);
        self.join(other.costs);
    }

    fn join(&mut self, costs: Option<Costs>) {
        match (&mut self.costs, costs) {
            (Some(mine), Some(others)) => mine.join(&others),
            (mine @ None, others) => *mine = others,
            (Some(_), None) => {}
        }
    }
}
