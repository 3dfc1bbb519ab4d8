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

use common::*;
use cpex_wasmi::Policy;

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

fn data(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

#[test]
fn a_deeply_nested_payload_does_not_overflow_a_small_stack() {
    let mut accepted = 0;
    let postcard = [1, 50, 100, 120, 127, 128, 129, 1000].map(|levels| (nested(levels), "$write"));
    let json =
        [1, 10, 20, 25, 30, 40].map(|levels| (nested_json(levels).into_bytes(), "$write_json"));
    for (bytes, write) in postcard.into_iter().chain(json) {
        let read = write.replace("write", "read");
        let wasm = guest(&format!(
            r#"(memory (export "memory") 2) (data (i32.const 0) "{}")
               (func (export "cpex_invoke") (param i32) (result i32)
                 (if (call {write} (i32.const 0x0100) (i32.const 0) (i32.const 0) (i32.const -1)
                   (i32.const 0) (i32.const {})) (then (return (i32.const -13))))
                 (drop (call {read} (i32.const 0x0100) (i32.const 0) (i32.const 0) (i32.const -1)
                   (i32.const 0) (i32.const 0)))
                 (i32.const 0))"#,
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
    assert!((5..14).contains(&accepted), "{accepted} of 14 were accepted");
}
