//! The settings of wasmi.

use super::dispatch::Dispatch;
use crate::Error;
use crate::host::{HostState, define};

/// An engine of wasmi's, with all that a module may import resolved.
pub(crate) struct Interpreter {
    pub(crate) wasmi: wasmi::Engine,
    pub(crate) linker: wasmi::Linker<HostState>,
}

/// The settings of each interpreter.
pub(super) struct Settings {
    pub(super) dispatch: Dispatch,
    pub(super) config: wasmi::Config,
}

impl Settings {
    pub(super) fn interpreter(&self) -> Result<Interpreter, Error> {
        let wasmi = wasmi::Engine::new(&self.config);
        let mut linker = wasmi::Linker::new(&wasmi);
        define(&mut linker)?;
        Ok(Interpreter { wasmi, linker })
    }
}

/// The wasm features that current LLVM emits for `wasm32`; fuel for everything; and limits that keep a
/// hostile module from making its translation expensive.
///
/// Not tail calls: wasmi 2.0.0 resumes in the wrong place, or not at all, when a host function that was
/// called so has suspended the guest.
///
/// Not several results, which no compiler emits unless it is told to: a branch that carries 32 values
/// takes 4 bytes of a module, and a hundred times that when it is translated.
pub(crate) fn config(
    stack_bytes: usize,
    recursion_depth: usize,
    dispatch: Dispatch,
) -> wasmi::Config {
    let mut config = wasmi::Config::default();
    let memory_grow = dispatch.fuel_of_growth();
    config.operator_cost(wasmi::OperatorCost { memory_grow, ..Default::default() });
    config
        .wasm_multi_value(false)
        .wasm_tail_call(false)
        .wasm_multi_memory(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        .consume_fuel(true)
        // Fuel must be the same on every call, so nothing may be translated during one.
        .compilation_mode(wasmi::CompilationMode::Eager)
        .enforced_limits(wasmi::EnforcedLimits::strict())
        .allow_start_fn(false)
        .set_max_recursion_depth(recursion_depth)
        .set_max_stack_height(stack_bytes)
        .set_max_cached_stacks(16);
    #[cfg(feature = "simd")]
    config.wasm_simd(true).wasm_relaxed_simd(false);
    config
}
