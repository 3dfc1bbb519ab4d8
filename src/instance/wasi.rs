//! The functions of WASI, as the interpreter calls them.

use alloc::boxed::Box;

use wasmi::{AsContextMut as _, Caller, FuncType, Linker, Val, ValType};

use super::Instance;
use super::paused::Pause;
use super::{Host, Server, Stop, fuel};
use crate::Error;
use crate::wasi::Roots;
use crate::wasi::{self, MODULE, Param, State, WasiFunction};

/// The WASI state of an instance.
#[derive(Default)]
pub(super) struct Wasi {
    /// Directories and files that its plugin was granted.
    pub(super) roots: Roots,
    /// Made for the first function that is called.
    state: Option<Box<State>>,
}

impl Wasi {
    fn state(&mut self) -> &mut State {
        self.state.get_or_insert_with(|| Box::new(State::new(self.roots.clone())))
    }
}

impl Host {
    /// Ends what the plugin has begun with functions of WASI: see [`State::end`].
    pub(super) fn end_wasi(&mut self) {
        if let Some(state) = &mut self.wasi.state {
            state.end(&mut self.session);
        }
    }
}

impl Instance {
    /// Gives the module directories and files.
    pub(crate) fn set_roots(&mut self, roots: Roots) {
        self.store.data_mut().wasi.roots = roots;
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
pub(crate) fn define(
    linker: &mut Linker<Host>,
    server: &impl Server,
) -> Result<(), wasmi::errors::LinkerError> {
    for function in WasiFunction::ALL.iter().copied() {
        let server = server.clone();
        linker.func_new(
            MODULE,
            function.name(),
            type_of(function),
            move |caller: Caller<'_, Host>, params, results| {
                let mut args = [0; WasiFunction::MAX_PARAMS];
                for (arg, param) in args.iter_mut().zip(params) {
                    *arg = match param {
                        Val::I32(number) => number.cast_unsigned().into(),
                        Val::I64(number) => number.cast_unsigned(),
                        _ => 0,
                    };
                }
                let answer = server.serve_wasi(caller, function, &args)?;
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
pub(super) fn serve(
    caller: &mut Caller<'_, Host>,
    function: WasiFunction,
    args: &[u64],
) -> Result<i32, wasmi::Error> {
    let memory = caller.data().memory;
    let served = match memory {
        Some(memory) => {
            let (bytes, host) = memory.data_and_store_mut(&mut *caller);
            let state = host.wasi.state();
            wasi::serve(&mut host.session, state, function, args, bytes)
        }
        None => Err(Error::internal("a host function was called before the instance was ready")),
    };
    match (fuel::charge(caller.as_context_mut()), served) {
        (Ok(false), Ok(answer)) => Ok(answer),
        (Ok(true), Ok(answer)) => Err(wasmi::Error::host(Pause(answer))),
        (_, Err(error)) | (Err(error), Ok(_)) => {
            caller.data_mut().stop = Some(error);
            Err(wasmi::Error::host(Stop))
        }
    }
}
