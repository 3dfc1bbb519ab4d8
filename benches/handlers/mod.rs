//! Policies natively and in the sandbox, as cpex-core calls them, and their requests.

use std::any::Any;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use cpex_core::cmf::{CmfHook, ContentPart, Message, MessagePayload, Role, ToolCall};
use cpex_core::context::PluginContext;
use cpex_core::error::PluginViolation;
use cpex_core::extensions::{
    Extensions, HttpExtension, MetaExtension, RequestExtension, SecurityExtension, SubjectExtension,
};
use cpex_core::factory::PluginFactory;
use cpex_core::hooks::{HookHandler, PluginResult, TypedHandlerAdapter};
use cpex_core::plugin::{Plugin, PluginConfig};
use cpex_core::registry::AnyHookHandler;
use cpex_wasmi::cpex::WasmFactory;
use serde_json::{Value, json};

use crate::common::{HOOK, guest};

/// A plugin that allows everything, natively.
pub(crate) struct Noop(pub(crate) PluginConfig);

/// The policy of `fixtures/pii_guard.wasm`, natively, with a reason that names subject and tool.
pub(crate) struct PiiGuard(pub(crate) PluginConfig);

/// That of `fixtures/compute.wasm`.
pub(crate) struct Compute(pub(crate) PluginConfig);

macro_rules! plugins {
    ($($name:ident)*) => {$(
        #[async_trait]
        impl Plugin for $name {
            fn config(&self) -> &PluginConfig {
                &self.0
            }
        }
    )*};
}
plugins!(Noop PiiGuard Compute);

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

impl HookHandler<CmfHook> for PiiGuard {
    async fn handle(
        &self,
        payload: &MessagePayload,
        extensions: &Extensions,
        _: &mut PluginContext,
    ) -> PluginResult<MessagePayload> {
        let Some(security) = &extensions.security else { return PluginResult::allow() };
        let subject = security.subject.as_ref();
        let admin = |subject: &SubjectExtension| subject.roles.contains("hr_admin");
        if !security.has_label("PII") || subject.is_some_and(admin) {
            return PluginResult::allow();
        }
        let who = subject.and_then(|subject| subject.id.as_deref()).unwrap_or("nobody");
        let reason = payload.message.content.iter().find_map(|part| match part {
            ContentPart::ToolCall { content } => {
                Some([who, " may not pass personal data to ", &content.name].concat())
            }
            _ => None,
        });
        match reason {
            Some(reason) => PluginResult::deny(PluginViolation::new("pii_access", reason)),
            None => PluginResult::allow(),
        }
    }
}

impl HookHandler<CmfHook> for Compute {
    async fn handle(
        &self,
        payload: &MessagePayload,
        extensions: &Extensions,
        context: &mut PluginContext,
    ) -> PluginResult<MessagePayload> {
        for part in &payload.message.content {
            let ContentPart::ToolCall { content } = part else { continue };
            let arguments = serde_json::to_string(&content.arguments).unwrap();
            let mut summary = content.name.clone();
            let security = extensions.security.as_deref();
            for label in security.iter().flat_map(|security| security.labels.iter()) {
                summary.push(' ');
                summary.push_str(label);
            }
            let http = extensions.http.as_deref();
            if let Some(id) = http.and_then(|http| http.get_header("x-request-id")) {
                summary.push(' ');
                summary.push_str(id);
            }
            let hash = arguments.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
            });
            context.local_state.insert("summary".into(), summary.into());
            context.local_state.insert("hash".into(), format!("{hash:016x}").into());
        }
        PluginResult::allow()
    }
}

/// A native plugin as cpex-core calls it.
pub(crate) fn native(plugin: impl HookHandler<CmfHook> + 'static) -> Arc<dyn AnyHookHandler> {
    Arc::new(TypedHandlerAdapter::<CmfHook, _>::new(Arc::new(plugin)))
}

pub(crate) fn config(name: &str, isolation: &str) -> PluginConfig {
    let capabilities: &[&str] = match name {
        "compute" | "cpex_compute" | "cpex_large" => &["read_labels", "read_headers"],
        _ => &["read_labels", "read_subject", "read_roles"],
    };
    PluginConfig {
        name: name.into(),
        kind: format!("wasm://{name}.wasm"),
        hooks: vec![HOOK.into()],
        capabilities: capabilities.iter().copied().map(Into::into).collect(),
        config: Some(json!({ "sandbox_policy": { "isolation": isolation } })),
        ..PluginConfig::default()
    }
}

pub(crate) fn sandboxed(name: &str, isolation: &str) -> Arc<dyn AnyHookHandler> {
    made(&WasmFactory::new("fixtures").unwrap(), &config(name, isolation))
}

pub(crate) fn made(factory: &WasmFactory, config: &PluginConfig) -> Arc<dyn AnyHookHandler> {
    factory.create(config).unwrap().handlers.into_iter().next().unwrap().1
}

/// A plugin that reads the name of the tool that is called.
pub(crate) fn reader() -> Arc<dyn AnyHookHandler> {
    let wasm = guest(
        r#"(func (export "cpex_invoke") (param i32) (result i32)
             (drop (call $read_text (i32.const 0x0122) (i32.const 0) (i32.const 0) (i32.const -1)
               (i32.const 0) (i32.const 64)))
             (i32.const 0))"#,
    );
    let plugins = tempfile::tempdir().unwrap();
    std::fs::write(plugins.path().join("reader.wasm"), wasm).unwrap();
    made(&WasmFactory::new(plugins.path()).unwrap(), &config("reader", "pooled"))
}

/// A message with a text of so many bytes beside what it has.
pub(crate) fn beside_bytes(mut payload: MessagePayload, len: usize) -> MessagePayload {
    payload.message.content.push(ContentPart::Text { text: "x".repeat(len) });
    payload
}

pub(crate) fn payload() -> MessagePayload {
    payload_with(&[("employee_id", json!(42)), ("reason", json!("annual review"))])
}

/// A tool call with these arguments.
pub(crate) fn payload_with(arguments: &[(&str, Value)]) -> MessagePayload {
    let arguments = arguments.iter().cloned();
    let content = ToolCall {
        tool_call_id: "call-1".into(),
        name: "get_compensation".into(),
        arguments: arguments.into_iter().map(|(name, value)| (name.into(), value)).collect(),
        namespace: None,
    };
    MessagePayload {
        message: Message {
            schema_version: "2.0".into(),
            role: Role::Assistant,
            content: vec![ContentPart::ToolCall { content }],
            channel: None,
        },
    }
}

pub(crate) fn extensions() -> Extensions {
    extensions_with(&["PII", "INTERNAL"], &["engineer", "hr_admin"])
}

/// A request with these labels, of somebody with these roles.
pub(crate) fn extensions_with(labels: &[&str], roles: &[&str]) -> Extensions {
    let mut security = SecurityExtension::default();
    for label in labels {
        security.add_label(*label);
    }
    security.subject = Some(SubjectExtension {
        id: Some("alice".into()),
        roles: roles.iter().copied().map(String::from).collect(),
        ..SubjectExtension::default()
    });
    let mut http = HttpExtension::default();
    http.set_header("X-Request-Id", "4711");
    Extensions {
        security: Some(Arc::new(security)),
        http: Some(Arc::new(http)),
        request: Some(Arc::new(RequestExtension::default())),
        meta: Some(Arc::new(MetaExtension::default())),
        ..Extensions::default()
    }
}

/// Calls a handler that never waits for anything.
pub(crate) fn invoke(
    handler: &dyn AnyHookHandler,
    payload: &MessagePayload,
    extensions: &Extensions,
) -> Box<dyn Any + Send + Sync> {
    let mut context = PluginContext::new();
    let mut call = pin!(handler.invoke(payload, extensions, &mut context));
    match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result.unwrap(),
        Poll::Pending => unreachable!("the call ends within its first slice"),
    }
}
