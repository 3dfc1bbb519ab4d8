//! Loading: a malformed plugin is refused before anything of it runs, with a message that says what to change.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

mod common;

use common::*;
use cpex_wasmi::{Capability, Engine, ErrorKind, Limits, Manifest, Plugin, Policy, Request};

const INVOKE: &str = r#"(func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#;
const MEMORY: &str = r#"(memory (export "memory") 1)"#;

/// Asserts that a module is refused with this code and a message that has all these parts.
#[track_caller]
fn refused(wasm: &[u8], code: &str, parts: &[&str]) {
    let error = load_error(wasm, trusting());
    assert_eq!(error.code(), code, "{error}");
    for part in parts {
        assert!(error.to_string().contains(part), "`{part}` is not in: {error}");
    }
}

fn plugin(fields: &str) -> Vec<u8> {
    with_section(module(fields), Manifest::SECTION, &manifest(&[]))
}

#[test]
fn files_that_are_no_module() {
    refused(b"", "invalid_module", &["0 bytes"]);
    refused(b"\x7fELF\x02\x01\x01\0", "invalid_module", &["not a wasm module"]);
    refused(b"(module)", "invalid_module", &["not a wasm module"]);
    refused(b"\0asm\x0d\0\x01\0", "invalid_module", &["component", "core module"]);
    refused(b"\0asm\x02\0\0\0", "invalid_module", &["version is 2"]);
}

#[test]
fn a_module_that_is_cut_short_anywhere_is_refused() {
    let wasm = guest(INVOKE);
    for len in 0..wasm.len() {
        assert_eq!(load_error(&wasm[..len], trusting()).code(), "invalid_module", "{len}");
    }
    refused(&wasm[..wasm.len() - 1], "invalid_module", &["truncated", "begins at byte"]);
}

#[test]
fn a_module_that_is_too_large() {
    let wasm = with_section(guest(INVOKE), "padding", &vec![0; Limits::MAX_MODULE_BYTES]);
    refused(&wasm, "invalid_module", &["at most 16777216"]);
}

#[test]
fn a_start_function_would_run_before_anything_is_known() {
    let wasm = plugin(&format!("{MEMORY} {INVOKE} (func $go (unreachable)) (start $go)"));
    refused(&wasm, "invalid_module", &["start function", "section at byte", "cpex_init"]);
}

#[test]
fn exports_that_are_missing_or_of_another_type() {
    refused(&plugin(INVOKE), "invalid_module", &["does not export its memory"]);
    refused(&plugin(&format!("(memory 1) {INVOKE}")), "invalid_module", &["export it under"]);
    refused(&plugin(MEMORY), "invalid_module", &["does not export `cpex_invoke`", "cdylib"]);
    let other = r#"(func (export "cpex_invoke") (param i64) (result i32) (i32.const 0))"#;
    refused(
        &plugin(&format!("{MEMORY} {other}")),
        "invalid_module",
        &["`cpex_invoke` as a function (i64) -> (i32)", "must be a function (i32) -> (i32)"],
    );
    for name in ["cpex_init", "cpex_shutdown"] {
        let other = format!(r#"(func (export "{name}"))"#);
        let found = format!("`{name}` as a function () -> ()");
        let wasm = plugin(&format!("{MEMORY} {INVOKE} {other}"));
        refused(&wasm, "invalid_module", &[&found, "must be a function () -> (i32)"]);
    }
    let global = r#"(global (export "memory") i32 (i32.const 0))"#;
    refused(
        &plugin(&format!("{global} {INVOKE}")),
        "invalid_module",
        &["`memory` as a global of type i32"],
    );
}

#[test]
fn imports_that_are_not_offered() {
    let with = |import: &str| plugin(&format!("{import} {MEMORY} {INVOKE}"));
    refused(
        &with(r#"(import "cpex" "raed" (func))"#),
        "invalid_module",
        &["`cpex::raed`", "did you mean `read`?"],
    );
    refused(
        &with(r#"(import "cpex" "count" (func (param i32)))"#),
        "invalid_module",
        &["`cpex::count` as a function (i32) -> ()", "it is a function (i32, i32) -> (i32)"],
    );
    refused(
        &with(r#"(import "wasi_snapshot_preview1" "fd_write" (func))"#),
        "invalid_module",
        if cfg!(feature = "wasi") {
            &["`wasi_snapshot_preview1::fd_write` as a function () -> ()"]
        } else {
            &["`wasi_snapshot_preview1::fd_write`", "feature `wasi`", "wasm32-unknown-unknown"]
        },
    );
    refused(
        &with(r#"(import "wasi:cli/stdout@0.2.0" "get-stdout" (func (result i32)))"#),
        "invalid_module",
        &["`wasi:cli/stdout@0.2.0::get-stdout`", "wasm32-unknown-unknown"],
    );
    refused(&with(r#"(import "env" "m" (global i32))"#), "invalid_module", &["`env::m`"]);
    let memory = plugin(&format!(
        r#"(import "cpex" "memory" (memory 1)) (export "memory" (memory 0)) {INVOKE}"#
    ));
    refused(&memory, "invalid_module", &["`cpex::memory`"]);
}

#[test]
fn manifests_that_are_missing_or_malformed() {
    let bare = module(&format!("{MEMORY} {INVOKE}"));
    let with = |content: &[u8]| with_section(bare.clone(), Manifest::SECTION, content);
    refused(&bare, "invalid_module", &["`cpex.manifest` is missing", "plugin!"]);
    refused(&with(b""), "invalid_module", &["ends early", "has 0 bytes"]);
    refused(&with(&[1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]), "invalid_module", &["ends early"]);
    refused(&with(&vec![0; Manifest::MAX_BYTES + 1]), "invalid_module", &["too large"]);
    let mut trailing = manifest(&[]);
    trailing.push(0);
    refused(&with(&trailing), "invalid_module", &["bytes follow the value"]);
    let twice = with_section(with(&manifest(&[])), Manifest::SECTION, &manifest(&[]));
    refused(&twice, "invalid_module", &["more than one"]);
    refused(&with(&manifest(&["read_label"])), "invalid_module", &["did you mean `read_labels`?"]);
}

#[test]
fn manifests_of_another_abi_say_which_side_to_rebuild() {
    let bare = module(&format!("{MEMORY} {INVOKE}"));
    let with = |content: &[u8]| with_section(bare.clone(), Manifest::SECTION, content);
    refused(&with(&[2, 0, 9, 9]), "unsupported_abi", &["ABI 2.0", "1.1", "update the host"]);
    refused(&with(&[1, 2, 9]), "unsupported_abi", &["ABI 1.2", "update the host"]);
    refused(&with(&[0, 7]), "unsupported_abi", &["ABI 0.7", "rebuild the plugin"]);
}

#[test]
fn memories_and_tables_over_their_limits() {
    let with = |fields: &str| plugin(&format!("{fields} {INVOKE}"));
    refused(
        &with(r#"(memory (export "memory") 65536)"#),
        "memory_limit",
        &["declares 4294967296 bytes", "zstack-size"],
    );
    refused(&with(&format!("{MEMORY} (table 10001 funcref)")), "memory_limit", &["table elements"]);
    let tables = "(table 1 funcref)".repeat(11);
    refused(&with(&format!("{MEMORY} {tables}")), "memory_limit", &["limit of 10"]);
}

#[test]
fn segments_that_do_not_fit() {
    let data = plugin(&format!(r#"{MEMORY} {INVOKE} (data (i32.const 65535) "ab")"#));
    refused(&data, "invalid_module", &["instantiated"]);
    let elements =
        plugin(&format!("{MEMORY} (table 1 funcref) (func $f) (elem (i32.const 1) $f) {INVOKE}"));
    let told = "an element segment of the module, of 1 elements from 1, does not fit its table";
    refused(&elements, "invalid_module", &[told]);
}

#[test]
fn wasm_features_that_are_not_allowed() {
    let memory64 = plugin(&format!(r#"(memory (export "memory") i64 1) {INVOKE}"#));
    refused(&memory64, "invalid_module", &["wasm feature", "at byte"]);
    refused(
        &plugin(&format!("{MEMORY} (memory 1) {INVOKE}")),
        "invalid_module",
        &["multiple memories", "at byte"],
    );
    let two = plugin(&format!("{MEMORY} {INVOKE} (func (result i32 i64) (unreachable))"));
    refused(&two, "invalid_module", &["multiple values", "at byte"]);
    let shared = plugin(&format!(r#"(memory (export "memory") 1 1 shared) {INVOKE}"#));
    refused(&shared, "invalid_module", &["at byte"]);
    let tail = plugin(&format!("{MEMORY} {INVOKE} (func $f (return_call $f))"));
    refused(&tail, "invalid_module", &["tail calls", "at byte"]);
    if cfg!(feature = "simd") {
        let misread = plugin(&format!(
            "{MEMORY} {INVOKE} (func (param i32) (local v128)
               (v128.store8_lane offset=65536 0 (local.get 0) (local.get 1)))"
        ));
        refused(&misread, "invalid_module", &["`v128.store8_lane`"]);
    }
    if !cfg!(feature = "simd") {
        let simd = plugin(&format!(
            "{MEMORY} {INVOKE} (func (drop (i32x4.add (v128.const i64x2 0 0) (v128.const i64x2 0 0))))"
        ));
        refused(&simd, "invalid_module", &["at byte"]);
    }
    let relaxed = plugin(&format!(
        "{MEMORY} {INVOKE} (func (param v128 v128) (result v128)
           (i8x16.relaxed_swizzle (local.get 0) (local.get 1)))"
    ));
    refused(&relaxed, "invalid_module", &["at byte"]);
}

#[test]
fn wasm_features_that_compilers_use_are_allowed() {
    let wasm = plugin(&format!(
        r#"{MEMORY}
           (table 1 externref)
           (func $end (param i32) (result i32) (i32.extend8_s (local.get 0)))
           (global (mut i32) (i32.add (i32.const 1) (i32.const 2)))
           (func (export "cpex_invoke") (param i32) (result i32)
             (memory.fill (i32.const 0) (i32.const 1) (i32.const 8))
             (memory.copy (i32.const 8) (i32.const 0) (i32.const 8))
             (drop (i32.trunc_sat_f32_s (f32.const nan)))
             (call $end (local.get 0)))"#
    ));
    assert!(call(&load(&wasm, Policy::default())).unwrap().decision.is_allow());
}

#[test]
fn structures_over_the_limits_of_a_plugin() {
    let globals = "(global i32 (i32.const 0))".repeat(1001);
    refused(&plugin(&format!("{MEMORY} {INVOKE} {globals}")), "invalid_module", &["larger than"]);
    let functions = "(func)".repeat(10_001);
    refused(&plugin(&format!("{MEMORY} {INVOKE} {functions}")), "invalid_module", &["larger than"]);
    let params = "(param i32)".repeat(40);
    let wide = plugin(&format!("{MEMORY} {INVOKE} (func {params})"));
    refused(&wide, "invalid_module", &["larger than"]);
}

#[test]
fn state_needs_the_operators_leave() {
    let stateful = fixture("call_counter");
    for policy in [trusting(), trusting().allow_state(), trusting().pooled(1)] {
        let error = load_error(&stateful, policy);
        assert_eq!(error.kind(), ErrorKind::AccessDenied);
        assert!(error.to_string().contains("allow_state: true"), "{error}");
    }
    assert!(Plugin::load(&engine(), &stateful, trusting().pooled(1).allow_state()).is_ok());
}

#[test]
fn grants_that_nothing_asks_for_are_worth_a_warning() {
    let plugin = load(&guest(INVOKE), Policy::default().grant([Capability::ReadAgent]));
    assert_eq!(plugin.warnings().len(), 1);
    assert!(plugin.warnings()[0].contains("read_agent"));
    assert!(load(&guest(INVOKE), Policy::default()).warnings().is_empty());
}

#[test]
fn a_hook_that_nobody_calls_is_worth_a_warning() {
    let mut section = manifest(&[]);
    // The `l` of `tool` becomes a `1`.
    let at = section.windows(4).position(|window| window == b"tool").unwrap();
    section[at + 3] = b'1';
    let fields = format!("{MEMORY} {INVOKE}");
    let wasm = with_section(module(&fields), Manifest::SECTION, &section);
    let plugin = load(&wasm, Policy::default());
    let [warning] = plugin.warnings() else { panic!("{:?}", plugin.warnings()) };
    assert!(warning.contains("mean `cmf.tool_pre_invoke`?"), "{warning}");
}

#[test]
fn a_hook_of_the_embedders_own_is_none() {
    let plugin = load(&guest_for(&["acme.invoice"], INVOKE), Policy::default());
    assert!(plugin.warnings().is_empty(), "{:?}", plugin.warnings());
}

#[test]
fn another_hook_is_no_misspelt_one() {
    let plugin = load(&guest(INVOKE), Policy::default());
    let told = |hook| plugin.call(hook, Request::tool_call("t")).unwrap_err().to_string();
    assert!(told("cmf.tool_post_invoke").ends_with("; it handles `cmf.tool_pre_invoke`"));
    assert!(told("cmf.tool_pre_invok").ends_with("; did you mean `cmf.tool_pre_invoke`?"));
}

#[test]
fn a_write_without_its_read_is_worth_a_warning() {
    let grant = |capabilities: &[Capability]| Policy::default().grant(capabilities.to_vec());
    let wasm = guest_with(&["write_headers"], INVOKE);
    let plugin = load(&wasm, grant(&[Capability::WriteHeaders]));
    let [warning] = plugin.warnings() else { panic!("{:?}", plugin.warnings()) };
    assert!(warning.contains("`read_headers`"), "{warning}");
    // That both are granted, though one is asked for, is none.
    let both = grant(&[Capability::WriteHeaders, Capability::ReadHeaders]);
    assert!(load(&wasm, both).warnings().is_empty());
}

#[test]
fn one_engine_serves_many_plugins_of_the_same_name() {
    let engine = Engine::new().unwrap();
    let deny = invoking("(i32.const 1)");
    let allow = invoking("(i32.const 0)");
    let first = Plugin::load(&engine, &deny, Policy::default()).unwrap();
    let second = Plugin::load(&engine, &allow, Policy::default()).unwrap();
    assert_eq!(first.name(), second.name());
    assert!(!call(&first).unwrap().decision.is_allow());
    assert!(call(&second).unwrap().decision.is_allow());
}
