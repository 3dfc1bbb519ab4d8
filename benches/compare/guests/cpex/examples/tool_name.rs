//! Denies one tool by its name, in CPEX's own style.

use cpex_wasmi_guest::cpex::{
    CmfHook, HookHandler, MessagePayload, Plugin, PluginConfig, PluginContext, PluginResult,
    PluginViolation,
};

struct ToolName {
    config: PluginConfig,
}

impl Plugin for ToolName {
    fn config(&self) -> &PluginConfig {
        &self.config
    }
}

impl HookHandler<CmfHook> for ToolName {
    async fn handle(
        &self,
        payload: &MessagePayload,
        _: &Extensions,
        _: &mut PluginContext,
    ) -> PluginResult<MessagePayload> {
        if payload.message.get_tool_calls().iter().any(|call| call.name == "shell") {
            return PluginResult::deny(PluginViolation::new("tool", "no shells"));
        }
        PluginResult::allow()
    }
}

cpex_wasmi_guest::cpex_plugin! {
    name: "cpex-tool-name",
    plugin: ToolName = |config| ToolName { config },
    hooks: { "cmf.tool_pre_invoke" => CmfHook },
}
