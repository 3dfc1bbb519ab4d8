//! The initialisation of a plugin: the default limits let real plugins start, and receipts show it.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::*;
use cpex_wasmi::{Access, Engine, Invocation, Plugin, Policy, Receipt};

/// A guest that works for so many units of fuel in `cpex_init` and `cpex_invoke`, and takes so many pages.
/// Most of it is what a function charges, so that it takes no time.
fn working(init: u64, invoke: u64, pages: u32) -> Plugin {
    let work = |at: u32| {
        format!(
            "(drop (call $call_json (i32.const 0) (i32.const 9) (i32.const {at}) (i32.const 10)
              (i32.const 64) (i32.const 64)))"
        )
    };
    let wasm = guest_wanting(
        &["function:acme.work"],
        &format!(
            r#"(memory (export "memory") 1) (data (i32.const 0) "acme.work{init:>10}{invoke:>10}")
               (func (export "cpex_init") (result i32) {}
                 (if (i32.lt_s (memory.grow (i32.const {pages})) (i32.const 0)) (then (unreachable)))
                 (i32.const 0))
               (func (export "cpex_invoke") (param i32) (result i32) {} (i32.const 0))"#,
            work(9),
            work(19)
        ),
    );
    let engine =
        Engine::builder().function("acme.work", |invocation: &mut Invocation<'_>, units: u64| {
            invocation.charge(usize::try_from(units).unwrap().saturating_mul(2));
            Ok(())
        });
    let access = Access::default().function("acme.work");
    Plugin::load(&engine.build().unwrap(), &wasm, Policy::default().access(access)).unwrap()
}

fn receipt(plugin: &Plugin) -> Receipt {
    call(plugin).unwrap().receipt
}

#[test]
fn real_plugins_start_under_the_default_limits() {
    // Of three that were measured; the memory is that of the largest, four times.
    for units in [37_000_000, 42_000_000, 289_000_000] {
        let plugin = working(units, 0, 600);
        assert!(plugin.initialize().unwrap().fuel > units);
    }
}

#[test]
fn the_deadline_comes_before_the_default_fuel() {
    // What takes a second in an interpreter, and was a tenth of one by default.
    assert!(receipt(&working(0, 1_100_000_000, 0)).fuel > 1_100_000_000);
}

#[test]
fn receipts_show_what_the_initialisation_took() {
    let plugin = working(5_000_000, 1000, 1);
    let initialisation = plugin.initialize().unwrap();
    assert!(initialisation.fuel > 5_000_000, "{initialisation:?}");
    assert_eq!((initialisation.init_fuel, initialisation.host_calls), (0, 1));
    for _ in 0..3 {
        let receipt = receipt(&plugin);
        assert_eq!(receipt.init_fuel, initialisation.fuel, "it is that of the first instance");
        assert!(receipt.fuel < 1_000_000, "and no part of the call's");
    }
    assert_eq!(plugin.initialize().unwrap().fuel, initialisation.fuel);
    let plain = load(&invoking("(i32.const 0)"), Policy::default());
    assert_eq!(receipt(&plain).init_fuel, 0);
}

#[test]
fn a_module_that_cannot_be_captured_says_so_at_load() {
    let wasm = guest(
        r#"(table 1 funcref) (func $f)
           (elem declare func $f)
           (func (export "cpex_init") (result i32)
             (table.set (i32.const 0) (ref.func $f)) (i32.const 0))
           (func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#,
    );
    let said = |policy: Policy| load(&wasm, policy).warnings().join("\n");
    assert!(said(Policy::default()).contains("each call initialises the plugin anew"));
    assert_eq!(said(Policy::default().pooled(1)), "");
    assert_eq!(said(Policy::default().without_snapshot()), "");
}
