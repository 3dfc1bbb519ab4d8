//! The behaviour of a call while as many are under way as the operator has instances for.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)]

mod common;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use common::*;
use cpex_wasmi::{
    Clock, Engine, Error, ErrorKind, Outcome, Plugin, Policy, Request, WhenExhausted,
};

/// A second that passes when it is told to.
#[derive(Clone, Default)]
struct Told(Arc<AtomicU64>);

impl Clock for Told {
    fn now(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

/// A hundred slices of work.
const WORK: &str = "(local $left i32) (local.set $left (i32.const 10000))
    (loop $again (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left))) (i32.const 0)";

fn plugin(clock: Told, body: &str, policy: Policy) -> Plugin {
    let engine = Engine::builder().clock(clock).fuel_slice(500).build().unwrap();
    Plugin::load(&engine, &invoking(body), policy).unwrap()
}

fn worker(policy: Policy) -> Plugin {
    plugin(Told::default(), WORK, policy)
}

/// Two instances, with each isolation.
fn two(then: WhenExhausted) -> [Policy; 2] {
    let mut policies = [Policy::default(), Policy::default().pooled(2)];
    for policy in &mut policies {
        policy.max_instances = 2;
        policy.when_exhausted = then;
        policy.limits.deadline = None;
    }
    policies
}

type Calling = Pin<Box<dyn Future<Output = Result<Outcome, Error>> + Send>>;

fn begun(plugin: &Plugin) -> Calling {
    let mut call: Calling = Box::pin(plugin.call_async(HOOK, Request::tool_call("search")));
    assert!(poll(&mut call).is_none());
    call
}

fn poll(call: &mut Calling) -> Option<Result<Outcome, Error>> {
    match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    }
}

fn finished(mut call: Calling) -> Result<Outcome, Error> {
    (0..1000).find_map(|_| poll(&mut call)).unwrap()
}

#[test]
fn by_default_every_call_gets_an_instance() {
    for policy in two(WhenExhausted::default()) {
        let plugin = worker(policy);
        let calls: Vec<_> = (0..5).map(|_| begun(&plugin)).collect();
        assert!(calls.into_iter().all(|call| finished(call).is_ok()));
    }
}

#[test]
fn a_call_too_many_is_refused_and_says_why() {
    for policy in two(WhenExhausted::Refuse) {
        let plugin = worker(policy);
        let (first, second) = (begun(&plugin), begun(&plugin));
        for error in [call(&plugin).unwrap_err(), finished(waiting(&plugin)).unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::InstancesExhausted);
            assert_eq!(error.code(), "instances_exhausted");
            let message = error.to_string();
            assert!(message.contains("all 2 instances of the plugin are in use;"), "{message}");
            assert!(message.contains("raise `max_instances`"), "{message}");
            assert!(error.receipt().is_none(), "nothing ran");
        }
        assert!(finished(first).is_ok());
        assert!(call(&plugin).is_ok(), "one has come free");
        assert!(finished(second).is_ok());
    }
}

/// A call whose future was not polled yet.
fn waiting(plugin: &Plugin) -> Calling {
    Box::pin(plugin.call_async(HOOK, Request::tool_call("search")))
}

#[test]
fn who_abandons_a_call_or_fails_frees_its_instance() {
    for policy in two(WhenExhausted::Refuse) {
        let plugin = worker(policy.clone());
        let (first, second) = (begun(&plugin), begun(&plugin));
        assert!(call(&plugin).is_err());
        drop(first);
        assert!(call(&plugin).is_ok());
        drop(second);
        let traps = self::plugin(Told::default(), "(unreachable)", policy);
        for _ in 0..5 {
            assert_eq!(call(&traps).unwrap_err().code(), "wasm_trap");
        }
    }
}

#[test]
fn calls_wait_for_their_turn_in_order() {
    for policy in two(WhenExhausted::Wait(Duration::from_secs(1))) {
        let plugin = worker(policy);
        let (first, mut second) = (begun(&plugin), begun(&plugin));
        let (mut third, mut fourth) = (begun(&plugin), begun(&plugin));
        assert!(finished(first).is_ok());
        // The third has an instance now. The fourth has none, however often it is polled.
        for _ in 0..1000 {
            assert!(poll(&mut fourth).is_none());
        }
        assert!((0..1000).find_map(|_| poll(&mut third)).unwrap().is_ok());
        assert!((0..1000).find_map(|_| poll(&mut second)).unwrap().is_ok());
        assert!(finished(fourth).is_ok());
    }
}

#[test]
fn a_future_that_waited_too_long_fails() {
    for policy in two(WhenExhausted::Wait(Duration::from_secs(1))) {
        let clock = Told::default();
        let plugin = plugin(clock.clone(), WORK, policy);
        let (first, _second) = (begun(&plugin), begun(&plugin));
        let (mut third, fourth) = (begun(&plugin), begun(&plugin));
        clock.0.store(1, Ordering::SeqCst);
        let error = poll(&mut third).unwrap().unwrap_err();
        assert_eq!(error.code(), "instances_exhausted");
        assert!(error.to_string().contains("none came free within 1s;"), "{error}");
        // Who was served in time has its instance, however late it looks.
        assert!(finished(first).is_ok());
        assert!(finished(fourth).is_ok());
    }
}

#[test]
fn a_thread_sleeps_until_another_call_ends() {
    for policy in two(WhenExhausted::Wait(Duration::from_secs(60))) {
        let plugin = Plugin::load(&engine(), &invoking(WORK), policy).unwrap();
        thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| (0..50).all(|_| call(&plugin).is_ok()))).collect();
            assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
        });
    }
}

#[test]
fn a_thread_that_waited_too_long_fails() {
    for policy in two(WhenExhausted::Wait(Duration::from_millis(20))) {
        let engine = Engine::builder().fuel_slice(500).build().unwrap();
        let plugin = Plugin::load(&engine, &invoking(WORK), policy).unwrap();
        let _calls = (begun(&plugin), begun(&plugin));
        assert_eq!(call(&plugin).unwrap_err().code(), "instances_exhausted");
    }
}

#[test]
fn a_future_that_waits_is_woken_at_its_deadline() {
    /// Wakes this thread.
    struct Unpark(thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    for policy in two(WhenExhausted::Wait(Duration::from_millis(50))) {
        let engine = Engine::builder().fuel_slice(500).build().unwrap();
        let plugin = Plugin::load(&engine, &invoking(WORK), policy).unwrap();
        // Nobody polls them on.
        let _calls = (begun(&plugin), begun(&plugin));
        let mut third = waiting(&plugin);
        let waker = Arc::new(Unpark(thread::current())).into();
        let began = std::time::Instant::now();
        let error = loop {
            match third.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(result) => break result.unwrap_err(),
                Poll::Pending => thread::park_timeout(Duration::from_secs(60)),
            }
        };
        assert_eq!(error.code(), "instances_exhausted");
        assert!(began.elapsed() < Duration::from_secs(30), "it was not woken");
    }
}

#[test]
fn a_bound_of_no_calls_is_refused_at_load() {
    let policy = Policy::default().pooled(0).when_exhausted(WhenExhausted::Refuse);
    let error = load_error(&invoking(WORK), policy);
    assert_eq!(error.code(), "invalid_config");
    assert!(error.to_string().contains("`max_instances`, which is 0"), "{error}");
}

#[test]
fn waits_and_instances_may_be_as_large_as_numbers() {
    for policy in two(WhenExhausted::Wait(Duration::MAX)) {
        let plugin = Plugin::load(&engine(), &invoking("(i32.const 0)"), policy.clone()).unwrap();
        let slow = worker(policy.clone());
        let (first, _second) = (begun(&slow), begun(&slow));
        thread::scope(|scope| {
            let waiting = scope.spawn(|| call(&slow).is_ok());
            let third = begun(&slow);
            assert!(finished(first).is_ok());
            drop(third);
            assert!(waiting.join().unwrap());
        });
        assert!(call(&plugin).is_ok());
        let mut many = policy;
        many.max_instances = usize::MAX;
        let plugin = worker(many);
        let calls: Vec<_> = (0..20).map(|_| begun(&plugin)).collect();
        assert!(calls.into_iter().all(|call| finished(call).is_ok()));
    }
    for milliseconds in [1, 86_400_000] {
        let json = serde_json::json!({"sandbox_policy": {
            "when_exhausted": "wait",
            "resources": {"max_instances": 1, "max_wait_ms": milliseconds},
        }});
        let plugin = worker(Policy::from_value(&json).unwrap());
        let first = begun(&plugin);
        let second = begun(&plugin);
        assert!(finished(first).is_ok());
        assert!(finished(second).is_ok());
    }
}

#[test]
fn a_clock_that_panics_takes_no_instance_with_it() {
    /// Panics when it is told to.
    #[derive(Clone, Default)]
    struct Fickle(Arc<AtomicU64>);
    impl Clock for Fickle {
        fn now(&self) -> Duration {
            assert_eq!(self.0.load(Ordering::SeqCst), 0, "the clock stopped");
            Duration::ZERO
        }
    }
    for policy in two(WhenExhausted::Wait(Duration::from_secs(1))) {
        let clock = Fickle::default();
        let engine = Engine::builder().clock(clock.clone()).fuel_slice(500).build().unwrap();
        let timed = Plugin::load(&engine, &invoking(WORK), policy).unwrap();
        let panics = |run: &mut dyn FnMut()| {
            assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err());
        };
        let (first, mut second, mut third) = (begun(&timed), begun(&timed), begun(&timed));
        clock.0.store(1, Ordering::SeqCst);
        panics(&mut || drop(poll(&mut third)));
        drop(third);
        panics(&mut || drop(call(&timed)));
        clock.0.store(0, Ordering::SeqCst);
        let fourth = begun(&timed);
        assert!(finished(first).is_ok());
        assert!(finished(fourth).is_ok());
        assert!((0..1000).find_map(|_| poll(&mut second)).unwrap().is_ok());
        assert!(call(&timed).is_ok());
    }
}
