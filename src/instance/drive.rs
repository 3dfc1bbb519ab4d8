//! The driver of a call: runs an export slice by slice, and handles what interrupts it.

use alloc::boxed::Box;
use core::time::Duration;

use wasmi::{
    TypedFunc, TypedResumableCall, TypedResumableCallHostTrap, Val, WasmParams, WasmResults,
};

use super::call::{Call, Export};
use crate::Error;
use crate::host::Interrupt;

/// Runs an interrupted export for one slice more.
pub(super) type Resume = Box<dyn FnOnce(&mut Call<'_>) -> Result<Option<i32>, Error> + Send>;

/// The result of an export, as a number.
trait ResultCode: WasmResults + 'static {
    /// The number that it stands for.
    fn code(self) -> i32;
}

impl ResultCode for i32 {
    fn code(self) -> i32 {
        self
    }
}

impl ResultCode for () {
    fn code(self) -> i32 {
        0
    }
}

/// The progress of a call in one slice.
pub(super) enum Progress {
    /// The call is finished, with this result.
    Finished(Result<i32, Error>),
    SliceUsedUp,
    /// The plugin waits for a function.
    Pending,
}

impl Call<'_> {
    /// Runs for one slice of fuel, or until the plugin waits.
    pub(super) fn step(&mut self) -> Progress {
        let begun = self.instance.store.data().stopwatch.start();
        let returned = self.advance();
        let host = self.instance.store.data_mut();
        host.stopwatch.ran(begun);
        match returned {
            // Whatever it returned: a host function may have taken long.
            Ok(Some(returned)) if host.session.is_timed() => {
                Progress::Finished(self.check_deadline().map(|()| returned))
            }
            Ok(Some(returned)) => Progress::Finished(Ok(returned)),
            Ok(None) if host.is_waiting() => Progress::Pending,
            Ok(None) => Progress::SliceUsedUp,
            Err(error) => Progress::Finished(Err(error)),
        }
    }

    /// Runs for one slice. Gives what the last export returned once it has.
    fn advance(&mut self) -> Result<Option<i32>, Error> {
        loop {
            let returned = match self.paused.take() {
                Some(resume) => resume(self)?,
                None => match self.export {
                    Export::Reactor => self.start(self.instance.reactor, ())?,
                    Export::Init => self.start(self.instance.init, ())?,
                    Export::Invoke(hook) => self.start(Some(self.instance.invoke), hook)?,
                    Export::Shutdown => self.start(self.instance.shutdown, ())?,
                },
            };
            match (self.export, returned) {
                (Export::Reactor, Some(_)) => self.export = Export::Init,
                (Export::Init | Export::Shutdown, Some(code @ (..=-1 | 1..))) => {
                    let session = &self.instance.store.data().session;
                    return Err(session.gave_up(code, self.export.name()));
                }
                _ => return Ok(returned),
            }
        }
    }

    /// Starts an export. One that the module does not have counts as a success.
    fn start<P: WasmParams, R: ResultCode>(
        &mut self,
        function: Option<TypedFunc<P, R>>,
        params: P,
    ) -> Result<Option<i32>, Error> {
        let Some(function) = function else { return Ok(Some(0)) };
        if self.slices == 0 {
            self.slices = 1;
            self.hand_out(self.fuel, self.instance.slice)?;
        }
        let run = function.call_resumable(&mut self.instance.store, params);
        self.drive(run)
    }

    /// Drives an export until it returns (gives its code), or until the slice is used up or the plugin waits
    /// (`None`).
    #[inline]
    fn drive<R: ResultCode>(
        &mut self,
        run: Result<TypedResumableCall<R>, wasmi::Error>,
    ) -> Result<Option<i32>, Error> {
        match run {
            Ok(TypedResumableCall::Finished(result)) => {
                self.returned = true;
                Ok(Some(result.code()))
            }
            interrupted => self.handle_interrupts(interrupted),
        }
    }

    /// Drives an export on from where it was interrupted.
    #[inline(never)]
    fn handle_interrupts<R: ResultCode>(
        &mut self,
        mut run: Result<TypedResumableCall<R>, wasmi::Error>,
    ) -> Result<Option<i32>, Error> {
        let (required_fuel, resume): (u64, Resume) = loop {
            let suspended = match run {
                Ok(TypedResumableCall::Finished(result)) => {
                    self.returned = true;
                    return Ok(Some(result.code()));
                }
                Ok(TypedResumableCall::OutOfFuel(suspended)) => {
                    let required_fuel = suspended.required_fuel();
                    let resume = move |call: &mut Call<'_>| {
                        let run = suspended.resume(&mut call.instance.store);
                        call.drive(run)
                    };
                    break (required_fuel, Box::new(resume));
                }
                Ok(TypedResumableCall::HostTrap(suspended)) => suspended,
                Err(error) => return Err(self.trapped(&error)),
            };
            let store = &mut self.instance.store;
            let answer = match store.data_mut().interrupt.take() {
                Some(Interrupt::NeedsBorrowed(function)) => function.serve(store, self.borrowed),
                Some(interrupt) => Err(interrupt),
                None => return Err(self.trapped(suspended.host_error())),
            };
            match answer {
                Ok(answer) => run = suspended.resume(store, &[Val::I32(answer)]),
                Err(Interrupt::SliceUsedUp(answer)) => {
                    self.answer = answer;
                    break (0, resume_host(suspended));
                }
                Err(Interrupt::Pending) => {
                    self.paused = Some(resume_host(suspended));
                    return Ok(None);
                }
                Err(Interrupt::Stop(error)) => return Err(self.stopped(error)),
                Err(Interrupt::NeedsBorrowed(_)) => {
                    return Err(Error::internal("a host function was deferred twice"));
                }
            }
        };
        let total = self.fuel_left();
        if total < required_fuel {
            return Err(self.out_of_fuel());
        }
        self.paused = Some(resume);
        self.next_slice(total, required_fuel)?;
        Ok(None)
    }

    /// Hands out the fuel of another slice, unless the call is late.
    pub(super) fn next_slice(&mut self, total: u64, required_fuel: u64) -> Result<(), Error> {
        self.check_deadline()?;
        self.slices = self.slices.saturating_add(1);
        self.hand_out(total, self.instance.slice.max(required_fuel))
    }

    /// Gives wasmi `slice` of the fuel that is left in `total`, and reserves the rest. A plugin that can grow its memory is given
    /// less than a whole slice; the rest of that is for what the host does.
    fn hand_out(&mut self, total: u64, slice: u64) -> Result<(), Error> {
        let slice = slice.min(total);
        let reserve = &mut self.instance.store.data_mut().reserve;
        reserve.left = total.saturating_sub(slice);
        reserve.of_slice = self.engine.largest_slice().saturating_sub(slice);
        self.instance.store.set_fuel(slice).map_err(Error::internal)
    }

    pub(super) fn fuel_left(&self) -> u64 {
        let reserve = self.instance.store.data().reserve.left;
        self.instance.store.get_fuel().unwrap_or(0).saturating_add(reserve)
    }

    pub(super) fn check_deadline(&mut self) -> Result<(), Error> {
        self.time_left().map(drop)
    }

    /// The time that the call may still take, if it has a deadline.
    pub(super) fn time_left(&mut self) -> Result<Option<Duration>, Error> {
        let timed = self.instance.store.data_mut().session.start_clock();
        let (Some((begun, deadline)), Some(clock)) = (timed, self.engine.clock()) else {
            return Ok(None);
        };
        let left = deadline.saturating_sub(clock.now().saturating_sub(begun));
        if left.is_zero() { Err(self.late(deadline)) } else { Ok(Some(left)) }
    }
}

/// Resumes an export that was interrupted in a host function, with the answer of that.
fn resume_host<R: ResultCode>(suspended: TypedResumableCallHostTrap<R>) -> Resume {
    Box::new(move |call| {
        let run = suspended.resume(&mut call.instance.store, &[Val::I32(call.answer)]);
        call.drive(run)
    })
}
