//! Held against the parser that the interpreter has.

use alloc::format;
use alloc::vec::Vec;

use wasmparser::{Operator, Parser, Payload};

use super::super::sections::scan;
use super::*;

/// Fields that have every kind of immediate.
const FIELDS: &str = r#"
    (type $t (func)) (memory 1) (table $f 4 funcref) (table $e 2 externref)
    (global $g (mut i64) (i64.const 0)) (data $d "passive") (elem $p func $f) (elem declare func $f)
    (func $f)
    (func (param i32 i64 f32 f64) (result i32) (local f64 f64 i32)
      (block (loop (if (local.get 0) (then (br 2)) (else (br_if 1 (local.get 0))))))
      (block (block (block (br_table 0 1 2 0 (local.get 0)))))
      (block (result i64) (i64.const -9000000000000000000)) drop
      (call $f) (call_indirect (type $t) (i32.const 200))
      (drop (select (i32.const -1) (i32.const 64) (local.get 0)))
      (drop (select (result externref) (table.get $e (i32.const 0)) (ref.null extern) (i32.const 0)))
      (drop (ref.is_null (ref.func $f)))
      (global.set $g (global.get $g)) (local.set 2 (f32.const nan:0x200000))
      (drop (local.tee 3 (f64.const -0x1p-1000)))
      (i64.store32 offset=4000000000 (i32.const 0) (i64.load8_s align=1 (i32.const 300)))
      (drop (memory.grow (memory.size)))
      (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))
      (memory.copy (i32.const 0) (i32.const 1) (i32.const 2))
      (memory.fill (i32.const 0) (i32.const 38) (i32.const 2))
      (drop (i64.trunc_sat_f64_u (f64.sqrt (local.get 3)))) (drop (i32.extend8_s (local.get 0)))
      (drop (table.size $f)) (return (i32.rotr (local.get 0) (i32.const 38))))"#;

const VECTORS: &str = r#"
    (memory 1)
    (func (param i32) (local v128)
      (local.set 1 (v128.load8x8_s offset=300 (local.get 0)))
      (v128.store (local.get 0) (v128.const i64x2 38 0xfc0d))
      (local.set 1 (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 31 16 (local.get 1) (local.get 1)))
      (local.set 1 (i8x16.swizzle (local.get 1) (i32x4.splat (i32x4.extract_lane 3 (local.get 1)))))
      (local.set 1 (f64x2.replace_lane 1 (local.get 1) (f64.const 1)))
      (local.set 1 (v128.load16_lane offset=600 3 (local.get 0) (local.get 1)))
      (v128.store64_lane 1 (local.get 0) (local.get 1))
      (local.set 1 (v128.load64_zero offset=38 (local.get 0)))
      (local.set 1 (v128.bitselect (local.get 1) (f64x2.promote_low_f32x4 (local.get 1)) (local.get 1)))
      (drop (v128.any_true (f64x2.convert_low_i32x4_u (local.get 1)))))"#;

fn module(fields: &str) -> Vec<u8> {
    wat::parse_str(format!("(module {fields})")).unwrap()
}

fn keep(wasm: &[u8]) -> bool {
    read(wasm, &scan(wasm).unwrap()).keeps_tables_and_segments
}

/// The starts of each function's instructions, in bytes from its end, by our reading.
fn ours(wasm: &[u8]) -> Option<Vec<Vec<usize>>> {
    let section = scan(wasm).unwrap().find(CODE)?;
    let mut code = SectionReader::of(wasm, section);
    let mut all = Vec::new();
    for _ in 0..code.number()? {
        let size = code.number()?;
        let mut body = code.part(usize::try_from(size).ok()?)?;
        body.list(SectionReader::locals)?;
        let mut begins = Vec::new();
        while !body.is_empty() {
            begins.push(body.rest().len());
            body.operator()?;
        }
        all.push(begins);
    }
    Some(all)
}

/// The positions by wasmparser's reading, and whether one changes a table or drops a segment.
fn theirs(wasm: &[u8]) -> (Vec<Vec<usize>>, bool) {
    let (mut all, mut keeps) = (Vec::new(), true);
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::CodeSectionEntry(body) = payload.unwrap() else { continue };
        let mut begins = Vec::new();
        for operator in body.get_operators_reader().unwrap().into_iter_with_offsets() {
            let (operator, offset) = operator.unwrap();
            begins.push(body.range().end.checked_sub(offset).unwrap());
            keeps &= !matches!(
                operator,
                Operator::TableSet { .. }
                    | Operator::TableGrow { .. }
                    | Operator::TableFill { .. }
                    | Operator::TableCopy { .. }
                    | Operator::TableInit { .. }
                    | Operator::ElemDrop { .. }
                    | Operator::DataDrop { .. }
            );
        }
        all.push(begins);
    }
    (all, keeps)
}

#[test]
fn instructions_are_read_as_the_interpreter_reads_them() {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    let mut modules = std::vec![module(FIELDS)];
    // Without, wasmparser does not have them either.
    modules.extend(cfg!(feature = "simd").then(|| module(VECTORS)));
    for entry in std::fs::read_dir(fixtures).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            modules.push(std::fs::read(path).unwrap());
        }
    }
    assert!(modules.len() > 10);
    for wasm in modules {
        let (begins, keeps) = theirs(&wasm);
        assert_eq!(ours(&wasm).unwrap(), begins);
        assert_eq!((keep(&wasm), keeps), (true, true));
        assert!(read(&wasm, &scan(&wasm).unwrap()).ends_once);
    }
}

#[test]
fn what_lasts_in_tables_and_segments_is_found() {
    for instruction in [
        "(table.set $f (i32.const 0) (ref.null func))",
        "(drop (table.grow $f (ref.null func) (i32.const 0)))",
        "(table.fill $f (i32.const 0) (ref.null func) (i32.const 0))",
        "(table.copy $f $f (i32.const 0) (i32.const 0) (i32.const 0))",
        "(table.init $f $p (i32.const 0) (i32.const 0) (i32.const 0))",
        "(elem.drop $p)",
        "(data.drop $d)",
    ] {
        let wasm = module(&format!("{FIELDS} (func (nop) {instruction})"));
        assert_eq!((keep(&wasm), theirs(&wasm).1), (false, false), "{instruction}");
        assert_eq!(ours(&wasm).unwrap(), theirs(&wasm).0, "{instruction}");
    }
    assert!(!keep(&module("(func (return_call 0))")), "what is not known is not trusted");
    assert!(keep(&module("(func)")) && keep(&module("(memory 1)")));
}

#[test]
fn no_operand_is_read_as_an_instruction() {
    // The table with the number of `block`, whose type would be the first byte of `memory.grow`.
    let tables = "(table 1 funcref)".repeat(3);
    let wasm = module(&format!(
        "{tables} (memory 1) (func (drop (block (result i32)
           (i32.const 1) (table.set 2 (i32.const 0) (ref.null func)) (memory.grow))))"
    ));
    let facts = read(&wasm, &scan(&wasm).unwrap());
    assert_eq!((facts.grows_memory, facts.growing), (true, [0].into()));
}

#[test]
fn numbers_that_are_longer_than_need_be_hide_nothing() {
    // `elem.drop 0`, and a constant with the bytes of one.
    let long = [0xfc, 0x8d, 0x80, 0x80, 0x80, 0x00, 0x80, 0x80, 0x80, 0x80, 0x00];
    let short = [0xfc, 0x0d, 0x00];
    let constant = [0x41, 0xfc, 0x8d, 0x80, 0x80, 0x00, 0x1a];
    for (body, kept) in [(&long[..], false), (&short, false), (&constant, true)] {
        let mut wasm = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0".to_vec();
        wasm.extend(b"\x04\x04\x01\x70\0\x01\x09\x05\x01\x01\0\x01\0");
        let len = u8::try_from(body.len()).unwrap();
        // The size of the section, of the body, and its lists, in five bytes each.
        wasm.extend([0x0a, len.wrapping_add(16) | 0x80, 0x80, 0x80, 0x80, 0]);
        wasm.extend([0x81, 0x80, 0x80, 0x80, 0]);
        wasm.extend([len.wrapping_add(6) | 0x80, 0x80, 0x80, 0x80, 0]);
        wasm.extend([0x80, 0x80, 0x80, 0x80, 0]);
        wasm.extend(body);
        wasm.push(0x0b);
        wasmi::Module::new(&wasmi::Engine::default(), &wasm).unwrap();
        assert_eq!((keep(&wasm), theirs(&wasm).1), (kept, kept), "{body:x?}");
    }
}

#[cfg(feature = "simd")]
#[test]
fn what_the_interpreter_would_misread_is_refused() {
    let checked = |instruction: &str| {
        let wasm = module(&format!("(memory 2) (func (local i32 v128) {instruction})"));
        read(&wasm, &scan(&wasm).unwrap()).refused.map_or(Ok(()), Err)
    };
    for lanes in [8, 16] {
        let store = |offset: u32| {
            checked(&format!(
                "(v128.store{lanes}_lane offset={offset} 1 (local.get 0) (local.get 1))"
            ))
        };
        assert_eq!(store(65_535), Ok(()));
        for offset in [65_536, 1 << 20, u32::MAX] {
            let message = store(offset).unwrap_err();
            assert!(message.contains("`v128.store8_lane`"), "{message}");
        }
    }
    for other in ["v128.store32_lane offset=70000 1", "v128.store64_lane offset=70000 1"] {
        assert_eq!(checked(&format!("({other} (local.get 0) (local.get 1))")), Ok(()));
    }
    for lanes in ["8", "16", "32", "64"] {
        let load = format!("(v128.load{lanes}_lane offset=70000 1 (local.get 0) (local.get 1))");
        assert_eq!(checked(&format!("(drop {load})")), Ok(()));
    }
    assert!(checked("(return_call 0)").is_err_and(|message| message.contains("does not know")));
}
