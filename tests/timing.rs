//! Times of a call by part, on a clock that every look takes a microsecond further.
#![allow(clippy::unwrap_used)]

mod common;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use common::*;
use cpex_wasmi::{Clock, Engine, EngineBuilder, Plugin, Policy, Receipt, Request};

const LOOK: u64 = 1000;

#[derive(Clone, Default)]
struct Ticking(Arc<AtomicU64>);

impl Clock for Ticking {
    fn now(&self) -> Duration {
        Duration::from_nanos(self.0.fetch_add(LOOK, Ordering::Relaxed))
    }
}

/// Looks at a label three times.
const THREE_CALLS: &str = "(local i32) (local.set 1 (i32.const 3))
    (loop $again
      (drop (call $contains (i32.const 0x0400) (i32.const 0) (i32.const 0) (i32.const 3)))
      (br_if $again (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))";

fn timed() -> EngineBuilder {
    Engine::builder().clock(Ticking::default()).measure_time()
}

fn plugin(engine: EngineBuilder, end: &str) -> Plugin {
    let mut policy = trusting().pooled(1);
    policy.limits.deadline = None;
    let wasm = invoking(&format!("{THREE_CALLS} {end}"));
    Plugin::load(&engine.build().unwrap(), &wasm, policy).unwrap()
}

/// A look before and after each slice and each host call; half of the latter is in the plugin's time.
fn nanoseconds(receipt: &Receipt) -> (u64, u64) {
    let timing = receipt.timing.unwrap();
    (timing.guest_nanoseconds, timing.host_call_nanoseconds)
}

#[test]
fn a_receipt_tells_the_plugins_time_from_the_hosts() {
    let plugin = plugin(timed(), "(i32.const 0)");
    // The instance is kept, its times are not.
    for _ in 0..3 {
        let receipt = call(&plugin).unwrap().receipt;
        assert_eq!((receipt.host_calls, receipt.slices), (3, 1));
        assert_eq!(nanoseconds(&receipt), (4 * LOOK, 3 * LOOK));
    }
}

#[test]
fn the_time_between_slices_is_nobodys() {
    let plugin = plugin(timed().fuel_slice(150), "(i32.const 0)");
    let receipt = call(&plugin).unwrap().receipt;
    assert!(receipt.slices > 1, "{receipt:?}");
    let expected = ((3 + receipt.slices) * LOOK, 3 * LOOK);
    assert_eq!(nanoseconds(&receipt), expected);

    let mut future = pin!(plugin.call_async(HOOK, Request::tool_call("search")));
    let mut context = Context::from_waker(Waker::noop());
    let outcome = loop {
        if let Poll::Ready(outcome) = future.as_mut().poll(&mut context) {
            break outcome.unwrap();
        }
    };
    assert_eq!(nanoseconds(&outcome.receipt), expected);
}

#[test]
fn a_failed_call_tells_it_too() {
    let error = call(&plugin(timed(), "(unreachable)")).unwrap_err();
    assert_eq!(nanoseconds(error.receipt().unwrap()), (4 * LOOK, 3 * LOOK));
}

#[test]
fn who_does_not_ask_is_told_nothing() {
    let plugin = Plugin::load(&engine(), &fixture("noop"), Policy::default()).unwrap();
    let receipt = call(&plugin).unwrap().receipt;
    assert_eq!(receipt.timing, None);
    let json = serde_json::to_value(receipt).unwrap();
    assert_eq!(json.get("timing"), None);
}

/// Borrowed parts are served between two runs of the plugin.
#[cfg(feature = "cpex-core")]
#[test]
fn what_cpex_core_lends_counts_as_the_hosts_time() {
    use std::sync::Mutex;

    use cpex_core::cmf::{Message, MessagePayload, Role};
    use cpex_core::context::PluginContext;
    use cpex_core::extensions::Extensions;
    use cpex_core::factory::PluginFactory;
    use cpex_core::plugin::PluginConfig;
    use cpex_wasmi::cpex::WasmFactory;

    let plugins = tempfile::tempdir().unwrap();
    let look = "(drop (call $read_text (i32.const 0x0102) (i32.const 0) (i32.const 0)
                  (i32.const -1) (i32.const 64) (i32.const 16)))";
    let wasm = invoking(&format!("{look} {look} (i32.const 0)"));
    std::fs::write(plugins.path().join("reader.wasm"), wasm).unwrap();
    let told = Arc::new(Mutex::new(None));
    let tell = told.clone();
    let factory = WasmFactory::with_engine(plugins.path(), timed()).unwrap();
    let factory = factory.on_call(move |call| *tell.lock().unwrap() = Some(call.receipt));
    let config = PluginConfig {
        name: "reader".into(),
        kind: "wasm://reader.wasm".into(),
        hooks: vec![HOOK.into()],
        ..PluginConfig::default()
    };
    let handler = factory.create(&config).unwrap().handlers.into_iter().next().unwrap().1;
    let message = Message {
        schema_version: "2.0".into(),
        role: Role::User,
        content: Vec::new(),
        channel: None,
    };
    let (payload, extensions) = (MessagePayload { message }, Extensions::default());
    let mut context = PluginContext::new();
    let mut future = pin!(handler.invoke(&payload, &extensions, &mut context));
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    let receipt = told.lock().unwrap().unwrap();
    assert_eq!(receipt.host_calls, 2);
    // The function that asks to be served, and what serves it.
    assert_eq!(nanoseconds(&receipt), (5 * LOOK, 4 * LOOK));
}
