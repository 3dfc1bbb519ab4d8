use core::time::Duration;

/// A clock that never goes back, for deadlines.
///
/// The host has one of its own with the feature `std`; without, an embedder supplies it to
/// [`EngineBuilder::clock`](crate::EngineBuilder::clock).
pub trait Clock: Send + Sync {
    /// The time since some fixed moment of the past.
    fn now(&self) -> Duration;
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
}
