//! A machine without memory: what a plugin wants and cannot have fails the plugin, not the host.
// An allocator takes unsafe code; the host has none.
#![allow(unsafe_code, clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::null_mut;

use common::*;
use cpex_wasmi::{Capability, Engine, Error, Limits, LogRecord, Outcome, Plugin, Policy};

/// Has no large blocks for a thread that is [`starved`].
struct Starving;

#[global_allocator]
static STARVING: Starving = Starving;

thread_local! {
    static MOST: Cell<usize> = const { Cell::new(usize::MAX) };
    static REFUSED: Cell<usize> = const { Cell::new(0) };
}

fn refuses(bytes: usize) -> bool {
    let refuses = bytes > MOST.get();
    REFUSED.set(REFUSED.get() + usize::from(refuses));
    refuses
}

// SAFETY: what is not refused is left to the system's allocator.
unsafe impl GlobalAlloc for Starving {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller vouches.
        if refuses(layout.size()) { null_mut() } else { unsafe { System.alloc(layout) } }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as the caller vouches.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as the caller vouches.
        if refuses(size) { null_mut() } else { unsafe { System.realloc(block, layout, size) } }
    }
}

/// Runs something while no block is larger than that. Something must have wanted one.
fn starved<T>(most: usize, run: impl FnOnce() -> T) -> T {
    REFUSED.set(0);
    MOST.set(most);
    let result = run();
    MOST.set(usize::MAX);
    assert_ne!(REFUSED.get(), 0, "nothing was refused");
    result
}

fn code(result: &Result<Outcome, Error>) -> &'static str {
    match result {
        Ok(outcome) if outcome.decision.is_allow() => "allow",
        Ok(_) => "deny",
        Err(error) => error.code(),
    }
}

/// Calls a plugin while there is little memory, and then again when there is enough: it does what it
/// would have done.
#[track_caller]
fn check(most: usize, wasm: &[u8], expected: &str, then: &str) -> String {
    let plugin = Plugin::load(&engine(), wasm, Policy::default()).unwrap();
    let result = starved(most, || call(&plugin));
    assert_eq!(code(&result), expected, "{result:?}");
    let again = call(&plugin);
    assert_eq!(code(&again), then, "{again:?}");
    result.err().map(|error| error.to_string()).unwrap_or_default()
}

const MIB: usize = 1 << 20;

#[test]
fn memory_that_cannot_grow_is_told_to_the_plugin() {
    let failed = "(i32.eq (memory.grow (i32.const 64)) (i32.const -1))";
    let with = |body: &str| {
        guest(&format!(
            r#"(memory (export "memory") 1)
               (func (export "cpex_invoke") (param i32) (result i32) {body})"#
        ))
    };
    check(MIB, &with(failed), "deny", "allow");
    let insists = with(&format!("(if {failed} (then (unreachable))) (i32.const 0)"));
    let told = check(MIB, &insists, "memory_limit", "allow");
    assert!(told.contains("the host has run out of memory"), "{told}");
}

#[test]
fn an_instance_without_memory_or_table_is_not_made() {
    const ALLOWS: &str = r#"(func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#;
    let limits = Limits::default().table_elements(1_000_000);
    for fields in [
        r#"(memory (export "memory") 128)"#,
        r#"(memory (export "memory") 1) (table 1000000 funcref)"#,
    ] {
        let wasm = guest(&format!("{fields} {ALLOWS}"));
        let policy = Policy::default().limits(limits.clone());
        let engine = engine();
        let module = cpex_wasmi::Module::new(&engine, &wasm).unwrap();
        let load = || Plugin::new(&module, policy.clone()).and_then(|plugin| call(&plugin));
        let refused = starved(MIB, load);
        assert_eq!(code(&refused), "memory_limit", "{refused:?}");
        let told = refused.unwrap_err().to_string();
        assert!(told.contains("the host has run out of memory"), "{told}");
        assert_eq!(code(&load()), "allow");
    }
}

#[test]
fn a_stack_that_cannot_grow_ends_the_call() {
    // A thousand calls of 100 values.
    let wasm = guest(&format!(
        r#"(memory (export "memory") 1)
           (func $deep (param i32) (result i32) (local {})
             (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
             (call $deep (i32.sub (local.get 0) (i32.const 1))))
           (func (export "cpex_invoke") (param i32) (result i32) (call $deep (i32.const 900)))"#,
        "i64 ".repeat(100)
    ));
    let told = check(256 << 10, &wasm, "memory_limit", "allow");
    assert!(told.contains("the host has run out of memory"), "{told}");
}

#[test]
fn an_initialisation_short_of_memory_is_not_shared() {
    let wasm = guest(
        r#"(memory (export "memory") 1)
           (func (export "cpex_init") (result i32)
             (i32.store (i32.const 0) (memory.grow (i32.const 64))) (i32.const 0))
           (func (export "cpex_invoke") (param i32) (result i32)
             (i32.eq (i32.load (i32.const 0)) (i32.const -1)))"#,
    );
    check(MIB, &wasm, "deny", "allow");
    // Nor can an instance become what one was that had more.
    let plugin = Plugin::load(&engine(), &wasm, Policy::default()).unwrap();
    assert_eq!(code(&call(&plugin)), "allow");
    assert_eq!(code(&starved(MIB, || call(&plugin))), "deny");
    assert_eq!(code(&call(&plugin)), "allow");
}

#[test]
fn instances_without_memory_for_tokens_are_not_shared() {
    // Whether the memory is as large as it was to the initialisation, which is a page and 16 more.
    let wasm = guest_with(
        &["read_inbound_credentials"],
        r#"(memory (export "memory") 1)
           (func (export "cpex_init") (result i32)
             (i32.store (i32.const 0) (memory.size))
             (drop (call $log (i32.const 3) (i32.const 0) (i32.const 1))) (i32.const 0))
           (func (export "cpex_invoke") (param i32) (result i32)
             (i32.ne (i32.load (i32.const 0)) (memory.size)))"#,
    );
    let credentials = [Capability::ReadInboundCredentials];
    let policy = Policy::default().grant(credentials).allow_raw_credentials();
    let plugin = Plugin::load(&engine(), &wasm, policy.clone()).unwrap();
    assert_eq!(code(&call(&plugin)), "allow");
    assert_eq!(code(&starved(MIB, || call(&plugin))), "allow");
    assert_eq!(code(&call(&plugin)), "allow");

    // The memory is gone when the first one is initialised and another is made to compare it with.
    let engine = Engine::builder().log_sink(|_: &LogRecord<'_>| MOST.set(MIB)).build().unwrap();
    let plugin = Plugin::load(&engine, &wasm, policy).unwrap();
    let first = call(&plugin);
    MOST.set(usize::MAX);
    assert_eq!(code(&first), "allow");
    assert_eq!(code(&call(&plugin)), "allow");
    MOST.set(usize::MAX);
}
