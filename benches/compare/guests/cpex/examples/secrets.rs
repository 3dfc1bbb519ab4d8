//! Counts the secrets in the text of a message, and masks those in the arguments of tool calls, in CPEX's own style.

use cpex_wasmi_guest::cpex::{
    CmfHook, ContentPart, HookHandler, MessagePayload, Plugin, PluginConfig, PluginContext,
    PluginResult,
};

struct Secrets {
    config: PluginConfig,
}

impl Plugin for Secrets {
    fn config(&self) -> &PluginConfig {
        &self.config
    }
}

impl HookHandler<CmfHook> for Secrets {
    async fn handle(
        &self,
        payload: &MessagePayload,
        _: &Extensions,
        ctx: &mut PluginContext,
    ) -> PluginResult<MessagePayload> {
        let found = compare_texts::count(&payload.message.get_text_content());
        ctx.set_local("found", found.to_string().into());
        if payload.message.get_tool_calls().is_empty() {
            return PluginResult::allow();
        }
        let mut payload = payload.clone();
        let mut masked = false;
        for part in &mut payload.message.content {
            if let ContentPart::ToolCall { content } = part {
                for value in content.arguments.values_mut() {
                    masked |= compare_texts::mask(value);
                }
            }
        }
        if masked { PluginResult::modify_payload(payload) } else { PluginResult::allow() }
    }
}

cpex_wasmi_guest::cpex_plugin! {
    name: "cpex-secrets",
    plugin: Secrets = |config| {
        compare_texts::prepare();
        Secrets { config }
    },
    hooks: { "cmf.tool_pre_invoke" => CmfHook },
}
