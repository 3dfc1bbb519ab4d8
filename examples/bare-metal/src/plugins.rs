//! The plugins in the flash, and their calls.

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use cpex_wasmi::{Engine, Error, LogRecord, Module, Plugin, Policy};
use critical_section::Mutex;

use crate::board::{Timer, line};
use crate::calls;

macro_rules! plugins {
    ($($name:literal)*) => {
        /// The plugins that decide, each in turn.
        pub(crate) const NAMES: &[&str] = &[$($name),*];

        /// The module of a plugin.
        fn wasm(name: &str) -> &'static [u8] {
            match name {
                $($name => include_bytes!(concat!("../../../fixtures/", $name, ".wasm")),)*
                _ => panic!("no plugin {name}"),
            }
        }
    };
}

plugins! {
    "argument_redactor" "compute" "cpex_pii_guard" "header_injector" "labeler" "loops" "memory_hog" "noop"
    "panics" "panics_in_init" "pii_guard" "quota"
}

/// Lines that plugins have logged.
static LOG: Mutex<RefCell<Vec<String>>> = Mutex::new(RefCell::new(Vec::new()));

fn logged() -> Vec<String> {
    critical_section::with(|section| LOG.borrow(section).take())
}

/// The host, set up for little memory: a stack of 32 KiB for plugins, and a look at the timer each 20,000 units.
fn engine() -> Result<Engine, Error> {
    calls::functions(Engine::builder())
        .clock(Timer)
        .log_sink(|record: &LogRecord<'_>| {
            let line = calls::logged(record);
            critical_section::with(|section| LOG.borrow_ref_mut(section).push(line));
        })
        .stack_bytes(32 << 10)
        .recursion_depth(200)
        .fuel_slice(20_000)
        .build()
}

/// Loads a plugin under a policy.
pub(crate) fn load(name: &str, policy: impl FnOnce(&Module) -> Policy) -> Plugin {
    let module = engine().and_then(|engine| Module::new(&engine, wasm(name)));
    let plugin = module.and_then(|module| Plugin::new(&module, policy(&module)));
    plugin.unwrap_or_else(|error| panic!("{error}"))
}

/// Loads a plugin, and prints the lines that the golden file has of it.
pub(crate) fn decide(name: &str) {
    line!("[{name}]");
    let plugin = load(name, |module| calls::policy(name, module));
    calls::calls(&plugin, logged, |call| line!("{call}"));
}
