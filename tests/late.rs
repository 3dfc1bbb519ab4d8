//! Calls in which the host itself takes longer than the deadline: they end in `timeout`, whatever the
//! plugin came to.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use common::*;
use cpex_wasmi::{Access, Clock, Invocation, Limits, LogRecord, Plugin, Policy, Stateful};

/// Milliseconds that pass when they are told to.
#[derive(Clone, Default)]
struct Told(Arc<AtomicU64>);

impl Told {
    fn pass(&self, milliseconds: u64) {
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }
}

impl Clock for Told {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// A guest that calls a function of the embedder's, which takes 200 ms, in these exports.
fn calling(exports: &[&str], stateful: Stateful) -> Vec<u8> {
    let slow = "(drop (call $call_json (i32.const 0) (i32.const 9) (i32.const 9) (i32.const 4)
        (i32.const 64) (i32.const 64)))";
    let export = |name: &str, types: &str, result: &str| {
        let body = if exports.contains(&name) { slow } else { "" };
        format!(r#"(func (export "{name}") {types} {body} {result})"#)
    };
    let fields = [
        r#"(data (i32.const 0) "acme.slownull") (global $calls (mut i32) (i32.const 0))"#.into(),
        export("_initialize", "", ""),
        export("cpex_init", "(result i32)", "(i32.const 0)"),
        export("cpex_shutdown", "(result i32)", "(i32.const 0)"),
        export(
            "cpex_invoke",
            "(param i32) (result i32)",
            "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
             (i32.gt_u (global.get $calls) (i32.const 1))",
        ),
    ];
    let mut manifest = cpex_wasmi::Manifest::new("guest", "1.0.0");
    manifest.hooks.push(HOOK.into());
    manifest.access.push("function:acme.slow".into());
    manifest.stateful = stateful;
    with_section(
        importing(&fields.concat()),
        cpex_wasmi::Manifest::SECTION,
        &manifest.encode().unwrap(),
    )
}

/// A policy under which a call may take 10 ms, and an initialisation as long as this.
fn hurried(init: u64) -> Policy {
    let limits = Limits::default()
        .deadline(Duration::from_millis(10))
        .init_deadline(Duration::from_millis(init));
    let access = Access::default().function("acme.slow");
    Policy::default().limits(limits).access(access)
}

fn plugin(wasm: &[u8], policy: Policy) -> Plugin {
    let clock = Told::default();
    let passing = clock.clone();
    let engine = cpex_wasmi::Engine::builder().clock(clock).function(
        "acme.slow",
        move |_: &mut Invocation<'_>, (): ()| {
            passing.pass(200);
            Ok(())
        },
    );
    Plugin::load(&engine.build().unwrap(), wasm, policy).unwrap()
}

#[test]
fn a_call_that_is_late_fails_although_it_returned() {
    let wasm = calling(&["cpex_invoke"], Stateful::No);
    for policy in [hurried(10), hurried(10).pooled(1)] {
        let error = call(&plugin(&wasm, policy)).unwrap_err();
        assert_eq!(error.code(), "timeout");
        assert!(error.to_string().ends_with("within its deadline of 10ms"), "{error}");
        assert_eq!(error.receipt().unwrap().host_calls, 1);
    }
}

#[test]
fn a_call_that_is_in_time_does_not() {
    let mut policy = hurried(10);
    policy.limits.deadline = Some(Duration::from_millis(201));
    assert!(call(&plugin(&calling(&["cpex_invoke"], Stateful::No), policy)).is_ok());
}

#[test]
fn a_late_call_keeps_the_state_that_it_returned_with() {
    let policy = hurried(10).pooled(1).allow_state();
    let plugin = plugin(&calling(&["cpex_invoke"], Stateful::Yes), policy);
    for _ in 0..2 {
        let error = call(&plugin).unwrap_err();
        assert_eq!(error.code(), "timeout");
        assert!(!error.receipt().unwrap().state_lost);
    }
    assert_eq!(plugin.instances().states_lost, 0);
    assert_eq!(plugin.instances().initialised, 1);
}

#[test]
fn an_initialisation_has_a_deadline_of_its_own() {
    for exports in [["_initialize"], ["cpex_init"]] {
        let wasm = calling(&exports, Stateful::No);
        let error = plugin(&wasm, hurried(200)).initialize().unwrap_err();
        assert_eq!(error.code(), "timeout");
        assert!(error.to_string().contains("raise `max_init_time_ms`"), "{error}");
        let plugin = plugin(&wasm, hurried(201));
        plugin.initialize().unwrap();
        assert!(call(&plugin).is_ok());
    }
}

#[test]
fn a_shutdown_has_the_deadline_of_a_call() {
    let plugin = plugin(&calling(&["cpex_shutdown"], Stateful::No), hurried(1000).pooled(1));
    plugin.initialize().unwrap();
    assert_eq!(plugin.shutdown().unwrap_err().code(), "timeout");
}

#[test]
fn a_log_that_holds_a_call_up_makes_it_late() {
    let clock = Told::default();
    let passing = clock.clone();
    let engine = cpex_wasmi::Engine::builder()
        .clock(clock)
        .log_sink(move |_: &LogRecord<'_>| passing.pass(11))
        .build()
        .unwrap();
    let wasm =
        invoking("(drop (call $log (i32.const 3) (i32.const 0) (i32.const 1))) (i32.const 0)");
    let plugin = Plugin::load(&engine, &wasm, hurried(10)).unwrap();
    assert_eq!(call(&plugin).unwrap_err().code(), "timeout");
}

#[test]
fn what_waits_for_a_function_is_late_too() {
    let clock = Told::default();
    let passing = clock.clone();
    let engine = cpex_wasmi::Engine::builder().clock(clock).function_async(
        "acme.slow",
        move |_: &mut Invocation<'_>, (): ()| {
            let passing = passing.clone();
            async move {
                passing.pass(200);
                Ok(())
            }
        },
    );
    let wasm = calling(&["cpex_invoke"], Stateful::No);
    let plugin = Plugin::load(&engine.build().unwrap(), &wasm, hurried(10)).unwrap();
    assert_eq!(call(&plugin).unwrap_err().code(), "timeout");
}
