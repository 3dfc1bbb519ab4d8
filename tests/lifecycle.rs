//! The life of an instance before its first call and after its last: `Plugin::initialize` and
//! `Plugin::shutdown`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

mod common;

use std::time::Duration;

use common::*;
use cpex_wasmi::{Limits, Plugin, Policy, Request};

/// A guest that logs `i` in `cpex_init` and `s` in `cpex_shutdown`, before what these bodies do. Its
/// global `$calls` counts the calls of the instance; it denies all but the first.
fn logging(init: &str, shutdown: &str) -> Vec<u8> {
    guest(&format!(
        r#"(data (i32.const 0) "is")
           (global $calls (mut i32) (i32.const 0))
           (func (export "cpex_init") (result i32)
             (drop (call $log (i32.const 3) (i32.const 0) (i32.const 1))) {init})
           (func (export "cpex_shutdown") (result i32)
             (drop (call $log (i32.const 3) (i32.const 1) (i32.const 1))) {shutdown})
           (func (export "cpex_invoke") (param i32) (result i32)
             (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
             (i32.ne (global.get $calls) (i32.const 1)))"#
    ))
}

const SUCCEEDS: &str = "(i32.const 0)";

/// Each instance is initialised on its own, so that the log tells of each.
fn load_logging(wasm: &[u8], policy: Policy) -> (Plugin, Logs) {
    let logs = Logs::default();
    let engine = logs.engine().build().unwrap();
    (Plugin::load(&engine, wasm, policy.without_snapshot()).unwrap(), logs)
}

/// The log so far, in one word.
fn told(logs: &Logs) -> String {
    logs.messages().concat()
}

fn is_allowed(plugin: &Plugin) -> bool {
    call(plugin).unwrap().decision.is_allow()
}

#[test]
fn initialize_makes_the_instance_of_the_first_call() {
    let (plugin, logs) = load_logging(&logging(SUCCEEDS, SUCCEEDS), Policy::default().pooled(2));
    assert_eq!(told(&logs), "");
    plugin.initialize().unwrap();
    assert_eq!(told(&logs), "i");
    assert!(is_allowed(&plugin));
    assert!(!is_allowed(&plugin), "the instance was not kept");
    assert_eq!(told(&logs), "i");
    // Another one, beside the first.
    plugin.initialize().unwrap();
    assert_eq!(told(&logs), "ii");
}

#[test]
fn initialize_tells_why_a_plugin_cannot_be_initialised() {
    let limits = Limits::default().init_fuel(1_000);
    for (init, code) in [
        ("(i32.const -13)", "plugin_failed"),
        ("(i32.const 7)", "abi_violation"),
        ("(unreachable)", "wasm_trap"),
        ("(loop $forever (br $forever)) (unreachable)", "fuel_exhausted"),
    ] {
        for policy in [Policy::default(), Policy::default().pooled(1)] {
            let policy = policy.limits(limits.clone());
            let (plugin, logs) = load_logging(&logging(init, SUCCEEDS), policy);
            let error = plugin.initialize().unwrap_err();
            assert_eq!((error.code(), error.plugin()), (code, Some("guest")), "{error}");
            assert!(error.receipt().unwrap().fuel > 0);
            assert_eq!(call(&plugin).unwrap_err().code(), code);
            // There is nothing to shut down.
            plugin.shutdown().unwrap();
            assert_eq!(told(&logs), "ii");
        }
    }
}

#[test]
fn without_a_pool_there_is_nothing_to_keep_or_to_shut_down() {
    let (plugin, logs) = load_logging(&logging(SUCCEEDS, "(unreachable)"), Policy::default());
    plugin.initialize().unwrap();
    assert!(is_allowed(&plugin));
    plugin.shutdown().unwrap();
    assert!(is_allowed(&plugin));
    assert_eq!(told(&logs), "iii");
}

#[test]
fn shutdown_runs_once_in_each_pooled_instance() {
    let (plugin, logs) = load_logging(&logging(SUCCEEDS, SUCCEEDS), Policy::default().pooled(2));
    for _ in 0..3 {
        plugin.initialize().unwrap();
    }
    assert!(is_allowed(&plugin));
    // The third was one too many, and was dropped.
    plugin.shutdown().unwrap();
    assert_eq!(told(&logs), "iiiss");
    assert!(logs.lines().iter().all(|(_, hook, line)| match line.as_str() {
        "i" => hook == "init",
        _ => hook == "shutdown",
    }));
    plugin.shutdown().unwrap();
    assert_eq!(told(&logs), "iiiss");
}

#[test]
fn a_shutdown_finds_what_the_calls_left() {
    let twice =
        "(if (i32.ne (global.get $calls) (i32.const 2)) (then (unreachable))) (i32.const 0)";
    let plugin = load(&logging(SUCCEEDS, twice), Policy::default().pooled(1));
    assert!(is_allowed(&plugin));
    assert!(!is_allowed(&plugin));
    plugin.shutdown().unwrap();
}

#[test]
fn a_plugin_is_shut_down_after_its_last_call() {
    let policy = trusting().pooled(1).allow_state();
    let (plugin, logs) = load_logging(&fixture("call_counter"), policy);
    assert!(is_allowed(&plugin) && is_allowed(&plugin));
    plugin.shutdown().unwrap();
    assert_eq!(logs.messages(), ["call 1", "call 2", "ended after call 2"]);
}

#[test]
fn a_module_without_cpex_shutdown_is_shut_down_all_the_same() {
    let wasm = guest(
        r#"(global $calls (mut i32) (i32.const 0))
           (func (export "cpex_invoke") (param i32) (result i32)
             (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
             (i32.ne (global.get $calls) (i32.const 1)))"#,
    );
    let plugin = load(&wasm, Policy::default().pooled(1));
    assert!(!plugin.module().info().has_shutdown);
    assert!(is_allowed(&plugin));
    plugin.shutdown().unwrap();
    assert!(is_allowed(&plugin), "the instance was kept");
}

#[test]
fn a_failed_shutdown_empties_the_pool_anyway() {
    let limits = Limits::default().init_fuel(10_000_000);
    let mut hurried = limits.clone();
    hurried.init_fuel = u64::MAX;
    hurried.deadline = Some(Duration::from_millis(10));
    let endless = "(loop $forever (br $forever)) (unreachable)";
    let outside = "(call $log (i32.const 3) (i32.const -1) (i32.const 1))";
    for (shutdown, limits, code, message) in [
        ("(i32.const -13)", &limits, "plugin_failed", "`cpex_shutdown` gave up"),
        ("(i32.const 7)", &limits, "abi_violation", "`cpex_shutdown` returned 7"),
        ("(unreachable)", &limits, "wasm_trap", "trapped in `cpex_shutdown`"),
        (outside, &limits, "abi_violation", ""),
        (endless, &limits, "fuel_exhausted", "raise `init_fuel`"),
        (endless, &hurried, "timeout", "deadline"),
    ] {
        let policy = Policy::default().pooled(2).limits(limits.clone());
        let (plugin, logs) = load_logging(&logging(SUCCEEDS, shutdown), policy);
        assert!(plugin.module().info().has_shutdown);
        plugin.initialize().unwrap();
        plugin.initialize().unwrap();
        let error = plugin.shutdown().unwrap_err();
        assert_eq!((error.code(), error.plugin()), (code, Some("guest")), "{error}");
        assert!(error.to_string().contains(message), "{error}");
        assert_eq!(error.receipt().unwrap().log_bytes, 1);
        // The second ran too, and neither is there any more.
        assert_eq!(told(&logs), "iiss");
        plugin.shutdown().unwrap();
        assert!(is_allowed(&plugin));
        assert_eq!(told(&logs), "iissi");
    }
}

#[test]
fn the_first_error_of_a_shutdown_is_told() {
    // Traps in an instance that was called.
    let body = "(if (global.get $calls) (then (unreachable))) (i32.const -13)";
    let (plugin, logs) = load_logging(&logging(SUCCEEDS, body), Policy::default().pooled(2));
    plugin.initialize().unwrap();
    plugin.initialize().unwrap();
    assert!(is_allowed(&plugin));
    assert_eq!(plugin.shutdown().unwrap_err().code(), "wasm_trap");
    assert_eq!(told(&logs), "iiss");
}

#[test]
fn after_a_shutdown_calls_work_and_nothing_is_kept() {
    let (plugin, logs) = load_logging(&logging(SUCCEEDS, SUCCEEDS), Policy::default().pooled(2));
    assert!(is_allowed(&plugin));
    plugin.shutdown().unwrap();
    assert!(is_allowed(&plugin));
    assert!(is_allowed(&plugin), "an instance was kept");
    plugin.initialize().unwrap();
    assert!(is_allowed(&plugin.clone()));
    plugin.shutdown().unwrap();
    assert_eq!(told(&logs), "isiiii");
}

#[test]
fn during_shutdown_there_is_no_request_but_the_configuration() {
    let read =
        |field: u32, key: &str| format!("(call $contains (i32.const {field}) (i32.const 0) {key})");
    let key = "(i32.const 0) (i32.const 1)";
    let cases = [
        (read(0x0800, key), 1),
        (read(0x0600, key), -9),
        (read(0x0201, key), -9),
        ("(call $count (i32.const 0x0124) (i32.const 0))".into(), -9),
        (format!("(call $write_text (i32.const 0x0700) (i32.const 0) {key} {key})"), -9),
        (format!("(call $deny_text {key} {key})"), -9),
    ];
    for (body, status) in cases {
        let body = format!("(i32.sub {body} (i32.const {status}))");
        let policy = trusting().config("i", 1).pooled(1);
        let plugin = load(&logging(SUCCEEDS, &body), policy);
        plugin.call(HOOK, Request::tool_call("search").custom("i", 1).label("i")).unwrap();
        plugin.shutdown().unwrap_or_else(|error| panic!("{body}: {error}"));
    }
}

#[test]
fn nothing_is_kept_of_calls_that_come_back_from_other_threads() {
    for _ in 0..50 {
        let policy = Policy::default().pooled(4);
        let (plugin, logs) = load_logging(&logging(SUCCEEDS, SUCCEEDS), policy);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| (0..20).for_each(|_| drop(call(&plugin).unwrap())));
            }
            scope.spawn(|| plugin.shutdown().unwrap());
        });
        let before = told(&logs);
        plugin.shutdown().unwrap();
        assert_eq!(told(&logs), before, "an instance was kept");
        assert!(is_allowed(&plugin));
    }
}
