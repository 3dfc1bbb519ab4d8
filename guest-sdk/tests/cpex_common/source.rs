//! A plugin that touches all of CPEX's API. The same file compiles against `cpex-core` and against
//! this SDK: `cpex_core` is whichever of them the parent module names so.

#[path = "values.rs"]
pub mod values;

use super::{Extensions, cpex_core};
use cpex_core::cmf::{CmfHook, MessagePayload};
use cpex_core::context::PluginContext;
use cpex_core::delegation::*;
use cpex_core::elicitation::*;
use cpex_core::error::{PluginError, PluginViolation};
use cpex_core::extensions::*;
use cpex_core::hooks::{HookHandler, PluginPayload, PluginResult};
use cpex_core::identity::{IdentityHook, IdentityPayload};
use cpex_core::plugin::{Plugin, PluginConfig};
use cpex_core::{define_hook, impl_plugin_payload};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub struct Everything {
    pub config: PluginConfig,
}

#[async_trait::async_trait]
impl Plugin for Everything {
    fn config(&self) -> &PluginConfig {
        &self.config
    }

    async fn initialize(&self) -> Result<(), Box<PluginError>> {
        if self.config.name.is_empty() {
            return Err(PluginError::Config { message: "no name".to_string() }.boxed());
        }
        Ok(())
    }

    async fn shutdown(&self) -> Result<(), Box<PluginError>> {
        Ok(())
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Order {
    pub id: u64,
}
impl_plugin_payload!(Order);

define_hook! {
    /// Before an order is placed.
    OrderHook, "order.pre" => {
        payload: Order,
        result: PluginResult<Order>,
    }
}

impl HookHandler<OrderHook> for Everything {
    async fn handle(
        &self,
        order: &Order,
        _: &Extensions,
        _: &mut PluginContext,
    ) -> PluginResult<Order> {
        let copy = order.clone_boxed();
        assert!(copy.as_any().downcast_ref::<Order>().is_some());
        PluginResult::modify_payload(Order { id: order.id + 1 })
    }
}

impl HookHandler<CmfHook> for Everything {
    async fn handle(
        &self,
        payload: &MessagePayload,
        extensions: &Extensions,
        ctx: &mut PluginContext,
    ) -> PluginResult<MessagePayload> {
        ctx.set_local("calls", json!(1));
        let seen: Option<&Value> = ctx.get_global("seen").or(ctx.get_local("calls"));
        assert!(seen.is_some());
        let labels: Vec<&String> =
            extensions.security.iter().flat_map(|security| security.labels.iter()).collect();
        if !labels.is_empty() && payload.message.is_tool_call() {
            return PluginResult::deny(
                PluginViolation::new("code", "reason").with_description("more"),
            );
        }
        let mut modified: OwnedExtensions = extensions.cow_copy();
        if let (Some(http), Some(token)) = (modified.http.as_mut(), &modified.http_write_token) {
            http.write(token).set_header("X", "y");
        }
        PluginResult::modify(payload.clone(), modified)
    }
}

impl HookHandler<IdentityHook> for Everything {
    async fn handle(
        &self,
        payload: &IdentityPayload,
        _: &Extensions,
        _: &mut PluginContext,
    ) -> PluginResult<IdentityPayload> {
        let mut resolved = payload.clone();
        resolved.merge(values::identity());
        PluginResult::modify_payload(resolved)
    }
}

impl HookHandler<TokenDelegateHook> for Everything {
    async fn handle(
        &self,
        payload: &DelegationPayload,
        _: &Extensions,
        _: &mut PluginContext,
    ) -> PluginResult<DelegationPayload> {
        let _: (&str, &DelegationSubject, Option<&TokenRole>, bool, bool) = (
            payload.bearer_token(),
            payload.subject(),
            payload.actor_role(),
            payload.involves_client(),
            payload.involves_workload(),
        );
        let _: (&TargetType, &[String], AuthEnforcedBy, Option<&AttenuationConfig>) = (
            payload.target_type(),
            payload.required_permissions(),
            payload.auth_enforced_by(),
            payload.route_attenuation(),
        );
        PluginResult::allow()
    }
}

impl HookHandler<ElicitationHook> for Everything {
    async fn handle(
        &self,
        payload: &ElicitationPayload,
        _: &Extensions,
        _: &mut PluginContext,
    ) -> PluginResult<ElicitationPayload> {
        let mut answered = payload.clone();
        answered.status = match payload.operation() {
            ElicitationOp::Dispatch => Some(ElicitationStatusKind::Pending),
            ElicitationOp::Check => Some(ElicitationStatusKind::Resolved),
            ElicitationOp::Validate => None,
        };
        answered.outcome = Some(ElicitationOutcomeKind::Approved);
        PluginResult::modify_payload(answered)
    }
}
