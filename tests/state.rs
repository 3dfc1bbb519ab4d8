//! Plugins that keep state: all calls meet it, and it is never lost without a word.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)]

mod common;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use common::*;
use cpex_wasmi::{
    Engine, Error, ErrorKind, Level, Outcome, Plugin, Policy, Request, Stateful, WhenExhausted,
};

/// Allows five calls and denies from then on. `more` is done in each call; `$calls` has its number.
fn limiter(stateful: Stateful, more: &str) -> Vec<u8> {
    let fields = format!(
        r#"(memory (export "memory") 1) (global $calls (mut i32) (i32.const 0))
           (func (export "cpex_invoke") (param i32) (result i32) (local $left i32)
             (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
             {more}
             (i32.gt_u (global.get $calls) (i32.const 5)))"#
    );
    guest_keeping(stateful, &fields)
}

/// Some slices of work.
const WORK: &str = "(local.set $left (i32.const 1000))
    (loop $again (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left)))";

fn in_call(number: u32, body: &str) -> String {
    format!("(if (i32.eq (global.get $calls) (i32.const {number})) (then {body}))")
}

fn keeping(instances: usize) -> Policy {
    let mut policy = Policy::default().pooled(instances).allow_state();
    // Machines may be slow.
    policy.limits.deadline = Some(Duration::from_secs(60));
    policy
}

/// An engine with small slices and many lanes, and its log.
fn loaded(wasm: &[u8], policy: Policy) -> (Plugin, Logs) {
    let logs = Logs::default();
    let engine = logs.engine().fuel_slice(500).interpreters(64).build().unwrap();
    (Plugin::load(&engine, wasm, policy).unwrap(), logs)
}

fn is_allowed(plugin: &Plugin) -> bool {
    call(plugin).unwrap().decision.is_allow()
}

type Calling = Pin<Box<dyn Future<Output = Result<Outcome, Error>> + Send>>;

fn calling(plugin: &Plugin) -> Calling {
    Box::pin(plugin.call_async(HOOK, Request::tool_call("search")))
}

fn poll(call: &mut Calling) -> Option<Result<Outcome, Error>> {
    match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    }
}

/// Runs so many calls at once, each for a slice at a time, and counts those that allow.
fn allowed_at_once(plugin: &Plugin, calls: usize) -> usize {
    let mut calls: Vec<_> = (0..calls).map(|_| calling(plugin)).collect();
    let mut allowed = 0;
    while !calls.is_empty() {
        calls.retain_mut(|call| match poll(call) {
            Some(result) => {
                allowed += usize::from(result.unwrap().decision.is_allow());
                false
            }
            None => true,
        });
    }
    allowed
}

#[test]
fn state_is_kept_however_large_it_gets() {
    for stateful in [Stateful::Yes, Stateful::PerInstance] {
        let grows = in_call(3, "(drop (memory.grow (i32.const 100)))");
        let (plugin, _) = loaded(&limiter(stateful, &grows), keeping(10));
        let allowed: Vec<_> = (0..12).map(|_| is_allowed(&plugin)).collect();
        assert_eq!(allowed, [[true; 5].as_slice(), &[false; 7]].concat(), "{stateful:?}");
    }
}

#[test]
fn calls_of_many_threads_meet_one_state() {
    let (plugin, _) = loaded(&limiter(Stateful::Yes, WORK), keeping(10));
    let allowed: usize = thread::scope(|scope| {
        let calls = || (0..50).filter(|_| is_allowed(&plugin)).count();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(calls)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(allowed, 5);
}

#[test]
fn futures_at_once_meet_one_state() {
    let (plugin, _) = loaded(&limiter(Stateful::Yes, WORK), keeping(10));
    assert_eq!(allowed_at_once(&plugin, 400), 5);
    // One to look at at load, one for the calls.
    assert_eq!(plugin.instances().created, 2);
}

#[test]
fn a_plugin_may_have_a_state_for_each_instance() {
    let (plugin, _) = loaded(&limiter(Stateful::PerInstance, WORK), keeping(3));
    assert_eq!(allowed_at_once(&plugin, 400), 15);
    let allowed: usize = thread::scope(|scope| {
        let calls = || (0..100).filter(|_| is_allowed(&plugin)).count();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(calls)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(allowed, 0, "an instance was dropped");
    assert_eq!(plugin.instances().created, 4);
}

#[test]
fn a_call_waits_for_the_state_until_its_deadline() {
    let mut policy = keeping(10);
    policy.limits.deadline = Some(Duration::from_millis(50));
    let (plugin, _) = loaded(&limiter(Stateful::Yes, WORK), policy);
    let mut first = calling(&plugin);
    assert!(poll(&mut first).is_none());
    let error = call(&plugin).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InstancesExhausted);
    let message = error.to_string();
    assert!(message.contains("its one instance is in use, and none came free"), "{message}");
    assert!(message.contains("`stateful: per_instance`"), "{message}");
}

#[test]
fn an_operator_may_refuse_calls_while_the_state_is_in_use() {
    let policy = keeping(10).when_exhausted(WhenExhausted::Refuse);
    let (plugin, _) = loaded(&limiter(Stateful::Yes, WORK), policy);
    let mut first = calling(&plugin);
    assert!(poll(&mut first).is_none());
    assert_eq!(call(&plugin).unwrap_err().code(), "instances_exhausted");
    assert!((0..1000).find_map(|_| poll(&mut first)).unwrap().is_ok());
    assert!(is_allowed(&plugin));
}

#[test]
fn initialize_makes_no_second_state() {
    let (plugin, _) = loaded(&limiter(Stateful::Yes, ""), keeping(10));
    for number in 0..10 {
        plugin.initialize().unwrap();
        assert_eq!(is_allowed(&plugin), number < 5);
    }
}

#[test]
fn state_that_goes_with_a_failed_call_is_told() {
    for (body, code) in [
        ("(unreachable)", "wasm_trap"),
        ("(loop $for_ever (br $for_ever))", "fuel_exhausted"),
        ("(drop (call $log (i32.const 3) (i32.const -1) (i32.const 1)))", "abi_violation"),
    ] {
        let mut policy = keeping(10);
        policy.limits.fuel = 100_000;
        let (plugin, logs) = loaded(&limiter(Stateful::Yes, &in_call(3, body)), policy);
        assert!(is_allowed(&plugin) && is_allowed(&plugin));
        let error = call(&plugin).unwrap_err();
        assert_eq!(error.code(), code);
        assert!(error.to_string().ends_with("the state that it kept is lost"), "{error}");
        assert!(error.receipt().unwrap().state_lost);
        assert_eq!(plugin.instances().states_lost, 1);
        let said = logs.of_the_host();
        assert_eq!(said.len(), 1);
        let (level, line) = &said[0];
        assert_eq!(*level, Level::Warn);
        assert!(line.contains("the state that the plugin kept is lost"), "{line}");
        assert!(line.contains(HOOK), "{line}");
        // It begins anew.
        assert!(!call(&plugin).unwrap().receipt.state_lost);
    }
}

#[test]
fn state_that_goes_with_an_abandoned_call_is_told() {
    let (plugin, logs) = loaded(&limiter(Stateful::Yes, WORK), keeping(10));
    let mut abandoned = calling(&plugin);
    assert!(poll(&mut abandoned).is_none());
    drop(abandoned);
    assert_eq!(plugin.instances().states_lost, 1);
    assert_eq!(logs.of_the_host().len(), 1);
}

#[test]
fn a_plugin_without_state_loses_none() {
    let (plugin, logs) = loaded(&invoking("(unreachable)"), Policy::default().pooled(1));
    let error = call(&plugin).unwrap_err();
    assert!(
        !error.receipt().unwrap().state_lost && !error.to_string().contains("state"),
        "{error}"
    );
    assert_eq!((plugin.instances().states_lost, logs.of_the_host()), (0, Vec::new()));
}

#[test]
fn a_failure_that_leaves_the_instance_sound_keeps_the_state() {
    let gives_up = in_call(3, "(return (i32.const -13))");
    let breaks = in_call(4, "(return (i32.const 7))");
    let (plugin, logs) = loaded(&limiter(Stateful::Yes, &(gives_up + &breaks)), keeping(10));
    assert!(is_allowed(&plugin) && is_allowed(&plugin));
    for code in ["plugin_failed", "abi_violation"] {
        let error = call(&plugin).unwrap_err();
        assert_eq!(error.code(), code);
        assert!(!error.receipt().unwrap().state_lost);
    }
    assert!(is_allowed(&plugin));
    assert!(!is_allowed(&plugin), "the state was lost");
    assert_eq!(logs.of_the_host(), []);
}

#[test]
fn a_plugin_whose_state_was_shut_down_fails() {
    let (plugin, _) = loaded(&limiter(Stateful::Yes, ""), keeping(10));
    for _ in 0..6 {
        is_allowed(&plugin);
    }
    plugin.shutdown().unwrap();
    for error in [
        call(&plugin).unwrap_err(),
        poll(&mut calling(&plugin)).unwrap().unwrap_err(),
        plugin.initialize().unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.code()), (ErrorKind::ShutDown, "shut_down"));
        assert_eq!(error.plugin(), Some("guest"));
    }
    plugin.shutdown().unwrap();
}

#[test]
fn no_instance_at_all_is_refused_for_state_of_each() {
    let wasm = limiter(Stateful::PerInstance, "");
    let error = load_error(&wasm, keeping(0));
    assert!(error.to_string().contains("`max_instances`, which is 0"), "{error}");
    assert!(Plugin::load(&Engine::new().unwrap(), &limiter(Stateful::Yes, ""), keeping(0)).is_ok());
}
