//! Guests for the suite in C, which has no assembler: written to the folder that `CPEX_WASMI_C_GUESTS` names.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../../../tests/common/mod.rs"]
mod common;

use common::*;
use cpex_wasmi::{Access, Plugin};

/// Calls `acme.add` in one encoding with an argument, logs the result, and allows if it is as expected. A status of the
/// function's becomes the end of the call.
fn adding(call: &str, argument: &[u8], expected: &[u8]) -> Vec<u8> {
    let (argument_len, expected_len) = (argument.len(), expected.len());
    guest_wanting(
        &["function:acme.add"],
        &format!(
            r#"(memory (export "memory") 1) (data (i32.const 0) "acme.add")
               (data (i32.const 16) "{}") (data (i32.const 32) "{}")
               (func (export "cpex_invoke") (param i32) (result i32) (local $len i32) (local $at i32)
                 (local.set $len (call ${call} (i32.const 0) (i32.const 8)
                   (i32.const 16) (i32.const {argument_len}) (i32.const 64) (i32.const 64)))
                 (if (i32.lt_s (local.get $len) (i32.const 0)) (then (return (local.get $len))))
                 (drop (call $log (i32.const 3) (i32.const 64) (local.get $len)))
                 (if (i32.ne (local.get $len) (i32.const {expected_len})) (then (unreachable)))
                 (loop $each
                   (if (i32.ne (i32.load8_u offset=32 (local.get $at)) (i32.load8_u offset=64 (local.get $at)))
                     (then (unreachable)))
                   (local.set $at (i32.add (local.get $at) (i32.const 1)))
                   (br_if $each (i32.lt_u (local.get $at) (i32.const {expected_len}))))
                 (i32.const 0))"#,
            data(argument),
            data(expected),
        ),
    )
}

/// Reads a field and the count of another, and allows. It does not look at what it gets.
fn reading(field: u32, counted: u32) -> Vec<u8> {
    guest_with(
        &["read_labels", "read_headers"],
        &format!(
            r#"(memory (export "memory") 1)
               (func (export "cpex_invoke") (param i32) (result i32)
                 (drop (call $read_json (i32.const {field}) (i32.const 0) (i32.const 0) (i32.const -1)
                   (i32.const 64) (i32.const 4096)))
                 (drop (call $count (i32.const {counted}) (i32.const -1)))
                 (i32.const 0))"#
        ),
    )
}

#[test]
fn the_guests_of_the_suite_in_c_load() {
    let guests = [
        ("adds_json", adding("call_json", b"[1,2]", b"3")),
        ("adds_postcard", adding("call", &[1, 2], &[3])),
        ("reads_labels", reading(0x0201, 0x0122)),
        ("reads_payload", reading(0x0100, 0x0122)),
        ("reads_security", reading(0x0200, 0x0122)),
    ];
    let folder = std::env::var_os("CPEX_WASMI_C_GUESTS").map(std::path::PathBuf::from);
    for (name, wasm) in guests {
        let access = Access::default().function("acme.add");
        let policy = trusting().access(access);
        let engine = engine_with_add();
        Plugin::load(&engine, &wasm, policy).unwrap_or_else(|error| panic!("{name}: {error}"));
        if let Some(folder) = &folder {
            std::fs::create_dir_all(folder).unwrap();
            std::fs::write(folder.join(name).with_extension("wasm"), wasm).unwrap();
        }
    }
}

fn engine_with_add() -> cpex_wasmi::Engine {
    let engine = cpex_wasmi::Engine::builder();
    engine.stub("acme.add", serde_json::Value::from(3)).build().unwrap()
}
