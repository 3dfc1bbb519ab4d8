//! The cost of a hook through an engine: `cpex-core`'s own trait for handlers, and the whole pipeline of it and of praxis-policy,
//! with the same policy as a native plugin and in the sandbox.
//!
//! `cargo bench --bench pipeline --features cpex-core,praxis-policy --ignore-rust-version`
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../tests/common/mod.rs"]
mod common;
#[allow(dead_code, reason = "one policy is for `instructions`")]
mod handlers;

use std::sync::Arc;

use common::HOOK;
use cpex_core::cmf::CmfHook;
use cpex_core::manager::PluginManager;
use cpex_core::plugin::PluginConfig;
use cpex_core::registry::AnyHookHandler;
use cpex_wasmi::cpex::WasmFactory;
use divan::{Bencher, black_box};
use handlers::*;

fn main() {
    divan::main();
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
                bench_handler(bencher, handlers::native($native(PluginConfig::default())));
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

/// The bytes of a text beside the tool call that the policy decides about: engines may copy it.
const BESIDE: [usize; 2] = [0, 1 << 16];

/// Through the whole of `PluginManager`.
#[divan::bench_group]
mod manager {
    use super::*;

    #[divan::bench(args = BESIDE)]
    fn native(bencher: Bencher<'_, '_>, beside: usize) {
        let manager = PluginManager::default();
        let plugin = Arc::new(PiiGuard(PluginConfig::default()));
        let config = config("pii_guard", "pooled");
        manager.register_handler_for_names::<CmfHook, _>(plugin, config, &[HOOK]).unwrap();
        bench_manager(bencher, &manager, beside);
    }

    #[divan::bench(args = BESIDE)]
    fn pooled(bencher: Bencher<'_, '_>, beside: usize) {
        let manager = PluginManager::default();
        let config = config("pii_guard", "pooled");
        let factory = WasmFactory::new("fixtures").unwrap();
        factory.register_kind(&manager, &*config.kind);
        let yaml = format!("plugins: [{}]", serde_json::to_string(&config).unwrap());
        manager.load_config(cpex_core::config::parse_config(&yaml).unwrap()).unwrap();
        bench_manager(bencher, &manager, beside);
    }

    fn bench_manager(bencher: Bencher<'_, '_>, manager: &PluginManager, beside: usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(manager.initialize()).unwrap();
        let (payload, extensions) = (beside_bytes(payload(), beside), extensions());
        bencher.with_inputs(|| (payload.clone(), extensions.clone())).bench_values(
            |(payload, extensions)| {
                runtime.block_on(async {
                    manager.invoke_named::<CmfHook>(HOOK, payload, extensions, None).await
                })
            },
        );
    }
}

/// Through the whole of `PolicyEngine`, which spawns a task for each plugin and gives it a copy of the payload.
#[cfg(feature = "praxis-policy")]
#[divan::bench_group]
mod praxis {
    use cpex_wasmi::praxis::WasmFactory;
    use praxis_policy::prelude::*;
    use praxis_policy_core::engine::PolicyEngine;
    use serde::de::DeserializeOwned;

    use super::{Arc, BESIDE, Bencher, HOOK};

    /// That of `handlers::PiiGuard`, over the types of this engine.
    struct Guard(PluginConfig);

    impl Plugin for Guard {
        fn config(&self) -> &PluginConfig {
            &self.0
        }
    }

    impl HookHandler<CmfHook> for Guard {
        async fn handle(
            &self,
            payload: &MessagePayload,
            extensions: &Extensions,
            _: &mut PluginContext,
        ) -> PluginResult<MessagePayload> {
            let Some(security) = &extensions.security else { return PluginResult::allow() };
            let subject = security.subject.as_ref();
            let is_admin = subject.is_some_and(|subject| subject.roles.contains("hr_admin"));
            if !security.has_label("PII") || is_admin {
                return PluginResult::allow();
            }
            let who = subject.and_then(|subject| subject.id.as_deref()).unwrap_or("somebody");
            let tool = payload.message.get_tool_calls().first().map_or("a tool", |call| &call.name);
            let reason = format!("{who} may not pass personal data to {tool}");
            PluginResult::deny(PluginViolation::new("pii_access", reason))
        }
    }

    /// One of this engine's, by way of JSON.
    fn of<T: DeserializeOwned>(value: impl serde::Serialize) -> T {
        serde_json::from_value(serde_json::to_value(value).unwrap()).unwrap()
    }

    #[divan::bench(args = BESIDE)]
    fn native(bencher: Bencher<'_, '_>, beside: usize) {
        let engine = PolicyEngine::default();
        let config: PluginConfig = of(super::config("pii_guard", "pooled"));
        let plugin = Arc::new(Guard(config.clone()));
        engine.register_handler_for_names::<CmfHook, _>(plugin, config, &[HOOK]).unwrap();
        bench(bencher, &engine, beside);
    }

    #[divan::bench(args = BESIDE)]
    fn pooled(bencher: Bencher<'_, '_>, beside: usize) {
        let engine = Arc::new(PolicyEngine::default());
        let entry = serde_json::to_string(&super::config("pii_guard", "pooled")).unwrap();
        let yaml = format!("engine_settings: {{ dispatch: hooks }}\nplugins: [{entry}]");
        WasmFactory::new("fixtures").unwrap().register(&engine, &yaml).unwrap();
        engine.load_config_yaml(&yaml).unwrap();
        bench(bencher, &engine, beside);
    }

    fn bench(bencher: Bencher<'_, '_>, engine: &PolicyEngine, beside: usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(engine.initialize()).unwrap();
        let payload: MessagePayload = of(super::beside_bytes(super::payload(), beside));
        let extensions: Extensions = of(super::extensions());
        bencher.with_inputs(|| (payload.clone(), extensions.clone())).bench_values(
            |(payload, extensions)| {
                runtime.block_on(async {
                    engine.invoke_named::<CmfHook>(HOOK, payload, extensions, None).await
                })
            },
        );
    }
}

/// A policy that reads one field of a message that grows.
#[divan::bench(args = [1, 1 << 10, 1 << 20])]
fn one_field_of_a_message_of_bytes(bencher: Bencher<'_, '_>, len: usize) {
    let (handler, payload) = (reader(), beside_bytes(payload(), len));
    let extensions = extensions();
    bencher.bench(|| invoke(&*handler, black_box(&payload), black_box(&extensions)));
}
