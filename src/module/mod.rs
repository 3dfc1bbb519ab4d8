//! Modules: bytes that were read, checked and translated, with nothing of them run yet.

mod check;
mod code;
mod constants;
#[cfg(feature = "std")]
mod exposed;
mod growth;
mod operators;
mod reader;
mod scan;
mod written;

use alloc::borrow::{Cow, ToOwned as _};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use cpex_wasmi_abi::{Capability, CapabilitySet, HostFunction, KNOWN_HOOKS, Manifest};

use crate::Digest;
#[cfg(feature = "std")]
use crate::Isolation;
use crate::engine::Interpreter;
use crate::engine::dispatch::Dispatch;
#[cfg(feature = "cpex-core")]
use crate::session::takes_field;
use crate::sync::shards::{Shard, Shards};
use crate::text::suggest::nearest;
use crate::{Engine, Error, ErrorKind, Limits, Policy, Problem};

/// A module that was read, checked and translated. Immutable and cheap to clone.
///
/// Nothing of the module has run. What it takes to run it, a policy says: see
/// [`Plugin`](crate::Plugin).
#[derive(Clone)]
pub struct Module(Arc<Inner>);

struct Inner {
    engine: Engine,
    /// The fuel of one slice.
    slice: u64,
    translated: Shards<wasmi::Module>,
    /// The shard that it was loaded in, and the only one of a large module.
    home: Shard,
    /// What another shard's copy is made of, if there are to be any.
    bytes: Option<Box<[u8]>>,
    manifest: Manifest,
    capabilities: CapabilitySet,
    info: ModuleInfo,
    /// The names that its mutable globals are exported under, if its instances have no other state
    /// but their memory.
    #[cfg(feature = "std")]
    globals: Option<Box<[Box<str>]>>,
    digest: Digest,
}

/// What is known of a module without running it.
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
    /// Whether it has something to run when an instance is made.
    pub has_init: bool,
    /// Whether it has something to run when it is [shut down](crate::Plugin::shutdown).
    pub has_shutdown: bool,
}

/// A function of WASI preview 1 that a module imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WasiImport {
    /// The name, such as `fd_write`.
    pub name: &'static str,
    /// What it does for a plugin, in a sentence.
    pub description: &'static str,
}

/// A module that this does not keep.
#[cfg(feature = "yaml")]
pub(crate) struct WeakModule(alloc::sync::Weak<Inner>);

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
        Self::made(engine, wasm, None).map_err(|error| engine.redacted(error))
    }

    fn made(engine: &Engine, wasm: &[u8], digest: Option<Digest>) -> Result<Self, Error> {
        if wasm.len() > Limits::MAX_MODULE_BYTES {
            return Err(Error::new(
                ErrorKind::InvalidModule,
                format!(
                    "the module has {} bytes, and at most {} are loaded; build it with \
                     optimisation and `strip = true`",
                    wasm.len(),
                    Limits::MAX_MODULE_BYTES
                ),
            ));
        }
        let invalid = |message: String| Error::new(ErrorKind::InvalidModule, message);
        let sections = scan::scan(wasm).map_err(invalid)?;
        if let Some(start) = sections.find(scan::START) {
            return Err(invalid(format!(
                "the module has a start function (section at byte {}), which would run before its \
                 limits are known; export `_initialize` or `{}` instead",
                start.offset,
                cpex_wasmi_abi::EXPORT_INIT
            )));
        }
        for (id, what, most, why) in scan::COSTLY {
            if let Some(section) = sections.all.iter().find(|s| s.id == *id && s.len > *most) {
                return Err(invalid(format!(
                    "the module's {what} take {} bytes (section at byte {}), and at most {most} are \
                     allowed, {why}",
                    section.len, section.offset
                )));
            }
        }
        let largest_function = code::check(wasm, &sections).map_err(invalid)?;
        let home = Shard::current(engine.shards());
        let interpreter = &engine.interpreter(home)?.wasmi;
        let validate = || wasmi::Module::validate(interpreter, wasm).map_err(check::untranslatable);
        // wasmi validates each instruction and translates it, before the next one. Of what follows the
        // end of a function its validator takes some instructions, and only says so when it is through;
        // its translator panics over them. So what may have any is validated whole first.
        let code = operators::read(wasm, &sections);
        if !code.ends_once {
            validate()?;
        }
        if let Err(message) = constants::check(wasm, &sections) {
            // What is not valid either is refused for that.
            return Err(validate().err().unwrap_or_else(|| invalid(message)));
        }
        if let Some(refused) = code.refused {
            return Err(validate().err().unwrap_or_else(|| invalid(refused.into())));
        }
        let dispatch = engine.dispatch();
        let tamed = if dispatch == Dispatch::LOOP || !code.grows {
            growth::Tamed { wasm: Cow::from(wasm), grows: false }
        } else {
            validate()?;
            growth::tame(wasm, &sections).map_err(invalid)?
        };
        let slice = if tamed.grows { dispatch.slice_of_growing() } else { u64::MAX };
        #[cfg(feature = "std")]
        let expose = |sections| exposed::expose(&tamed.wasm, sections, code);
        #[cfg(feature = "std")]
        let exposed = match tamed.wasm {
            Cow::Borrowed(_) => expose(&sections),
            Cow::Owned(_) => expose(&scan::scan(&tamed.wasm).map_err(invalid)?),
        };
        #[cfg(feature = "std")]
        let (globals, exposed) = match exposed {
            Some(exposed) => (Some(exposed.globals), exposed.wasm),
            None => (None, Cow::from(&*tamed.wasm)),
        };
        #[cfg(not(feature = "std"))]
        let exposed = Cow::from(&*tamed.wasm);
        // What is not valid is not where it was, once it is written anew.
        let wasmi = wasmi::Module::new(interpreter, &exposed)
            .map_err(|error| validate().err().unwrap_or_else(|| check::untranslatable(error)))?;
        #[cfg(feature = "std")]
        let is_own = |name: &str| globals.is_none() || !name.starts_with(exposed::PREFIX);
        #[cfg(not(feature = "std"))]
        let is_own = |_: &str| true;
        let mut problems = Vec::new();
        let manifest = check::manifest(&wasmi, &mut problems);
        let imports = check::imports(&wasmi, &mut problems);
        let memory = check::exports(&wasmi, &mut problems);
        let capabilities = manifest.as_ref().map(|manifest| check::names(manifest, &mut problems));
        let (Some(manifest), Some(capabilities), Some(memory), true) =
            (manifest, capabilities, memory, problems.is_empty())
        else {
            return Err(Error::from_problems(problems));
        };
        let size = |id| sections.find(id).map_or(0, |section| section.len);
        let info = ModuleInfo {
            bytes: wasm.len(),
            code_bytes: size(scan::CODE),
            data_bytes: size(scan::DATA),
            initial_memory_bytes: memory.minimum().saturating_mul(PAGE),
            maximum_memory_bytes: memory.maximum().map(|pages| pages.saturating_mul(PAGE)),
            imports: imports.own,
            wasi_imports: imports.wasi,
            exports: exports(&wasmi, is_own),
            has_init: wasmi.get_export(cpex_wasmi_abi::EXPORT_INIT).is_some()
                || wasmi.get_export(cpex_wasmi_abi::EXPORT_REACTOR).is_some(),
            has_shutdown: wasmi.get_export(cpex_wasmi_abi::EXPORT_SHUTDOWN).is_some(),
        };
        let engine = engine.clone();
        let copied = engine.shards() > 1
            && wasm.len() <= Self::MAX_COPIED_BYTES
            && largest_function <= Self::MAX_COPIED_FUNCTION_BYTES;
        Ok(Self(Arc::new(Inner {
            translated: Shards::new(engine.shards(), home, wasmi),
            home,
            bytes: copied.then(|| exposed.into_owned().into_boxed_slice()),
            slice: engine.largest_slice().min(slice),
            engine,
            manifest,
            capabilities,
            info,
            #[cfg(feature = "std")]
            globals,
            digest: digest.unwrap_or_else(|| Digest::of(wasm)),
        })))
    }

    /// As [`new`](Self::new), but makes nothing of a module other than the one that a policy pins.
    pub(crate) fn pinned(engine: &Engine, wasm: &[u8], policy: &Policy) -> Result<Self, Error> {
        if let Some(pinned) = policy.digest {
            let digest = Digest::of(wasm);
            return match pinned.differs(digest) {
                Some(problem) => Err(Error::from_problems(vec![problem])),
                None => {
                    Self::made(engine, wasm, Some(digest)).map_err(|error| engine.redacted(error))
                }
            };
        }
        Self::new(engine, wasm)
    }

    /// What the plugin says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.0.manifest
    }

    /// What is known of the module without running it.
    pub fn info(&self) -> &ModuleInfo {
        &self.0.info
    }

    /// The SHA-256 digest of the bytes it was read from.
    pub fn digest(&self) -> Digest {
        self.0.digest
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

    /// What would be odd about this policy for the module without being wrong, such as a grant that
    /// it does not ask for.
    pub fn warnings(&self, policy: &Policy) -> Vec<String> {
        let unused = policy.capabilities.difference(with_reads(self.requested()));
        let mut warnings: Vec<String> = unused
            .iter()
            .map(|name| {
                format!("the capability `{name}` is granted, and the plugin does not ask for it")
            })
            .collect();
        let known = || KNOWN_HOOKS.iter().map(|(name, _)| *name);
        for hook in &self.manifest().hooks {
            // Any other may be of the embedder's own.
            if known().any(|name| name == hook) {
                continue;
            }
            if let Some(near) = nearest(hook, known()) {
                warnings.push(format!(
                    "the plugin handles the hook `{hook}`, which CPEX does not have; did its author \
                     mean `{near}`?"
                ));
            }
        }
        for (write, read) in READS_OF_WRITES {
            let granted = |capability| policy.capabilities.contains(capability);
            if granted(write) && !granted(read) {
                warnings.push(format!(
                    "the capability `{write}` is granted without `{read}`, and cpex-core takes the \
                     whole of what a plugin sees for what it changes: with cpex-core, the plugin is \
                     not loaded without both"
                ));
            }
        }
        warnings.extend(policy.access.unreachable().map(|host| {
            format!(
                "`allowed_network` grants `{host}`, which is no public address: nothing is sent to \
                 it without `allow_private: true`"
            )
        }));
        let credentials = self.requested().opens_credentials();
        if credentials && !policy.allow_raw_credentials {
            warnings.push(
                "the plugin asks for credentials, and sees what is known of them but no token; set \
                 `allow_raw_credentials: true` under `sandbox_policy:` if it may read tokens"
                    .into(),
            );
        }
        #[cfg(feature = "std")]
        if self.info().has_init
            && self.globals().is_none()
            && policy.snapshot
            && policy.isolation == Isolation::PerCall
        {
            warnings.push(
                "each call initialises the plugin anew, as what an initialisation leaves in this \
                 module cannot be kept for the next (docs/policy.md, \"Initialised once\"); set \
                 `isolation: pooled` if calls may share instances, or `snapshot: false` if it is meant"
                    .into(),
            );
        }
        if policy.allow_raw_credentials && !credentials {
            warnings.push(
                "the policy allows raw credentials, and the plugin does not ask for any".into(),
            );
        }
        warnings.extend(policy.access.unused(self.manifest()).into_iter().map(|grant| {
            format!("`{}` is granted, and the plugin does not ask for it", crate::visible(&grant))
        }));
        warnings
    }

    /// Whether it imports anything that looks at a request, or changes one.
    #[cfg(feature = "cpex-core")]
    pub(crate) fn looks(&self) -> bool {
        self.info().imports.iter().any(|function| takes_field(*function))
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
            wasmi::Module::new(&interpreter.wasmi, bytes).map_err(Error::internal)
        };
        let translated = self.0.translated.get(shard, translate)?.ok_or_else(gone)?;
        Ok((interpreter, translated))
    }

    /// The names that all mutable globals are exported under, if an instance has no state but these
    /// and its memory, and something that it initialises itself with.
    #[cfg(feature = "std")]
    pub(crate) fn globals(&self) -> Option<&[Box<str>]> {
        self.0.globals.as_deref()
    }

    pub(crate) fn requested(&self) -> CapabilitySet {
        self.0.capabilities
    }
}

/// The size of a page of wasm memory, in bytes.
const PAGE: u64 = 64 << 10;

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

impl core::fmt::Debug for Module {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Module").field("manifest", &self.0.manifest).finish_non_exhaustive()
    }
}

pub(crate) fn invalid(message: impl ToString) -> Problem {
    Problem::new(ErrorKind::InvalidModule, message.to_string())
}

/// What may be changed, and what opens it for reading: in CPEX's pipeline, who changes what they do
/// not see replaces all of it.
pub(crate) const READS_OF_WRITES: [(Capability, Capability); 3] = [
    (Capability::WriteHeaders, Capability::ReadHeaders),
    (Capability::AppendLabels, Capability::ReadLabels),
    (Capability::AppendDelegation, Capability::ReadDelegation),
];

/// What a plugin asks for, and what it has to be granted along with that.
fn with_reads(requested: CapabilitySet) -> CapabilitySet {
    let mut with_reads = requested;
    for (write, read) in READS_OF_WRITES {
        if requested.contains(write) {
            with_reads.insert(read);
        }
    }
    with_reads
}
