//! Clocks: the system's, or an embedder's.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;
use core::time::Duration;

/// A clock that never goes back, for deadlines.
///
/// The host has one of its own with the feature `std`; without, an embedder supplies it to
/// [`EngineBuilder::clock`](crate::EngineBuilder::clock).
pub trait Clock: Send + Sync {
    /// The time since some fixed moment of the past.
    fn now(&self) -> Duration;

    /// A future that is ready after so long, if there is who wakes it. With it, a call that waits for an
    /// instance, or for a function of the embedder's, fails at its deadline, whatever others do. `None`, the default:
    /// it then fails when the future of the call is polled next. (A blocking call needs none.) The host's own
    /// clock has a thread for it.
    fn sleep(&self, time: Duration) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        let _ = time;
        None
    }
}

/// The monotonic clock of the operating system.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemClock {
    start: std::time::Instant,
}

#[cfg(feature = "std")]
impl SystemClock {
    pub(crate) fn new() -> Self {
        Self { start: std::time::Instant::now() }
    }
}

#[cfg(feature = "std")]
impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// By a thread of the host's own, which the first call that waits starts.
    fn sleep(&self, time: Duration) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        super::timer::sleep(time)
    }
}
