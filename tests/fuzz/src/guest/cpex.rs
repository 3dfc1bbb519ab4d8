//! A plugin in CPEX's own style that reads a whole request, and writes its payload back.

use std::cell::RefCell;

use cpex_wasmi::{Payload, Request};
use cpex_wasmi_arbitrary::plain;
use cpex_wasmi_guest::cpex::{
    CmfHook, DelegationPayload, ElicitationHook, ElicitationPayload, HookHandler, IdentityHook,
    IdentityPayload, MessagePayload, Plugin, PluginConfig, PluginContext, PluginPayload,
    PluginResult, TokenDelegateHook, cpex_plugin,
};
use cpex_wasmi_guest::testing::Harness;
use serde::Serialize;
use serde_json::Value;

thread_local! {
    /// Payload and extensions, as JSON, as the plugin found them.
    static SEEN: RefCell<Option<(Value, Value)>> = const { RefCell::new(None) };
}

pub(super) fn reads_what_was_written(request: &Request) {
    let hook = match &request.payload {
        Payload::Identity(_) => "identity.resolve",
        Payload::Delegation(_) => "token.delegate",
        Payload::Elicitation(_) => "elicit",
        _ => "cmf.tool_pre_invoke",
    };
    let mut harness = Harness::new(&PLUGIN).under(super::trusting());
    let outcome = harness.call(hook, request.clone()).unwrap();
    let (payload, extensions) = SEEN.take().unwrap();
    assert_eq!(plain(payload), plain(super::given(&request.payload)));
    assert_eq!(plain(extensions), plain(serde_json::to_value(&request.extensions).unwrap()));
    assert_eq!(outcome.changes.payload.as_ref(), Some(&request.payload));
}

struct Echo {
    config: PluginConfig,
}

impl Plugin for Echo {
    fn config(&self) -> &PluginConfig {
        &self.config
    }
}

/// Keeps what it sees, and gives the payload back.
fn echo<P: PluginPayload + Serialize + Clone>(
    payload: &P,
    extensions: &Extensions,
) -> PluginResult<P> {
    let seen = (serde_json::to_value(payload).unwrap(), serde_json::to_value(extensions).unwrap());
    SEEN.set(Some(seen));
    PluginResult::modify_payload(payload.clone())
}

macro_rules! echoes {
    ($($hook:ident $payload:ident;)*) => {
        $(
            impl HookHandler<$hook> for Echo {
                async fn handle(
                    &self,
                    payload: &$payload,
                    extensions: &Extensions,
                    _: &mut PluginContext,
                ) -> PluginResult<$payload> {
                    echo(payload, extensions)
                }
            }
        )*
    };
}
echoes! {
    CmfHook MessagePayload;
    IdentityHook IdentityPayload;
    TokenDelegateHook DelegationPayload;
    ElicitationHook ElicitationPayload;
}

cpex_plugin! {
    name: "echo",
    capabilities: [
        "read_subject", "read_roles", "read_teams", "read_claims", "read_permissions", "read_client",
        "read_workload", "read_agent", "read_headers", "read_labels", "read_delegation",
        "read_inbound_credentials", "read_delegated_tokens",
    ],
    plugin: Echo = |config| Echo { config },
    hooks: {
        "cmf.tool_pre_invoke" => CmfHook,
        "identity.resolve" => IdentityHook,
        "token.delegate" => TokenDelegateHook,
        "elicit" => ElicitationHook,
    },
}
