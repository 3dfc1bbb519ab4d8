//! Work that the host would have for nothing, and modules that cost for each call: what they may use
//! of its time.

use std::time::{Duration, Instant};

use super::binary::{with_section_at, without_section};
use super::common::*;
use cpex_wasmi::{Capability, Limits, Plugin, Policy, Request};

#[test]
fn looking_up_a_long_name_takes_no_longer_than_reading_it() {
    // A key of 4 MiB, not all ASCII, against the names of 200 headers.
    let wasm = guest(
        r#"(memory (export "memory") 80)
           (func (export "cpex_invoke") (param i32) (result i32)
             (memory.fill (i32.const 0) (i32.const 0x41) (i32.const 4194304))
             (i32.store16 (i32.const 0) (i32.const 0xa9c3))
             (drop (call $contains (i32.const 0x0301) (i32.const 0) (i32.const 0) (i32.const 4194304)))
             (i32.const 0))"#,
    );
    let limits = Limits::default().deadline(Duration::from_millis(500));
    let policy = Policy::default().grant([Capability::ReadHeaders]).limits(limits);
    let plugin = load(&wasm, policy);
    let request = (0..200).fold(Request::tool_call("search"), |request, number| {
        request.header(format!("x-{number}"), "v")
    });
    let start = Instant::now();
    let _ = plugin.call(HOOK, request);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[test]
fn lines_without_text_count_against_the_log_too() {
    let logs = Logs::default();
    let engine = logs.engine().build().unwrap();
    let wasm = invoking(
        "(local.set 0 (i32.const 50000))
         (loop $again (drop (call $log (i32.const 3) (i32.const 0) (i32.const 0)))
           (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if $again (local.get 0)))
         (i32.const 0)",
    );
    let plugin = Plugin::load(&engine, &wasm, Policy::default()).unwrap();
    let _ = call(&plugin);
    let lines = logs.lines().len();
    assert!(lines <= 16 << 10, "{lines} lines in a log of at most 16 KiB");
}

#[test]
fn a_policy_for_as_many_instances_as_there_can_be_does_no_harm() {
    let entry = serde_json::json!({
        "sandbox_policy": {
            "isolation": "pooled",
            "resources": { "max_instances": 1024 }
        }
    });
    let policy = Policy::from_value(&entry).unwrap();
    assert!(call(&load(&invoking("(i32.const 0)"), policy)).is_ok());
}

#[test]
fn a_hidden_header_cannot_be_probed_by_removing_it() {
    let wasm = guest(
        r#"(data (i32.const 0) "X-Secret")
           (func (export "cpex_invoke") (param i32) (result i32)
             (call $remove (i32.const 0x0301) (i32.const 0) (i32.const 0) (i32.const 8)))"#,
    );
    let plugin = load(&wasm, Policy::default().grant([Capability::WriteHeaders]));
    let with = plugin.call(HOOK, Request::tool_call("search").header("X-Secret", "1"));
    let without = plugin.call(HOOK, Request::tool_call("search").header("X-Other", "1"));
    let verdict = |outcome: Result<cpex_wasmi::Outcome, cpex_wasmi::Error>| {
        outcome.map(|outcome| outcome.decision.is_allow()).map_err(|error| error.code())
    };
    assert_eq!(verdict(with), verdict(without));
}

#[test]
fn a_hidden_origin_cannot_be_probed_by_writing_it() {
    let wasm = guest(
        r#"(data (i32.const 0) "mallory")
           (func (export "cpex_invoke") (param i32) (result i32)
             (call $write_text (i32.const 0x0a02) (i32.const 0) (i32.const 0) (i32.const -1)
               (i32.const 0) (i32.const 7)))"#,
    );
    let plugin = load(&wasm, Policy::default().grant([Capability::AppendDelegation]));
    let answer = |origin: Option<&str>| {
        let mut request = Request::tool_call("search");
        request.extensions.delegation.get_or_insert_default().origin_subject_id =
            origin.map(Into::into);
        plugin.call(HOOK, request).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(answer(None), answer(Some("alice")));
    assert!(answer(None).unwrap_err().contains("read_delegation"));
}

#[test]
fn a_trap_has_its_own_code_even_if_growing_was_refused_before() {
    let wasm = guest(
        r#"(memory (export "memory") 1)
           (func (export "cpex_invoke") (param i32) (result i32)
             (if (i32.ne (memory.grow (i32.const 60000)) (i32.const -1)) (then (return (i32.const 7))))
             (i32.div_u (i32.const 1) (i32.const 0)))"#,
    );
    assert_eq!(call(&load(&wasm, Policy::default())).unwrap_err().code(), "wasm_trap");
}

#[test]
fn looking_through_what_a_plugin_wrote_itself_is_paid_for() {
    // A payload of 65,000 parts; then an argument of its last tool call is removed, again and again.
    let parts = 65_000_u32;
    let mut payload = vec![3, b'2', b'.', b'0', 3, 0xe8, 0xfb, 0x03];
    for _ in 1..parts {
        payload.extend([0, 0]);
    }
    payload.extend([2, 0, 0, 0, 0, 0]);
    let wasm = guest(&format!(
        r#"(memory (export "memory") 4) (data (i32.const 0) "{}")
           (func (export "cpex_invoke") (param i32) (result i32)
             (if (call $write (i32.const 0x0100) (i32.const 0) (i32.const 0) (i32.const -1)
               (i32.const 0) (i32.const {})) (then (return (i32.const -13))))
             (local.set 0 (i32.const 100))
             (loop $again
               (drop (call $remove (i32.const 0x0124) (i32.const 0) (i32.const 0) (i32.const 0)))
               (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if $again (local.get 0)))
             (i32.const 0))"#,
        data(&payload),
        payload.len()
    ));
    let limits = Limits::default().deadline(None);
    let outcome = call(&load(&wasm, Policy::default().limits(limits))).unwrap();
    // Each passes 65,000 parts; a read of the same argument is charged 260,100 units.
    assert!(outcome.receipt.fuel > 100 * 65_000, "{:?}", outcome.receipt);
}

#[test]
fn a_record_of_own_labels_is_paid_for_uncopied() {
    let wasm = guest(
        r#"(func (export "cpex_invoke") (param i32) (result i32)
             (local.set 0 (i32.const 5000))
             (loop $again
               (i32.store (i32.const 0) (i32.add (i32.const 0x41414141)
                 (i32.add (i32.and (local.get 0) (i32.const 0x0f))
                   (i32.add (i32.shl (i32.and (local.get 0) (i32.const 0xf0)) (i32.const 4))
                     (i32.add (i32.shl (i32.and (local.get 0) (i32.const 0xf00)) (i32.const 8))
                       (i32.shl (i32.and (local.get 0) (i32.const 0xf000)) (i32.const 12)))))))
               (drop (call $write_text (i32.const 0x0201) (i32.const 0) (i32.const 0) (i32.const -1)
                 (i32.const 0) (i32.const 4)))
               (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if $again (local.get 0)))
             (local.set 0 (i32.const 100))
             (loop $again
               (drop (call $contains (i32.const 0x0200) (i32.const 0) (i32.const 0) (i32.const -1)))
               (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if $again (local.get 0)))
             (i32.const 0))"#,
    );
    let limits = Limits::default().deadline(None);
    let policy = Policy::default().grant([Capability::AppendLabels]).limits(limits);
    let outcome = call(&load(&wasm, policy)).unwrap();
    assert!(outcome.receipt.fuel > 2_000_000, "{:?}", outcome.receipt);
}

/// Making an instance has neither fuel nor deadline: it must be cheap by the module's limits.
#[test]
fn a_module_with_ten_million_table_elements_is_refused() {
    let items = 9_900_000_usize;
    let mut elements = vec![1, 1, 0];
    leb(&mut elements, items);
    elements.resize(elements.len() + items, 0);
    let wasm = with_section_at(
        &guest(r#"(func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#),
        9,
        &elements,
    );
    let error = load_error(&wasm, Policy::default());
    assert_eq!(error.code(), "invalid_module");
    assert!(error.to_string().contains("as each call may have to go through them"), "{error}");
}

#[test]
fn a_module_with_half_a_million_exports_is_refused() {
    let plain = guest(r#"(func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#);
    let mut exports = Vec::new();
    let count = 500_000_usize;
    leb(&mut exports, count + 2);
    for (name, kind, index) in [("memory", 2, 0), ("cpex_invoke", 0, 15)] {
        exports.push(name.len() as u8);
        exports.extend(name.bytes());
        exports.extend([kind, index]);
    }
    for number in 0..count {
        let name = format!("{number:x}");
        exports.push(name.len() as u8);
        exports.extend(name.bytes());
        exports.extend([2, 0]);
    }
    let wasm = with_section_at(&without_section(&plain, 7), 7, &exports);
    let error = load_error(&wasm, Policy::default());
    assert_eq!(error.code(), "invalid_module");
    assert!(error.to_string().contains("as each call may have to go through them"), "{error}");
}

#[test]
fn many_unknown_imports_give_a_readable_message() {
    let plain = guest(r#"(func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#);
    let mut imports = Vec::new();
    let count = 20_000_usize;
    leb(&mut imports, count);
    for _ in 0..count {
        imports.push(4);
        imports.extend(b"cpex");
        imports.push(64);
        imports.extend([b'z'; 64]);
        imports.extend([0, 0]);
    }
    let wasm = with_section_at(&without_section(&plain, 2), 2, &imports);
    // (The other indices of the module no longer fit; that does not matter for the time.)
    let start = Instant::now();
    let error = load_error(&wasm, Policy::default());
    let took = start.elapsed();
    assert!(error.to_string().len() < 100_000, "{} bytes", error.to_string().len());
    assert!(took < Duration::from_secs(1), "{took:?}");
}
