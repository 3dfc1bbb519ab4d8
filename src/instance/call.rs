//! One call, slice by slice.

use alloc::boxed::Box;
use alloc::format;
use core::time::Duration;

use cpex_wasmi_abi::{EXPORT_INIT, EXPORT_INVOKE, EXPORT_REACTOR, EXPORT_SHUTDOWN};
use wasmi::{TrapCode, TypedFunc, TypedResumableCall, Val, WasmResults};

use super::limiter::starved;
use super::paused::{Ask, Pause, Paused};
use super::{Answered, Instance};
use crate::session::Source;
use crate::view::Lent;
use crate::{Engine, Error, ErrorKind, Outcome, Receipt, Trap};

/// A call that is under way in an instance. Dropping it abandons the call and the instance.
pub(crate) struct Call {
    engine: Engine,
    instance: Box<Instance>,
    stage: Stage,
    /// The fuel of the stage, all of it.
    fuel: u64,
    deadline: Option<Duration>,
    /// The time at the end of the first slice. Most calls do not live to see it, and are spared a
    /// look at the clock.
    begun: Option<Duration>,
    slices: u64,
}

enum Stage {
    Reactor(Option<Paused<()>>),
    Init(Option<Paused<i32>>),
    Invoke(i32, Option<Paused<i32>>),
    Shutdown(Option<Paused<i32>>),
    Done,
}

/// How far a call has come.
#[allow(clippy::large_enum_variant, reason = "it is taken apart where it is made")]
pub(crate) enum Step {
    /// A slice is used up; the call can be stepped again.
    Slice(Call),
    /// It is over, and the instance can be used again.
    Done(Box<Instance>, Result<Outcome, Error>),
    /// It is over, and so is the instance.
    Failed(Error),
}

impl Call {
    /// Begins what a module wants to do before its first call: `_initialize` and `cpex_init`. Its
    /// outcome has no meaning but success.
    pub(crate) fn init(engine: &Engine, instance: Box<Instance>) -> Self {
        let limits = instance.store.data().session.grants().limits.clone();
        Self::new(engine, instance, Stage::Reactor(None), limits.init_fuel, limits.deadline)
    }

    /// Begins a call of a hook, by its position in the manifest.
    pub(crate) fn invoke(
        engine: &Engine,
        mut instance: Box<Instance>,
        hook: i32,
        request: Source,
    ) -> Self {
        let session = &mut instance.store.data_mut().session;
        session.begin(usize::try_from(hook).unwrap_or(usize::MAX), request);
        let limits = &session.grants().limits;
        let (fuel, deadline) = (limits.fuel, limits.deadline);
        instance.store.data_mut().limiter.denied = false;
        instance.store.data_mut().limiter.starved = false;
        instance.store.data_mut().limiter.holds_token = false;
        Self::new(engine, instance, Stage::Invoke(hook, None), fuel, deadline)
    }

    /// Begins what a module wants to do after the last call of an instance: `cpex_shutdown`. Its
    /// outcome has no meaning but success.
    pub(crate) fn shutdown(engine: &Engine, mut instance: Box<Instance>) -> Self {
        let session = &mut instance.store.data_mut().session;
        session.start_shutdown();
        let limits = &session.grants().limits;
        let (fuel, deadline) = (limits.init_fuel, limits.deadline);
        instance.store.data_mut().limiter.denied = false;
        instance.store.data_mut().limiter.starved = false;
        instance.store.data_mut().limiter.holds_token = false;
        Self::new(engine, instance, Stage::Shutdown(None), fuel, deadline)
    }

    fn new(
        engine: &Engine,
        instance: Box<Instance>,
        stage: Stage,
        fuel: u64,
        deadline: Option<Duration>,
    ) -> Self {
        Self { engine: engine.clone(), instance, stage, fuel, deadline, begun: None, slices: 0 }
    }

    /// Runs until the call is over.
    pub(crate) fn run(self) -> Step {
        let mut call = self;
        loop {
            match call.step(None) {
                Step::Slice(next) => call = next,
                over => return over,
            }
        }
    }

    /// Runs for one slice of fuel. `lent` is what of the request the session has not kept.
    pub(crate) fn step(mut self, lent: Option<Lent<'_>>) -> Step {
        match self.advance(lent) {
            Ok(None) => Step::Slice(self),
            Ok(Some(verdict)) => {
                let receipt = self.receipt();
                let session = &mut self.instance.store.data_mut().session;
                let outcome = session
                    .finish(verdict)
                    .map(|(decision, changes)| Outcome { decision, changes, receipt })
                    .map_err(|error| error.with_receipt(receipt));
                session.reset();
                Step::Done(self.instance, outcome)
            }
            Err(error) => {
                let receipt = self.receipt();
                Step::Failed(error.with_receipt(receipt))
            }
        }
    }

    /// Runs for one slice; gives what the last stage returned once it has.
    fn advance(&mut self, lent: Option<Lent<'_>>) -> Result<Option<i32>, Error> {
        match core::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Reactor(paused) => {
                let Some(reactor) = self.instance.reactor else {
                    self.stage = Stage::Init(None);
                    return self.advance(lent);
                };
                let paused = match paused {
                    Some(paused) => paused.resume(&mut self.instance.store),
                    None => {
                        self.first_slice()?;
                        reactor.call_resumable(&mut self.instance.store, ())
                    }
                };
                let (done, paused) = self.settle(lent, paused, EXPORT_REACTOR)?;
                self.stage =
                    if done.is_some() { Stage::Init(None) } else { Stage::Reactor(paused) };
                if done.is_some() { self.advance(lent) } else { Ok(None) }
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
                let (done, paused) = self.settle(lent, paused, EXPORT_INVOKE)?;
                if done.is_none() {
                    self.stage = Stage::Invoke(hook, paused);
                }
                Ok(done)
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
        paused: Option<Paused<i32>>,
        stage: fn(Option<Paused<i32>>) -> Stage,
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
        let (done, paused) = self.settle(None, paused, export)?;
        match done {
            None => self.stage = stage(paused),
            Some(0) => {}
            Some(code) => return Err(self.instance.store.data().session.gave_up(code, export)),
        }
        Ok(done)
    }

    fn first_slice(&mut self) -> Result<(), Error> {
        self.slices = 1;
        self.hand_out(self.fuel, self.engine.slice())
    }

    /// Gives wasmi `slice` of the fuel that is left in `total`, and reserves the rest.
    fn hand_out(&mut self, total: u64, slice: u64) -> Result<(), Error> {
        let slice = slice.min(total);
        self.instance.store.data_mut().reserve.0 = total.saturating_sub(slice);
        self.instance.store.set_fuel(slice).map_err(Error::internal)
    }

    fn fuel_left(&self) -> u64 {
        let reserve = self.instance.store.data().reserve.0;
        self.instance.store.get_fuel().unwrap_or(0).saturating_add(reserve)
    }

    /// What has come of a stage: its result, or where it paused for want of fuel. In the latter
    /// case there is fuel for another slice.
    #[allow(clippy::type_complexity, reason = "a name would hide that one of the two is there")]
    fn settle<R: WasmResults>(
        &mut self,
        lent: Option<Lent<'_>>,
        mut call: Result<TypedResumableCall<R>, wasmi::Error>,
        export: &str,
    ) -> Result<(Option<R>, Option<Paused<R>>), Error> {
        let paused = loop {
            let stopped = match call {
                Ok(TypedResumableCall::Finished(result)) => {
                    // A slice may have ended late.
                    if self.begun.is_some() {
                        self.check_deadline()?;
                    }
                    return Ok((Some(result), None));
                }
                Ok(TypedResumableCall::OutOfFuel(paused)) => break Paused::Own(paused),
                Ok(TypedResumableCall::HostTrap(stopped)) => stopped,
                Err(error) => return Err(self.trapped(&error, export)),
            };
            if let Some(&Pause(answer)) = stopped.host_error().downcast_ref() {
                break Paused::Host(stopped, answer);
            }
            let Some(&ask) = stopped.host_error().downcast_ref::<Ask>() else {
                return Err(self.trapped(stopped.host_error(), export));
            };
            let store = &mut self.instance.store;
            match super::answer(&mut *store, lent, ask.function, ask.args()) {
                Ok(Answered::Now(answer)) => call = stopped.resume(store, &[Val::I32(answer)]),
                Ok(Answered::Later(answer)) => break Paused::Host(stopped, answer),
                Err(error) => return Err(self.stopped(error)),
            }
        };
        let total = self.fuel_left();
        if total < paused.required_fuel() {
            return Err(self.out_of_fuel());
        }
        self.check_deadline()?;
        self.slices = self.slices.saturating_add(1);
        let slice = self.engine.slice().max(paused.required_fuel());
        self.hand_out(total, slice)?;
        Ok((None, Some(paused)))
    }

    fn check_deadline(&mut self) -> Result<(), Error> {
        let (Some(deadline), Some(clock)) = (self.deadline, self.engine.clock()) else {
            return Ok(());
        };
        let now = clock.now();
        let begun = *self.begun.get_or_insert(now);
        if now.saturating_sub(begun) < deadline {
            return Ok(());
        }
        let message = format!("the plugin did not end within its deadline of {deadline:?}");
        Err(Error::new(ErrorKind::Timeout, message))
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
    fn stopped(&self, error: Error) -> Error {
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
        let peak_memory_bytes = self.instance.memory.data_size(&self.instance.store);
        let usage = *self.instance.store.data_mut().session.usage();
        Receipt {
            fuel,
            peak_memory_bytes: u64::try_from(peak_memory_bytes).unwrap_or(u64::MAX),
            host_calls: usage.host_calls,
            bytes_read: usage.bytes_read,
            bytes_written: usage.bytes_written,
            log_bytes: usage.log_bytes,
            log_lines_dropped: usage.log_lines_dropped,
            slices: self.slices,
        }
    }
}
