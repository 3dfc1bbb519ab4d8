//! Counts of a plugin's instances.

use core::sync::atomic::{AtomicUsize, Ordering};

/// Counts the instances of a plugin.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) created: Count,
    pub(crate) initialised: Count,
    pub(crate) outgrown: Count,
    pub(crate) states_lost: Count,
    /// Initialisations that used what may be different another time.
    #[cfg(feature = "std")]
    pub(crate) varied: Count,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    /// Adds one, and gives the number before.
    pub(crate) fn add(&self) -> usize {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    fn number(&self) -> u64 {
        u64::try_from(self.0.load(Ordering::Relaxed)).unwrap_or(u64::MAX)
    }
}

/// Counts of a plugin's instances, by what became of them: see
/// [`Plugin::instances`](crate::Plugin::instances).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Instances {
    /// Instances that were made, also to look at them only: one at load, and one for a snapshot.
    pub created: u64,
    /// Instances that were initialised, instead of beginning as the first was left.
    pub initialised: u64,
    /// Instances that were dropped after a call, as their memory had grown too large to be kept.
    pub outgrown: u64,
    /// Instances that were thrown away with the state that they kept: a call in them failed on its way, or
    /// was given up.
    pub states_lost: u64,
}

impl From<&Counts> for Instances {
    fn from(counts: &Counts) -> Self {
        Self {
            created: counts.created.number(),
            initialised: counts.initialised.number(),
            outgrown: counts.outgrown.number(),
            states_lost: counts.states_lost.number(),
        }
    }
}
