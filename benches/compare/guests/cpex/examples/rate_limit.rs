//! Bounds the calls of a user in a minute, in CPEX's own style.

use std::time::Duration;

use cpex_wasmi_guest::cpex::{
    CmfHook, HookHandler, MessagePayload, Plugin, PluginConfig, PluginContext, PluginResult,
    PluginViolation,
};
use cpex_wasmi_guest::state;

struct RateLimit {
    config: PluginConfig,
}

impl Plugin for RateLimit {
    fn config(&self) -> &PluginConfig {
        &self.config
    }
}

impl HookHandler<CmfHook> for RateLimit {
    async fn handle(
        &self,
        _: &MessagePayload,
        extensions: &Extensions,
        _: &mut PluginContext,
    ) -> PluginResult<MessagePayload> {
        let security = extensions.security.as_ref();
        let subject = security.and_then(|security| security.subject.as_ref());
        let user = subject.and_then(|subject| subject.id.as_deref()).unwrap_or_default();
        let key = ["calls/", user].concat();
        match state::increment(&key, 1, Some(Duration::from_secs(60))) {
            Ok(calls) if calls <= compare_texts::MOST_CALLS => PluginResult::allow(),
            _ => PluginResult::deny(PluginViolation::new("rate_limited", "too many calls")),
        }
    }
}

cpex_wasmi_guest::cpex_plugin! {
    name: "cpex-rate-limit",
    capabilities: ["read_subject"],
    access: ["state:calls/*"],
    plugin: RateLimit = |config| RateLimit { config },
    hooks: { "cmf.tool_pre_invoke" => CmfHook },
}
