//! One call, from its begin to its end.

use alloc::boxed::Box;
use core::time::Duration;

use cpex_wasmi_abi::{EXPORT_INIT, EXPORT_INVOKE, EXPORT_REACTOR, EXPORT_SHUTDOWN};

use super::Instance;
use super::drive::{Progress, Resume};
use super::pending::Timer;
use crate::outcome::RawOutcome;
use crate::session::RequestSource;
use crate::sync::yield_now;
use crate::view::Borrowed;
use crate::{Engine, Error, Receipt};

/// A call that is under way in an instance. Dropping it abandons the call and the instance.
pub(crate) struct Call<'a> {
    pub(super) engine: &'a Engine,
    pub(super) instance: Box<Instance>,
    pub(super) export: Export,
    /// The parts of the request that the session does not keep.
    pub(super) borrowed: Option<Borrowed<'a>>,
    /// The export, where it was interrupted.
    pub(super) paused: Option<Resume>,
    /// The answer of the host function that it was interrupted in.
    pub(super) answer: i32,
    /// All the fuel of the call.
    pub(super) fuel: u64,
    pub(super) slices: u64,
    /// True if the plugin has returned, so that its instance is sound.
    pub(super) returned: bool,
    /// Wakes the task of a call that waits for too long.
    pub(super) timer: Option<Timer>,
}

/// An export that a call runs.
#[derive(Clone, Copy)]
pub(super) enum Export {
    /// `_initialize`, before `cpex_init`.
    Reactor,
    Init,
    /// `cpex_invoke`, with the position of the hook.
    Invoke(i32),
    Shutdown,
}

/// A call that is finished.
pub(crate) struct Finished {
    /// The instance, if it can be used again.
    pub(crate) instance: Option<Box<Instance>>,
    pub(crate) result: Result<RawOutcome, Error>,
}

impl Export {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Reactor => EXPORT_REACTOR,
            Self::Init => EXPORT_INIT,
            Self::Invoke(_) => EXPORT_INVOKE,
            Self::Shutdown => EXPORT_SHUTDOWN,
        }
    }
}

impl<'a> Call<'a> {
    /// Begins what a module wants to do before its first call: `_initialize` and `cpex_init`. Its
    /// outcome has no meaning but success.
    pub(crate) fn init(engine: &'a Engine, instance: Box<Instance>) -> Self {
        let grants = instance.store.data().session.grants();
        grants.counts.initialised.add();
        let limits = &grants.limits;
        let (fuel, deadline) = (limits.init_fuel, limits.init_deadline);
        Self::begin(engine, instance, Export::Reactor, fuel, deadline)
    }

    /// Begins a call of a hook, by its position in the manifest. `borrowed` are the parts of the request that
    /// `request` has not got.
    pub(crate) fn invoke(
        engine: &'a Engine,
        mut instance: Box<Instance>,
        hook: i32,
        request: RequestSource,
        borrowed: Option<Borrowed<'a>>,
    ) -> Self {
        let host = instance.store.data_mut();
        host.session.begin(usize::try_from(hook).unwrap_or(usize::MAX), request);
        host.limiter.begin();
        let limits = &host.session.grants().limits;
        let (fuel, deadline) = (limits.fuel, limits.deadline);
        instance.calling = true;
        #[cfg(feature = "std")]
        {
            instance.called = true;
        }
        let call = Self::begin(engine, instance, Export::Invoke(hook), fuel, deadline);
        Self { borrowed, ..call }
    }

    /// Begins what a module wants to do after the last call of an instance: `cpex_shutdown`. Its
    /// outcome has no meaning but success.
    pub(crate) fn shutdown(engine: &'a Engine, mut instance: Box<Instance>) -> Self {
        let host = instance.store.data_mut();
        host.session.start_shutdown();
        host.limiter.begin();
        let limits = &host.session.grants().limits;
        let (fuel, deadline) = (limits.init_fuel, limits.deadline);
        Self::begin(engine, instance, Export::Shutdown, fuel, deadline)
    }

    fn begin(
        engine: &'a Engine,
        mut instance: Box<Instance>,
        export: Export,
        fuel: u64,
        deadline: Option<Duration>,
    ) -> Self {
        instance.store.data_mut().session.set_deadline(deadline);
        Self {
            engine,
            instance,
            export,
            borrowed: None,
            paused: None,
            answer: 0,
            fuel,
            slices: 0,
            returned: false,
            timer: None,
        }
    }

    /// Runs until the call is finished.
    pub(crate) fn run(mut self) -> Finished {
        loop {
            let returned = match self.step() {
                Progress::Finished(returned) => returned,
                Progress::SliceUsedUp => continue,
                Progress::Pending => match self.wait() {
                    Ok(()) => continue,
                    Err(error) => Err(error),
                },
            };
            return self.finish(returned);
        }
    }

    /// Runs until the call is finished, and yields to the executor after each slice.
    pub(crate) async fn run_async(mut self) -> Finished {
        loop {
            let returned = match self.step() {
                Progress::Finished(returned) => returned,
                Progress::SliceUsedUp => {
                    yield_now().await;
                    continue;
                }
                Progress::Pending => {
                    match core::future::poll_fn(|context| self.poll_wait(context)).await {
                        Ok(()) => continue,
                        Err(error) => Err(error),
                    }
                }
            };
            return self.finish(returned);
        }
    }

    /// Finishes the call with what it returned.
    fn finish(mut self, returned: Result<i32, Error>) -> Finished {
        // Lines without an end are logged, and are in the receipt.
        #[cfg(feature = "wasi")]
        self.instance.store.data_mut().end_wasi();
        let mut receipt = self.receipt();
        match returned {
            Ok(verdict) => {
                let result = self.instance.store.data_mut().session.finish(verdict, receipt);
                Finished { instance: Some(self.sound()), result }
            }
            Err(error) if self.returned && self.keeps_state() => {
                Finished { instance: Some(self.sound()), result: Err(error.with_receipt(receipt)) }
            }
            Err(mut error) => {
                if self.keeps_state() {
                    receipt.state_lost = true;
                    error = error.and("; the state that it kept is lost");
                }
                Finished { instance: None, result: Err(error.with_receipt(receipt)) }
            }
        }
    }

    /// True if this is a call of a plugin that keeps state in its instance.
    fn keeps_state(&self) -> bool {
        self.instance.calling && self.instance.is_stateful()
    }

    /// The instance, which nothing of the call is left in but what the plugin keeps.
    fn sound(mut self) -> Box<Instance> {
        self.instance.store.data_mut().session.reset();
        self.instance.calling = false;
        self.instance
    }

    fn receipt(&mut self) -> Receipt {
        let fuel = self.fuel.saturating_sub(self.fuel_left());
        let init_fuel = self.instance.initialisation.fuel;
        let peak_memory_bytes = self.instance.memory.data_size(&self.instance.store);
        let host = self.instance.store.data_mut();
        let usage = *host.session.usage();
        let timing = host.stopwatch.take();
        Receipt {
            fuel,
            peak_memory_bytes: u64::try_from(peak_memory_bytes).unwrap_or(u64::MAX),
            host_calls: usage.host_calls,
            bytes_read: usage.bytes_read,
            bytes_written: usage.bytes_written,
            log_bytes: usage.log_bytes,
            log_lines_dropped: usage.log_lines_dropped,
            slices: self.slices,
            init_fuel,
            state_lost: false,
            timing,
        }
    }
}
