//! The functions of the ABI, as the interpreter calls them.

use alloc::format;

use cpex_wasmi_abi::{HostFunction, IMPORT_MODULE};
use wasmi::{AsContextMut, Caller, Linker};

use super::interrupt::{Deferred, Interrupt};
use super::{HostState, fuel, no_memory, run};
use crate::view::Borrowed;

/// Defines each function of the ABI's table in `linker`.
pub(super) fn define(linker: &mut Linker<HostState>) -> Result<(), wasmi::Error> {
    type Context<'a> = Caller<'a, HostState>;
    for function in HostFunction::ALL.iter().copied() {
        let name = function.info().name;
        match function.arity() {
            0 => linker.func_wrap(IMPORT_MODULE, name, move |caller: Context<'_>| {
                serve(caller, function, &[])
            }),
            1 => linker.func_wrap(IMPORT_MODULE, name, move |caller: Context<'_>, a| {
                serve(caller, function, &[a])
            }),
            2 => linker.func_wrap(IMPORT_MODULE, name, move |caller: Context<'_>, a, b| {
                serve(caller, function, &[a, b])
            }),
            3 => linker.func_wrap(IMPORT_MODULE, name, move |caller: Context<'_>, a, b, c| {
                serve(caller, function, &[a, b, c])
            }),
            4 => linker.func_wrap(IMPORT_MODULE, name, move |caller: Context<'_>, a, b, c, d| {
                serve(caller, function, &[a, b, c, d])
            }),
            5 => {
                linker.func_wrap(IMPORT_MODULE, name, move |caller: Context<'_>, a, b, c, d, e| {
                    serve(caller, function, &[a, b, c, d, e])
                })
            }
            6 => linker.func_wrap(
                IMPORT_MODULE,
                name,
                move |caller: Context<'_>, a, b, c, d, e, f| {
                    serve(caller, function, &[a, b, c, d, e, f])
                },
            ),
            7 => linker.func_wrap(
                IMPORT_MODULE,
                name,
                move |caller: Context<'_>, a, b, c, d, e, f, g| {
                    serve(caller, function, &[a, b, c, d, e, f, g])
                },
            ),
            8 => linker.func_wrap(
                IMPORT_MODULE,
                name,
                move |caller: Context<'_>, a, b, c, d, e, f, g, h| {
                    serve(caller, function, &[a, b, c, d, e, f, g, h])
                },
            ),
            9 => linker.func_wrap(
                IMPORT_MODULE,
                name,
                move |caller: Context<'_>, a, b, c, d, e, f, g, h, i| {
                    serve(caller, function, &[a, b, c, d, e, f, g, h, i])
                },
            ),
            10 => linker.func_wrap(
                IMPORT_MODULE,
                name,
                move |caller: Context<'_>, a, b, c, d, e, f, g, h, i, j| {
                    serve(caller, function, &[a, b, c, d, e, f, g, h, i, j])
                },
            ),
            12 => linker.func_wrap(
                IMPORT_MODULE,
                name,
                move |caller: Context<'_>, a, b, c, d, e, f, g, h, i, j, k, l| {
                    serve(caller, function, &[a, b, c, d, e, f, g, h, i, j, k, l])
                },
            ),
            arity => return Err(wasmi::Error::new(format!("`{name}` takes {arity} parameters"))),
        }?;
    }
    Ok(())
}

/// Serves a function, unless that takes parts of the request which only the driver of the call has.
fn serve(
    caller: Caller<'_, HostState>,
    function: HostFunction,
    args: &[u32],
) -> Result<i32, wasmi::Error> {
    run(caller, |caller| {
        if caller.data().session.needs_borrowed(function, args) {
            return Err(Interrupt::NeedsBorrowed(Deferred::new(function, args)));
        }
        answer(caller, None, function, args)
    })
}

/// Answers a call of a function, and charges for it.
pub(super) fn answer(
    mut store: impl AsContextMut<Data = HostState>,
    borrowed: Option<Borrowed<'_>>,
    function: HostFunction,
    args: &[u32],
) -> Result<i32, Interrupt> {
    let mut store = store.as_context_mut();
    let memory = store.data().memory.ok_or_else(no_memory)?;
    let (bytes, host) = memory.data_and_store_mut(&mut store);
    let answer = host.session.dispatch(borrowed, function, args, bytes);
    host.limiter.holds_token = host.session.gave_tokens();
    if host.session.is_waiting() {
        // It is charged for when it is there.
        return Err(Interrupt::Pending);
    }
    fuel::charged(store, answer)
}
