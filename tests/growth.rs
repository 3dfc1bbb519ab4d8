//! Instances whose memory grows: which are kept, and what that costs later calls.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)]

mod common;

use common::*;
use cpex_wasmi::{Instances, Level, Plugin, Policy, Receipt};

/// A guest that grows its memory in `cpex_init` by so many pages, and does this in each call, of which
/// `$calls` has the number.
fn growing(pages: u32, body: &str) -> Vec<u8> {
    guest(&format!(
        r#"(memory (export "memory") 1) (global $calls (mut i32) (i32.const 0))
           (func (export "cpex_init") (result i32)
             (drop (memory.grow (i32.const {pages}))) (i32.const 0))
           (func (export "cpex_invoke") (param i32) (result i32)
             (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
             {body} (i32.const 0))"#
    ))
}

/// Calls it so often, and gives what each call cost.
fn receipts(plugin: &Plugin, calls: usize) -> Vec<Receipt> {
    (0..calls).map(|_| call(plugin).unwrap().receipt).collect()
}

fn loaded(wasm: &[u8], policy: Policy) -> (Plugin, Logs) {
    let logs = Logs::default();
    (Plugin::load(&logs.engine().build().unwrap(), wasm, policy).unwrap(), logs)
}

#[test]
fn tables_that_are_built_at_the_start_are_built_once() {
    // 2.5 MiB, as the tables of regular expressions take.
    let wasm = growing(40, "");
    let policy = Policy::default().pooled(2);
    for (policy, created) in [(policy.clone(), 3), (policy.without_snapshot(), 2)] {
        let (plugin, logs) = loaded(&wasm, policy);
        let receipts = receipts(&plugin, 100);
        assert_eq!(receipts[1], receipts[99]);
        assert_eq!(receipts[1].peak_memory_bytes, 41 << 16);
        let Instances { initialised, outgrown, .. } = plugin.instances();
        assert_eq!((plugin.instances().created, initialised, outgrown), (created, 1, 0));
        assert_eq!(logs.of_the_host(), []);
    }
}

#[test]
fn one_that_began_as_the_first_was_left_is_kept_too() {
    let (plugin, _) = loaded(&growing(40, ""), Policy::default().pooled(2));
    plugin.initialize().unwrap();
    // Another, which is restored.
    plugin.initialize().unwrap();
    receipts(&plugin, 10);
    assert_eq!(plugin.instances().outgrown, 0);
}

#[test]
fn a_large_request_is_not_paid_for_by_all_that_follow() {
    let once = "(if (i32.eq (global.get $calls) (i32.const 3))
        (then (drop (memory.grow (i32.const 40)))))";
    let (plugin, logs) = loaded(&growing(0, once), Policy::default().pooled(2));
    let sizes: Vec<_> =
        receipts(&plugin, 9).iter().map(|receipt| receipt.peak_memory_bytes >> 16).collect();
    assert_eq!(sizes, [1, 1, 41, 1, 1, 41, 1, 1, 41]);
    assert_eq!(plugin.instances().outgrown, 3);
    let said = logs.of_the_host();
    assert_eq!(said.len(), 1, "it is told once: {said:?}");
    assert_eq!(said[0].0, Level::Info);
    assert!(said[0].1.contains("from 65536 to 2686976 bytes"), "{said:?}");
}

#[test]
fn what_every_first_call_builds_is_kept_in_the_end() {
    let first = "(if (i32.eq (global.get $calls) (i32.const 1))
        (then (drop (memory.grow (i32.const 40)))))";
    let (plugin, _) = loaded(&growing(0, first), Policy::default().pooled(2).without_snapshot());
    receipts(&plugin, 100);
    let Instances { initialised, outgrown, .. } = plugin.instances();
    assert_eq!((initialised, outgrown), (4, 3));
}

#[test]
fn a_plugin_that_grows_with_each_call_is_dropped_in_time() {
    let leaks = "(if (i32.lt_s (memory.grow (i32.const 20)) (i32.const 0)) (then (unreachable)))";
    let (plugin, _) = loaded(&growing(0, leaks), Policy::default().pooled(1));
    receipts(&plugin, 200);
    assert!(plugin.instances().outgrown > 40);
}
