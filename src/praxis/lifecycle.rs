//! The life of a plugin, for praxis-policy.

use alloc::boxed::Box;

use async_trait::async_trait;
use praxis_policy_core::error::PluginError;
use praxis_policy_core::host::InitExtensions;
use praxis_policy_core::plugin::{Plugin, PluginConfig};

use super::adapter::plugin::WasmPlugin;
use super::carried::initialised;

#[async_trait]
impl Plugin for WasmPlugin {
    fn config(&self) -> &PluginConfig {
        &self.config
    }

    async fn initialize_with(&self, services: &InitExtensions) -> Result<(), Box<PluginError>> {
        initialised(services, self.start()).await
    }

    async fn shutdown(&self) -> Result<(), Box<PluginError>> {
        self.stop().await
    }
}
