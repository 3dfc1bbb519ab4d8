//! Extism: the same bytes as for plain core modules, by its own interface.

use std::path::PathBuf;
use std::sync::Arc;

use cpex_core::cmf::MessagePayload;
use cpex_core::context::PluginContext;
use cpex_core::extensions::Extensions;
use cpex_core::hooks::PluginResult;
use cpex_core::registry::AnyHookHandler;
use extism::{CompiledPlugin, Manifest, Plugin, PluginBuilder, Wasm};

use super::sandbox::{Handler, Sandbox, result};
use super::{Engine, Isolation, Stored, wire};
use crate::Result;

pub struct Extism;

impl Engine for Extism {
    fn name(&self) -> &'static str {
        "Extism"
    }

    /// Extism has an engine of its own for each plugin. Its cache of compiled plugins on disk is off.
    fn load(&self, plugin: &Stored, isolation: Isolation) -> Result<Arc<dyn AnyHookHandler>> {
        let manifest = Manifest::new([Wasm::data(plugin.bytes()?)]).with_memory_max(256);
        let builder = PluginBuilder::new(manifest).with_fuel_limit(1_000_000_000);
        let plugin = Compiled(builder.with_cache_disabled().compile()?);
        Ok(Arc::new(Handler::new(plugin, isolation)))
    }

    fn module(&self, policy: &str) -> Option<PathBuf> {
        Some(super::modules().join(format!("extism_{policy}.wasm")))
    }
}

struct Compiled(CompiledPlugin);

impl Sandbox for Compiled {
    type Instance = Plugin;

    fn instance(&self) -> Result<Plugin> {
        Ok(Plugin::new_from_compiled(&self.0)?)
    }

    fn decide(
        plugin: &mut Plugin,
        message: &MessagePayload,
        extensions: &Extensions,
        context: &mut PluginContext,
    ) -> Result<PluginResult<MessagePayload>> {
        let request = postcard::to_allocvec(&wire::request(message, extensions)?)?;
        let outcome: &[u8] = plugin.call("decide", &*request)?;
        result(postcard::from_bytes(outcome)?, message, context)
    }
}
