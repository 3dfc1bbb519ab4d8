//! Plugins that several threads call at once: each finds instances of its own, and none that it should
//! not.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]

mod common;

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;

use common::*;
use cpex_wasmi::{Decision, Engine, Module, Plugin, Policy};

/// Says how often its instance was called, from `1` to `9` and then `+`.
fn counter() -> Vec<u8> {
    guest(
        r#"(global $calls (mut i32) (i32.const 0))
           (func (export "cpex_invoke") (param i32) (result i32)
             (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
             (i32.store8 (i32.const 0) (select
               (i32.add (i32.const 48) (global.get $calls)) (i32.const 43)
               (i32.lt_u (global.get $calls) (i32.const 10))))
             (drop (call $deny_text (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)))
             (i32.const 1))"#,
    )
}

fn count(plugin: &Plugin) -> String {
    match call(plugin).unwrap().decision {
        Decision::Deny(violation) => violation.code,
        Decision::Allow => unreachable!(),
    }
}

fn plugin(lanes: usize, instances: usize) -> Plugin {
    let engine = Engine::builder().interpreters(lanes).build().unwrap();
    Plugin::load(&engine, &counter(), Policy::default().pooled(instances)).unwrap()
}

#[test]
fn who_calls_rarely_does_with_one_instance_in_whichever_thread() {
    let plugin = plugin(4, 4);
    let seen: BTreeSet<_> = (0..8)
        .map(|_| thread::scope(|scope| scope.spawn(|| count(&plugin)).join().unwrap()))
        .collect();
    assert_eq!(seen.len(), 8, "each call is one more of the same instance: {seen:?}");
}

#[test]
fn a_thread_that_calls_often_gets_an_instance_of_its_own() {
    let plugin = plugin(1024, 1024);
    assert_eq!(count(&plugin), "1");
    let firsts = thread::scope(|scope| {
        let calling = || (0..100).filter(|_| count(&plugin) == "1").count();
        scope.spawn(calling).join().unwrap()
    });
    assert_eq!(firsts, 1);
    // The one of this thread is there still.
    assert_ne!(count(&plugin), "1");
}

#[test]
fn one_instance_is_shared_by_all_threads() {
    let plugin = plugin(16, 1);
    let firsts: usize = (0..100)
        .map(|_| {
            thread::scope(|scope| {
                scope.spawn(|| usize::from(count(&plugin) == "1")).join().unwrap()
            })
        })
        .sum();
    assert_eq!(firsts, 1);
}

#[test]
fn every_lane_counts_the_same_fuel_and_the_kept_are_bounded() {
    let plugin = plugin(16, 3);
    let fuel: BTreeSet<u64> = thread::scope(|scope| {
        let calling = || (0..200).map(|_| call(&plugin).unwrap().receipt.fuel).collect::<Vec<_>>();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(calling)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(fuel.len(), 1);
    assert!(plugin.shutdown().is_ok());
}

#[test]
fn a_large_module_is_translated_once() {
    let padding = format!("(data (i32.const 0) \"{}\")", "x".repeat(60_000));
    let engine = Engine::builder().interpreters(16).build().unwrap();
    let large = guest(&format!(
        r#"(func (export "cpex_invoke") (param i32) (result i32) (i32.const 0)) {}"#,
        padding.repeat(5)
    ));
    assert!(large.len() > Module::MAX_COPIED_BYTES);
    let plugin = Plugin::load(&engine, &large, Policy::default()).unwrap();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| call(&plugin).is_ok())).collect();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    });
}

#[test]
fn an_engine_has_a_lane_at_least_and_not_very_many() {
    for (lanes, fits) in [(0, false), (1, true), (1024, true), (1025, false), (usize::MAX, false)] {
        let built = Engine::builder().interpreters(lanes).build();
        assert_eq!(
            built.map(drop).map_err(|error| error.code()),
            if fits { Ok(()) } else { Err("invalid_config") }
        );
    }
}

#[test]
fn a_busy_pool_keeps_nothing_after_its_shutdown() {
    let wasm = guest(
        r#"(func (export "cpex_invoke") (param i32) (result i32) (unreachable))
           (func (export "cpex_shutdown") (result i32) (unreachable))"#,
    );
    let engine = Engine::builder().interpreters(1024).build().unwrap();
    for later in 0..100 {
        let plugin = Plugin::load(&engine, &wasm, Policy::default().pooled(300)).unwrap();
        for _ in 0..300 {
            plugin.initialize().unwrap();
        }
        let start = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                assert!(call(&plugin).is_err());
            });
            start.wait();
            (0..later * 20).for_each(|_| std::hint::spin_loop());
            assert!(plugin.shutdown().is_err());
        });
        assert!(plugin.shutdown().is_ok(), "an instance is there still");
    }
}
