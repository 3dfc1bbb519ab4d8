//! Engines.
#![allow(unsafe_code, reason = "names of functions, for the linker")]

use crate::error::{Error, guarded_or, made};
use core::mem::MaybeUninit;

/// An engine: settings and services of all plugins of a program. Any number of threads may use it at once.
///
/// Modules and plugins keep what they need of it, so that it may be freed before them.
pub struct Engine(pub(crate) cpex_wasmi::Engine);

/// Makes an engine with nothing set; lines of plugins' logs are dropped. Returns null and sets `engine`, or returns an
/// error.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_engine_new(
    engine: Option<&mut MaybeUninit<Option<Box<Engine>>>>,
) -> Option<Box<Error>> {
    made(engine, "the place for the engine", || Ok(Engine(cpex_wasmi::Engine::new()?)))
}

/// Frees an engine. Null is fine. Freeing it twice is undefined behaviour, as of all that is freed here.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_engine_free(engine: Option<Box<Engine>>) {
    guarded_or((), || drop(engine));
}
