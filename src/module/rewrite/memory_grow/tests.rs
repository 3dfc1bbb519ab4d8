//! Tests of modules that grow their memory in one function.

use alloc::format;

use super::super::encode::with_sections;
use super::*;
use crate::engine::dispatch::Dispatch;
use crate::module::sections::scan;
use crate::module::{constants, operators};

fn module(fields: &str) -> Vec<u8> {
    wat::parse_str(format!("(module {fields})")).unwrap()
}

/// A module that grows in one place, if at all, and whether it does.
fn rewritten(wasm: &[u8]) -> (Vec<u8>, bool) {
    let sections = scan(wasm).unwrap();
    let facts = operators::read(wasm, &sections);
    let Funnelled { changed, grows } = funnel(wasm, &sections, &facts).unwrap();
    let same = changed.is_empty().then(|| wasm.to_vec());
    (same.or_else(|| with_sections(wasm, &sections, &changed)).unwrap(), grows)
}

/// The places of instructions that grow something: the number of the function, and what it is.
fn growing(wasm: &[u8]) -> Vec<(usize, Effect)> {
    let mut code = SectionReader::of(wasm, scan(wasm).unwrap().find(CODE).unwrap());
    let mut found = Vec::new();
    for function in 0..usize::try_from(code.number().unwrap()).unwrap() {
        let size = code.number().unwrap();
        let mut body = code.part(usize::try_from(size).unwrap()).unwrap();
        body.list(SectionReader::locals).unwrap();
        while !body.is_empty() {
            let effect = body.operator().unwrap();
            if matches!(effect, Effect::GrowsMemory | Effect::GrowsTable) {
                found.push((function, effect));
            }
        }
    }
    found
}

/// Calls `run`: what it returns, and the fuel it takes.
fn run(wasm: &[u8], costs: u8) -> (i32, u64) {
    let mut config = crate::engine::config(1_000_000, 1000, Dispatch::LOOP);
    config.operator_cost(wasmi::OperatorCost { memory_grow: costs, ..Default::default() });
    let engine = wasmi::Engine::new(&config);
    let module = wasmi::Module::new(&engine, wasm).unwrap();
    let mut store = wasmi::Store::new(&engine, ());
    store.set_fuel(1_000_000).unwrap();
    let linker = wasmi::Linker::new(&engine);
    let instance = linker.instantiate_and_start(&mut store, &module).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
    let result = run.call(&mut store, 2).unwrap();
    (result, 1_000_000_u64.saturating_sub(store.get_fuel().unwrap()))
}

const GROWING: &str = r#"
    (memory (export "memory") 1 40)
    (table $t 3 funcref) (elem (i32.const 0) $twice)
    (func $twice (param i32) (result i32)
      (i32.add (memory.grow (local.get 0)) (memory.grow (i32.const 1))))
    (func (export "run") (param i32) (result i32) (local i64 i64)
      (local.set 0 (i32.mul (i32.const 100)
        (call_indirect $t (param i32) (result i32) (local.get 0) (i32.const 0))))
      (i32.add (local.get 0)
        (i32.add (i32.mul (i32.const 10) (memory.grow (i32.const 1000))) (memory.size))))"#;

#[test]
fn growing_in_one_function_changes_no_result_and_no_fuel() {
    let wasm = module(GROWING);
    let (tamed, grows) = rewritten(&wasm);
    assert!(grows);
    assert_eq!(growing(&wasm).len(), 3);
    assert_eq!(growing(&tamed), [(2, Effect::GrowsMemory)]);
    // From 1 to 3 pages, to 4, and not to 1,004.
    let whole = run(&wasm, Dispatch::LOOP.fuel_of_growth());
    assert_eq!(whole.0, 100 * (1 + 3) - 10 + 4);
    assert_eq!(run(&tamed, Dispatch::LOOP.fuel_of_growth() - 3), whole);
}

#[test]
fn a_table_does_not_grow() {
    let fields = |grow: &str| {
        module(&format!(
            r#"(table $t 3 funcref) (table $u 3 externref)
               (func (export "run") (param i32) (result i32) {grow})"#
        ))
    };
    let wasm = fields(
        "(i32.add (table.grow $t (ref.null func) (local.get 0)) \
         (table.grow $u (ref.null extern) (i32.const 70000)))",
    );
    let (tamed, grows) = rewritten(&wasm);
    assert!(!grows);
    assert_eq!(growing(&tamed), []);
    // As if it had tried, with a host that refuses.
    let tried = fields("(i32.add (i32.const -1) (i32.const -1)) (drop (local.get 0))");
    assert_eq!(run(&tamed, 1).0, run(&tried, 1).0);
}

#[test]
fn fixtures_stay_what_they_are_or_grow_in_one_place() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|found| found == "wasm"));
    let mut grown = 0;
    for file in files {
        let wasm = std::fs::read(&file).unwrap();
        let (tamed, grows) = rewritten(&wasm);
        assert_eq!(grows, !growing(&wasm).is_empty(), "{file:?}");
        if !grows {
            assert_eq!(tamed, wasm, "{file:?}");
            continue;
        }
        grown += 1;
        assert_eq!(growing(&tamed).len(), 1, "{file:?}");
        let engine = wasmi::Engine::default();
        let exports = |wasm: &[u8]| {
            let module = wasmi::Module::new(&engine, wasm).unwrap();
            module.exports().map(|export| format!("{export:?}")).collect::<Vec<_>>()
        };
        assert_eq!(exports(&tamed), exports(&wasm), "{file:?}");
    }
    assert!(grown > 5, "only {grown} grow");
}

#[test]
fn an_instruction_that_is_not_known_is_refused() {
    // `return_call 0`, which plugins may not use.
    let code = [1, 4, 0, 0x12, 0, 0x0b];
    let mut wasm = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x06".to_vec();
    wasm.extend(code);
    let sections = scan(&wasm).unwrap();
    let facts = operators::read(&wasm, &sections);
    assert!(facts.refused.is_some());
    let facts = CodeFacts { growing: [0].into(), grows_memory: true, ..facts };
    assert!(funnel(&wasm, &sections, &facts).is_err());
}

/// The module that grows in one place, if that is made of it before anything has validated it.
fn unvalidated(wasm: &[u8]) -> Option<Vec<u8>> {
    let sections = scan(wasm).ok()?;
    let facts = operators::read(wasm, &sections);
    let named = constants::check(wasm, &sections).ok()?.max(facts.named_functions);
    let reads = facts.ends_once && facts.refused.is_none() && facts.grows_memory;
    if !reads || !stays_invalid(wasm, &sections, &facts, named) {
        return None;
    }
    let changed = funnel(wasm, &sections, &facts).ok()?.changed;
    with_sections(wasm, &sections, &changed)
}

#[test]
fn growing_in_one_place_makes_no_module_valid() {
    let engine = wasmi::Engine::new(&crate::engine::config(1_000_000, 1000, Dispatch::LOOP));
    let is_valid = |wasm: &[u8]| wasmi::Module::validate(&engine, wasm).is_ok();
    let (mut rewritten, mut invalid) = (0, 0);
    for fields in [
        GROWING,
        // A function index of its own in each place that can name one.
        r#"(memory 1) (func $own (param i32) (result i32) (memory.grow (local.get 0)))
           (func $other (call $own (i32.const 0)) drop ref.func $own drop)
           (table 2 funcref) (global funcref (ref.func $own)) (export "other" (func $other))
           (elem (i32.const 0) $other) (elem (table 0) (i32.const 1) funcref (ref.func $other))"#,
        // The type of the added function after others.
        r#"(import "cpex" "count" (func (param i32 i32) (result i32))) (memory 1)
           (func (param i32) (result i32)
             (block (result i32) (memory.grow (i32.const 1)) (br_if 0 (local.get 0))))"#,
        "(func (param i32) (result i32) (memory.grow (local.get 0))) (memory 1)",
        "(type (func (param i32) (result i32))) (memory 1) (func (drop (memory.grow (i32.const 1))))",
    ] {
        let whole = module(fields);
        assert!(is_valid(&whole), "{fields}");
        let mut hold = |wasm: &[u8]| {
            let Some(tamed) = unvalidated(wasm) else { return };
            rewritten += 1;
            invalid += usize::from(!is_valid(wasm));
            assert_eq!(is_valid(&tamed), is_valid(wasm), "{wasm:x?}");
        };
        hold(&whole);
        for at in 8..whole.len() {
            // Another byte. Below, a byte more, and a byte less.
            for byte in 0..=u8::MAX {
                let mut wasm = whole.clone();
                wasm[at] = byte;
                hold(&wasm);
            }
            for byte in [0, 1, 0x0b, 0x40, 0x7f, 0x80] {
                let mut wasm = whole.clone();
                wasm.insert(at, byte);
                // In a section that is longer by it.
                let sections = scan(&whole).unwrap().all;
                let section = sections.iter().rfind(|section| section.offset <= at);
                if let Some(size) = section.map(|section| section.offset - 1) {
                    wasm[size] += 1;
                }
                hold(&wasm);
            }
            let mut wasm = whole.clone();
            wasm.remove(at);
            hold(&wasm);
        }
    }
    assert!(rewritten > 1000 && invalid > 500, "{invalid} of {rewritten} are not valid");
}
