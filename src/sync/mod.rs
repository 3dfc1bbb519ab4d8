//! Primitives that threads and futures share: time, permits, counters, and interpreters for each thread.

mod blocking;
mod clock;
mod counts;
#[cfg(feature = "std")]
pub(crate) mod permits;
pub(crate) mod shards;
#[cfg(all(feature = "text", feature = "std"))]
mod shared;
#[cfg(feature = "std")]
mod timer;
mod yielding;

pub(crate) use blocking::blocking;
pub use clock::Clock;
#[cfg(feature = "std")]
pub(crate) use clock::{HAS_SYSTEM, system_clock, time_of_day};
pub(crate) use counts::Counts;
pub use counts::Instances;
#[cfg(feature = "std")]
pub(crate) use permits::Permit;
#[cfg(all(feature = "text", feature = "std"))]
pub(crate) use shared::Shared;
pub(crate) use yielding::yield_now;

/// A permit for one call. Without `std`, calls are not bounded, so there is none.
#[cfg(not(feature = "std"))]
pub(crate) enum Permit {}
