//! Allows everything, in CPEX's own style.

use cpex_wasmi_guest::cpex::{
    CmfHook, HookHandler, MessagePayload, Plugin, PluginConfig, PluginContext, PluginResult,
};

struct Noop {
    config: PluginConfig,
}

impl Plugin for Noop {
    fn config(&self) -> &PluginConfig {
        &self.config
    }
}

impl HookHandler<CmfHook> for Noop {
    async fn handle(
        &self,
        _: &MessagePayload,
        _: &Extensions,
        _: &mut PluginContext,
    ) -> PluginResult<MessagePayload> {
        PluginResult::allow()
    }
}

cpex_wasmi_guest::cpex_plugin! {
    name: "cpex-noop",
    plugin: Noop = |config| Noop { config },
    hooks: { "cmf.tool_pre_invoke" => CmfHook },
}
