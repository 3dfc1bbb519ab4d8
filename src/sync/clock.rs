//! Clocks: the system's, or an embedder's.

use alloc::boxed::Box;
#[cfg(feature = "std")]
use alloc::sync::Arc;
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

    /// The time since the beginning of 1970, for plugins that were granted the time of day. `None`, the default: the host
    /// asks the operating system. Where there is none, such as in a browser, plugins are told that the time is unavailable.
    fn time_of_day(&self) -> Option<Duration> {
        None
    }
}

/// True if there is an operating system to ask for the time and for variables. The standard library of
/// `wasm32-unknown-unknown` panics if it is asked.
#[cfg(feature = "std")]
pub(crate) const HAS_SYSTEM: bool = !cfg!(all(target_family = "wasm", target_os = "unknown"));

/// The clock of engines whose embedder sets none.
#[cfg(feature = "std")]
pub(crate) fn system_clock() -> Option<Arc<dyn Clock>> {
    HAS_SYSTEM.then(|| -> Arc<dyn Clock> { Arc::new(SystemClock::new()) })
}

/// The time since the beginning of 1970: of the embedder's clock if it knows it, else of the operating system.
#[cfg(feature = "std")]
pub(crate) fn time_of_day(clock: Option<&Arc<dyn Clock>>) -> Option<Duration> {
    let known = clock.and_then(|clock| clock.time_of_day());
    known.or_else(|| HAS_SYSTEM.then(|| std::time::UNIX_EPOCH.elapsed().unwrap_or_default()))
}

/// The monotonic clock of the operating system.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug)]
struct SystemClock {
    start: std::time::Instant,
}

#[cfg(feature = "std")]
impl SystemClock {
    fn new() -> Self {
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
