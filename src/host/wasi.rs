//! The functions of WASI, as the interpreter calls them.

use alloc::boxed::Box;
use core::task::{Context, Poll};

use wasmi::{Caller, FuncType, Linker, Val, ValType};

use super::{HostState, Interrupt, fuel, no_memory, run};
use crate::Error;
use crate::session::Session;
use crate::wasi::Roots;
use crate::wasi::{self, GivenArgs, MODULE, Param, State, WasiFunction};

/// The WASI state of an instance.
#[derive(Default)]
pub(super) struct Wasi {
    /// Directories and files that its plugin was granted.
    roots: Roots,
    /// Made for the first function that is called.
    state: Option<Box<State>>,
    /// The function that waits until its effect is recorded.
    waiting: Option<(WasiFunction, GivenArgs)>,
}

impl Wasi {
    fn state(&mut self) -> &mut State {
        self.state.get_or_insert_with(|| Box::new(State::new(self.roots.clone())))
    }
}

impl HostState {
    /// Gives the module directories and files.
    pub(crate) fn set_roots(&mut self, roots: Roots) {
        self.wasi.roots = roots;
    }

    /// Ends what the plugin has begun with functions of WASI: see [`State::end`].
    pub(crate) fn end_wasi(&mut self) {
        self.wasi.waiting = None;
        if let Some(state) = &mut self.wasi.state {
            state.end(&mut self.session);
        }
    }
}

impl Wasi {
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Waits for what a function waits for, and serves it then.
    pub(super) fn poll_waiting(
        &mut self,
        context: &mut Context<'_>,
        session: &mut Session,
        memory: &mut [u8],
    ) -> Poll<Result<i32, Error>> {
        let Some((function, args)) = self.waiting else { return Poll::Ready(Ok(0)) };
        if self.state().poll_waiting(context).is_pending() {
            return Poll::Pending;
        }
        self.waiting = None;
        Poll::Ready(wasi::resume(session, self.state(), function, args, memory))
    }
}

/// The type of a function.
pub(crate) fn type_of(function: WasiFunction) -> FuncType {
    let params = function.params().iter().map(|param| match param {
        Param::I32 => ValType::I32,
        Param::I64 => ValType::I64,
    });
    FuncType::new(params, function.returns().then_some(ValType::I32))
}

/// Defines each function of WASI in `linker`.
pub(super) fn define(linker: &mut Linker<HostState>) -> Result<(), wasmi::errors::LinkerError> {
    for function in WasiFunction::ALL.iter().copied() {
        linker.func_new(
            MODULE,
            function.name(),
            type_of(function),
            move |caller: Caller<'_, HostState>, params, results| {
                let mut args = [0; WasiFunction::MAX_PARAMS];
                for (arg, param) in args.iter_mut().zip(params) {
                    *arg = match param {
                        Val::I32(number) => number.cast_unsigned().into(),
                        Val::I64(number) => number.cast_unsigned(),
                        _ => 0,
                    };
                }
                let answer = serve(caller, function, args)?;
                if let Some(result) = results.first_mut() {
                    *result = Val::I32(answer);
                }
                Ok(())
            },
        )?;
    }
    Ok(())
}

/// Serves a function and charges for it.
fn serve(
    caller: Caller<'_, HostState>,
    function: WasiFunction,
    args: GivenArgs,
) -> Result<i32, wasmi::Error> {
    run(caller, |caller| {
        let memory = caller.data().memory.ok_or_else(no_memory)?;
        let (bytes, host) = memory.data_and_store_mut(&mut *caller);
        let state = host.wasi.state();
        let answer = wasi::serve(&mut host.session, state, function, args, bytes);
        if state.is_waiting() {
            host.wasi.waiting = Some((function, args));
            // It is charged for when it has acted.
            return Err(Interrupt::Pending);
        }
        fuel::charged(caller, answer)
    })
}
