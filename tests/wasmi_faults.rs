//! Faults of wasmi 2.0.0 that the host works around, each in a small module. `docs/upstream.md` describes them.
//!
//! A test that fails here says that wasmi has mended one, so that a refusal of the host's can go.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)]

use std::process::Command;

use wasmi::{Caller, Config, Engine, Error, Linker, Module, Store, TypedResumableCall, Val};

/// A store with this fuel, and the exported function `run` of a module. The import `h.f` suspends.
fn run(wat: &str, fuel: Option<u64>) -> (Store<()>, wasmi::TypedFunc<(), i32>) {
    let mut config = Config::default();
    config.consume_fuel(fuel.is_some()).compilation_mode(wasmi::CompilationMode::Eager);
    let engine = Engine::new(&config);
    let module = Module::new(&engine, wat::parse_str(wat).unwrap()).unwrap();
    let mut store = Store::new(&engine, ());
    if let Some(fuel) = fuel {
        store.set_fuel(fuel).unwrap();
    }
    let mut linker = Linker::new(&engine);
    let suspends = |_: Caller<'_, ()>| -> Result<i32, Error> { Err(Error::new("suspended")) };
    linker.func_wrap("h", "f", suspends).unwrap();
    let instance = linker.instantiate_and_start(&mut store, &module).unwrap();
    let run = instance.get_typed_func(&store, "run").unwrap();
    (store, run)
}

/// The result of a host function that was called by this instruction and answers 7 after it has suspended the module.
fn answered(call: &str) -> Result<i32, String> {
    let wat = format!(
        r#"(module (import "h" "f" (func $f (result i32)))
             (func $calls (result i32) (local i32 i32) ({call} $f))
             (func (export "run") (result i32) (local i32 i32 i32 i32)
               (i32.add (i32.mul (call $calls) (i32.const 10)) (local.get 2))))"#
    );
    let (mut store, run) = run(&wat, None);
    let TypedResumableCall::HostTrap(call) = run.call_resumable(&mut store, ()).unwrap() else {
        panic!("it did not suspend")
    };
    match call.resume(&mut store, &[Val::I32(7)]) {
        Ok(TypedResumableCall::Finished(result)) => Ok(result),
        Ok(_) => Err("it was suspended again".into()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn a_host_function_is_resumed_in_the_wrong_place_after_a_tail_call() {
    assert_eq!(answered("call"), Ok(70));
    assert_ne!(answered("return_call"), Ok(70), "wasmi has mended it");
}

/// The result of a module that grows a table, with fuel that is used up once on the way.
fn grown(fuel: u64) -> Result<i32, String> {
    const WAT: &str = r#"(module (table 1 funcref) (global $runs (mut i32) (i32.const 0))
      (func (export "run") (result i32)
        (global.set $runs (i32.add (global.get $runs) (i32.const 1)))
        (drop (table.grow (ref.null func) (i32.const 6400)))
        (i32.add (i32.mul (global.get $runs) (i32.const 10000)) (table.size 0))))"#;
    let (mut store, run) = run(WAT, Some(fuel));
    match run.call_resumable(&mut store, ()).map_err(|error| error.to_string())? {
        TypedResumableCall::Finished(result) => Ok(result),
        TypedResumableCall::OutOfFuel(call) => {
            store.set_fuel(1_000_000).unwrap();
            match call.resume(&mut store) {
                Ok(TypedResumableCall::Finished(result)) => Ok(result),
                Ok(_) => Err("it was suspended again".into()),
                Err(error) => Err(error.to_string()),
            }
        }
        TypedResumableCall::HostTrap(_) => panic!("there is no host function"),
    }
}

#[test]
fn what_ran_before_a_table_grew_out_of_fuel_runs_again() {
    // It ran once, and the table has 6401 elements.
    assert_eq!(grown(1_000_000), Ok(16_401));
    assert_eq!(grown(100), Ok(26_401), "wasmi has mended it");
}

/// The constant expression of this many sums, which is evaluated when an instance is made.
fn constant(sums: usize) -> String {
    let (ones, adds) = ("i32.const 1 ".repeat(sums + 1), "i32.add ".repeat(sums));
    format!(
        r#"(module (global $g i32 {ones}{adds})
             (func (export "run") (result i32) (global.get $g)))"#
    )
}

const SUMS: usize = 60_000;

/// The errors of a process that runs one of the tests which end it.
fn ended(test: &str) -> String {
    let mut process = Command::new(std::env::current_exe().unwrap());
    let output = process.args(["--ignored", "--exact", test]).output().unwrap();
    assert!(!output.status.success(), "wasmi has mended it");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
#[ignore = "it ends the process"]
fn a_long_constant() {
    let (mut store, run) = run(&constant(SUMS), None);
    assert_eq!(run.call(&mut store, ()).unwrap(), i32::try_from(SUMS + 1).unwrap());
}

#[test]
fn a_long_constant_expression_overflows_the_stack() {
    let (mut store, call) = run(&constant(10), None);
    assert_eq!(call.call(&mut store, ()).unwrap(), 11);
    let told = ended("a_long_constant");
    assert!(told.contains("overflow"), "{told}");
}

/// The byte that a store of a lane leaves at an offset.
#[cfg(feature = "simd")]
fn stored(lanes: u32, offset: u32) -> i32 {
    let wat = format!(
        r#"(module (memory 4) (func (export "run") (result i32) (local i32 v128)
             (local.set 1 (v128.const i32x4 5 0 0 0))
             (v128.store{lanes}_lane offset={offset} 0 (local.get 0) (local.get 1))
             (i32.load8_u offset={offset} (local.get 0))))"#
    );
    let (mut store, run) = run(&wat, None);
    run.call(&mut store, ()).unwrap()
}

#[cfg(feature = "simd")]
#[test]
#[ignore = "it ends the process"]
fn a_large_offset() {
    assert_eq!(stored(8, 65_536), 5);
}

#[cfg(feature = "simd")]
#[test]
fn a_lane_stored_at_a_large_offset_misleads_the_interpreter() {
    for (lanes, offset) in [(8, 65_535), (16, 65_534), (32, 65_536), (64, 65_536)] {
        assert_eq!(stored(lanes, offset), 5);
    }
    ended("a_large_offset");
}
