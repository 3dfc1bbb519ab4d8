//! One call, slice by slice.

use alloc::boxed::Box;
use alloc::format;
use core::time::Duration;

use cpex_wasmi_abi::{EXPORT_INIT, EXPORT_INVOKE, EXPORT_REACTOR, EXPORT_SHUTDOWN};
use wasmi::{TrapCode, TypedFunc, TypedResumableCall, Val, WasmResults};

use super::limiter::starved;
use super::paused::{Pause, Paused, Wait};
use super::pending::Timer;
use super::timing::since;
use super::{Answered, Instance};
use crate::outcome::Ended;
use crate::session::Source;
use crate::view::Borrowed;
use crate::{Clock, Engine, Error, ErrorKind, Receipt, Trap};

/// A call that is under way in an instance. Dropping it abandons the call and the instance.
pub(crate) struct Call<'e> {
    pub(super) engine: &'e Engine,
    pub(super) instance: Box<Instance>,
    stage: Stage,
    /// The fuel of the stage, all of it.
    pub(super) fuel: u64,
    pub(super) slices: u64,
    /// True if the plugin waits for a function.
    pub(super) waits: bool,
    /// True if the plugin has returned, so that its instance is sound.
    returned: bool,
    /// Wakes who waits for too long.
    pub(super) timer: Option<Timer>,
}

/// The progress of a call.
pub(crate) enum Step {
    /// To its end, with what it returned.
    Over(Result<i32, Error>),
    /// A slice of fuel is used up.
    Sliced,
    /// The plugin waits for a function: see [`Call::poll_wait`].
    Waits,
}

enum Stage {
    Reactor(Option<Box<Paused<()>>>),
    Init(Option<Box<Paused<i32>>>),
    Invoke(i32, Option<Box<Paused<i32>>>),
    Shutdown(Option<Box<Paused<i32>>>),
    Done,
}

/// The progress of a stage.
enum Settled<R> {
    Done(R),
    /// A slice is used up, and there is fuel for another.
    Paused(Box<Paused<R>>),
}

/// The end of a call.
pub(crate) struct Over {
    /// The instance, if it can be used again.
    pub(crate) instance: Option<Box<Instance>>,
    pub(crate) result: Result<Ended, Error>,
}

impl<'e> Call<'e> {
    /// Begins what a module wants to do before its first call: `_initialize` and `cpex_init`. Its
    /// outcome has no meaning but success.
    pub(crate) fn init(engine: &'e Engine, instance: Box<Instance>) -> Self {
        let grants = instance.store.data().session.grants();
        grants.counts.initialised.add();
        let limits = &grants.limits;
        let (fuel, deadline) = (limits.init_fuel, limits.init_deadline);
        Self::begin(engine, instance, Stage::Reactor(None), fuel, deadline)
    }

    /// Begins a call of a hook, by its position in the manifest.
    pub(crate) fn invoke(
        engine: &'e Engine,
        mut instance: Box<Instance>,
        hook: i32,
        request: Source,
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
        Self::begin(engine, instance, Stage::Invoke(hook, None), fuel, deadline)
    }

    /// Begins what a module wants to do after the last call of an instance: `cpex_shutdown`. Its
    /// outcome has no meaning but success.
    pub(crate) fn shutdown(engine: &'e Engine, mut instance: Box<Instance>) -> Self {
        let host = instance.store.data_mut();
        host.session.start_shutdown();
        host.limiter.begin();
        let limits = &host.session.grants().limits;
        let (fuel, deadline) = (limits.init_fuel, limits.deadline);
        Self::begin(engine, instance, Stage::Shutdown(None), fuel, deadline)
    }

    fn begin(
        engine: &'e Engine,
        mut instance: Box<Instance>,
        stage: Stage,
        fuel: u64,
        deadline: Option<Duration>,
    ) -> Self {
        instance.store.data_mut().session.set_deadline(deadline);
        Self {
            engine,
            instance,
            stage,
            fuel,
            slices: 0,
            waits: false,
            returned: false,
            timer: None,
        }
    }

    /// Runs until the call is over.
    pub(crate) fn run(mut self) -> Over {
        loop {
            let over = match self.step(None) {
                Step::Over(returned) => returned,
                Step::Sliced => continue,
                Step::Waits => match self.wait() {
                    Ok(()) => continue,
                    Err(error) => Err(error),
                },
            };
            return self.end(over);
        }
    }

    /// Runs for one slice of fuel, or until the plugin waits. `borrowed` is what of the request the
    /// session has not kept.
    pub(crate) fn step(&mut self, borrowed: Option<Borrowed<'_>>) -> Step {
        let returned = match self.engine.stopwatch() {
            None => self.advance(borrowed),
            Some(clock) => {
                let begun = clock.now();
                let returned = self.advance(borrowed);
                self.instance.store.data_mut().stopwatch.ran(since(begun, clock));
                returned
            }
        };
        match returned.transpose() {
            // Whatever it returned: a host function may have taken long.
            Some(Ok(returned)) if self.is_timed() => {
                Step::Over(self.check_deadline().map(|()| returned))
            }
            Some(Ok(returned)) => Step::Over(Ok(returned)),
            Some(Err(error)) => Step::Over(Err(error)),
            None if self.waits => Step::Waits,
            None => Step::Sliced,
        }
    }

    /// Ends the call with what it returned.
    pub(crate) fn end(mut self, returned: Result<i32, Error>) -> Over {
        // Lines without an end are logged, and are in the receipt.
        #[cfg(feature = "wasi")]
        self.instance.store.data_mut().end_wasi();
        let receipt = self.receipt();
        match returned {
            Ok(verdict) => {
                let result = self.instance.store.data_mut().session.finish(verdict, receipt);
                Over { instance: Some(self.sound()), result }
            }
            Err(error) if self.returned && self.keeps_state() => {
                Over { instance: Some(self.sound()), result: Err(error.with_receipt(receipt)) }
            }
            Err(mut error) => {
                let mut receipt = receipt;
                if self.keeps_state() {
                    receipt.state_lost = true;
                    error = error.and("; the state that it kept is lost");
                }
                Over { instance: None, result: Err(error.with_receipt(receipt)) }
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

    /// Runs for one slice; gives what the last stage returned once it has.
    fn advance(&mut self, borrowed: Option<Borrowed<'_>>) -> Result<Option<i32>, Error> {
        match core::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Reactor(paused) => {
                let Some(reactor) = self.instance.reactor else {
                    self.stage = Stage::Init(None);
                    return self.advance(borrowed);
                };
                let paused = match paused {
                    Some(paused) => paused.resume(&mut self.instance.store),
                    None => {
                        self.first_slice()?;
                        reactor.call_resumable(&mut self.instance.store, ())
                    }
                };
                match self.settle(borrowed, paused, EXPORT_REACTOR)? {
                    Settled::Done(()) => {
                        self.stage = Stage::Init(None);
                        self.advance(borrowed)
                    }
                    Settled::Paused(paused) => {
                        self.stage = Stage::Reactor(Some(paused));
                        Ok(None)
                    }
                }
            }
            Stage::Init(paused) => {
                self.optional(self.instance.init, EXPORT_INIT, paused, Stage::Init)
            }
            Stage::Invoke(hook, paused) => {
                let paused = match paused {
                    Some(paused) => paused.resume(&mut self.instance.store),
                    None => {
                        self.first_slice()?;
                        self.instance.invoke.call_resumable(&mut self.instance.store, hook)
                    }
                };
                match self.settle(borrowed, paused, EXPORT_INVOKE)? {
                    Settled::Done(verdict) => Ok(Some(verdict)),
                    Settled::Paused(paused) => {
                        self.stage = Stage::Invoke(hook, Some(paused));
                        Ok(None)
                    }
                }
            }
            Stage::Shutdown(paused) => {
                self.optional(self.instance.shutdown, EXPORT_SHUTDOWN, paused, Stage::Shutdown)
            }
            Stage::Done => Err(Error::internal("a call was continued after its end")),
        }
    }

    /// Runs an export for one slice that a module need not have, and that returns zero on success.
    fn optional(
        &mut self,
        function: Option<TypedFunc<(), i32>>,
        export: &str,
        paused: Option<Box<Paused<i32>>>,
        stage: fn(Option<Box<Paused<i32>>>) -> Stage,
    ) -> Result<Option<i32>, Error> {
        let Some(function) = function else { return Ok(Some(0)) };
        let paused = match paused {
            Some(paused) => paused.resume(&mut self.instance.store),
            None => {
                if self.slices == 0 {
                    self.first_slice()?;
                }
                function.call_resumable(&mut self.instance.store, ())
            }
        };
        match self.settle(None, paused, export)? {
            Settled::Done(0) => Ok(Some(0)),
            Settled::Done(code) => Err(self.instance.store.data().session.gave_up(code, export)),
            Settled::Paused(paused) => {
                self.stage = stage(Some(paused));
                Ok(None)
            }
        }
    }

    fn first_slice(&mut self) -> Result<(), Error> {
        self.slices = 1;
        self.hand_out(self.fuel, self.instance.slice)
    }

    /// Gives wasmi `slice` of the fuel that is left in `total`, and reserves the rest.
    pub(super) fn hand_out(&mut self, total: u64, slice: u64) -> Result<(), Error> {
        let slice = slice.min(total);
        self.instance.store.data_mut().reserve.0 = total.saturating_sub(slice);
        self.instance.store.set_fuel(slice).map_err(Error::internal)
    }

    pub(super) fn fuel_left(&self) -> u64 {
        let reserve = self.instance.store.data().reserve.0;
        self.instance.store.get_fuel().unwrap_or(0).saturating_add(reserve)
    }

    /// The result of a stage.
    #[inline]
    fn settle<R: WasmResults>(
        &mut self,
        borrowed: Option<Borrowed<'_>>,
        call: Result<TypedResumableCall<R>, wasmi::Error>,
        export: &str,
    ) -> Result<Settled<R>, Error> {
        match call {
            Ok(TypedResumableCall::Finished(result)) => {
                self.returned = true;
                Ok(Settled::Done(result))
            }
            call => self.settle_stopped(borrowed, call, export),
        }
    }

    /// Like [`settle`](Self::settle), for a stage that stopped on its way.
    #[inline(never)]
    fn settle_stopped<R: WasmResults>(
        &mut self,
        borrowed: Option<Borrowed<'_>>,
        mut call: Result<TypedResumableCall<R>, wasmi::Error>,
        export: &str,
    ) -> Result<Settled<R>, Error> {
        let paused = loop {
            let stopped = match call {
                Ok(TypedResumableCall::Finished(result)) => {
                    self.returned = true;
                    return Ok(Settled::Done(result));
                }
                Ok(TypedResumableCall::OutOfFuel(paused)) => break Paused::Own(paused),
                Ok(TypedResumableCall::HostTrap(stopped)) => stopped,
                Err(error) => return Err(self.trapped(&error, export)),
            };
            let store = &mut self.instance.store;
            let Some(ask) = store.data_mut().ask.take() else {
                if let Some(&Pause(answer)) = stopped.host_error().downcast_ref() {
                    break Paused::Host(stopped, answer);
                }
                if stopped.host_error().downcast_ref::<Wait>().is_some() {
                    self.waits = true;
                    return Ok(Settled::Paused(Box::new(Paused::Waiting(stopped))));
                }
                return Err(self.trapped(stopped.host_error(), export));
            };
            let begun = self.engine.stopwatch().map(Clock::now);
            let answer = super::answer(&mut *store, borrowed, ask.function, ask.args());
            if let (Some(begun), Some(clock)) = (begun, self.engine.stopwatch()) {
                store.data_mut().stopwatch.served(since(begun, clock));
            }
            match answer {
                Ok(Answered::Now(answer)) => call = stopped.resume(store, &[Val::I32(answer)]),
                Ok(Answered::Later(answer)) => break Paused::Host(stopped, answer),
                Ok(Answered::Waits) => {
                    self.waits = true;
                    return Ok(Settled::Paused(Box::new(Paused::Waiting(stopped))));
                }
                Err(error) => return Err(self.stopped(error)),
            }
        };
        let total = self.fuel_left();
        if total < paused.required_fuel() {
            return Err(self.out_of_fuel());
        }
        self.check_deadline()?;
        self.slices = self.slices.saturating_add(1);
        let slice = self.instance.slice.max(paused.required_fuel());
        self.hand_out(total, slice)?;
        Ok(Settled::Paused(Box::new(paused)))
    }

    fn is_timed(&self) -> bool {
        self.instance.store.data().session.is_timed()
    }

    pub(super) fn check_deadline(&mut self) -> Result<(), Error> {
        self.time_left().map(drop)
    }

    /// The time left to the call, if it has a deadline.
    pub(super) fn time_left(&mut self) -> Result<Option<Duration>, Error> {
        let timed = self.instance.store.data_mut().session.start_clock();
        let (Some((begun, deadline)), Some(clock)) = (timed, self.engine.clock()) else {
            return Ok(None);
        };
        let left = deadline.saturating_sub(clock.now().saturating_sub(begun));
        if left.is_zero() { Err(self.late(deadline)) } else { Ok(Some(left)) }
    }

    #[cold]
    fn late(&self, deadline: Duration) -> Error {
        let message = if self.instance.is_ready() {
            format!("the plugin did not end within its deadline of {deadline:?}")
        } else {
            format!(
                "the plugin's initialisation did not end within its deadline of {deadline:?}; raise \
                 `max_init_time_ms` if it needs longer"
            )
        };
        Error::new(ErrorKind::Timeout, message)
    }

    fn out_of_fuel(&self) -> Error {
        let session = &self.instance.store.data().session;
        let what = if session.has_request() { "max_fuel" } else { "init_fuel" };
        Error::new(
            ErrorKind::FuelExhausted,
            format!(
                "the plugin used up its fuel of {}; raise `{what}` if it needs more",
                self.fuel
            ),
        )
    }

    /// Why a host function ended the call.
    pub(super) fn stopped(&self, error: Error) -> Error {
        if error.kind() == ErrorKind::FuelExhausted { self.out_of_fuel() } else { error }
    }

    /// Why the interpreter stopped.
    fn trapped(&mut self, error: &wasmi::Error, export: &str) -> Error {
        if let Some(stop) = self.instance.store.data_mut().stop.take() {
            return self.stopped(stop);
        }
        let trap = match error.as_trap_code() {
            Some(TrapCode::OutOfFuel) => return self.out_of_fuel(),
            Some(TrapCode::StackOverflow) => {
                let message = "the plugin nested its calls too deeply, or recursed without end";
                return Error::new(ErrorKind::StackOverflow, message);
            }
            Some(TrapCode::GrowthOperationLimited) => return self.out_of_memory(),
            Some(TrapCode::OutOfSystemMemory) => return starved(),
            Some(TrapCode::UnreachableCodeReached) => Trap::Unreachable,
            Some(TrapCode::MemoryOutOfBounds) => Trap::MemoryOutOfBounds,
            Some(TrapCode::TableOutOfBounds) => Trap::TableOutOfBounds,
            Some(TrapCode::IndirectCallToNull) => Trap::IndirectCallToNull,
            Some(TrapCode::BadSignature) => Trap::BadSignature,
            Some(TrapCode::IntegerDivisionByZero) => Trap::IntegerDivisionByZero,
            Some(TrapCode::IntegerOverflow) => Trap::IntegerOverflow,
            Some(TrapCode::BadConversionToInteger) => Trap::BadConversionToInteger,
            None => return Error::internal(error),
        };
        let host = self.instance.store.data();
        // What a program that gets no memory does at last.
        if trap == Trap::Unreachable && host.limiter.starved {
            return starved();
        }
        if trap == Trap::Unreachable && host.limiter.denied {
            return self.out_of_memory();
        }
        let message = match host.session.panic_message() {
            Some(panic) => format!("the plugin panicked in `{export}`: {panic}"),
            None => format!("the plugin trapped in `{export}`: {}", trap.description()),
        };
        // Many a library takes it for granted that there are a clock and random numbers.
        let message = match host.session.refused() {
            Some(access) => format!(
                "{message}; before that it was denied something of the system (`{access}`) that its \
                 manifest does not ask for or its policy does not grant"
            ),
            None => message,
        };
        Error::new(ErrorKind::Trap(trap), message)
    }

    fn out_of_memory(&self) -> Error {
        let host = self.instance.store.data();
        if host.limiter.holds_token {
            return Error::new(
                ErrorKind::MemoryLimit,
                "the plugin wanted more memory after it had read a token, when its memory cannot \
                 grow any more, and failed without it; have it read tokens last, or link it with \
                 more memory (`--initial-memory`)",
            );
        }
        let limits = &host.session.grants().limits;
        let mut message = format!(
            "the plugin wanted more memory than its limit of {} bytes, and failed without it; \
             raise `max_memory_bytes` if it needs more",
            limits.memory_bytes
        );
        if let Some(panic) = self.instance.store.data().session.panic_message() {
            message = format!("{message} (it panicked: {panic})");
        }
        Error::new(ErrorKind::MemoryLimit, message)
    }

    fn receipt(&mut self) -> Receipt {
        let fuel = self.fuel.saturating_sub(self.fuel_left());
        let init_fuel = self.instance.initialisation.fuel;
        let peak_memory_bytes = self.instance.memory.data_size(&self.instance.store);
        let host = self.instance.store.data_mut();
        let usage = *host.session.usage();
        // The next call of the instance begins anew.
        let timing = self.engine.stopwatch().map(|_| core::mem::take(&mut host.stopwatch).timing());
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
