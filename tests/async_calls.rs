//! Calls as futures: on no particular runtime, beside other tasks, and abandoned half-way.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

mod common;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use common::*;
use cpex_wasmi::{Clock, Engine, Error, Limits, Plugin, Policy, Request};

/// Counts how often it is woken, and remembers nothing else.
#[derive(Default)]
struct Woken(AtomicU64);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Polls a future until it is ready; gives its output and how often it was pending. Each time, it
/// must have asked to be polled again.
fn run<T>(future: impl Future<Output = T>) -> (T, u64) {
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(woken.clone());
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    let mut pending = 0;
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return (output, pending),
            Poll::Pending => pending += 1,
        }
        assert_eq!(woken.0.load(Ordering::Relaxed), pending);
    }
}

const LOOP: &str = "(loop $forever (br $forever)) (unreachable)";

/// Counts down from a million, which takes several slices.
const LONG: &str = "(local.set 0 (i32.const 1000000))
    (loop $again (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if $again (local.get 0)))
    (i32.const 0)";

fn request() -> Request {
    Request::tool_call("search")
}

#[test]
fn a_short_call_does_not_wait() {
    let plugin = load(&invoking("(i32.const 1)"), Policy::default());
    let (outcome, pending) = run(plugin.call_async(HOOK, request()));
    assert!(!outcome.unwrap().decision.is_allow());
    assert_eq!(pending, 0);
}

#[test]
fn a_long_call_yields_after_each_slice_for_the_same_fuel() {
    let plugin = load(&invoking(LONG), Policy::default());
    let (outcome, pending) = run(plugin.call_async(HOOK, request()));
    let receipt = outcome.unwrap().receipt;
    assert!(receipt.slices > 3, "{receipt:?}");
    assert_eq!(pending, receipt.slices - 1);
    assert_eq!(call(&plugin).unwrap().receipt, receipt);
}

#[test]
fn initialisation_yields_too() {
    let wasm = guest(&format!(
        r#"(func $long (param i32) (result i32) {LONG})
           (func (export "cpex_init") (result i32) (call $long (i32.const 0)))
           (func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#
    ));
    let (outcome, pending) = run(load(&wasm, Policy::default()).call_async(HOOK, request()));
    assert_eq!(outcome.unwrap().receipt.slices, 1);
    assert!(pending > 3);
}

/// A guest that counts to a million in `cpex_init` and `cpex_shutdown`, and logs each before.
fn long_lifecycle() -> Vec<u8> {
    guest(&format!(
        r#"(data (i32.const 0) "is")
           (func $long (param i32) (result i32)
             (drop (call $log (i32.const 3) (local.get 0) (i32.const 1))) {LONG})
           (func (export "cpex_init") (result i32) (call $long (i32.const 0)))
           (func (export "cpex_shutdown") (result i32) (call $long (i32.const 1)))
           (func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#
    ))
}

#[test]
fn initialize_and_shutdown_yield_too() {
    let logs = Logs::default();
    let engine = logs.engine().build().unwrap();
    let plugin = Plugin::load(&engine, &long_lifecycle(), Policy::default().pooled(2)).unwrap();
    let (result, pending) = run(plugin.initialize_async());
    result.unwrap();
    assert!(pending > 3);
    let (outcome, pending) = run(plugin.call_async(HOOK, request()));
    assert_eq!((outcome.unwrap().receipt.slices, pending), (1, 0));
    let (result, pending) = run(plugin.shutdown_async());
    result.unwrap();
    assert!(pending > 3);
    assert_eq!(logs.messages().concat(), "is");
    let (result, pending) = run(plugin.shutdown_async());
    result.unwrap();
    assert_eq!(pending, 0);
}

#[test]
fn an_asynchronous_failure_is_that_of_a_blocking_one() {
    let wasm = |init: i32, shutdown: i32| {
        guest(&format!(
            r#"(func (export "cpex_init") (result i32) (i32.const {init}))
               (func (export "cpex_shutdown") (result i32) (i32.const {shutdown}))
               (func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#
        ))
    };
    let plugin = load(&wasm(-13, 0), Policy::default().pooled(1));
    let error = run(plugin.initialize_async()).0.unwrap_err();
    assert_eq!(error.to_string(), plugin.initialize().unwrap_err().to_string());
    let shut_down = |end: fn(&Plugin) -> Result<(), Error>| {
        let plugin = load(&wasm(0, -13), Policy::default().pooled(1));
        plugin.initialize().unwrap();
        end(&plugin).unwrap_err().to_string()
    };
    assert_eq!(shut_down(|plugin| run(plugin.shutdown_async()).0), shut_down(Plugin::shutdown));
}

#[test]
fn an_abandoned_shutdown_leaves_no_instance() {
    let logs = Logs::default();
    let engine = logs.engine().build().unwrap();
    let policy = Policy::default().pooled(2).without_snapshot();
    let plugin = Plugin::load(&engine, &long_lifecycle(), policy).unwrap();
    plugin.initialize().unwrap();
    plugin.initialize().unwrap();
    let mut context = Context::from_waker(Waker::noop());
    // Nothing is done before it is polled.
    drop(plugin.shutdown_async());
    let mut ending = Box::pin(plugin.shutdown_async());
    assert!(ending.as_mut().poll(&mut context).is_pending());
    drop(ending);
    plugin.shutdown().unwrap();
    assert_eq!(logs.messages().concat(), "iis");
}

#[test]
fn an_instance_busy_during_a_shutdown_is_not_kept() {
    let wasm = guest(&format!(
        r#"(global $calls (mut i32) (i32.const 0))
           (func $long (param i32) (result i32) {LONG})
           (func (export "cpex_shutdown") (result i32) (unreachable))
           (func (export "cpex_invoke") (param i32) (result i32)
             (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
             (drop (call $long (i32.const 0)))
             (i32.ne (global.get $calls) (i32.const 1)))"#
    ));
    let plugin = load(&wasm, Policy::default().pooled(2));
    let mut busy = Box::pin(plugin.call_async(HOOK, request()));
    assert!(busy.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    plugin.shutdown().unwrap();
    assert!(run(busy).0.unwrap().decision.is_allow());
    assert!(call(&plugin).unwrap().decision.is_allow(), "the instance was kept");
    plugin.shutdown().unwrap();
}

#[test]
fn another_task_goes_on_while_a_plugin_loops() {
    let limits = Limits::default().fuel(u64::MAX).deadline(None);
    let plugin = load(&invoking(LOOP), Policy::default().limits(limits));
    let mut looping = Box::pin(plugin.call_async(HOOK, request()));
    let mut context = Context::from_waker(Waker::noop());
    for _tick in 0..20 {
        assert!(looping.as_mut().poll(&mut context).is_pending());
    }
    // Abandoned here; the plugin is none the worse for it.
    drop(looping);
    let mut again = Box::pin(plugin.call_async(HOOK, request()));
    assert!(again.as_mut().poll(&mut context).is_pending());
}

#[test]
fn an_abandoned_call_takes_its_instance_with_it() {
    // Counts its calls in a global, before it loops if it is told to.
    let wasm = guest(
        r#"(global $calls (mut i32) (i32.const 0))
           (data (i32.const 0) "loop")
           (func (export "cpex_invoke") (param i32) (result i32)
             (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
             (if (call $contains (i32.const 0x0600) (i32.const 0) (i32.const 0) (i32.const 4))
               (then (loop $forever (br $forever))))
             (i32.ne (global.get $calls) (i32.const 1)))"#,
    );
    let plugin = load(&wasm, Policy::default().pooled(4));
    let mut looping = Box::pin(plugin.call_async(HOOK, request().custom("loop", true)));
    assert!(looping.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(looping);
    assert!(call(&plugin).unwrap().decision.is_allow(), "the abandoned instance was used again");
    assert!(!call(&plugin).unwrap().decision.is_allow(), "the pool kept no instance");
}

#[test]
fn futures_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let plugin = load(&invoking("(i32.const 0)"), Policy::default());
    is_send(&(plugin.initialize_async(), plugin.shutdown_async()));
    let future = plugin.call_async(HOOK, request());
    is_send(&future);
    let outcome = std::thread::spawn(move || run(future).0).join().unwrap();
    assert!(outcome.unwrap().decision.is_allow());
}

/// A clock that an embedder moves by hand.
#[derive(Clone, Default)]
struct HandClock(Arc<AtomicU64>);

impl Clock for HandClock {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

#[test]
fn the_deadline_goes_by_the_embedders_clock() {
    let clock = HandClock::default();
    let engine = Engine::builder().clock(clock.clone()).build().unwrap();
    let limits = Limits::default().fuel(u64::MAX).deadline(Duration::from_millis(50));
    let plugin = Plugin::load(&engine, &invoking(LOOP), Policy::default().limits(limits)).unwrap();
    let mut looping = Box::pin(plugin.call_async(HOOK, request()));
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..10 {
        assert!(looping.as_mut().poll(&mut context).is_pending());
    }
    clock.0.store(49, Ordering::Relaxed);
    assert!(looping.as_mut().poll(&mut context).is_pending());
    clock.0.store(50, Ordering::Relaxed);
    let Poll::Ready(outcome) = looping.as_mut().poll(&mut context) else { panic!("still running") };
    assert_eq!(outcome.unwrap_err().code(), "timeout");
}

#[test]
fn a_clock_that_goes_back_stops_nothing_early() {
    let clock = HandClock(Arc::new(AtomicU64::new(1_000_000)));
    let engine = Engine::builder().clock(clock.clone()).build().unwrap();
    let plugin = Plugin::load(&engine, &invoking(LONG), Policy::default()).unwrap();
    let mut future = Box::pin(plugin.call_async(HOOK, request()));
    let mut context = Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_pending());
    clock.0.store(0, Ordering::Relaxed);
    assert!(run(future).0.unwrap().decision.is_allow());
}

#[test]
fn many_threads_call_one_plugin() {
    let plugin = load(&invoking(LONG), Policy::default().pooled(2));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert!(call(&plugin).unwrap().decision.is_allow());
                }
            });
        }
    });
}
