//! A running module: its store, and the host functions it calls.

mod call;
mod drive;
mod failure;
mod pending;
#[cfg(feature = "std")]
mod snapshot;

use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;

use cpex_wasmi_abi::{EXPORT_INIT, EXPORT_INVOKE, EXPORT_MEMORY, EXPORT_REACTOR, EXPORT_SHUTDOWN};
use wasmi::errors::{ErrorKind as Wasmi, InstantiationError};
use wasmi::{Memory, Store, TypedFunc, WasmParams, WasmResults};

use crate::host::{HostState, Limiter, starved};
use crate::session::Session;
use crate::sync::Permit;
use crate::sync::shards::Shard;
use crate::system::Grants;
use crate::view::wipe;
use crate::{Error, ErrorKind, Level, Module, Receipt};

pub(crate) use call::{Call, Finished};
#[cfg(feature = "std")]
pub(crate) use snapshot::Snapshot;

/// The memory of a plugin that may read tokens, beyond its declaration: a mebibyte.
const PAGES_FOR_TOKENS: u64 = 16;

/// A module with memory of its own.
pub(crate) struct Instance {
    store: Store<HostState>,
    #[cfg(feature = "std")]
    handle: wasmi::Instance,
    memory: Memory,
    /// The fuel of one slice.
    slice: u64,
    invoke: TypedFunc<i32, i32>,
    reactor: Option<TypedFunc<(), ()>>,
    init: Option<TypedFunc<(), i32>>,
    shutdown: Option<TypedFunc<(), i32>>,
    /// The size of its memory once it could be called.
    #[cfg(feature = "std")]
    ready_bytes: usize,
    /// The size of its memory after its first call.
    #[cfg(feature = "std")]
    used_bytes: Option<usize>,
    /// The thread that it runs best on.
    #[cfg(feature = "std")]
    shard: Shard,
    /// True if what the module wants to do before its first call is done.
    ready: bool,
    /// The cost of its initialisation.
    initialisation: Receipt,
    /// True if a call has begun in it that has not come to its end.
    calling: bool,
    /// True if any call has begun in it.
    #[cfg(feature = "std")]
    called: bool,
    /// The permit of the call that is under way, returned when the instance is dropped at the latest.
    permit: Option<Permit>,
}

impl Instance {
    /// Makes an instance. Nothing of the module runs; see [`Call::init`].
    pub(crate) fn new(
        module: &Module,
        grants: Arc<Grants>,
        shard: Shard,
    ) -> Result<Box<Self>, Error> {
        let engine = module.engine();
        grants.counts.created.add();
        let session = Session::new(grants, engine.sink().clone());
        let host = HostState::new(session, engine.measured());
        let (interpreter, translated) = module.translated(shard)?;
        let mut store = Store::new(&interpreter.wasmi, host);
        store.limiter(|host| &mut host.limiter);
        let instance = interpreter
            .linker
            .instantiate_and_start(&mut store, translated)
            .map_err(|error| not_instantiated(&error, &store.data().limiter))?;
        let memory = instance.get_memory(&store, EXPORT_MEMORY);
        let memory = memory.ok_or_else(|| Error::internal("the checked memory is missing"))?;
        let invoke = instance.get_typed_func(&store, EXPORT_INVOKE).map_err(Error::internal)?;
        let reactor = exported(&instance, &store, EXPORT_REACTOR);
        let init = exported(&instance, &store, EXPORT_INIT);
        let shutdown = exported(&instance, &store, EXPORT_SHUTDOWN);
        if store.data().session.grants().opens_tokens() {
            // Once it holds a token, it cannot grow any more.
            let _ = memory.grow(&mut store, PAGES_FOR_TOKENS);
        }
        store.data_mut().memory = Some(memory);
        store.data_mut().limiter.running = true;
        #[cfg(feature = "std")]
        let ready_bytes = memory.data_size(&store);
        let ready = reactor.is_none() && init.is_none();
        Ok(Box::new(Self {
            store,
            #[cfg(feature = "std")]
            handle: instance,
            memory,
            slice: module.slice(),
            invoke,
            reactor,
            init,
            shutdown,
            #[cfg(feature = "std")]
            ready_bytes,
            #[cfg(feature = "std")]
            used_bytes: None,
            #[cfg(feature = "std")]
            shard,
            ready,
            initialisation: Receipt::default(),
            calling: false,
            #[cfg(feature = "std")]
            called: false,
            permit: None,
        }))
    }

    /// Gives the module directories and files.
    #[cfg(feature = "wasi")]
    pub(crate) fn set_roots(&mut self, roots: crate::wasi::Roots) {
        self.store.data_mut().set_roots(roots);
    }

    /// Holds the permit of a call.
    pub(crate) fn admit(&mut self, permit: Option<Permit>) {
        self.permit = permit;
    }

    /// Takes the permit of a call that is over.
    #[cfg(feature = "std")]
    pub(crate) fn dismiss(&mut self) -> Option<Permit> {
        self.permit.take()
    }

    /// True if the instance can be called: see [`Call::init`].
    pub(crate) fn is_ready(&self) -> bool {
        self.ready
    }

    /// Notes that the initialisation succeeded, and what it took.
    pub(crate) fn set_ready(&mut self, initialisation: Receipt) {
        self.ready = true;
        self.initialisation = initialisation;
        #[cfg(feature = "std")]
        {
            self.ready_bytes = self.memory.data_size(&self.store);
        }
    }

    /// The cost of its initialisation, or of the instance that it began as.
    pub(crate) fn initialisation(&self) -> Receipt {
        self.initialisation
    }

    /// True if the plugin keeps state in it.
    pub(crate) fn is_stateful(&self) -> bool {
        self.store.data().session.grants().stateful.is_kept()
    }

    /// Notes that a call did not come to its end, and with it goes the state that the plugin keeps.
    fn lose_state(&self) {
        let session = &self.store.data().session;
        let grants = session.grants();
        grants.counts.states_lost.add();
        grants.tell(
            Level::Warn,
            &format!(
                "the state that the plugin kept is lost: a call for `{}` failed or was abandoned, \
                 and its instance was dropped; the next call begins without state",
                crate::logging::visible(session.hook())
            ),
        );
    }

    /// The shard that it was made for.
    #[cfg(feature = "std")]
    pub(crate) fn shard(&self) -> Shard {
        self.shard
    }

    /// True if a call was begun in it.
    #[cfg(feature = "std")]
    pub(crate) fn was_called(&self) -> bool {
        self.called
    }

    /// Notes how large its memory is after a call.
    #[cfg(feature = "std")]
    pub(crate) fn sizes(&mut self) -> Sizes {
        let now = self.memory.data_size(&self.store);
        let is_first = self.used_bytes.is_none();
        let used = *self.used_bytes.get_or_insert(now);
        Sizes { ready: self.ready_bytes, used, now, is_first }
    }
}

/// The sizes of an instance's memory, in bytes.
#[cfg(feature = "std")]
pub(crate) struct Sizes {
    /// Once it could be called.
    pub(crate) ready: usize,
    /// After its first call.
    pub(crate) used: usize,
    pub(crate) now: usize,
    /// True if that call was the first.
    pub(crate) is_first: bool,
}

/// Closes what a call that was abandoned has open, and overwrites the memory of an instance that may hold tokens, however its last call ended.
impl Drop for Instance {
    fn drop(&mut self) {
        #[cfg(feature = "wasi")]
        self.store.data_mut().end_wasi();
        if self.calling && self.is_stateful() {
            self.lose_state();
        }
        if self.store.data().session.grants().opens_tokens() {
            wipe(self.memory.data_mut(&mut self.store));
        }
    }
}

/// A function that a module may export, of the type that was checked when it was loaded. (wasmi's own look-up of one that is
/// missing makes an error of it.)
fn exported<P: WasmParams, R: WasmResults>(
    instance: &wasmi::Instance,
    store: &Store<HostState>,
    name: &str,
) -> Option<TypedFunc<P, R>> {
    instance.get_func(store, name)?.typed(store).ok()
}

fn not_instantiated(error: &wasmi::Error, limiter: &Limiter) -> Error {
    if limiter.starved {
        return starved();
    }
    if limiter.denied {
        return Error::new(
            ErrorKind::MemoryLimit,
            "the module declares more memory or table elements than its limits allow; raise \
             `max_memory_bytes` or `max_table_elements` if it needs more",
        );
    }
    match error.kind() {
        Wasmi::Instantiation(InstantiationError::TooManyTables) => Error::new(
            ErrorKind::MemoryLimit,
            format!(
                "the module declares more tables than its limit of {}; raise `max_tables` if it \
                 needs more",
                limiter.tables
            ),
        ),
        // wasmi's own message has the insides of its table in it.
        Wasmi::Instantiation(InstantiationError::ElementSegmentDoesNotFit {
            table_index,
            len,
            ..
        }) => Error::new(
            ErrorKind::InvalidModule,
            format!(
                "an element segment of the module, of {len} elements from {table_index}, does not fit its table"
            ),
        ),
        _ => Error::new(
            ErrorKind::InvalidModule,
            format!("the module cannot be instantiated: {error}"),
        ),
    }
}
