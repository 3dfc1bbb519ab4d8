//! Instances that wait for their next call, and how many calls there may be at once.

mod growth;
mod stateful;
mod warm;

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::Module;
use crate::instance::Instance;
use crate::sync::shards::Shard;

pub(crate) use growth::{Growth, Outgrown};
use stateful::Stateful;
use warm::Warm;

/// The most instances that are kept, whatever a policy says.
pub(crate) const MAX: usize = crate::policy::MAX_INSTANCES as usize;

/// Instances that wait for their next call.
pub(crate) enum Pool {
    /// Any of them may be dropped.
    Warm(Warm),
    /// None is dropped: the plugin keeps state in them.
    Stateful(Stateful),
}

/// An instance for a call, or the reason why there is none.
pub(crate) enum Taken {
    Instance(Box<Instance>),
    /// No instance: one may be made.
    Nothing,
    /// No instance, and with the pool that was closed went the state that the plugin keeps.
    Closed,
}

impl Pool {
    /// Room for so many instances of a module.
    pub(crate) fn new(size: usize, module: &Module) -> Self {
        if module.manifest().stateful.is_kept() {
            Self::Stateful(Stateful::default())
        } else {
            Self::Warm(Warm::new(size, module))
        }
    }

    /// The number of shards that instances are kept of.
    pub(crate) fn shards(&self) -> usize {
        match self {
            Self::Warm(warm) => warm.shards(),
            Self::Stateful(_) => 1,
        }
    }

    /// Takes an instance, if there is one that will do for this shard.
    pub(crate) fn take(&self, shard: Shard) -> Taken {
        match self {
            Self::Warm(warm) => warm.take(shard).map_or(Taken::Nothing, Taken::Instance),
            Self::Stateful(stateful) => stateful.take(),
        }
    }

    /// Keeps an instance.
    pub(crate) fn put(&self, instance: Box<Instance>) {
        match self {
            Self::Warm(warm) => warm.put(instance),
            Self::Stateful(stateful) => stateful.put(instance),
        }
    }

    /// Gives all that is kept, and keeps nothing from then on.
    #[allow(clippy::vec_box, reason = "they are moved, boxes and all")]
    pub(crate) fn close(&self) -> Vec<Box<Instance>> {
        match self {
            Self::Warm(warm) => warm.close(),
            Self::Stateful(stateful) => stateful.close(),
        }
    }
}
