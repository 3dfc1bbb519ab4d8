//! The memory of a plugin that may read tokens is overwritten before it is given back.
// An allocator takes unsafe code; the host has none.
#![allow(unsafe_code, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use common::*;
use cpex_wasmi::model::IdentityPayload;
use cpex_wasmi::{Capability, Plugin, Policy, Request};

/// Looks for the token in each block of 64 KiB or more that is given back: the wasm memories.
struct Watch;

#[global_allocator]
static WATCH: Watch = Watch;
static WATCHING: AtomicBool = AtomicBool::new(false);
static BLOCKS: AtomicUsize = AtomicUsize::new(0);
static LEAKED: AtomicUsize = AtomicUsize::new(0);

const TOKEN: &[u8] = b"eyJ-the-token-in-the-memory";
const PAGE: usize = 1 << 16;

// SAFETY: all is left to the system's allocator.
unsafe impl GlobalAlloc for Watch {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller vouches.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller vouches.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if WATCHING.load(Ordering::Relaxed) && layout.size() >= PAGE {
            // SAFETY: the block is as long as its layout says; a wasm memory is all initialised.
            let bytes = unsafe { std::slice::from_raw_parts(block, layout.size()) };
            BLOCKS.fetch_add(1, Ordering::Relaxed);
            if bytes.windows(TOKEN.len()).any(|window| window == TOKEN) {
                LEAKED.fetch_add(1, Ordering::Relaxed);
            }
        }
        // SAFETY: as the caller vouches.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Reads the raw token into its memory, and then does as told.
fn reader(then: &str) -> Vec<u8> {
    let field = cpex_wasmi::abi::Field::PayloadRawToken.number();
    let body = format!(
        "(drop (call $read_text (i32.const {field}) (i32.const 0) (i32.const 0) (i32.const -1)
           (i32.const 256) (i32.const 256)))
         (if (i32.eqz (i32.load8_u (i32.const 256))) (then (return (i32.const 1))))
         {then}"
    );
    guest_with(
        &["read_inbound_credentials"],
        &format!(
            r#"(memory (export "memory") 1)
               (func (export "cpex_invoke") (param i32) (result i32) {body})"#
        ),
    )
}

/// The number of memories given back, and of those with the token in them.
fn watched(run: impl FnOnce()) -> (usize, usize) {
    BLOCKS.store(0, Ordering::Relaxed);
    LEAKED.store(0, Ordering::Relaxed);
    WATCHING.store(true, Ordering::Relaxed);
    run();
    WATCHING.store(false, Ordering::Relaxed);
    (BLOCKS.load(Ordering::Relaxed), LEAKED.load(Ordering::Relaxed))
}

// One test, as the allocator is everybody's.
#[test]
fn no_memory_is_given_back_with_a_token_in_it() {
    let policy =
        Policy::default().grant([Capability::ReadInboundCredentials]).allow_raw_credentials();
    let token = std::str::from_utf8(TOKEN).unwrap();
    let request = || Request::new(IdentityPayload::new(token, "bearer"));
    let load = |then| Plugin::load(&engine(), &reader(then), policy.clone()).unwrap();
    let ends: [&str; 5] = [
        "(i32.const 0)",
        "(unreachable)",
        "(loop $l (br $l)) (i32.const 0)",
        // To grow would move the memory, and leave the token where it was.
        "(drop (memory.grow (i32.const 1))) (i32.const 0)",
        "(if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then (unreachable))) (i32.const 0)",
    ];
    for then in ends {
        let plugin = load(then);
        let (blocks, leaked) = watched(|| drop(plugin.call(HOOK, request())));
        assert!(blocks > 0, "nothing was watched");
        assert_eq!(leaked, 0, "after {then}");
    }
    // That growing failed is told as what it is.
    let error = load(ends[4]).call(HOOK, request()).unwrap_err();
    assert_eq!(error.code(), "memory_limit");
    assert!(error.to_string().contains("after it has read a token"), "{error}");
    // A call that is abandoned.
    let plugin = load("(loop $l (br $l)) (i32.const 0)");
    let (blocks, leaked) = watched(|| {
        let mut call = Box::pin(plugin.call_async(HOOK, request()));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(call.as_mut().poll(&mut context).is_pending());
    });
    assert!(blocks > 0, "nothing was watched");
    assert_eq!(leaked, 0, "after a call that was abandoned");
    // That the watch sees something: a plugin without tokens keeps what it was given.
    let wasm = invoking(
        "(drop (call $read_text (i32.const 0x0104) (i32.const 0) (i32.const 0) (i32.const -1)
           (i32.const 256) (i32.const 256))) (i32.const 0)",
    );
    let plain = Plugin::load(&engine(), &wasm, Policy::default()).unwrap();
    let text = Request::text(cpex_wasmi::model::Role::User, token);
    let (_, leaked) = watched(|| drop(plain.call(HOOK, text)));
    assert_eq!(leaked, 1, "the watch is blind");
}
