//! The time of a call, by part, if the engine measures it.

use alloc::sync::Arc;
use core::time::Duration;

use crate::{Clock, Timing};

/// The time that a call has spent so far, by part.
pub(crate) struct Stopwatch {
    /// `None` in an engine that measures no time.
    clock: Option<Arc<dyn Clock>>,
    /// In the plugin and in the host functions that it called.
    running: Duration,
    /// In host functions.
    host_calls: Duration,
}

impl Stopwatch {
    pub(super) const fn new(clock: Option<Arc<dyn Clock>>) -> Self {
        Self { clock, running: Duration::ZERO, host_calls: Duration::ZERO }
    }

    /// The time now, if it is measured.
    #[inline]
    pub(crate) fn start(&self) -> Option<Duration> {
        self.clock.as_ref().map(|clock| clock.now())
    }

    /// Adds the time of a slice that began then.
    #[inline]
    pub(crate) fn ran(&mut self, begun: Option<Duration>) {
        if let Some(begun) = begun {
            self.running = self.running.saturating_add(self.since(begun));
        }
    }

    /// Adds the time of a host function that began then.
    #[inline]
    pub(crate) fn served(&mut self, begun: Option<Duration>) {
        if let Some(begun) = begun {
            self.host_calls = self.host_calls.saturating_add(self.since(begun));
        }
    }

    /// Takes the times of a call, if they were measured. The next call begins anew.
    pub(crate) fn take(&mut self) -> Option<Timing> {
        self.clock.as_ref()?;
        let running = core::mem::take(&mut self.running);
        let host_calls = core::mem::take(&mut self.host_calls);
        Some(Timing {
            guest_nanoseconds: nanoseconds(running.saturating_sub(host_calls)),
            host_call_nanoseconds: nanoseconds(host_calls),
        })
    }

    fn since(&self, begun: Duration) -> Duration {
        self.clock.as_ref().map_or(Duration::ZERO, |clock| clock.now().saturating_sub(begun))
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
