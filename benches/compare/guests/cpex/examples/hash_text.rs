//! Hashes the text of a message, byte by byte, in CPEX's own style.

use cpex_wasmi_guest::cpex::{
    CmfHook, HookHandler, MessagePayload, Plugin, PluginConfig, PluginContext, PluginResult,
};

struct HashText {
    config: PluginConfig,
}

impl Plugin for HashText {
    fn config(&self) -> &PluginConfig {
        &self.config
    }
}

impl HookHandler<CmfHook> for HashText {
    async fn handle(
        &self,
        payload: &MessagePayload,
        _: &Extensions,
        ctx: &mut PluginContext,
    ) -> PluginResult<MessagePayload> {
        let hash = fnv1a(payload.message.get_text_content().as_bytes());
        ctx.set_local("hash", format!("{hash:016x}").into());
        PluginResult::allow()
    }
}

cpex_wasmi_guest::cpex_plugin! {
    name: "cpex-hash-text",
    plugin: HashText = |config| HashText { config },
    hooks: { "cmf.tool_pre_invoke" => CmfHook },
}

fn fnv1a(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}
