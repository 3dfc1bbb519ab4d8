//! Modules: the code of plugins.
#![allow(unsafe_code, reason = "names of functions, for the linker")]

use core::mem::MaybeUninit;
use std::fs::File;
use std::io::Read as _;

use cpex_wasmi::Limits;

use crate::engine::Engine;
use crate::error::{Code, Error, Failure, guarded_or, made};
use crate::raw::{Bytes, Text, given};

/// A module: the code of a plugin, checked and translated. Any number of threads may use it at once.
pub struct Module(pub(crate) cpex_wasmi::Module);

/// Loads a module from its bytes, which may be freed afterwards. Returns null and sets `module`, or returns an error.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_module_load(
    engine: Option<&Engine>,
    wasm: Bytes<'_>,
    module: Option<&mut MaybeUninit<Option<Box<Module>>>>,
) -> Option<Box<Error>> {
    made(module, "the place for the module", || {
        let engine = given(engine, "the engine")?;
        let wasm = wasm.read("the module's bytes")?;
        Ok(Module(cpex_wasmi::Module::new(&engine.0, wasm)?))
    })
}

/// Loads a module from a file. Returns null and sets `module`, or returns an error.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_module_load_file(
    engine: Option<&Engine>,
    path: Text<'_>,
    module: Option<&mut MaybeUninit<Option<Box<Module>>>>,
) -> Option<Box<Error>> {
    made(module, "the place for the module", || {
        let engine = given(engine, "the engine")?;
        let wasm = file(path)?;
        Ok(Module(cpex_wasmi::Module::new(&engine.0, &wasm)?))
    })
}

/// Reads a file, and no more of it than a byte beyond what a module may have.
pub(crate) fn file(path: Text<'_>) -> Result<Vec<u8>, Failure> {
    let path = path.read("the path")?;
    let unreadable = |error: std::io::Error| {
        Failure::new(Code::UnreadableFile, format!("{}: {error}", cpex_wasmi::visible(path)))
    };
    let most = u64::try_from(Limits::MAX_MODULE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut wasm = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut wasm));
    read.map_err(unreadable)?;
    Ok(wasm)
}

/// Returns the name in the module's manifest.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_module_name(module: Option<&Module>) -> Text<'_> {
    Text::new(module.map_or("", |module| &module.0.manifest().name))
}

/// Returns the version in the module's manifest.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_module_version(module: Option<&Module>) -> Text<'_> {
    Text::new(module.map_or("", |module| &module.0.manifest().version))
}

/// Returns the hook at a position of the module's manifest; an empty text after the last.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_module_hook(module: Option<&Module>, index: usize) -> Text<'_> {
    let hook = module.and_then(|module| module.0.manifest().hooks.get(index));
    Text::new(hook.map_or("", String::as_str))
}

/// Frees a module. Null is fine. Plugins that were made of it live on.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_module_free(module: Option<Box<Module>>) {
    guarded_or((), || drop(module));
}
