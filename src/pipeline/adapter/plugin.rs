//! The plugin as the engine sees it: its life from start to shutdown.

use alloc::boxed::Box;

use super::upstream::error::PluginError;
use super::upstream::plugin::{Plugin as EnginePlugin, PluginConfig};
use async_trait::async_trait;

use super::errors;
use crate::Plugin;

/// The life of a plugin, for the engine.
pub(super) struct WasmPlugin {
    pub(super) config: PluginConfig,
    pub(super) plugin: Plugin,
}

#[async_trait]
impl EnginePlugin for WasmPlugin {
    fn config(&self) -> &PluginConfig {
        &self.config
    }

    async fn initialize(&self) -> Result<(), Box<PluginError>> {
        let initialised = self.plugin.initialize_async().await;
        initialised.map(drop).map_err(|error| errors::initialisation(&self.plugin, error))
    }

    async fn shutdown(&self) -> Result<(), Box<PluginError>> {
        let ended = self.plugin.shutdown_async().await;
        ended.map_err(|error| errors::execution(&self.plugin, error))
    }
}
