//! wasmtime with plain core modules: the host encodes the whole request and copies it in, the plugin
//! decodes it, decides, and encodes the outcome.

use std::path::PathBuf;
use std::sync::Arc;

use cpex_core::cmf::MessagePayload;
use cpex_core::context::PluginContext;
use cpex_core::extensions::Extensions;
use cpex_core::hooks::PluginResult;
use cpex_core::registry::AnyHookHandler;
use wasmtime::{InstancePre, Linker, Memory, Module, Store, StoreLimits, TypedFunc};

use super::sandbox::{Handler, Sandbox, result};
use super::wasmtime::{Setup, refuel, store};
use super::{Engine, Folder, Isolation, Stored, wire};
use crate::Result;

pub struct CoreModules {
    setup: Setup,
    linker: Linker<StoreLimits>,
    folder: Folder,
}

impl CoreModules {
    pub fn new(setup: Setup) -> Result<Self> {
        Ok(Self { setup, linker: Linker::new(&setup.engine()?), folder: Folder::new()? })
    }
}

impl Engine for CoreModules {
    fn name(&self) -> &'static str {
        self.setup.name
    }

    fn load(&self, plugin: &Stored, isolation: Isolation) -> Result<Arc<dyn AnyHookHandler>> {
        let engine = self.linker.engine();
        let module = if self.setup.precompiled {
            // SAFETY: the file is of `precompile_module`, and nobody else knows where it is.
            unsafe { Module::deserialize_file(engine, plugin.file()?)? }
        } else {
            Module::new(engine, plugin.bytes()?)?
        };
        let plugin = Plugin(self.linker.instantiate_pre(&module)?);
        Ok(Arc::new(Handler::new(plugin, isolation)))
    }

    fn compiled(&self, module: Vec<u8>) -> Result<Vec<u8>> {
        if !self.setup.precompiled {
            return Ok(module);
        }
        Ok(self.linker.engine().precompile_module(&module)?)
    }

    /// Code compiled in advance is mapped into memory from a file.
    fn store(&self, plugin: Vec<u8>) -> Result<Stored> {
        if self.setup.precompiled { self.folder.store(plugin) } else { Ok(Stored::Bytes(plugin)) }
    }

    fn module(&self, policy: &str) -> Option<PathBuf> {
        Some(super::modules().join(format!("push_{policy}.wasm")))
    }

    fn only_loads(&self) -> bool {
        self.setup.precompiled
    }
}

struct Plugin(InstancePre<StoreLimits>);

struct Instance {
    store: Store<StoreLimits>,
    memory: Memory,
    input: TypedFunc<u32, u32>,
    decide: TypedFunc<u32, u64>,
    /// The place and size of the plugin's room for a request.
    room: (u32, u32),
    /// The buffer in which requests are encoded, kept from call to call.
    encoded: Vec<u8>,
}

impl Sandbox for Plugin {
    type Instance = Instance;

    fn instance(&self) -> Result<Instance> {
        let mut store = store(self.0.module().engine())?;
        let instance = self.0.instantiate(&mut store)?;
        let memory = instance.get_memory(&mut store, "memory").ok_or("there is no memory")?;
        let input = instance.get_typed_func(&mut store, "input")?;
        let decide = instance.get_typed_func(&mut store, "decide")?;
        Ok(Instance { store, memory, input, decide, room: (0, 0), encoded: Vec::new() })
    }

    fn decide(
        instance: &mut Instance,
        message: &MessagePayload,
        extensions: &Extensions,
        context: &mut PluginContext,
    ) -> Result<PluginResult<MessagePayload>> {
        let Instance { store, memory, input, decide, room, encoded } = instance;
        encoded.clear();
        let request = wire::request(message, extensions)?;
        *encoded = postcard::to_extend(&request, std::mem::take(encoded))?;

        refuel(store)?;
        let len = u32::try_from(encoded.len())?;
        if room.1 < len {
            *room = (input.call(&mut *store, len)?, len);
        }
        memory.write(&mut *store, room.0 as usize, encoded)?;
        let place = decide.call(&mut *store, len)?;

        let (at, len) = ((place >> 32) as usize, (place & 0xffff_ffff) as usize);
        let outcome = memory.data(&*store).get(at..at.saturating_add(len));
        let outcome = postcard::from_bytes(outcome.ok_or("the outcome is out of memory")?)?;
        result(outcome, message, context)
    }
}
