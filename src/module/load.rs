//! Loads a module in four steps: a source is parsed, rewritten, compiled, and checked.
//!
//! Each step takes what the one before gave, so that none can be left out.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
#[cfg(feature = "std")]
use std::sync::OnceLock;

use cpex_wasmi_abi::{EXPORT_INIT, EXPORT_REACTOR, EXPORT_SHUTDOWN};

use super::operators::CodeFacts;
use super::rewrite::{PREFIX, Rewritten, rewrite, stays_invalid};
use super::sections::{self, Sections};
use super::{Module, ModuleInfo, ModuleInner, check, code_size, constants, operators};
use crate::engine::dispatch::Dispatch;
use crate::sync::shards::{Shard, Shards};
use crate::{Digest, Engine, Error, ErrorKind, Limits};

/// The size of a page of wasm memory, in bytes.
const PAGE: u64 = 64 << 10;

/// The bytes of a module that is not too large, and the engine that loads it.
pub(super) struct ModuleBytes<'a> {
    wasm: &'a [u8],
    engine: &'a Engine,
    /// The shard that it is loaded in.
    home: Shard,
}

/// A module whose frame, code and constants are within their bounds. It need not be valid.
pub(super) struct Parsed<'a> {
    source: ModuleBytes<'a>,
    sections: Sections,
    code: CodeFacts,
    /// One more than the largest index of a function in code and constants.
    named_functions: u64,
    /// The size of the largest function, in bytes.
    largest_function: u64,
}

/// A module that was validated and translated, whose imports and exports may be any.
pub(super) struct Compiled<'a> {
    parsed: Parsed<'a>,
    rewritten: Rewritten<'a>,
    module: wasmi::Module,
}

impl<'a> ModuleBytes<'a> {
    pub(super) fn new(engine: &'a Engine, wasm: &'a [u8]) -> Result<Self, Error> {
        if wasm.len() > Limits::MAX_MODULE_BYTES {
            return Err(invalid(format!(
                "the module has {} bytes, and at most {} are allowed; build it with optimisation \
                 and \
                 `strip = true`",
                wasm.len(),
                Limits::MAX_MODULE_BYTES
            )));
        }
        Ok(Self { wasm, engine, home: Shard::current(engine.shards()) })
    }

    fn interpreter(&self) -> Result<&'a wasmi::Engine, Error> {
        Ok(&self.engine.interpreter(self.home)?.wasmi)
    }

    /// Has the interpreter validate the module without translating it.
    fn validate(&self) -> Result<(), Error> {
        wasmi::Module::validate(self.interpreter()?, self.wasm).map_err(check::untranslatable)
    }

    /// The error of a module that is refused. One that is not valid either is refused for that.
    fn refuse(&self, error: Error) -> Error {
        self.validate().err().unwrap_or(error)
    }

    /// Reads the frame, the code and the constants, and holds them to their bounds.
    pub(super) fn parse(self) -> Result<Parsed<'a>, Error> {
        let wasm = self.wasm;
        let sections = sections::scan(wasm).map_err(invalid)?;
        sections.check().map_err(invalid)?;
        let largest_function = code_size::check(wasm, &sections).map_err(invalid)?;
        // wasmi validates each instruction and translates it, before the next one. Of what follows the
        // end of a function its validator takes some instructions, and only says so when it is through;
        // its translator panics over them. So what may have any is validated whole first.
        let code = operators::read(wasm, &sections);
        if !code.ends_once {
            self.validate()?;
        }
        let constants = constants::check(wasm, &sections);
        let named_functions = constants.map_err(|message| self.refuse(invalid(message)))?;
        if let Some(message) = code.refused {
            return Err(self.refuse(invalid(message)));
        }
        let named_functions = code.named_functions.max(named_functions);
        Ok(Parsed { source: self, sections, code, named_functions, largest_function })
    }
}

impl<'a> Parsed<'a> {
    /// Rewrites the module, and has the interpreter validate and translate it.
    pub(super) fn compile(self) -> Result<Compiled<'a>, Error> {
        let source = &self.source;
        let Self { sections, code, named_functions, .. } = &self;
        let grows = code.grows_memory || code.grows_table;
        let bounds_growth = grows && source.engine.dispatch() != Dispatch::LOOP;
        if bounds_growth && !stays_invalid(source.wasm, sections, code, *named_functions) {
            source.validate()?;
        }
        let rewritten = rewrite(source.wasm, sections, code, bounds_growth);
        let rewritten = rewritten.map_err(|message| source.refuse(invalid(message)))?;
        // In a module that was rewritten, what is not valid stands somewhere else.
        let module = wasmi::Module::new(source.interpreter()?, &rewritten.wasm)
            .map_err(|error| source.refuse(check::untranslatable(error)))?;
        Ok(Compiled { parsed: self, rewritten, module })
    }
}

impl Compiled<'_> {
    /// Checks manifest, imports and exports, all of them before any is refused.
    pub(super) fn check(self, digest: Option<Digest>) -> Result<Module, Error> {
        let Self { parsed, rewritten, module } = self;
        let ModuleBytes { wasm, engine, home, .. } = parsed.source;
        let mut problems = Vec::new();
        let manifest = check::manifest(&module, &mut problems);
        let imports = check::imports(&module, &mut problems);
        #[cfg(feature = "text")]
        let patterns = check::patterns(&module, &mut problems);
        let memory = check::exports(&module, &mut problems);
        let capabilities = manifest.as_ref().map(|manifest| check::names(manifest, &mut problems));
        let (Some(manifest), Some(capabilities), Some(memory), true) =
            (manifest, capabilities, memory, problems.is_empty())
        else {
            return Err(Error::from_problems(problems));
        };
        let size = |id| parsed.sections.find(id).map_or(0, |section| section.len);
        let has = |export| module.get_export(export).is_some();
        let is_own = |name: &str| rewritten.globals.is_none() || !name.starts_with(PREFIX);
        let info = ModuleInfo {
            bytes: wasm.len(),
            code_bytes: size(sections::CODE),
            data_bytes: size(sections::DATA),
            initial_memory_bytes: memory.minimum().saturating_mul(PAGE),
            maximum_memory_bytes: memory.maximum().map(|pages| pages.saturating_mul(PAGE)),
            imports: imports.own,
            wasi_imports: imports.wasi,
            exports: exports(&module, is_own),
            has_init: has(EXPORT_INIT) || has(EXPORT_REACTOR),
            has_shutdown: has(EXPORT_SHUTDOWN),
        };
        let slice = if rewritten.grows { engine.dispatch().slice_of_growing() } else { u64::MAX };
        let is_copied = engine.shards() > 1
            && wasm.len() <= Module::MAX_COPIED_BYTES
            && parsed.largest_function <= Module::MAX_COPIED_FUNCTION_BYTES;
        Ok(Module(Arc::new(ModuleInner {
            translated: Shards::new(engine.shards(), home, module),
            home,
            bytes: is_copied.then(|| wasm.into()),
            slice: engine.largest_slice().min(slice),
            engine: engine.clone(),
            manifest,
            #[cfg(feature = "text")]
            patterns,
            capabilities,
            info,
            globals: rewritten.globals,
            #[cfg(feature = "std")]
            digest: digest
                .or_else(|| (!is_copied).then(|| Digest::of(wasm)))
                .map_or_else(OnceLock::new, OnceLock::from),
            #[cfg(not(feature = "std"))]
            digest: digest.unwrap_or_else(|| Digest::of(wasm)),
        })))
    }
}

/// Has another interpreter translate a module that was loaded before.
pub(super) fn translate_again(
    engine: &Engine,
    shard: Shard,
    wasm: &[u8],
) -> Result<wasmi::Module, Error> {
    let source = ModuleBytes { wasm, engine, home: shard };
    Ok(source.parse()?.compile()?.module)
}

/// The module's own exports.
fn exports(module: &wasmi::Module, is_own: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let mut exports: Vec<_> = module
        .exports()
        .filter(|export| is_own(export.name()))
        .map(|export| (export.name().to_owned(), check::type_name(export.ty())))
        .collect();
    exports.sort_unstable();
    exports
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidModule, message)
}
