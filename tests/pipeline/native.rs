//! The plugins of `fixtures/cpex_style`, natively, for the same configuration.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::common::HOOK;
use crate::upstream::PluginManager;
use crate::upstream::error::PluginError;
use crate::upstream::factory::{PluginFactory, PluginInstance};
use crate::upstream::hooks::TypedHandlerAdapter;
use crate::upstream::registry::AnyHookHandler;

use cpex::{
    CmfHook, Extensions, HookHandler, MessagePayload, Plugin, PluginConfig, PluginContext,
    PluginPayload, PluginResult,
};

/// The module that the plugins' source calls `crate::cpex`: the items of `cpex-sdk`, which takes them from here too.
pub(crate) mod cpex {
    pub(crate) use crate::upstream::cmf::{CmfHook, ContentPart, MessagePayload};
    pub(crate) use crate::upstream::context::PluginContext;
    pub(crate) use crate::upstream::delegation::{DelegationPayload, TokenDelegateHook};
    pub(crate) use crate::upstream::error::PluginViolation;
    pub(crate) use crate::upstream::extensions::raw_credentials::{
        DelegationMode, RawCredentialsExtension, RawDelegatedToken, RawInboundToken, TokenKind,
        TokenRole,
    };
    pub(crate) use crate::upstream::extensions::security::SubjectType;
    pub(crate) use crate::upstream::extensions::{
        DelegationExtension, DelegationHop, Extensions, SubjectExtension,
    };
    pub(crate) use crate::upstream::hooks::{HookHandler, PluginPayload, PluginResult};
    pub(crate) use crate::upstream::identity::{IdentityHook, IdentityPayload};
    pub(crate) use crate::upstream::plugin::{Plugin, PluginConfig};
}

#[allow(
    dead_code,
    unreachable_pub,
    clippy::arithmetic_side_effects,
    reason = "it is written for a crate of its own"
)]
#[path = "../../fixtures/cpex_style/plugins.rs"]
mod plugins;

/// The hook that the redactor is for.
pub(crate) const POST: &str = "cmf.tool_post_invoke";

/// Registers the kinds `native/…` with a manager.
pub(crate) fn register(manager: &PluginManager) {
    let kind = |name: &str| format!("native/{name}");
    manager.register_factory(
        kind("cpex_pii_guard"),
        Box::new(Native(plugins::pii_guard::PiiGuard::new)),
    );
    manager.register_factory(
        kind("cpex_headers"),
        Box::new(Native(plugins::header_injector::HeaderInjector::new)),
    );
    manager.register_factory(
        kind("cpex_redactor"),
        Box::new(Native(plugins::result_redactor::ResultRedactor::new)),
    );
    manager.register_factory(kind("cpex_compute"), Box::new(Native(|config| Compute { config })));
    manager.register_factory(kind("fails"), Box::new(Fails));
}

struct Native<P>(fn(PluginConfig) -> P);

impl<P: Plugin + HookHandler<CmfHook> + 'static> PluginFactory for Native<P> {
    fn create(&self, config: &PluginConfig) -> Result<PluginInstance, Box<PluginError>> {
        let plugin = Arc::new((self.0)(config.clone()));
        let handler = TypedHandlerAdapter::<CmfHook, _>::new(Arc::clone(&plugin));
        Ok(instance(plugin, Arc::new(handler)))
    }
}

fn instance(plugin: Arc<dyn Plugin>, handler: Arc<dyn AnyHookHandler>) -> PluginInstance {
    let hooks = [HOOK, POST].into_iter();
    let hooks = hooks.filter(|hook| plugin.config().hooks.iter().any(|listed| listed == hook));
    let handlers = hooks.map(|hook| (hook, Arc::clone(&handler))).collect();
    PluginInstance { plugin, handlers }
}

/// The policy of `fixtures/plugins/cpex_compute`.
struct Compute {
    config: PluginConfig,
}

#[async_trait]
impl Plugin for Compute {
    fn config(&self) -> &PluginConfig {
        &self.config
    }
}

impl HookHandler<CmfHook> for Compute {
    async fn handle(
        &self,
        payload: &MessagePayload,
        extensions: &Extensions,
        ctx: &mut PluginContext,
    ) -> PluginResult<MessagePayload> {
        for call in payload.message.get_tool_calls() {
            let arguments: BTreeMap<_, _> = call.arguments.iter().collect();
            let arguments = serde_json::to_string(&arguments).unwrap_or_default();
            let mut summary = vec![call.name.clone()];
            if let Some(security) = &extensions.security {
                let mut labels: Vec<_> = security.labels.iter().cloned().collect();
                labels.sort_unstable();
                summary.append(&mut labels);
            }
            let http = extensions.http.as_ref();
            let id = http.and_then(|http| http.get_header("x-request-id"));
            summary.extend(id.map(str::to_owned));
            ctx.set_local("summary", summary.join(" ").into());
            ctx.set_local("hash", format!("{:016x}", fnv1a(arguments.as_bytes())).into());
        }
        PluginResult::allow()
    }
}

fn fnv1a(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// Makes a plugin that comes to no decision.
struct Fails;

impl PluginFactory for Fails {
    fn create(&self, config: &PluginConfig) -> Result<PluginInstance, Box<PluginError>> {
        let plugin = Arc::new(Compute { config: config.clone() });
        Ok(instance(plugin, Arc::new(Self)))
    }
}

#[async_trait]
impl AnyHookHandler for Fails {
    async fn invoke(
        &self,
        _: &dyn PluginPayload,
        _: &Extensions,
        context: &mut PluginContext,
    ) -> Result<Box<dyn Any + Send + Sync>, Box<PluginError>> {
        context.set_global("failed", true.into());
        Err(Box::new(PluginError::Execution {
            plugin_name: "fails".into(),
            message: "there is no rule for this".into(),
            source: None,
            code: Some("no_rule".into()),
            details: [("rules".into(), 0.into())].into(),
            proto_error_code: Some(-32002),
        }))
    }

    fn hook_type_name(&self) -> &'static str {
        crate::upstream::hook_type(HOOK)
    }
}
