//! Modules that are large where they may not be, and manifests that are none.

use cpex_wasmi::{ErrorKind, Limits, Manifest, Module};

use super::binary::with_functions;
use super::common::*;
use super::harness::{Case, check};

const ALLOWS: &str = r#"(func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#;

/// A module with these fields, which allows.
fn with(name: &str, fields: &str, expected: &'static str) -> Case {
    Case::new(name, guest(&format!("{fields} {ALLOWS}")), expected)
}

/// A module whose `cpex_invoke` has this body.
fn of(name: &str, body: &str, expected: &'static str) -> Case {
    Case::new(name, invoking(body), expected)
}

#[test]
fn a_structure_has_a_bound_and_may_be_as_large_as_that() {
    let global = "(global i32 (i32.const 0))";
    let segment = r#"(data (i32.const 0) "x")"#;
    let element = "(elem (i32.const 0) $f)";
    let elements = |count: usize| format!("(table 1 funcref) (func $f) {}", element.repeat(count));
    let params = |count: usize| format!("(func (param {}))", "i64 ".repeat(count));
    let results = |count: usize| {
        let values = "(i64.const 0)".repeat(count);
        format!("(func (result {}) {values})", "i64 ".repeat(count))
    };
    let block = |values: &str| format!("(func (block {values} (unreachable)) (unreachable))");
    let cases = [
        with("32 parameters", &params(32), "allow"),
        with("33 parameters", &params(33), "invalid_module"),
        with("1,000 parameters", &params(1000), "invalid_module"),
        with("two results", &results(2), "invalid_module"),
        with("1,000 results", &results(1000), "invalid_module"),
        with("a block of two values", &block("(result i64 i64)"), "invalid_module"),
        with("a block that takes a value", &block("(param i64)"), "invalid_module"),
        with("1,000 globals", &global.repeat(1000), "allow"),
        with("1,001 globals", &global.repeat(1001), "invalid_module"),
        with("1,000 segments of data", &segment.repeat(1000), "allow"),
        with("1,001 segments of data", &segment.repeat(1001), "invalid_module"),
        with("1,000 segments of elements", &elements(1000), "allow"),
        with("1,001 segments of elements", &elements(1001), "invalid_module"),
        with("100 tables", &"(table 0 funcref)".repeat(100), "memory_limit"),
        with("101 tables", &"(table 0 funcref)".repeat(101), "invalid_module"),
        with("10,000 types", &"(type (func (param i32)))".repeat(10_000), "allow")
            .peak_kib(4 << 10),
        with("65,536 bytes of types", &"(type (func))".repeat(21_000), "allow").peak_kib(5 << 10),
        with("more types", &"(type (func))".repeat(22_000), "invalid_module")
            .says("as more would take too much memory")
            .peak_kib(100),
        with("2,000 different types", &types(2000), "allow").peak_kib(4 << 10),
        with("two memories", "(memory 1)", "invalid_module"),
        with("a memory beyond 4 GiB", r#"(memory (export "memory") 65537)"#, "invalid_module"),
        with("a memory that may grow to 4 GiB", r#"(memory (export "memory") 1 65536)"#, "allow"),
        with("a memory of 4 GiB", r#"(memory (export "memory") 65536)"#, "memory_limit"),
        with(
            "a memory larger than it may get",
            r#"(memory (export "memory") 2 1)"#,
            "invalid_module",
        ),
        with("a table of 4 billion", "(table 0xffffffff funcref)", "memory_limit"),
        with("a table that may grow to that", "(table 0 0xffffffff funcref)", "allow"),
        with("a segment past the end", r#"(data (i32.const 65536) "x")"#, "invalid_module"),
        with("a segment at -1", r#"(data (i32.const -1) "x")"#, "invalid_module"),
    ];
    cases.iter().for_each(check);
}

/// wasmi's translator panics over instructions outside of all blocks, some of which its validator takes
/// at first.
#[test]
fn instructions_after_the_end_of_a_function_are_refused() {
    let plugin = |init| guest(&format!("(type (func)) (table 1 funcref) {init} {ALLOWS} (func)"));
    let with_init = r#"(func (export "cpex_init") (result i32) (i32.const 0))"#;
    for plugin in [plugin(""), plugin(with_init)] {
        for (before, after) in [(&[][..], &[0x0b][..]), (&[0x02, 0x40], &[0x0b, 0x0b, 0x0b])] {
            for instruction in 0..=0xff {
                for second in 0..=0x12 {
                    // No locals, and immediates of zero, as far as they are taken for such.
                    let instruction = [instruction, second, 0, 0, 0];
                    let body = [&[0], before, after, &instruction, &[0x0b]].concat();
                    let refused = Module::new(&engine(), &with_functions(&plugin, 1, &body));
                    let error = refused.expect_err(&format!("{body:x?}"));
                    assert_eq!(error.kind(), ErrorKind::InvalidModule, "{body:x?}");
                }
            }
        }
    }
}

/// That many function types, each another.
fn types(count: usize) -> String {
    let digit =
        |number: usize, place: u32| ["i32", "i64", "f32", "f64"][number / 4_usize.pow(place) % 4];
    let params = |number: usize| (0..8).map(move |place| digit(number, place));
    (0..count)
        .map(|number| {
            format!("(type (func (param {})))", params(number).collect::<Vec<_>>().join(" "))
        })
        .collect()
}

#[test]
fn functions_are_bounded_in_number_and_not_too_small_to_count() {
    let nops = |count: usize| {
        let mut body = vec![0];
        body.extend(vec![1; count]);
        body.push(0x0b);
        body
    };
    let plain = guest(&format!("(type (func)) {ALLOWS}"));
    let plain = |count, body: Vec<u8>| with_functions(&plain, count, &body);
    let cases = [
        // One is there already.
        Case::new("10,000 functions", plain(9999, nops(48)), "allow").peak_kib(8 << 10),
        Case::new("10,001 functions", plain(10_000, nops(48)), "invalid_module").peak_kib(8 << 10),
        Case::new("5,000 empty functions", plain(5000, nops(0)), "invalid_module")
            .peak_kib(8 << 10),
        // One byte for the locals, one for the end.
        Case::new("a function of 512 KiB", plain(1, nops((512 << 10) - 2)), "allow")
            .peak_kib(2 << 10),
        Case::new("a function of a byte more", plain(1, nops((512 << 10) - 1)), "invalid_module")
            .says("has 524289 bytes")
            .peak_kib(100),
        Case::new("4 MiB of code", plain(8191, nops(508)), "allow").peak_kib(8 << 10),
        Case::new("more code", plain(8192, nops(508)), "invalid_module")
            .says("as more would take too long to load")
            .peak_kib(100),
    ];
    cases.iter().for_each(check);
}

#[test]
fn code_that_is_deep_or_wide_costs_what_it_is_worth() {
    let branches = |count: usize| {
        format!("(block (br_table {} (local.get 0))) (i32.const 0)", "0 ".repeat(count))
    };
    let locals = |count: usize| {
        format!(
            r#"(func (export "cpex_invoke") (param i32) (result i32)
                 (local {}) (i32.const 0))"#,
            "i64 ".repeat(count)
        )
    };
    let many_locals = |functions: usize, count: usize| {
        let mut body = vec![1];
        leb(&mut body, count);
        body.extend([0x7e].iter().chain(&[1; 40]).chain(&[0x0b]));
        with_functions(&guest(&format!("(type (func)) {ALLOWS}")), functions, &body)
    };
    let nested = |count: usize, what: &str| {
        format!("{} {} i32.const 0", what.repeat(count), "end ".repeat(count))
    };
    let operands =
        |count: usize| format!("{} {}", "i32.const 0 ".repeat(count + 1), "i32.add ".repeat(count));
    let cases = [
        of("a branch to 1,000", &branches(1000), "allow"),
        of("a branch to 60,000", &branches(60_000), "allow").peak_kib(10 << 10),
        Case::new("1,000 locals", guest(&locals(1000)), "allow"),
        Case::new("49,999 locals", guest(&locals(49_999)), "invalid_module").peak_kib(8 << 10),
        Case::new("50,001 locals", guest(&locals(50_001)), "invalid_module").peak_kib(8 << 10),
        Case::new("a million locals", many_locals(49, 20_000), "allow").peak_kib(8 << 10),
        Case::new("a million locals and more", many_locals(51, 20_000), "invalid_module")
            .says("more than 1000000 locals")
            .peak_kib(100),
        of("1,000 blocks", &nested(1000, "block "), "allow"),
        of("20,000 blocks", &nested(20_000, "block "), "allow").peak_kib(10 << 10),
        of("20,000 loops", &nested(20_000, "loop "), "allow").peak_kib(10 << 10),
        of("20,000 conditions", &nested(20_000, "local.get 0 if "), "allow").peak_kib(10 << 10),
        of("1,000 operands", &operands(1000), "allow"),
        of("40,000 operands", &operands(40_000), "allow").peak_kib(10 << 10),
    ];
    cases.iter().for_each(check);
}

/// The interpreter evaluates constants by recursion: long ones would overflow the host's stack.
#[test]
fn a_constant_is_not_computed_from_thousands() {
    let left = |sums: usize| {
        format!("{} i32.const 0 {}", "i32.const 0 ".repeat(sums), "i32.add ".repeat(sums))
    };
    let right = |sums: usize| format!("i32.const 0 {}", "i32.const 0 i32.add ".repeat(sums));
    let vector = if cfg!(feature = "simd") { "(global v128 (v128.const i64x2 0 0))" } else { "" };
    let all = format!(
        r#"(memory (export "memory") 1)
           (global $g i32 (i32.const -1)) (global i64 (i64.const -1)) (global f32 (f32.const 0))
           (global f64 (f64.const 0)) (global (mut funcref) (ref.null func))
           (global funcref (ref.func $f)) (global externref (ref.null extern)) {vector}
           (global i32 (i32.mul (i32.sub (i32.const 1) (i32.const 2)) (i32.const 3)))
           (global i64 (i64.mul (i64.sub (i64.const 1) (i64.const 2)) (i64.add (i64.const 3) (i64.const 4))))
           (table $t 4 funcref) (table $u 4 funcref) (func $f)
           (elem (i32.const 0) $f $f) (elem func $f) (elem declare func $f)
           (elem (table $u) (i32.const 0) func $f) (elem (i32.const 1) funcref (ref.func $f))
           (elem funcref (ref.null func)) (elem declare funcref (ref.func $f))
           (elem (table $u) (i32.const 1) funcref (ref.func $f) (ref.null func))
           (data (i32.const 1) "abc") (data "abc") (data (memory 0) (i32.add (i32.const 1) (i32.const 2)) "x")"#
    );
    check(&with("each kind of constant", &all, "allow"));
    for (name, sums, expected) in
        [("49", 49, "allow"), ("50", 50, "invalid_module"), ("60,000", 60_000, "invalid_module")]
    {
        for sum in [left(sums), right(sums)] {
            let places = [
                format!("(global i32 {sum})"),
                format!(r#"(data (offset {sum}) "x")"#),
                format!("(table 1 funcref) (func $f) (elem (offset {sum}) $f)"),
            ];
            for (place, fields) in ["global", "data", "element"].iter().zip(places) {
                check(&with(&format!("{name} sums in a {place}"), &fields, expected).peak_kib(512));
            }
        }
    }
}

#[test]
fn a_module_over_the_size_limit_is_not_looked_at() {
    let plain = guest(ALLOWS);
    let padded = |bytes: usize| {
        // An identifier, a length of four bytes, a name of one.
        let content = bytes - plain.len() - 7;
        with_section(plain.clone(), "x", &vec![0; content])
    };
    let (most, more) = (padded(Limits::MAX_MODULE_BYTES), padded(Limits::MAX_MODULE_BYTES + 1));
    assert_eq!((most.len(), more.len()), (16 << 20, (16 << 20) + 1));
    check(&Case::new("16 MiB", most, "allow").peak_kib(17 << 10));
    check(&Case::new("a byte more", more, "invalid_module").peak_kib(100));
    for (name, section) in [("empty", &[0, 0][..]), ("nameless", &[0, 1, 0])] {
        let mut many = plain.clone();
        many.extend(section.repeat((1 << 20) / section.len()));
        let name = format!("a megabyte of {name} custom sections");
        check(&Case::new(name, many, "invalid_module").says("more than 1000 sections"));
    }
}

/// A manifest with a byte string in the place of the plugin's name and what follows.
fn manifest_with(name: &[u8], rest: &[u8]) -> Vec<u8> {
    [&[1, 0], name, b"\x051.0.0", rest].concat()
}

#[test]
fn a_manifest_that_is_none_is_refused() {
    // After the version: description, hooks, capabilities, access, stateful, schema.
    let hook = [&[HOOK.len() as u8], HOOK.as_bytes()].concat();
    let rest = [&[0, 1], hook.as_slice(), &[0, 0, 0, 0]].concat();
    let name = b"\x05guest";
    let whole = manifest_with(name, &rest);
    assert_eq!(whole, manifest(&[]));
    let ends = |rest: &[u8]| manifest_with(name, rest);
    let swapped = |from: &[u8], to: &[u8]| {
        let at = whole.windows(from.len()).position(|window| window == from).unwrap();
        [&whole[..at], to, &whole[at + from.len()..]].concat()
    };
    let mut cases = vec![
        ("a byte left over", [whole.as_slice(), &[0]].concat()),
        ("an overlong number", [&[0x81, 0], &whole[1..]].concat()),
        ("a name that is no UTF-8", swapped(b"guest", b"\xff\xff\xff\xff\xff")),
        ("a name with a line break", swapped(b"guest", b"a\nb\0c")),
        ("a name that is empty", manifest_with(b"\0", &rest)),
        ("a name of 129", manifest_with(&[&[129, 1], [b'a'; 129].as_slice()].concat(), &rest)),
        ("a name of 4 GiB", manifest_with(b"\xff\xff\xff\xff\x0fguest", &rest)),
        ("no hooks", ends(&[0, 0, 0, 0, 0, 0])),
        ("a billion hooks", ends(&[0, 0x80, 0x94, 0xeb, 0xdc, 3, 0, 0, 0])),
        ("a hook twice", ends(&[&[0, 2], hook.as_slice(), &hook, &[0, 0, 0, 0]].concat())),
        ("1,025 empty hooks", ends(&[&[0, 0x81, 8], [0; 1025].as_slice(), &[0; 4]].concat())),
        (
            "a billion capabilities",
            ends(&[&[0, 1], hook.as_slice(), &[0x80, 0x94, 0xeb, 0xdc, 3]].concat()),
        ),
        ("a state that there is not", ends(&[&[0, 1], hook.as_slice(), &[0, 0, 3, 0]].concat())),
        ("a schema that is neither", ends(&[&[0, 1], hook.as_slice(), &[0, 0, 0, 2]].concat())),
        (
            "a schema that is no JSON",
            ends(&[&[0, 1], hook.as_slice(), b"\0\0\0\x01\x01{"].concat()),
        ),
        ("64 KiB and more", vec![b'a'; Manifest::MAX_BYTES + 1]),
        ("brackets", manifest_with_schema(&[], Some(&"[".repeat(60_000)))),
        ("objects", manifest_with_schema(&[], Some(&r#"{"not":"#.repeat(8000)))),
    ];
    for len in 0..whole.len() {
        cases.push(("a manifest that is cut short", whole[..len].to_vec()));
    }
    let module = module(
        r#"(memory (export "memory") 1)
           (func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#,
    );
    for (name, content) in cases {
        let wasm = with_section(module.clone(), Manifest::SECTION, &content);
        check(&Case::new(name, wasm, "invalid_module").peak_kib(1 << 10));
    }
    let wasm = with_section(module, Manifest::SECTION, &whole);
    check(&Case::new("the manifest they are made of", wasm, "allow"));
}

#[test]
fn modules_that_differ_only_in_a_custom_section_are_two() {
    let one = guest(ALLOWS);
    let other = with_section(one.clone(), "note", b"another");
    check(&Case::new("with a section more", other.clone(), "allow"));
    check(&Case::new(
        "with the section of another tool",
        with_section(one.clone(), "name", b"\xff"),
        "allow",
    ));
    {
        let pinned = |wasm: &[u8], other: &[u8]| {
            let digest = Module::new(&engine(), wasm).unwrap().digest();
            cpex_wasmi::Plugin::load(&engine(), other, cpex_wasmi::Policy::default().digest(digest))
                .is_ok()
        };
        assert!(pinned(&one, &one) && pinned(&other, &other));
        assert!(!pinned(&one, &other) && !pinned(&other, &one));
    }
    let twice = with_section(one.clone(), Manifest::SECTION, &manifest(&[]));
    check(&Case::new("with a second manifest", twice, "invalid_module"));
}
