//! A native plugin, in the same pipeline as the sandboxed ones.

use std::sync::Arc;

use async_trait::async_trait;
use cpex_core::cmf::{CmfHook, MessagePayload};
use cpex_core::context::PluginContext;
use cpex_core::error::PluginError;
use cpex_core::extensions::Extensions;
use cpex_core::factory::{PluginFactory, PluginInstance};
use cpex_core::hooks::adapter::TypedHandlerAdapter;
use cpex_core::hooks::{HookHandler, PluginResult};
use cpex_core::plugin::{Plugin, PluginConfig};
use cpex_core::registry::AnyHookHandler;

use crate::report::{Report, Row};

/// Notes what is called and with which labels. As `mode: audit` has it, it changes nothing.
struct Journal {
    config: PluginConfig,
    report: Report,
}

#[async_trait]
impl Plugin for Journal {
    fn config(&self) -> &PluginConfig {
        &self.config
    }
}

impl HookHandler<CmfHook> for Journal {
    async fn handle(
        &self,
        payload: &MessagePayload,
        extensions: &Extensions,
        _: &mut PluginContext,
    ) -> PluginResult<MessagePayload> {
        let message = &payload.message;
        let called = message.get_tool_calls().into_iter().map(|call| call.name.as_str());
        let returned = message.get_tool_results().into_iter().map(|result| &*result.tool_name);
        let mut noted: Vec<&str> = called.chain(returned).collect();
        let labels = extensions.security.iter().flat_map(|security| security.labels.iter());
        let mut labels: Vec<_> = labels.map(String::as_str).collect();
        labels.sort_unstable();
        noted.extend(labels);
        self.report.add(Row::native(&self.config.name, format!("notes {}", noted.join(", "))));
        PluginResult::allow()
    }
}

/// Makes it from its entry.
pub(crate) struct JournalFactory(pub(crate) Report);

impl PluginFactory for JournalFactory {
    fn create(&self, config: &PluginConfig) -> Result<PluginInstance, Box<PluginError>> {
        let plugin = Arc::new(Journal { config: config.clone(), report: self.0.clone() });
        let handler: Arc<dyn AnyHookHandler> =
            Arc::new(TypedHandlerAdapter::<CmfHook, _>::new(plugin.clone()));
        let hooks = ["cmf.tool_pre_invoke", "cmf.tool_post_invoke"];
        let handlers = hooks.map(|hook| (hook, handler.clone())).to_vec();
        Ok(PluginInstance { plugin, handlers })
    }
}
