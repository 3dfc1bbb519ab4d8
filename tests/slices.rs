//! Slices: cutting a call into them changes neither results nor fuel.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

mod common;

use common::*;
use cpex_wasmi::{Engine, Limits, Plugin, Policy, Request};

/// A guest that does a little of everything and writes what it computed to its state.
fn busy() -> Vec<u8> {
    guest(
        r#"(memory (export "memory") 1)
           (data $text "some data")
           (table $t 4 funcref)
           (elem (table $t) (i32.const 0) func $double $negate)
           (elem $more func $negate $double)
           (type $unary (func (param i32) (result i32)))
           (global $sum (mut i32) (i32.const 0))
           (func $double (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
           (func $negate (param i32) (result i32) (i32.sub (i32.const 0) (local.get 0)))
           (func $fib (param i32) (result i32)
             (if (i32.lt_u (local.get 0) (i32.const 2)) (then (return (local.get 0))))
             (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                      (call $fib (i32.sub (local.get 0) (i32.const 2)))))
           (func $pick (param i32) (result i32)
             (block $c (block $b (block $a (br_table $a $b $c (local.get 0)))
               (return (i32.const 10))) (return (i32.const 20)))
             (i32.const 30))
           (func $add (param i32) (global.set $sum (i32.add (i32.mul (global.get $sum) (i32.const 31)) (local.get 0))))
           (func $round (param $n i32)
             (call $add (call $fib (i32.const 7)))
             (call $add (call $pick (i32.rem_u (local.get $n) (i32.const 4))))
             (call $add (call_indirect $t (type $unary) (local.get $n)
               (i32.rem_u (local.get $n) (i32.const 2))))
             (table.init $t $more (i32.const 2) (i32.const 0) (i32.const 2))
             (table.copy $t $t (i32.const 0) (i32.const 2) (i32.const 2))
             (table.fill $t (i32.const 3) (ref.func $double) (i32.const 1))
             (call $add (table.grow $t (ref.null func) (i32.const 500)))
             (memory.init $text (i32.const 100) (i32.const 0) (i32.const 9))
             (memory.copy (i32.const 200) (i32.const 100) (i32.const 9))
             (memory.fill (i32.const 300) (local.get $n) (i32.const 5000))
             (call $add (i32.load (i32.const 203)))
             (call $add (i32.load8_u (i32.const 5299)))
             (call $add (memory.grow (i32.const 1)))
             (call $add (i32.trunc_sat_f64_s (f64.sqrt (f64.convert_i32_u (local.get $n)))))
             (call $add (i32.wrap_i64 (i64.rotl (i64.extend_i32_u (global.get $sum)) (i64.const 7))))
             (call $add (call $read_text (i32.const 0x0122) (i32.const 0) (i32.const 0) (i32.const -1)
               (i32.const 400) (i32.const 64)))
             (call $add (i32.load (i32.const 402)))
             (i32.store (i32.const 500) (global.get $sum))
             (call $add (call $write (i32.const 0x0700) (i32.const 0) (i32.const 100) (i32.const 4)
               (i32.const 520) (i32.const 2))))
           (data (i32.const 520) "\01\01")
           (func (export "cpex_invoke") (param i32) (result i32) (local $n i32)
             (loop $again
               (call $round (local.get $n))
               (local.set $n (i32.add (local.get $n) (i32.const 1)))
               (br_if $again (i32.lt_u (local.get $n) (i32.const 5))))
             ;; The sum, as digits of base 16.
             (local.set $n (i32.const 0))
             (loop $digit
               (i32.store8 (i32.add (i32.const 600) (local.get $n))
                 (i32.add (i32.const 97) (i32.and (global.get $sum) (i32.const 15))))
               (global.set $sum (i32.shr_u (global.get $sum) (i32.const 4)))
               (local.set $n (i32.add (local.get $n) (i32.const 1)))
               (br_if $digit (i32.lt_u (local.get $n) (i32.const 8))))
             (drop (call $write_text (i32.const 0x0700) (i32.const 0) (i32.const 100) (i32.const 3)
               (i32.const 600) (i32.const 8)))
             (i32.const 0))"#,
    )
}

#[test]
fn slices_of_every_size_come_to_the_same() {
    let wasm = busy();
    let run = |slice: u64| {
        let engine = Engine::builder().fuel_slice(slice).build().unwrap();
        let limits = Limits::default().deadline(None);
        let policy = Policy::default().limits(limits);
        let plugin = Plugin::load(&engine, &wasm, policy).unwrap();
        plugin.call(HOOK, Request::tool_call("get_compensation")).unwrap()
    };
    let whole = run(u64::MAX);
    assert_eq!(whole.receipt.slices, 1);
    assert_eq!(whole.changes.local_state.as_ref().unwrap().len(), 2);
    for slice in (1..300).chain([1000, 5000]) {
        let cut = run(slice);
        assert_eq!(cut.changes, whole.changes, "slices of {slice}");
        assert_eq!(cut.receipt.fuel, whole.receipt.fuel, "slices of {slice}");
        assert_eq!(cut.receipt.host_calls, whole.receipt.host_calls, "slices of {slice}");
        assert!(cut.receipt.slices > 1, "slices of {slice}");
    }
}

#[test]
fn the_fuel_that_a_call_takes_is_the_fuel_that_it_needs() {
    let wasm = busy();
    let engine = engine();
    let run = |fuel: u64| {
        let limits = Limits::default().fuel(fuel);
        let plugin = Plugin::load(&engine, &wasm, Policy::default().limits(limits)).unwrap();
        plugin.call(HOOK, Request::tool_call("get_compensation"))
    };
    let needed = run(10_000_000).unwrap().receipt.fuel;
    assert!(run(needed).is_ok());
    for fuel in [needed - 1, needed / 2, 1] {
        let error = run(fuel).unwrap_err();
        assert_eq!(error.code(), "fuel_exhausted", "{fuel} of {needed}");
        assert!(error.receipt().unwrap().fuel <= fuel);
    }
}

/// wasmi 2.0.0 loses its place when `table.grow` runs out of fuel: such a call, resumed, begins
/// again without end. The host refuses the growth before any fuel is asked for it.
#[test]
fn a_table_that_would_grow_does_not_make_a_call_lose_its_place() {
    let wasm = guest(
        r#"(table $t 1 20000 funcref)
           (func (export "cpex_invoke") (param i32) (result i32)
             (i32.ne (table.grow $t (ref.null func) (i32.const 5000)) (i32.const -1)))"#,
    );
    for slice in [1, 10, 100, 1000] {
        let engine = Engine::builder().fuel_slice(slice).build().unwrap();
        let plugin = Plugin::load(&engine, &wasm, Policy::default()).unwrap();
        let outcome = call(&plugin).unwrap();
        assert!(outcome.decision.is_allow(), "slices of {slice}");
        assert!(outcome.receipt.fuel < 20, "slices of {slice}");
    }
}

#[test]
fn what_the_host_does_takes_slices_of_the_engine() {
    // A plugin that can grow its memory is given less at once, but not for what the host does.
    let read =
        "(drop (call $read_json (i32.const 0x0100) (i32.const 0) (i32.const 0) (i32.const -1)
        (i32.const 0) (i32.const 0)))";
    let reads = |memory: &str| {
        let wasm = guest(&format!(
            r#"(func (export "cpex_invoke") (param i32) (result i32) {} (i32.const 0))
               (memory (export "memory") 1) (func (drop {memory}))"#,
            read.repeat(20),
        ));
        let request = Request::tool_call("t").argument("text", "x".repeat(100_000));
        load(&wasm, trusting()).call(HOOK, request).unwrap().receipt
    };
    let (growing, fixed) = (reads("(memory.grow (i32.const 1))"), reads("(memory.size)"));
    assert!(fixed.fuel > 1_000_000, "{}", fixed.fuel);
    let most = fixed.fuel / Engine::DEFAULT_SLICE + 2;
    assert!(fixed.slices <= most && growing.slices <= most, "{fixed:?} {growing:?}");
}
