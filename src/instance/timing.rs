//! The time of a call, by part. An engine that does not look has none of this in its host functions.

use alloc::sync::Arc;
use core::time::Duration;

use cpex_wasmi_abi::HostFunction;
use wasmi::Caller;

#[cfg(feature = "wasi")]
use super::wasi;
use super::{Host, serve};
#[cfg(feature = "wasi")]
use crate::wasi::WasiFunction;
use crate::{Clock, Timing};

/// The way in which an engine serves its host functions: as they are, or timed.
pub(crate) trait Server: Clone + Send + Sync + 'static {
    fn serve(
        &self,
        caller: Caller<'_, Host>,
        function: HostFunction,
        args: &[u32],
    ) -> Result<i32, wasmi::Error>;

    /// Serves a function of WASI.
    #[cfg(feature = "wasi")]
    fn serve_wasi(
        &self,
        caller: Caller<'_, Host>,
        function: WasiFunction,
        args: &[u64],
    ) -> Result<i32, wasmi::Error>;
}

/// Serves without looking at a clock.
#[derive(Clone, Copy)]
pub(crate) struct Untimed;

impl Server for Untimed {
    #[inline]
    fn serve(
        &self,
        mut caller: Caller<'_, Host>,
        function: HostFunction,
        args: &[u32],
    ) -> Result<i32, wasmi::Error> {
        serve(&mut caller, function, args)
    }

    #[cfg(feature = "wasi")]
    fn serve_wasi(
        &self,
        mut caller: Caller<'_, Host>,
        function: WasiFunction,
        args: &[u64],
    ) -> Result<i32, wasmi::Error> {
        wasi::serve(&mut caller, function, args)
    }
}

/// Notes how long serving takes.
#[derive(Clone)]
pub(crate) struct Timed(pub(crate) Arc<dyn Clock>);

impl Server for Timed {
    fn serve(
        &self,
        mut caller: Caller<'_, Host>,
        function: HostFunction,
        args: &[u32],
    ) -> Result<i32, wasmi::Error> {
        let begun = self.0.now();
        let answer = serve(&mut caller, function, args);
        caller.data_mut().stopwatch.served(since(begun, &*self.0));
        answer
    }

    #[cfg(feature = "wasi")]
    fn serve_wasi(
        &self,
        mut caller: Caller<'_, Host>,
        function: WasiFunction,
        args: &[u64],
    ) -> Result<i32, wasmi::Error> {
        let begun = self.0.now();
        let answer = wasi::serve(&mut caller, function, args);
        caller.data_mut().stopwatch.served(since(begun, &*self.0));
        answer
    }
}

/// The time that a call has spent where, so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stopwatch {
    /// In the plugin and in the host functions that it called.
    running: Duration,
    /// In host functions.
    host_calls: Duration,
}

impl Stopwatch {
    /// Adds the time of a slice.
    pub(crate) fn ran(&mut self, time: Duration) {
        self.running = self.running.saturating_add(time);
    }

    /// Adds the time of a host function.
    pub(crate) fn served(&mut self, time: Duration) {
        self.host_calls = self.host_calls.saturating_add(time);
    }

    /// The result.
    pub(crate) fn timing(self) -> Timing {
        let guest = self.running.saturating_sub(self.host_calls);
        Timing {
            guest_nanoseconds: nanoseconds(guest),
            host_call_nanoseconds: nanoseconds(self.host_calls),
        }
    }
}

/// The time since a moment.
pub(crate) fn since(begun: Duration, clock: &dyn Clock) -> Duration {
    clock.now().saturating_sub(begun)
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
