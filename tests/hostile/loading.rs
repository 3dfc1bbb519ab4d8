//! The cost of loading a module, by its size: the host's memory and its time.

use cpex_wasmi::{Engine, Limits, Module};

use super::allocated::measured;
use super::binary::with_functions;
use super::common::*;

/// The most memory that loading a module takes, in MiB: `docs/limits.md` has it.
const MOST_MIB: usize = if cfg!(feature = "simd") { 160 } else { 128 };
/// The most that a copy of one for another thread takes.
const COPY_MIB: usize = 8;
/// The largest code of a module that is copied, but for what else each has here.
const COPIED: usize = Module::MAX_COPIED_BYTES - (4 << 10);
/// The largest code that is accepted, but for the few functions that each module here has, and the
/// largest function.
const CODE: usize = (4 << 20) - 256;
const FUNCTION: usize = (512 << 10) - 64;
/// The largest module, and the largest that is there twice while it is translated.
const LARGEST: [usize; 2] = [Limits::MAX_MODULE_BYTES, 8 << 20];

/// A module that is made of one thing, repeated.
struct Shape {
    name: String,
    wasm: Vec<u8>,
}

/// A function's body: how it begins, what is repeated, how it ends, and what each repetition adds to
/// the end.
struct Body(&'static str, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>);

/// The fields that the bodies refer to: types by number, a function with 32 parameters and one without.
const FIELDS: &str = r#"(type (func)) (type (func (param i64)))
    (table 1 funcref) (global (mut i64) (i64.const 0))
    (func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#;

/// A module with so much code, in functions of one size.
fn code(bytes: usize, function: usize, body: &Body) -> Shape {
    let Body(name, start, unit, end, close) = body;
    let function = function.min(bytes);
    let fixed = start.len() + end.len() + 5;
    let units = (function.saturating_sub(fixed) / (unit.len() + close.len())).max(1);
    let body = [start, &unit.repeat(units), end, &close.repeat(units), &[0x0b][..]].concat();
    let count = (bytes / (body.len() + 4)).clamp(1, 9990);
    // With an initialisation a module is written anew, up to a size.
    let init = r#"(func (export "cpex_init") (result i32) (i32.const 0))"#;
    let fields = format!("{FIELDS} (func (param {})) (func) {init}", "i64 ".repeat(32));
    let name = format!("{name}, in functions of {} KiB", function >> 10);
    Shape { name, wasm: with_functions(&guest(&fields), count, &body) }
}

/// The declaration of that many locals of a type.
fn locals(count: usize, kind: u8) -> Vec<u8> {
    let mut out = vec![1];
    leb(&mut out, count);
    out.push(kind);
    out
}

/// `br_table`, by the first local, with targets in so many blocks.
fn branches(targets: usize, depth: usize) -> Vec<u8> {
    let mut out = vec![0x20, 0, 0x0e];
    leb(&mut out, targets);
    out.extend((0..=targets).map(|target| (target % depth) as u8));
    out
}

const I32: u8 = 0x7f;
const I64: u8 = 0x7e;
const EMPTY: u8 = 0x40;

/// The most costly, by measurement of all of [`others`].
fn worst() -> Vec<Body> {
    let two = || locals(2, I32);
    let body = |name, start, unit: &[u8], end: &[u8], close: &[u8]| {
        Body(name, start, unit.to_vec(), end.to_vec(), close.to_vec())
    };
    let valued = [two(), vec![2, I64, 0x42, 0]].concat();
    let no_params = Engine::host_functions().count() as u8 + 2;
    let vector = [two(), vec![2, 0x7b, 0xfd, 0x0c], vec![0; 16]].concat();
    let mut all = vec![
        body("nested loops", two(), &[3, EMPTY], &[], &[0x0b]),
        body("nested ifs with else", two(), &[0x20, 0, 4, EMPTY], &[], &[5, 0x0b]),
        body("br_if with a value", valued, &[0x20, 0, 0x0d, 0], &[0x0b, 0x1a], &[]),
        body("if and else", two(), &[0x20, 0, 4, EMPTY, 5, 0x0b], &[], &[]),
        body("calls", two(), &[0x10, no_params], &[], &[]),
    ];
    if cfg!(feature = "simd") {
        all.push(body("br_if with a vector", vector, &[0x20, 0, 0x0d, 0], &[0x0b, 0x1a], &[]));
    }
    all
}

/// The parts of a function, to find the most costly.
fn others() -> Vec<Body> {
    let no_params = Engine::host_functions().count() as u8 + 2;
    let two = || locals(2, I32);
    let long = || locals(2, I64);
    let body = |name, start, unit: &[u8], end: &[u8]| {
        Body(name, start, unit.to_vec(), end.to_vec(), vec![])
    };
    let nest = |kind| [two(), [2, kind].repeat(100)].concat();
    let ends = |last: &[u8]| [[0x0b].repeat(100), last.to_vec()].concat();
    let inside = |kind, unit: Vec<u8>, end: &[u8]| [&[2, kind], unit.as_slice(), end].concat();
    let valued = [vec![0x42, 0], branches(1000, 100)].concat();
    let calls_32 = [[0x20, 0].repeat(32), vec![0x10, no_params - 1]].concat();
    let constant = [0x42, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f, 0x7c];
    let mut all = vec![
        body("br_if", two(), &[0x20, 0, 0x0d, 0], &[]),
        body("br_table of 3", two(), &inside(EMPTY, branches(3, 1), &[0x0b]), &[]),
        body("br_table", nest(EMPTY), &inside(EMPTY, branches(1000, 100), &[0x0b]), &ends(&[])),
        body(
            "br_table with a value",
            nest(I64),
            &inside(I64, valued, &[0x0b, 0x1a]),
            &[vec![0x42, 0], ends(&[0x1a])].concat(),
        ),
        body("calls of 32 parameters", long(), &calls_32, &[]),
        body("calls by a table", two(), &[0x20, 0, 0x11, 0, 0], &[]),
        body("nop", two(), &[1], &[]),
        body("unreachable", two(), &[0], &[]),
        body("select", two(), &[0x20, 0, 0x20, 1, 0x20, 0, 0x1b, 0x1a], &[]),
        body("sums", two(), &[0x20, 0, 0x20, 1, 0x6a, 0x1a], &[]),
        body("a sum", [two(), vec![0x20, 0]].concat(), &[0x20, 1, 0x6a], &[0x1a]),
        body("constants", [long(), vec![0x20, 0]].concat(), &constant, &[0x1a]),
        body("local.set", long(), &[0x20, 0, 0x21, 1], &[]),
        body("global.set", long(), &[0x20, 0, 0x24, 0], &[]),
        body("loops", two(), &[3, EMPTY, 0x0b], &[]),
        body("stores", two(), &[0x20, 0, 0x20, 1, 0x36, 2, 0], &[]),
        body("memory.grow", two(), &[0x20, 0, 0x40, 0, 0x1a], &[]),
        body("memory.fill", two(), &[0x20, 0, 0x20, 0, 0x20, 0, 0xfc, 0x0b, 0], &[]),
        body("blocks that are left", two(), &[2, EMPTY, 0x20, 0, 0x45, 0x0d, 0, 0x0b], &[]),
        Body("nested blocks", two(), vec![2, EMPTY], vec![], vec![0x0b]),
        Body("nested ifs", two(), vec![0x20, 0, 4, EMPTY], vec![], vec![0x0b]),
        body("blocks without end", two(), &[2, EMPTY], &[]),
    ];
    for (name, unit) in
        [("locals", &[0x20, 0][..]), ("constants", &[0x41, 0]), ("sums", &[0x20, 0, 0x20, 0, 0x6a])]
    {
        for (inner, what) in [
            (&[2, EMPTY, 0x0b][..], "blocks"),
            (&[0x20, 1, 0x21, 0], "local.set"),
            (&[0x20, 0, 4, EMPTY, 5, 0x0b], "if and else"),
            (&[3, EMPTY, 0x0b], "loops"),
            (&[0x20, 0, 0x0d, 0], "br_if"),
            (&[0x10, no_params], "calls"),
        ] {
            let name = format!("{what} over 30,000 {name}").leak();
            let start = [two(), unit.repeat(30_000)].concat();
            all.push(body(name, start, inner, &[0x1a].repeat(30_000)));
        }
    }
    for count in [100, 10_000, 29_000] {
        let name = format!("{count} locals").leak();
        all.push(body(name, locals(count, I64), &[1; 40], &[]));
    }
    all
}

/// Sections without code, as large as they may be.
fn sections() -> Vec<Shape> {
    let many = |name: &str, fields: String| Shape {
        name: name.into(),
        wasm: guest(&format!("{FIELDS} {fields}")),
    };
    let kinds = ["i32", "i64", "f32", "f64"];
    let another = |n: usize| {
        let params: Vec<_> = (0..8).map(|place| kinds[(n >> (2 * place)) & 3]).collect();
        format!("(type (func (param {})))", params.join(" "))
    };
    let export = |n: usize| format!("(export \"{n}\" (func 0))");
    let refs = "(ref.null func) ".repeat(80 << 10);
    vec![
        many("types", "(type (func))".repeat(21_500)),
        many("types, each another", (0..5900).map(another).collect()),
        many("exports", (0..7000).map(export).collect()),
        many("elements", format!("(func $f) (elem func {})", "$f ".repeat(250 << 10))),
        many("expressions of elements", format!("(elem funcref {refs})")),
        many("globals", "(global i32 (i32.const 0))".repeat(999)),
        many("data segments", r#"(data (i32.const 0) "x")"#.repeat(1000)),
        many("data", format!("(data \"{}\")", "x".repeat(8 << 20))),
    ]
}

/// The processor time of this thread, in seconds; 0 where that is not known.
fn busy() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split(' ').next().and_then(|number| number.parse::<f64>().ok());
    nanoseconds.unwrap_or_default() / 1e9
}

/// Loads a module, and tells what that took.
fn load_measured(wasm: &[u8]) -> (Result<Module, cpex_wasmi::Error>, usize, f64) {
    let engine = engine();
    let start = busy();
    let (result, peak) = measured(|| Module::new(&engine, wasm));
    (result, peak, busy() - start)
}

/// As large as may be in all ways at once: what the largest function takes for a moment, on top of what
/// all others leave, and all else. Of so many bytes in all.
fn largest(others: &Body, bytes: usize) -> Shape {
    let Shape { wasm, name } = code(CODE - FUNCTION - 8, 500, others);
    let Body(_, start, unit, _, close) = &worst()[0];
    let depth = FUNCTION / 3 - 2;
    let deep = [start, &unit.repeat(depth)[..], &close.repeat(depth), &[0x0b]].concat();
    let wasm = with_functions(&wasm, 1, &deep);
    let left = bytes - wasm.len() - 7;
    let wasm = with_section(wasm, "x", &vec![0; left]);
    assert_eq!(wasm.len(), bytes);
    Shape { name: format!("a module of {} MiB: {name}", bytes >> 20), wasm }
}

#[test]
fn loading_takes_no_more_memory_than_is_said() {
    let mut shapes = sections();
    shapes.extend(worst().iter().map(|body| code(CODE, FUNCTION, body)));
    shapes.extend(worst().iter().map(|body| largest(body, LARGEST[0])));
    shapes.extend(worst().iter().take(1).map(|body| largest(body, LARGEST[1])));
    for Shape { name, wasm } in shapes {
        let (result, peak, _) = load_measured(&wasm);
        assert!(result.is_ok(), "{name}: {result:?}");
        assert!(peak <= MOST_MIB << 20, "{name}: {} KiB", peak >> 10);
    }
}

#[test]
fn a_copy_for_another_thread_takes_no_more_than_is_said() {
    let mut shapes = Vec::new();
    for function in [COPIED, 64 << 10, 500] {
        shapes.extend(worst().iter().map(|body| code(COPIED, function, body)));
    }
    let export = |n: usize| format!("(export \"{n}\" (func 0))");
    let expressions = "(ref.null func) ".repeat(40 << 10);
    for fields in [
        (0..5000).map(export).collect(),
        format!("(func $f) (elem func {})", "$f ".repeat(200 << 10)),
        format!("(elem funcref {expressions})"),
        r#"(data (i32.const 0) "x")"#.repeat(1000),
        "(type (func))".repeat(21_500),
    ] {
        let name = fields.chars().take(40).collect();
        shapes.push(Shape { name, wasm: guest(&format!("{FIELDS} {fields}")) });
    }
    // Each thread has an interpreter of its own.
    let engine = Engine::builder().interpreters(1024).build().unwrap();
    for Shape { name, wasm } in shapes {
        assert!(wasm.len() <= Module::MAX_COPIED_BYTES, "{name}: {}", wasm.len());
        let plugin =
            cpex_wasmi::Plugin::load(&engine, &wasm, cpex_wasmi::Policy::default()).unwrap();
        let copy = || measured(|| call(&plugin).is_ok());
        let (called, peak) = std::thread::scope(|scope| scope.spawn(copy).join().unwrap());
        assert!(called, "{name}");
        assert!(peak <= COPY_MIB << 20, "{name}: {} KiB", peak >> 10);
    }
}

#[test]
#[ignore = "prints what loading takes; worth it in an optimised build"]
fn table() {
    let mut bodies = worst();
    bodies.extend(others());
    let mut shapes = sections();
    for bytes in LARGEST {
        shapes.extend(worst().iter().map(|body| largest(body, bytes)));
    }
    shapes.extend(worst().iter().map(|body| code(CODE, FUNCTION, body)));
    for function in [FUNCTION, 64 << 10, 400] {
        shapes.extend(bodies.iter().map(|body| code(1 << 20, function, body)));
    }
    let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    let mut lines = Vec::new();
    for Shape { name, wasm } in shapes {
        let (result, peak, seconds) = load_measured(&wasm);
        let said = result.err().map(|error| error.to_string()).unwrap_or_default();
        let (times, speed) = (mib(peak) / mib(wasm.len()), 1000.0 * seconds / mib(wasm.len()));
        let said: String = said.chars().take(60).collect();
        let size = mib(wasm.len());
        let line =
            format!("{name:60} {size:6.3} MiB {times:6.1} MiB/MiB {speed:6.0} ms/MiB {said}");
        lines.push((peak, line));
    }
    lines.sort();
    lines.iter().rev().for_each(|(_, line)| println!("{line}"));
}
