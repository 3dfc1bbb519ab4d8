//! The functions of WASI, as the interpreter calls them.

use alloc::boxed::Box;

use wasmi::{Caller, FuncType, Linker, Val, ValType};

use super::{HostState, fuel, no_memory, run};
use crate::wasi::Roots;
use crate::wasi::{self, MODULE, Param, State, WasiFunction};

/// The WASI state of an instance.
#[derive(Default)]
pub(super) struct Wasi {
    /// Directories and files that its plugin was granted.
    roots: Roots,
    /// Made for the first function that is called.
    state: Option<Box<State>>,
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
        if let Some(state) = &mut self.wasi.state {
            state.end(&mut self.session);
        }
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
                let answer = serve(caller, function, &args)?;
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
    args: &[u64],
) -> Result<i32, wasmi::Error> {
    run(caller, |caller| {
        let memory = caller.data().memory.ok_or_else(no_memory)?;
        let (bytes, host) = memory.data_and_store_mut(&mut *caller);
        let answer = wasi::serve(&mut host.session, host.wasi.state(), function, args, bytes);
        fuel::charged(caller, answer)
    })
}
