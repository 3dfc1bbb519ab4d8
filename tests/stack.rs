//! A plugin cannot overflow the stack of the thread that calls it, even if that is small: two
//! mebibytes, as threads have by default, and in a build that is not optimised.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::*;
use cpex_wasmi::{Engine, EngineBuilder, Limits, LogRecord, Plugin, Policy};

/// A message in a message in a message …
fn nested(levels: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..levels {
        // schema_version "", role, one part: prompt_result, id "", name "", one message.
        bytes.extend([0, 3, 1, 7, 0, 0, 1]);
    }
    bytes.extend([0, 3, 0, 0]);
    for _ in 0..levels {
        // content, is_error, error_message; then the channel of the message around it.
        bytes.extend([0, 0, 0, 0]);
    }
    bytes
}

fn nested_json(levels: usize) -> String {
    let mut text = String::from(r#"{"message":"#);
    for _ in 0..levels {
        text += r#"{"role":"user","content":[{"content_type":"prompt_result","content":{"prompt_request_id":"","prompt_name":"","messages":["#;
    }
    text += r#"{"role":"user"}"#;
    for _ in 0..levels {
        text += "]}}]}";
    }
    text + "}"
}

#[test]
fn a_deeply_nested_payload_does_not_overflow_a_small_stack() {
    let mut accepted = 0;
    let postcard = [1, 10, 24, 25, 100, 128, 129, 1000].map(|levels| (nested(levels), "$write"));
    let json =
        [1, 10, 24, 25, 30, 40].map(|levels| (nested_json(levels).into_bytes(), "$write_json"));
    for (bytes, write) in postcard.into_iter().chain(json) {
        let read = write.replace("write", "read");
        let wasm = guest(&format!(
            r#"(memory (export "memory") 2) (data (i32.const 0) "{}")
               (func (export "cpex_invoke") (param i32) (result i32)
                 (if (call {write} (i32.const 0x0100) (i32.const 0) (i32.const 0) (i32.const -1)
                   (i32.const 0) (i32.const {})) (then (return (i32.const -13))))
                 (drop (call {read} (i32.const 0x0100) (i32.const 0) (i32.const 0) (i32.const -1)
                   (i32.const 0) (i32.const 0)))
                 ;; By pointer, all of it is made to JSON and back.
                 (if (call $write_text (i32.const 0x0100) (i32.const 0) (i32.const 65536)
                   (i32.const 16) (i32.const 65552) (i32.const 5)) (then (return (i32.const -13))))
                 (i32.const 0))
               (data (i32.const 65536) "/message/channelfinal")"#,
            data(&bytes),
            bytes.len()
        ));
        let plugin = load(&wasm, Policy::default());
        let outcome = std::thread::Builder::new()
            .stack_size(2 << 20)
            .spawn(move || call(&plugin).map(drop).map_err(|error| error.code()))
            .unwrap()
            .join()
            .unwrap();
        match outcome {
            Ok(()) => accepted += 1,
            Err(code) => assert_eq!(code, "plugin_failed"),
        }
    }
    // Up to 24 messages in one another, in each encoding.
    assert_eq!(accepted, 6);
}

/// Runs an endless loop of one instruction on a thread with as much stack as Rust gives one.
fn repeated_for_ever(instruction: &str) {
    let wasm = guest(&format!(
        r#"(memory (export "memory") 1)
           (table 1 funcref)
           (func (export "cpex_invoke") (param i32) (result i32)
             (local.set 0 (i32.const 60000))
             (loop $again {} (br $again)) (unreachable))"#,
        instruction.repeat(200)
    ));
    let plugin = load(&wasm, Policy::default());
    let code = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || call(&plugin).unwrap_err().code())
        .unwrap()
        .join()
        .unwrap();
    assert!(["fuel_exhausted", "timeout", "memory_limit"].contains(&code), "{code}");
}

#[test]
fn growing_memory_repeatedly_overflows_no_stack() {
    repeated_for_ever("(drop (memory.grow (local.get 0)))");
}

#[test]
fn growing_tables_repeatedly_overflows_no_stack() {
    repeated_for_ever("(drop (table.grow 0 (ref.null func) (local.get 0)))");
}

#[test]
fn growing_memory_within_one_slice_overflows_no_stack() {
    // One straight line of as many as fit into a function: its fuel is taken all at once.
    let wasm = guest(&format!(
        r#"(memory (export "memory") 1 1)
           (func $line (drop (i32.const 2) {}))
           (func (export "cpex_invoke") (param i32) (result i32) (call $line) (i32.const 0))"#,
        "(memory.grow)".repeat(60_000)
    ));
    let plugin = load(&wasm, Policy::default());
    let outcome = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || call(&plugin).map(drop))
        .unwrap()
        .join()
        .unwrap();
    assert!(outcome.is_ok(), "{outcome:?}");
}

/// The difference in stack depth between a plugin's log lines, in bytes.
fn taken_by(engine: EngineBuilder, fields: &str) -> usize {
    let least = Arc::new(AtomicUsize::new(usize::MAX));
    let most = Arc::new(AtomicUsize::new(0));
    let sink = {
        let (least, most) = (least.clone(), most.clone());
        move |_: &LogRecord<'_>| {
            let here = 0_u8;
            let here = std::ptr::from_ref(std::hint::black_box(&here)).addr();
            least.fetch_min(here, Ordering::Relaxed);
            most.fetch_max(here, Ordering::Relaxed);
        }
    };
    let wasm = guest(&format!(r#"(memory (export "memory") 1 2) {fields}"#));
    let limits = Limits::default().deadline(None).log_bytes(1 << 20);
    let engine = engine.log_sink(sink).build().unwrap();
    let plugin = Plugin::load(&engine, &wasm, Policy::default().limits(limits)).unwrap();
    let outcome = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || call(&plugin))
        .unwrap()
        .join()
        .unwrap();
    assert!(outcome.unwrap().receipt.log_bytes > 100);
    most.load(Ordering::Relaxed) - least.load(Ordering::Relaxed)
}

#[test]
fn growing_memory_gives_the_hosts_stack_back() {
    let grow = "(memory.grow)".repeat(30);
    let grow = format!("(drop (local.get 0) {grow})");
    let log = "(drop (call $log (i32.const 3) (i32.const 0) (i32.const 1)))";
    let again_and_again = format!(
        r#"(func $line (param i32) {grow} {log})
           (func (export "cpex_invoke") (param i32) (result i32)
             (local.set 0 (i32.const 2000))
             (loop $again (call $line (i32.const 60000))
               (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
             (i32.const 0))"#
    );
    // What comes after the call of itself, each has paid for before it.
    let on_the_way_back = format!(
        r#"(func $nested (param i32)
             (if (i32.eqz (local.get 0)) (then (return)))
             (call $nested (i32.sub (local.get 0) (i32.const 1)))
             {grow} {log})
           (func (export "cpex_invoke") (param i32) (result i32)
             (call $nested (i32.const 900)) (i32.const 0))"#
    );
    for fields in [again_and_again, on_the_way_back] {
        for slice in [1, Engine::DEFAULT_SLICE, u64::MAX] {
            let taken = taken_by(Engine::builder().fuel_slice(slice), &fields);
            // Calls that begin and calls that go on are not as deep in the host.
            let most = if cfg!(feature = "portable-dispatch") { 8 << 10 } else { 72 << 10 };
            assert!(taken <= most, "{taken} bytes, slices of {slice}");
        }
    }
}

#[test]
fn no_instruction_takes_the_hosts_stack_however_often_it_runs() {
    // (Each form of each instruction is tested in `src/engine/dispatch/tests.rs`. `memory.grow` and `table.grow` have tests of their own.)
    let ops = [
        "(drop (i32.div_u (local.get 0) (i32.const 3)))",
        "(local.set 1 (i64.rotl (local.get 1) (i64.const 3)))",
        "(local.set 2 (f64.sqrt (f64.add (local.get 2) (f64.const 1))))",
        "(local.set 0 (i32.trunc_sat_f64_s (local.get 2)))",
        "(drop (call_indirect (type $un) (i32.const 1) (i32.const 0)))",
        "(block $b (block $a (br_table $a $b (local.get 0))))",
        "(memory.copy (i32.const 0) (i32.const 8) (i32.const 8))",
        "(memory.fill (i32.const 0) (i32.const 8) (i32.const 8))",
        "(memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))",
        "(table.copy (i32.const 0) (i32.const 0) (i32.const 1))",
        "(table.fill (i32.const 0) (ref.func $id) (i32.const 1))",
        "(table.init $e (i32.const 0) (i32.const 0) (i32.const 1))",
        "(table.set (i32.const 0) (table.get (i32.const 0)))",
        "(drop (table.size)) (drop (memory.size)) (drop (memory.grow (i32.const 0)))",
        "(global.set $g (i64.add (global.get $g) (i64.const 1)))",
        "(if (local.get 0) (then (nop)) (else (nop)))",
        "(local.set 0 (select (local.get 0) (i32.const 4) (local.get 0)))",
        "(drop (call $count (i32.const 0x0800) (i32.const 0)))",
        "(i64.store16 (i32.const 9) (local.get 1)) (local.set 1 (i64.load32_s (i32.const 1)))",
        "(drop (call $id (i32.const 1)))",
    ];
    for op in ops {
        let wasm = guest(&format!(
            r#"(memory (export "memory") 1)
               (type $un (func (param i32) (result i32)))
               (table 4 funcref) (elem (i32.const 0) $id) (elem $e func $id) (data $d "x")
               (global $g (mut i64) (i64.const 0))
               (func $id (param i32) (result i32) (local.get 0))
               (func (export "cpex_invoke") (param i32) (result i32) (local i64 f64 i32)
                 (loop $again {op}
                   (local.set 3 (i32.add (local.get 3) (i32.const 1)))
                   (br_if $again (i32.lt_u (local.get 3) (i32.const 90000))))
                 (i32.const 0))"#
        ));
        let limits = Limits::default().deadline(None);
        let plugin = load(&wasm, Policy::default().limits(limits));
        std::thread::Builder::new()
            .stack_size(256 << 10)
            .spawn(move || assert!(call(&plugin).unwrap().decision.is_allow()))
            .unwrap()
            .join()
            .unwrap();
    }
}
