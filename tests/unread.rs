//! A value that had no room is read again: as it is then, and for the same fuel as if nothing had been kept of it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::*;
use cpex_wasmi::abi::Field;
use cpex_wasmi::{Limits, Outcome, Request};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The address that values are read to, and the room there.
const OUT: &str = "(i32.const 1024) (i32.const 50000)";

/// A sum of the bytes that were read, as seven characters at address 0.
const SUM: &str = r#"
    (func $sum (param $len i32) (local $sum i32) (local $at i32)
      (loop $next
        (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31))
          (i32.load8_u offset=1024 (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br_if $next (i32.lt_s (local.get $at) (local.get $len))))
      (i32.store (i32.const 0) (i32.or (i32.const 0x20202020)
        (i32.and (local.get $sum) (i32.const 0x5f5f5f5f)))))"#;

fn request(elements: usize) -> Request {
    let list: Vec<Value> = (0..elements).map(|number| json!({"n": number})).collect();
    (0..elements)
        .fold(Request::tool_call("t").argument("list", list), |request, number| {
            request.label(format!("label-{number}")).header(format!("X-{number}"), "value")
        })
        .subject("alice")
}

/// A plugin that makes these host calls, and puts a sum of what the last one read into its state.
fn outcome(calls: &[String], request: Request) -> Outcome {
    let (last, before) = calls.split_last().unwrap();
    let before: String = before.iter().map(|call| format!("(drop {call})")).collect();
    let wasm = guest(&format!(
        r#"{SUM} (data (i32.const 512) "/arguments/list/0") (data (i32.const 600) "sum")
           (func (export "cpex_invoke") (param i32) (result i32)
             {before} (call $sum {last})
             (drop (call $write_text (i32.const {}) (i32.const 0) (i32.const 600) (i32.const 3)
               (i32.const 0) (i32.const 4)))
             (i32.const 0))"#,
        Field::ContextLocal.number(),
    ));
    load(&wasm, trusting()).call(HOOK, request).unwrap()
}

/// A read of a value by its function, field and key.
fn read((function, field, has_key): (&str, Field, bool), out: &str) -> String {
    let key =
        if has_key { "(i32.const 512) (i32.const 17)" } else { "(i32.const 0) (i32.const -1)" };
    format!("(call ${function} (i32.const {}) (i32.const 0) {key} {out})", field.number())
}

/// A call that has nothing to do with any value.
fn other() -> String {
    let field = Field::ToolCall.number();
    format!("(call $count (i32.const {field}) (i32.const -1))")
}

fn place() -> impl Strategy<Value = (&'static str, Field, bool)> {
    let function = prop::sample::select(&["read", "read_json", "read_text"][..]);
    let value = prop::sample::select(
        &[
            (Field::Payload, false),
            (Field::ToolCall, false),
            (Field::ToolCall, true),
            (Field::ToolCallName, false),
            (Field::SecurityLabels, false),
            (Field::HttpRequestHeaders, false),
            (Field::Security, false),
        ][..],
    );
    (function, value).prop_map(|(function, (field, has_key))| (function, field, has_key))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn what_is_kept_changes_neither_value_nor_fuel(
        first in place(), second in place(), same in prop::bool::weighted(0.7),
        elements in 1..40_usize, room in 0..600_u32,
    ) {
        let second = if same { first } else { second };
        let short = read(first, &format!("(i32.const 1024) (i32.const {room})"));
        // The host forgets the value between the two reads, or not.
        let kept = outcome(&[other(), short.clone(), read(second, OUT)], request(elements));
        let forgotten = outcome(&[short, other(), read(second, OUT)], request(elements));
        prop_assert_eq!(&kept.changes, &forgotten.changes);
        prop_assert_eq!(kept.receipt.fuel, forgotten.receipt.fuel);
        prop_assert_eq!(kept.receipt.bytes_read, forgotten.receipt.bytes_read);
    }
}

#[test]
fn a_value_that_changed_is_read_as_it_is_now() {
    let label = Field::SecurityLabels.number();
    let write = format!(
        "(call $write_text (i32.const {label}) (i32.const 0) (i32.const 0) (i32.const -1)
           (i32.const 600) (i32.const 3))"
    );
    let place = ("read_json", Field::SecurityLabels, false);
    let short = read(place, "(i32.const 1024) (i32.const 0)");
    let changed = outcome(&[short.clone(), write.clone(), read(place, OUT)], request(3));
    assert_eq!(changed.changes.labels.as_ref().unwrap().len(), 4);
    let at_once = outcome(&[write, read(place, OUT)], request(3));
    assert_eq!(changed.changes, at_once.changes);
    let unchanged = outcome(&[short, read(place, OUT)], request(3));
    assert_ne!(changed.changes.local_state, unchanged.changes.local_state);
}

#[test]
fn bytes_are_counted_once_they_are_copied() {
    let place = ("read_json", Field::Payload, false);
    let short = read(place, "(i32.const 1024) (i32.const 0)");
    let wasm = invoking(&format!("(drop {short}) (drop {}) (i32.const 0)", read(place, OUT)));
    let call = |limits| load(&wasm, trusting().limits(limits)).call(HOOK, request(30));
    let read = call(Limits::default()).unwrap().receipt.bytes_read;
    assert!(call(Limits::default().bytes_read(read)).is_ok());
    assert_eq!(call(Limits::default().bytes_read(read - 1)).unwrap_err().code(), "limit_exceeded");
}
