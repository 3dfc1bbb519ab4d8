//! Regular expressions that modules list, and those that instances compile.
#![cfg(feature = "text")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::*;
use cpex_wasmi::abi::pattern;
use cpex_wasmi::{Module, Plugin, Policy, Request};

/// A module that lists patterns.
fn listing(wasm: Vec<u8>, lists: &[&[u8]]) -> Vec<u8> {
    lists.iter().fold(wasm, |wasm, list| with_section(wasm, pattern::SECTION, list))
}

fn list(texts: &[&str]) -> Vec<u8> {
    let mut all = Vec::new();
    for text in texts {
        all.extend_from_slice(&[0; 4]);
        all.extend_from_slice(&u32::try_from(text.len()).unwrap().to_le_bytes());
        all.extend_from_slice(text.as_bytes());
    }
    all
}

#[test]
fn listed_patterns_are_shown_by_the_module() {
    let wasm = listing(invoking("(i32.const 0)"), &[&list(&["a+", "b"]), &list(&["c"])]);
    let module = Module::new(&engine(), &wasm).unwrap();
    assert_eq!(module.patterns().collect::<Vec<_>>(), ["a+", "b", "c"]);
}

#[test]
fn a_listed_pattern_that_is_not_valid_is_refused() {
    let wasm = listing(invoking("(i32.const 0)"), &[&list(&["a", "(b"])]);
    let error = load_error(&wasm, Policy::default());
    assert!(error.to_string().contains("the pattern `(b`"), "{error}");
    assert!(error.to_string().contains("unclosed group"), "{error}");
}

#[test]
fn a_list_of_patterns_that_are_too_large_is_not_gone_through() {
    let wasm = listing(invoking("(i32.const 0)"), &[&list(&[r"\w{300}"; 200])]);
    let error = load_error(&wasm, Policy::default()).to_string();
    assert!(error.matches("is too large").count() <= 2, "{error}");
    assert!(error.contains("more patterns than it may have"), "{error}");
}

/// A plugin that has the host compile a pattern or a schema in each call, and allows.
fn compiling(function: &str, text: &str) -> Vec<u8> {
    let (data, len) = (data(text.as_bytes()), text.len());
    let args = if function == "pattern" { "(i32.const 0)" } else { "" };
    guest(&format!(
        r#"(data (i32.const 0) "{data}")
           (func (export "cpex_invoke") (param i32) (result i32)
             (drop (call ${function} (i32.const 0) (i32.const {len}) {args} (i32.const 512) (i32.const 0)))
             (i32.const 0))"#,
    ))
}

#[test]
fn a_pattern_that_is_too_large_costs_as_the_largest() {
    let fuel = |wasm: &[u8]| {
        let outcome = load(wasm, Policy::default()).call(HOOK, Request::tool_call("t")).unwrap();
        outcome.receipt.fuel
    };
    let (large, invalid) = (r"\p{L}{300}", r"\p{L}{300}(");
    assert!(fuel(&compiling("pattern", large)) > 100_000_000);
    assert!(fuel(&compiling("pattern", invalid)) < 100_000);
    let schema = |pattern: &str| serde_json::json!({ "pattern": pattern }).to_string();
    assert!(fuel(&compiling("schema", &schema(large))) > 100_000_000);
    assert!(fuel(&compiling("schema", &schema(invalid))) < 1_000_000);
}

#[test]
fn malformed_and_too_long_lists_are_refused() {
    let many = list(&["a"; pattern::MAX_LISTED + 1]);
    let halves = (list(&["a"; 200]), list(&["b"; 200]));
    for lists in [vec![&b"abc"[..]], vec![&many[..]], vec![&halves.0[..], &halves.1]] {
        let error = load_error(&listing(invoking("(i32.const 0)"), &lists), Policy::default());
        assert!(error.to_string().contains("patterns"), "{error}");
    }
}

/// A plugin that compiles the same pattern when it is initialised, and searches with it in each call.
fn searching() -> Vec<u8> {
    guest(
        r#"(data (i32.const 0) "secret") (global $p (mut i32) (i32.const -1))
           (func (export "cpex_init") (result i32)
             (global.set $p (call $pattern (i32.const 0) (i32.const 6) (i32.const 0) (i32.const 64) (i32.const 64)))
             (i32.const 0))
           (func (export "cpex_invoke") (param i32) (result i32)
             (call $search (i32.const 0x0124) (i32.const 0) (i32.const 0) (i32.const -1)
               (global.get $p) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 256) (i32.const 64)))"#,
    )
}

#[test]
fn patterns_live_as_long_as_the_memory_that_knows_them() {
    let asked = |plugin: &Plugin, text: &str| {
        let request = Request::tool_call("t").argument("text", text);
        plugin.call(HOOK, request).unwrap()
    };
    let mut fresh = Policy::default();
    fresh.snapshot = false;
    let policies = [Policy::default(), fresh, Policy::default().pooled(2)];
    let mut fuel = Vec::new();
    for policy in policies {
        let plugin = load(&searching(), policy);
        for _ in 0..3 {
            assert!(asked(&plugin, "nothing").decision.is_allow());
            let outcome = asked(&plugin, "a secret");
            assert!(!outcome.decision.is_allow());
            fuel.push(outcome.receipt.fuel);
        }
    }
    // Whatever was compiled before, and wherever.
    assert!(fuel.iter().all(|other| *other == fuel[0]), "{fuel:?}");
}

#[test]
fn a_listed_pattern_costs_as_much_as_another() {
    let plain = load(&searching(), Policy::default());
    let listed = load(&listing(searching(), &[&list(&["secret"])]), Policy::default());
    assert_eq!(plain.initialize().unwrap().fuel, listed.initialize().unwrap().fuel);
}
