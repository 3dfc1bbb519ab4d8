//! Whether this build of the interpreter keeps the host's stack level.
//!
//! wasmi executes instructions by tail calls where the compiler makes them. Its build script goes
//! by the optimisation level; but with debug assertions, say, an optimising compiler leaves out
//! some, and then each instruction that a plugin runs takes some of the host's stack, until the
//! process dies. No plugin may be able to do that, so a few loops are run and measured first.

use alloc::vec::Vec;
use core::hint::black_box;

use wasmi::{Caller, Linker, Module, Store};

use crate::{Error, ErrorKind};

/// `stack_check.wat`, assembled: calls the host, loops fifty times, and calls the host again.
const MODULE: &[u8] = &[
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x04, 0x01, 0x60, 0x00, 0x00, 0x02, 0x0e,
    0x01, 0x04, 0x68, 0x6f, 0x73, 0x74, 0x05, 0x64, 0x65, 0x70, 0x74, 0x68, 0x00, 0x00, 0x03, 0x02,
    0x01, 0x00, 0x05, 0x03, 0x01, 0x00, 0x01, 0x07, 0x07, 0x01, 0x03, 0x72, 0x75, 0x6e, 0x00, 0x01,
    0x0a, 0x29, 0x01, 0x27, 0x01, 0x01, 0x7f, 0x41, 0x32, 0x21, 0x00, 0x10, 0x00, 0x03, 0x40, 0x41,
    0x00, 0x41, 0x00, 0x28, 0x02, 0x00, 0x20, 0x00, 0x6a, 0x36, 0x02, 0x00, 0x20, 0x00, 0x41, 0x01,
    0x6b, 0x21, 0x00, 0x20, 0x00, 0x0d, 0x00, 0x0b, 0x10, 0x00, 0x0b,
];

/// Fifty rounds of a loop that does not keep the stack level take several times as much.
const TOLERANCE: usize = 1024;

/// Runs the loop and compares the depth of the stack before and after.
pub(crate) fn check(engine: &wasmi::Engine) -> Result<(), Error> {
    let depths = measure(engine).map_err(Error::internal)?;
    if let [before, after] = *depths
        && before.abs_diff(after) <= TOLERANCE
    {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidConfig,
        "this build of the interpreter uses more of the host's stack with each instruction, so that \
         a plugin could overflow it; build `wasmi` without debug assertions where it is optimised, \
         or turn on the feature `portable-dispatch`",
    ))
}

fn measure(engine: &wasmi::Engine) -> Result<Vec<usize>, wasmi::Error> {
    let mut linker = Linker::new(engine);
    linker.func_wrap("host", "depth", |mut caller: Caller<'_, Vec<usize>>| {
        let here = 0_u8;
        caller.data_mut().push(core::ptr::from_ref(black_box(&here)).addr());
    })?;
    let mut store = Store::new(engine, Vec::new());
    store.set_fuel(100_000)?;
    let module = Module::new(engine, MODULE)?;
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    instance.get_typed_func::<(), ()>(&store, "run")?.call(&mut store, ())?;
    Ok(store.into_data())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_assembled_module_is_the_one_in_text() {
        let text = wat::parse_str(include_str!("stack_check.wat")).unwrap();
        assert!(text.starts_with(MODULE), "assemble `stack_check.wat` again");
    }
}
