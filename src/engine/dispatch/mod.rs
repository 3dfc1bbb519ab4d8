//! Dispatch: the interpreter's way from one instruction to the next, and its effect on the host's stack.
//!
//! In a loop, each instruction is a function that returns. With tail calls, which are faster, each ends
//! in a call of the next one, of which the compiler has to make a jump: where it makes none, whatever a
//! plugin executes stays on the host's stack until its slice of fuel is used up. Nothing in the language
//! says that it will (`wasmi` is not optimised, or has debug assertions: it does not), so that this is
//! looked at before there is an engine. `memory.grow` leaves something even in the best of builds; how
//! much of that there can be is bounded: see [`Dispatch::growths`].

use core::sync::atomic::{AtomicUsize, Ordering};

use alloc::format;
use alloc::vec::Vec;

use wasmi::{Caller, Func, Instance, Linker, Module, Store};

use crate::{Error, ErrorKind};

/// The stack that one instruction leaves until its slice is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dispatch {
    /// The stack that `memory.grow` leaves, in bytes. All others leave nothing.
    left_by_growth: usize,
}

/// The most of the host's stack that a plugin can have taken by growing its memory, in bytes.
const MAX_LEFT: usize = 64 << 10;

const FUEL_OF_GROWTH: u8 = 100;

/// All instructions that a plugin may have, in all forms that the interpreter has of them, in functions
/// exported as `0` and so on, and what grows a memory in `grow`. Written by `tests`.
const PROBE: &[u8] = if cfg!(feature = "simd") {
    include_bytes!("probe-simd.wasm")
} else {
    include_bytes!("probe.wasm")
};

impl Dispatch {
    /// A loop.
    pub(crate) const LOOP: Self = Self { left_by_growth: 0 };

    /// The dispatch of this build. It is found out once in a process.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if instructions stay on the stack that should not, so that plugins
    /// could overflow it.
    pub(crate) fn of_this_build(config: &wasmi::Config) -> Result<Self, Error> {
        /// Nothing yet, or one more than growing a memory leaves.
        static KNOWN: AtomicUsize = AtomicUsize::new(0);
        if cfg!(feature = "portable-dispatch") {
            return Ok(Self::LOOP);
        }
        if let Some(left_by_growth) = KNOWN.load(Ordering::Relaxed).checked_sub(1) {
            return Ok(Self { left_by_growth });
        }
        let found = Self::probed(config, PROBE)?;
        KNOWN.store(found.left_by_growth.saturating_add(1), Ordering::Relaxed);
        Ok(found)
    }

    fn probed(config: &wasmi::Config, probe: &[u8]) -> Result<Self, Error> {
        let mut probe = Probe::new(config, probe).map_err(Error::internal)?;
        let mut number = 0_u32;
        while let Some(left) = probe.left_by(&format!("{number}")).map_err(Error::internal)? {
            if left != 0 {
                return Err(unfit(left));
            }
            number = number.saturating_add(1);
        }
        let left_by_growth = probe.left_by("grow").map_err(Error::internal)?;
        match left_by_growth {
            Some(left_by_growth) if number > 0 => Ok(Self { left_by_growth }),
            _ => Err(Error::internal("the module that looks at the stack is incomplete")),
        }
    }

    /// The fuel of a `memory.grow`: all in all as much as of a call to the host, of which three are taken
    /// by what is around it where there is a bound to them (`src/module/rewrite/memory_grow.rs`). Plugins pay for
    /// what they grow by as well.
    pub(crate) fn fuel_of_growth(self) -> u8 {
        if self.growths().is_some() { FUEL_OF_GROWTH - 3 } else { FUEL_OF_GROWTH }
    }

    /// The largest slice of fuel for a plugin that can grow its memory.
    pub(crate) fn slice_of_growing(self) -> u64 {
        let slice = |growths: u64| growths.saturating_mul(FUEL_OF_GROWTH.into());
        self.growths().map_or(u64::MAX, slice)
    }

    /// The most times that a plugin grows its memory in one slice of fuel, if not as often as it can.
    fn growths(self) -> Option<u64> {
        let growths = MAX_LEFT.checked_div(self.left_by_growth)?;
        Some(u64::try_from(growths).unwrap_or(u64::MAX).max(1))
    }
}

fn unfit(left: usize) -> Error {
    Error::new(
        ErrorKind::InvalidConfig,
        format!(
            "the interpreter is built so that plugins can overflow the host's stack: some instructions \
             left {left} bytes there; give `wasmi`, `wasmi_core` and `wasmi_ir` `opt-level = 3` and \
             `debug-assertions = false` (for `cargo test` and `cargo run`, in `[profile.dev.package]`), or turn on \
             the feature `portable-dispatch` of `cpex-wasmi`"
        ),
    )
}

/// A module that tells where the host's stack is, in an instance.
struct Probe {
    store: Store<Vec<usize>>,
    instance: Instance,
}

impl Probe {
    fn new(config: &wasmi::Config, wasm: &[u8]) -> Result<Self, wasmi::Error> {
        let engine = wasmi::Engine::new(config);
        let module = Module::new(&engine, wasm)?;
        let mut store = Store::new(&engine, Vec::new());
        let mut linker = Linker::new(&engine);
        let mark = Func::wrap(&mut store, |mut caller: Caller<'_, Vec<usize>>| {
            // What is looked at has to be somewhere.
            let here = 0_u8;
            let here = core::ptr::from_ref(core::hint::black_box(&here)).addr();
            caller.data_mut().push(here);
        });
        linker.define("probe", "mark", mark)?;
        let instance = linker.instantiate_and_start(&mut store, &module)?;
        Ok(Self { store, instance })
    }

    /// The most bytes that were left on the stack from one mark of an export to the next, if there is
    /// such an export.
    fn left_by(&mut self, export: &str) -> Result<Option<usize>, wasmi::Error> {
        if self.instance.get_func(&self.store, export).is_none() {
            return Ok(None);
        }
        let function =
            self.instance.get_typed_func::<(i32, i64, f32, f64), ()>(&self.store, export)?;
        self.store.data_mut().clear();
        self.store.set_fuel(1_000_000)?;
        // Numbers that can be divided by, converted, and used as addresses.
        function.call(&mut self.store, (7, 7, 7.5, 7.5))?;
        let marks = self.store.data();
        let pairs = marks.iter().zip(marks.iter().skip(1));
        Ok(Some(pairs.map(|(one, next)| one.abs_diff(*next)).max().unwrap_or(usize::MAX)))
    }
}

#[cfg(test)]
mod tests;
