//! Initialisations that run once, and those that run for each instance: they log a line.

use cpex_wasmi::{Capability, Limits, Module, Plugin, Policy};

use super::common::*;

/// Calls a plugin three times and tells how often it was initialised. Each call allows.
fn initialised(wasm: &[u8], policy: Policy) -> usize {
    let logs = Logs::default();
    let plugin = Plugin::load(&logs.engine().build().unwrap(), wasm, policy).unwrap();
    for _ in 0..3 {
        let outcome = call(&plugin).unwrap();
        assert!(outcome.decision.is_allow(), "{:?}", outcome.decision);
    }
    assert!(logs.messages().iter().all(|line| line == "i"));
    logs.messages().len()
}

/// A guest whose `cpex_init` logs `i` and does this, and whose `cpex_invoke` gives this.
fn logging(fields: &str, init: &str, verdict: &str) -> Vec<u8> {
    guest(&format!(
        r#"(memory (export "memory") 1) (data (i32.const 0) "i") {fields}
           (func (export "cpex_init") (result i32)
             (drop (call $log (i32.const 3) (i32.const 0) (i32.const 1))) {init} (i32.const 0))
           (func (export "cpex_invoke") (param i32) (result i32) {verdict})"#
    ))
}

#[test]
fn an_initialisation_runs_once_for_a_plugin() {
    let wasm = logging(
        "(global $set (mut i32) (i32.const 0)) (table funcref (elem $f)) (func $f)",
        "(global.set $set (i32.const 1))",
        "(i32.ne (global.get $set) (i32.const 1))",
    );
    assert_eq!(initialised(&wasm, Policy::default()), 1);
    assert_eq!(initialised(&wasm, Policy::default().without_snapshot()), 3);
    let json = serde_json::json!({"sandbox_policy": {"snapshot": false}});
    assert_eq!(initialised(&wasm, Policy::from_value(&json).unwrap()), 3);
    let credentials = [Capability::ReadInboundCredentials];
    let tokens = Policy::default().grant(credentials).allow_raw_credentials();
    assert_eq!(initialised(&wasm, tokens), 1);
}

#[test]
fn pooled_instances_begin_as_the_first_did() {
    let verdict =
        "(drop (memory.grow (i32.const 20))) (i32.ne (i32.load8_u (i32.const 9)) (i32.const 7))";
    let wasm = logging("", "(i32.store8 (i32.const 9) (i32.const 7))", verdict);
    // The memory grows too large to be kept.
    assert_eq!(initialised(&wasm, Policy::default().pooled(1)), 1);
    assert_eq!(initialised(&wasm, Policy::default().pooled(1).without_snapshot()), 3);
}

#[test]
fn initialize_takes_the_snapshot_ahead() {
    let wasm = logging("", "", "(i32.const 0)");
    let logs = Logs::default();
    let plugin = Plugin::load(&logs.engine().build().unwrap(), &wasm, Policy::default()).unwrap();
    plugin.initialize().unwrap();
    call(&plugin).unwrap();
    plugin.initialize().unwrap();
    assert_eq!(logs.messages(), ["i"]);
}

#[test]
fn a_module_with_hidden_state_is_initialised_each_time() {
    let table = "(table $t 2 funcref) (elem $p func $f) (data $d \"d\") (func $f)";
    let many = |count| "(global (mut i64) (i64.const 7)) ".repeat(count);
    for (fields, init, times) in [
        (table.to_owned(), "(table.set $t (i32.const 0) (ref.func $f))", 3),
        (table.to_owned(), "(drop (table.grow $t (ref.null func) (i32.const 1)))", 3),
        (table.to_owned(), "(table.fill $t (i32.const 0) (ref.func $f) (i32.const 1))", 3),
        (table.to_owned(), "(table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 1))", 3),
        (table.to_owned(), "(table.init $t $p (i32.const 0) (i32.const 0) (i32.const 1))", 3),
        (table.to_owned(), "(elem.drop $p)", 3),
        (table.to_owned(), "(data.drop $d)", 3),
        (table.to_owned(), "(memory.init $d (i32.const 9) (i32.const 0) (i32.const 1))", 1),
        (format!("{table} (func (table.set $t (i32.const 0) (ref.null func)))"), "", 3),
        ("(global (mut funcref) (ref.null func))".into(), "", 3),
        ("(global (mut externref) (ref.null extern))".into(), "", 3),
        ("(global funcref (ref.null func))".into(), "", 1),
        (r#"(global (export "cpex-wasmi.global.0") (mut i32) (i32.const 0))"#.into(), "", 3),
        (r#"(func (export "cpex-wasmi.global.x"))"#.into(), "", 3),
        (r#"(global (export "own") (mut i32) (i32.const 0))"#.into(), "", 1),
        (many(100), "", 1),
        (many(101), "", 3),
    ] {
        let wasm = logging(&fields, init, "(i32.const 0)");
        assert_eq!(initialised(&wasm, Policy::default()), times, "{fields} {init}");
    }
    let padded = |bytes| with_section(logging("", "", "(i32.const 0)"), "padding", &vec![0; bytes]);
    assert_eq!(initialised(&padded(7 << 20), Policy::default()), 1);
    assert_eq!(initialised(&padded(8 << 20), Policy::default()), 3);
}

#[test]
fn an_initialisation_that_fails_is_never_taken_over() {
    // It depends on nothing but the module and the policy, so that it fails each time.
    let wasm = logging("", "(unreachable)", "(i32.const 0)");
    let logs = Logs::default();
    let plugin = Plugin::load(&logs.engine().build().unwrap(), &wasm, Policy::default()).unwrap();
    for _ in 0..3 {
        let error = call(&plugin).unwrap_err();
        assert_eq!(error.code(), "wasm_trap");
        assert!(error.to_string().contains("trapped in `cpex_init`"), "{error}");
    }
    assert_eq!(logs.messages().len(), 3);
}

#[test]
fn what_is_exported_for_it_is_no_export_of_the_module() {
    let wasm = logging("(global (mut i64) (i64.const 1))", "", "(i32.const 0)");
    let module = Module::new(&engine(), &wasm).unwrap();
    let exports: Vec<_> = module.info().exports.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(exports, ["cpex_init", "cpex_invoke", "memory"]);
    assert_eq!(module.info().bytes, wasm.len());
}

#[test]
fn threads_that_call_at_once_find_the_same_state() {
    let wasm = logging(
        "",
        "(memory.fill (i32.const 1000) (i32.const 7) (i32.const 60000))",
        "(i32.ne (i32.load8_u (i32.const 60999)) (i32.const 7))
         (i32.store8 (i32.const 60999) (i32.const 8))",
    );
    let logs = Logs::default();
    let plugin = Plugin::load(&logs.engine().build().unwrap(), &wasm, Policy::default()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    assert!(call(&plugin).unwrap().decision.is_allow());
                }
            });
        }
    });
    // Each thread once at most.
    assert!((1..=4).contains(&logs.messages().len()));
}

#[test]
fn a_memory_has_as_much_left_to_grow_as_without() {
    let limits = Limits::default().memory_bytes(4 << 16);
    let grown = "(i32.ne (memory.grow (i32.const 1)) (i32.const 3))";
    let full = "(i32.ne (memory.grow (i32.const 1)) (i32.const -1))";
    let with = |init: &str, verdict: &str| logging("", &format!("(drop {init})"), verdict);
    for (init, verdict) in [
        ("(memory.grow (i32.const 2))", grown),
        ("(memory.grow (i32.const 3))", full),
        // What is refused leaves nothing.
        ("(memory.grow (i32.const 4)) (drop) (memory.grow (i32.const 2))", grown),
    ] {
        let policy = || Policy::default().limits(limits.clone());
        assert_eq!(initialised(&with(init, verdict), policy()), 1, "{init}");
        assert_eq!(initialised(&with(init, verdict), policy().without_snapshot()), 3, "{init}");
    }
}

#[test]
fn exposing_globals_changes_no_fuel() {
    let reserved = r#"(func (export "cpex-wasmi.global.x"))"#;
    let fuel = |more: &str| {
        let fields = format!("(global $g (mut i64) (i64.const 1)) {more}");
        let verdict = "(global.set $g (i64.add (global.get $g) (i64.const 5)))
             (i64.ne (global.get $g) (i64.const 9))";
        let wasm = logging(&fields, "(global.set $g (i64.const 4))", verdict);
        let plugin = load(&wasm, Policy::default());
        [call(&plugin), call(&plugin)].map(|outcome| {
            let outcome = outcome.unwrap();
            assert!(outcome.decision.is_allow());
            outcome.receipt
        })
    };
    let exposed = fuel("");
    assert_eq!(exposed, fuel(reserved));
    assert_eq!(exposed[0], exposed[1]);
}
