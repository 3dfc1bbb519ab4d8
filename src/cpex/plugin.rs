//! The plugin as cpex-core sees it: its life from start to shutdown.

use alloc::boxed::Box;

use async_trait::async_trait;
use cpex_core::error::PluginError;
use cpex_core::plugin::{Plugin as CpexPlugin, PluginConfig};

use super::errors;
use crate::Plugin;

/// The life of a plugin, for `cpex-core`.
pub(super) struct WasmPlugin {
    pub(super) config: PluginConfig,
    pub(super) plugin: Plugin,
}

#[async_trait]
impl CpexPlugin for WasmPlugin {
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
