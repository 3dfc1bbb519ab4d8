//! Modules: bytes that were read, checked and translated, with nothing of them run yet.

mod check;
mod code_size;
mod constants;
mod load;
mod operators;
mod reader;
mod rewrite;
mod sections;
pub(crate) mod warnings;

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
#[cfg(feature = "std")]
use std::sync::OnceLock;

use cpex_wasmi_abi::{Capability, CapabilitySet, HostFunction, Manifest};

use crate::engine::Interpreter;
use crate::sync::shards::{Shard, Shards};
use crate::{Digest, Engine, Error, ErrorKind, Policy, Problem};

use load::{ModuleBytes, Parsed};
use warnings::with_reads;

/// A module that was read, checked and translated. Immutable and cheap to clone.
///
/// Nothing of the module has run. What it takes to run it, a policy says: see
/// [`Plugin`](crate::Plugin).
#[derive(Clone)]
pub struct Module(Arc<ModuleInner>);

struct ModuleInner {
    engine: Engine,
    /// The fuel of one slice.
    slice: u64,
    translated: Shards<wasmi::Module>,
    /// The shard that it was loaded in, and the only one of a large module.
    home: Shard,
    /// The bytes that it was read from, if other shards are to have a copy.
    bytes: Option<Box<[u8]>>,
    manifest: Manifest,
    /// The patterns that it lists.
    #[cfg(feature = "text")]
    patterns: Vec<Arc<crate::regex::Pattern>>,
    capabilities: CapabilitySet,
    info: ModuleInfo,
    /// The names that its mutable globals are exported under, if its instances have no other state
    /// but their memory.
    globals: Option<Box<[Box<str>]>>,
    /// The digest, computed when it is first asked for where there are the bytes for it.
    #[cfg(feature = "std")]
    digest: OnceLock<Digest>,
    #[cfg(not(feature = "std"))]
    digest: Digest,
}

/// Facts about a module without running it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ModuleInfo {
    /// Its size, in bytes.
    pub bytes: usize,
    /// The size of its code, in bytes.
    pub code_bytes: usize,
    /// The size of its data, in bytes.
    pub data_bytes: usize,
    /// The size of its memory at the start, in bytes.
    pub initial_memory_bytes: u64,
    /// The size its memory can grow to by its own account, in bytes.
    pub maximum_memory_bytes: Option<u64>,
    /// The host functions it imports.
    pub imports: Vec<HostFunction>,
    /// The functions of WASI preview 1 it imports.
    pub wasi_imports: Vec<WasiImport>,
    /// The names and types of its exports.
    pub exports: Vec<(String, String)>,
    /// True if it has something to run when an instance is made.
    pub has_init: bool,
    /// True if it has something to run when it is [shut down](crate::Plugin::shutdown).
    pub has_shutdown: bool,
}

/// A function of WASI preview 1 that a module imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WasiImport {
    /// The name, such as `fd_write`.
    pub name: &'static str,
    /// The effect for a plugin, in a sentence.
    pub description: &'static str,
}

/// A module that this does not keep.
#[cfg(feature = "yaml")]
pub(crate) struct WeakModule(alloc::sync::Weak<ModuleInner>);

#[cfg(feature = "yaml")]
impl WeakModule {
    /// The module, if anything keeps it.
    pub(crate) fn upgrade(&self) -> Option<Module> {
        self.0.upgrade().map(Module)
    }
}

impl Module {
    /// A reference that does not keep the module.
    #[cfg(feature = "yaml")]
    pub(crate) fn downgrade(&self) -> WeakModule {
        WeakModule(Arc::downgrade(&self.0))
    }

    /// The size of the largest module that several threads have a translation of each, in bytes:
    /// 256 KiB. None of its functions has more than 64 KiB, as what a larger one may be translated to
    /// is too much to have more than once. See [`EngineBuilder::interpreters`](crate::EngineBuilder::interpreters).
    pub const MAX_COPIED_BYTES: usize = 256 << 10;
    const MAX_COPIED_FUNCTION_BYTES: u64 = 64 << 10;

    /// Reads, checks and translates a module.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidModule`] or [`ErrorKind::UnsupportedAbi`]; [`Error::problems`] has all
    /// that is wrong, where the module can be read at all.
    pub fn new(engine: &Engine, wasm: &[u8]) -> Result<Self, Error> {
        Self::load(engine, wasm, None)
    }

    fn load(engine: &Engine, wasm: &[u8], digest: Option<Digest>) -> Result<Self, Error> {
        ModuleBytes::new(engine, wasm)
            .and_then(ModuleBytes::parse)
            .and_then(Parsed::compile)
            .and_then(|compiled| compiled.check(digest))
            .map_err(|error| engine.redacted(error))
    }

    /// As [`new`](Self::new), but makes nothing of a module other than the one that a policy pins.
    pub(crate) fn pinned(engine: &Engine, wasm: &[u8], policy: &Policy) -> Result<Self, Error> {
        if let Some(pinned) = policy.digest {
            let digest = Digest::of(wasm);
            return match pinned.differs(digest) {
                Some(problem) => Err(Error::from_problems(vec![problem])),
                None => Self::load(engine, wasm, Some(digest)),
            };
        }
        Self::new(engine, wasm)
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.0.manifest
    }

    /// The regular expressions that it lists, as `patterns!` of the SDK does. They are compiled once, for all its plugins.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        #[cfg(feature = "text")]
        let patterns = self.listed().iter().map(|pattern| pattern.text());
        #[cfg(not(feature = "text"))]
        let patterns = core::iter::empty();
        patterns
    }

    #[cfg(feature = "text")]
    pub(crate) fn listed(&self) -> &[Arc<crate::regex::Pattern>] {
        &self.0.patterns
    }

    /// Facts about the module without running it.
    pub fn info(&self) -> &ModuleInfo {
        &self.0.info
    }

    /// The SHA-256 digest of the bytes it was read from.
    pub fn digest(&self) -> Digest {
        #[cfg(feature = "std")]
        let bytes = || self.0.bytes.as_deref().unwrap_or_default();
        #[cfg(feature = "std")]
        let digest = *self.0.digest.get_or_init(|| Digest::of(bytes()));
        #[cfg(not(feature = "std"))]
        let digest = self.0.digest;
        digest
    }

    /// The capabilities that the manifest asks for.
    pub fn capabilities(&self) -> impl Iterator<Item = Capability> {
        self.0.capabilities.iter()
    }

    /// The capabilities to grant: those that the plugin asks for, and for what it changes the one to
    /// read it, which cpex-core's pipeline takes too.
    pub fn capabilities_to_grant(&self) -> CapabilitySet {
        with_reads(self.requested())
    }

    /// True if it imports anything that looks at a request, or changes one.
    #[cfg(feature = "pipeline")]
    pub(crate) fn looks(&self) -> bool {
        self.info().imports.iter().any(|function| function.takes_field())
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The fuel of one slice: the engine's, or less.
    pub(crate) fn slice(&self) -> u64 {
        self.0.slice
    }

    /// The shard that it was loaded in.
    pub(crate) fn home(&self) -> Shard {
        self.0.home
    }

    /// The shard that this thread is to have instances in, if there are to be instances in `few` at most:
    /// the one that it was loaded in and those after it.
    #[cfg(feature = "std")]
    pub(crate) fn shard(&self, few: usize) -> Shard {
        let shards = self.engine().shards();
        Shard::current(shards).among(few.min(self.shards()), self.home(), shards)
    }

    /// In how many shards it can run.
    #[cfg(feature = "std")]
    pub(crate) fn shards(&self) -> usize {
        if self.0.bytes.is_some() { self.engine().shards() } else { 1 }
    }

    /// The module as this shard has it, and what it runs in. Checked and valid, it is translated again
    /// where it is not there yet.
    pub(crate) fn translated(&self, shard: Shard) -> Result<(&Interpreter, &wasmi::Module), Error> {
        let shard = if self.0.bytes.is_some() { shard } else { self.0.home };
        let interpreter = self.0.engine.interpreter(shard)?;
        let gone = || Error::internal("the module is in no shard");
        let translate = || {
            let bytes = self.0.bytes.as_deref().ok_or_else(gone)?;
            load::translate_again(&self.0.engine, shard, bytes).map_err(Error::internal)
        };
        let translated = self.0.translated.get(shard, translate)?.ok_or_else(gone)?;
        Ok((interpreter, translated))
    }

    /// The names that all mutable globals are exported under, if an instance has no state but these
    /// and its memory, and something that it initialises itself with.
    pub(crate) fn globals(&self) -> Option<&[Box<str>]> {
        self.0.globals.as_deref()
    }

    pub(crate) fn requested(&self) -> CapabilitySet {
        self.0.capabilities
    }
}

impl core::fmt::Debug for Module {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Module").field("manifest", &self.0.manifest).finish_non_exhaustive()
    }
}

pub(crate) fn invalid(message: impl ToString) -> Problem {
    Problem::new(ErrorKind::InvalidModule, message.to_string())
}
