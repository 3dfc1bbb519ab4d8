//! What a hook costs through `cpex-core`: its own trait for handlers, and its whole pipeline, with
//! the same policy as a native plugin and in the sandbox.
//!
//! `cargo bench --bench pipeline --features cpex-core --ignore-rust-version`
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::any::Any;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use common::HOOK;
use cpex_core::cmf::{CmfHook, ContentPart, Message, MessagePayload, Role, ToolCall};
use cpex_core::context::PluginContext;
use cpex_core::error::PluginViolation;
use cpex_core::extensions::{
    Extensions, HttpExtension, MetaExtension, RequestExtension, SecurityExtension, SubjectExtension,
};
use cpex_core::factory::PluginFactory;
use cpex_core::hooks::{HookHandler, PluginResult, TypedHandlerAdapter};
use cpex_core::manager::PluginManager;
use cpex_core::plugin::{Plugin, PluginConfig};
use cpex_core::registry::AnyHookHandler;
use cpex_wasmi::cpex::WasmFactory;
use divan::{Bencher, black_box};
use serde_json::json;

fn main() {
    divan::main();
}

/// A plugin that allows everything, natively.
struct Noop(PluginConfig);

/// The policy of `fixtures/pii_guard.wasm`, natively.
struct PiiGuard(PluginConfig);

#[async_trait]
impl Plugin for Noop {
    fn config(&self) -> &PluginConfig {
        &self.0
    }
}

#[async_trait]
impl Plugin for PiiGuard {
    fn config(&self) -> &PluginConfig {
        &self.0
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

impl HookHandler<CmfHook> for PiiGuard {
    async fn handle(
        &self,
        _: &MessagePayload,
        extensions: &Extensions,
        _: &mut PluginContext,
    ) -> PluginResult<MessagePayload> {
        let Some(security) = &extensions.security else { return PluginResult::allow() };
        let admin = |subject: &SubjectExtension| subject.roles.contains("hr_admin");
        if security.has_label("PII") && !security.subject.as_ref().is_some_and(admin) {
            return PluginResult::deny(PluginViolation::new("pii_access", "only hr_admin may"));
        }
        PluginResult::allow()
    }
}

fn config(name: &str, isolation: &str) -> PluginConfig {
    let capabilities = ["read_labels", "read_subject", "read_roles"];
    PluginConfig {
        name: name.into(),
        kind: format!("wasm://{name}.wasm"),
        hooks: vec![HOOK.into()],
        capabilities: capabilities.into_iter().map(Into::into).collect(),
        config: Some(json!({ "sandbox_policy": { "isolation": isolation } })),
        ..PluginConfig::default()
    }
}

fn sandboxed(name: &str, isolation: &str) -> Arc<dyn AnyHookHandler> {
    made(&WasmFactory::new("fixtures").unwrap(), &config(name, isolation))
}

fn made(factory: &WasmFactory, config: &PluginConfig) -> Arc<dyn AnyHookHandler> {
    factory.create(config).unwrap().handlers.into_iter().next().unwrap().1
}

fn payload() -> MessagePayload {
    let arguments = [("employee_id", json!(42)), ("reason", json!("annual review"))];
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

fn extensions() -> Extensions {
    let mut security = SecurityExtension::default();
    security.add_label("PII");
    security.add_label("INTERNAL");
    let roles = ["engineer", "hr_admin"].map(String::from);
    security.subject = Some(SubjectExtension {
        id: Some("alice".into()),
        roles: roles.into_iter().collect(),
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
fn invoke(
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

fn bench_handler(bencher: Bencher<'_, '_>, handler: Arc<dyn AnyHookHandler>) {
    let (payload, extensions) = (payload(), extensions());
    bencher.bench(|| invoke(&*handler, black_box(&payload), black_box(&extensions)));
}

macro_rules! policies {
    ($($module:ident = $native:ident;)*) => {$(
        #[divan::bench_group]
        mod $module {
            use super::*;

            #[divan::bench]
            fn native(bencher: Bencher<'_, '_>) {
                let plugin = Arc::new($native(PluginConfig::default()));
                bench_handler(bencher, Arc::new(TypedHandlerAdapter::<CmfHook, _>::new(plugin)));
            }

            #[divan::bench]
            fn pooled(bencher: Bencher<'_, '_>) {
                bench_handler(bencher, sandboxed(stringify!($module), "pooled"));
            }

            #[divan::bench]
            fn pristine(bencher: Bencher<'_, '_>) {
                bench_handler(bencher, sandboxed(stringify!($module), "per_call"));
            }
        }
    )*};
}

policies! {
    noop = Noop;
    pii_guard = PiiGuard;
}

/// Through the whole of `PluginManager`.
#[divan::bench_group]
mod manager {
    use super::*;

    #[divan::bench]
    fn native(bencher: Bencher<'_, '_>) {
        let manager = PluginManager::default();
        let plugin = Arc::new(PiiGuard(PluginConfig::default()));
        let config = config("pii_guard", "pooled");
        manager.register_handler_for_names::<CmfHook, _>(plugin, config, &[HOOK]).unwrap();
        bench_manager(bencher, &manager);
    }

    #[divan::bench]
    fn pooled(bencher: Bencher<'_, '_>) {
        let manager = PluginManager::default();
        let config = config("pii_guard", "pooled");
        let factory = WasmFactory::new("fixtures").unwrap();
        factory.register_kind(&manager, &*config.kind);
        let yaml = format!("plugins: [{}]", serde_json::to_string(&config).unwrap());
        manager.load_config(cpex_core::config::parse_config(&yaml).unwrap()).unwrap();
        bench_manager(bencher, &manager);
    }

    fn bench_manager(bencher: Bencher<'_, '_>, manager: &PluginManager) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(manager.initialize()).unwrap();
        let extensions = extensions();
        bencher.with_inputs(|| (payload(), extensions.clone())).bench_values(
            |(payload, extensions)| {
                runtime.block_on(async {
                    manager.invoke_named::<CmfHook>(HOOK, payload, extensions, None).await
                })
            },
        );
    }
}

/// A policy that reads one field of a message that grows.
#[divan::bench(args = [1, 1 << 10, 1 << 20])]
fn one_field_of_a_message_of_bytes(bencher: Bencher<'_, '_>, len: usize) {
    // The name of the tool that is called.
    let wasm = common::guest(
        r#"(func (export "cpex_invoke") (param i32) (result i32)
             (drop (call $read_text (i32.const 0x0122) (i32.const 0) (i32.const 0) (i32.const -1)
               (i32.const 0) (i32.const 64)))
             (i32.const 0))"#,
    );
    let plugins = tempfile::tempdir().unwrap();
    std::fs::write(plugins.path().join("reader.wasm"), wasm).unwrap();
    let handler = made(&WasmFactory::new(plugins.path()).unwrap(), &config("reader", "pooled"));
    let mut payload = payload();
    payload.message.content.push(ContentPart::Text { text: "x".repeat(len) });
    let extensions = extensions();
    bencher.bench(|| invoke(&*handler, black_box(&payload), black_box(&extensions)));
}
