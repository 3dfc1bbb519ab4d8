//! The plugin as the engine sees it: its life from start to shutdown.

use alloc::boxed::Box;

use super::errors;
use super::upstream::error::PluginError;
use super::upstream::plugin::PluginConfig;
use crate::Plugin;

/// The life of a plugin. Each engine has its own trait for that.
pub(in super::super) struct WasmPlugin {
    pub(in super::super) config: PluginConfig,
    pub(super) plugin: Plugin,
}

impl WasmPlugin {
    pub(in super::super) async fn start(&self) -> Result<(), Box<PluginError>> {
        let initialised = self.plugin.initialize_async().await;
        initialised.map(drop).map_err(|error| errors::initialisation(&self.plugin, error))
    }

    pub(in super::super) async fn stop(&self) -> Result<(), Box<PluginError>> {
        let ended = self.plugin.shutdown_async().await;
        ended.map_err(|error| errors::execution(&self.plugin, error))
    }
}
