//! The life of a plugin, for cpex-core.

use alloc::boxed::Box;

use async_trait::async_trait;
use cpex_core::error::PluginError;
use cpex_core::plugin::{Plugin, PluginConfig};

use super::adapter::plugin::WasmPlugin;

#[async_trait]
impl Plugin for WasmPlugin {
    fn config(&self) -> &PluginConfig {
        &self.config
    }

    async fn initialize(&self) -> Result<(), Box<PluginError>> {
        self.start().await
    }

    async fn shutdown(&self) -> Result<(), Box<PluginError>> {
        self.stop().await
    }
}
