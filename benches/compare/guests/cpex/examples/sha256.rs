//! Hashes the text of a message by SHA-256, in CPEX's own style.

use cpex_wasmi_guest::cpex::{
    CmfHook, HookHandler, MessagePayload, Plugin, PluginConfig, PluginContext, PluginResult,
};

struct Sha256 {
    config: PluginConfig,
}

impl Plugin for Sha256 {
    fn config(&self) -> &PluginConfig {
        &self.config
    }
}

impl HookHandler<CmfHook> for Sha256 {
    async fn handle(
        &self,
        payload: &MessagePayload,
        _: &Extensions,
        ctx: &mut PluginContext,
    ) -> PluginResult<MessagePayload> {
        let hash = compare_texts::sha256(&payload.message.get_text_content());
        ctx.set_local("sha256", hash.into());
        PluginResult::allow()
    }
}

cpex_wasmi_guest::cpex_plugin! {
    name: "cpex-sha256",
    plugin: Sha256 = |config| Sha256 { config },
    hooks: { "cmf.tool_pre_invoke" => CmfHook },
}
