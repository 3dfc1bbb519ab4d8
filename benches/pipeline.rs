//! The cost of a hook through `cpex-core`: its own trait for handlers, and its whole pipeline, with
//! the same policy as a native plugin and in the sandbox.
//!
//! `cargo bench --bench pipeline --features cpex-core --ignore-rust-version`
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
    let (handler, payload) = (reader(), beside_bytes(payload(), len));
    let extensions = extensions();
    bencher.bench(|| invoke(&*handler, black_box(&payload), black_box(&extensions)));
}
