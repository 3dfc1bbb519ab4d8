//! All instructions that the interpreter's parser knows and a plugin may have, with operands of all kinds.

#![allow(clippy::arithmetic_side_effects, reason = "texts are put together")]

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::*;

/// An instruction's name in the text format, and uses of it.
struct Tested {
    name: String,
    uses: Vec<String>,
}

/// The names of all instructions of what plugins may use.
fn names() -> Vec<String> {
    macro_rules! names {
        ($( @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
            [$((stringify!($proposal), stringify!($visit))),*]
        };
    }
    let allowed = [
        "mvp",
        "sign_extension",
        "saturating_float_to_int",
        "bulk_memory",
        "reference_types",
        "simd",
    ];
    let all = wasmparser::for_each_operator!(names);
    let all = all.iter().filter(|(proposal, _)| allowed.contains(proposal));
    // What grows is tested by itself.
    let all = all.filter(|(_, visit)| !visit.ends_with("_grow"));
    all.map(|(_, visit)| visit["visit_".len()..].replacen('_', ".", 1)).collect()
}

/// The source of an operand: a local, the instruction before, the code.
fn operands(kind: &str) -> [String; 3] {
    let (local, computed, constant) = match kind {
        "i32" => ("$i", "(i32.xor (local.get $i) (local.get $zero))", "(i32.const 5)"),
        "i64" => ("$l", "(i64.xor (local.get $l) (i64.const 0x100))", "(i64.const 0x100000005)"),
        "f32" => ("$f", "(f32.add (local.get $f) (f32.const 1))", "(f32.const 5.5)"),
        "f64" => ("$d", "(f64.add (local.get $d) (f64.const 1))", "(f64.const 5.5)"),
        _ => ("$v", "(v128.not (local.get $v))", "(v128.const i64x2 5 6)"),
    };
    [format!("(local.get {local})"), computed.to_owned(), constant.to_owned()]
}

const KINDS: [(&str, &str); 5] =
    [("i32", "$i2"), ("i64", "$l2"), ("f32", "$f2"), ("f64", "$d2"), ("v128", "$v2")];

/// The kinds that a module can have.
fn kinds() -> &'static [(&'static str, &'static str)] {
    if cfg!(feature = "simd") { &KINDS } else { &KINDS[..4] }
}

/// A module with these functions, each of which sets a mark, does something, and sets another.
fn module(functions: &[(String, String)]) -> Vec<u8> {
    text(functions, &copies()).unwrap()
}

fn text(functions: &[(String, String)], more: &str) -> Result<Vec<u8>, wat::Error> {
    let others =
        "(local $other_i i32) (local $other_l i64) (local $other_f f32) (local $other_d f64)
                  (local $other_zero i32)";
    let vectors = if cfg!(feature = "simd") { "(local $v v128) (local $v2 v128)" } else { "" };
    let mut text = String::from(
        r#"(import "probe" "mark" (func $mark))
           (memory 2 3) (table $t 4 funcref) (table $x 2 externref) (table $u 2 funcref)
           (elem (table $u) (i32.const 0) func $same) (elem (table $t) (i32.const 0) func $same) (elem $e func $same) (elem $none func)
           (data $d "passive") (data $gone "")
           (global $g (mut i64) (i64.const 0)) (global $gf (mut f32) (f32.const 0))
           (global $gi (mut i32) (i32.const 0)) (global $gd (mut f64) (f64.const 0)) (global $c i32 (i32.const 3))
           (type $same (func (param i32) (result i32)))
           (func $same (type $same) (local.get 0))
           (func $leaves (param i32) (if (local.get 0) (then (return))))
           (func $many (param i32 i64 f32 f64 i32 i32 i64) (local i64) (local.set 7 (local.get 1)))"#,
    );
    text += more;
    for (name, body) in functions {
        text += &format!(
            r#"(func (export "{name}") (param $i i32) (param $l i64) (param $f f32) (param $d f64)
                 (local $i2 i32) (local $l2 i64) (local $f2 f32) (local $d2 f64) (local $zero i32)
                 (local $i3 i32) (local $r funcref) {others} {vectors}
                 (call $mark) {body} (call $mark))"#
        );
    }
    wat::parse_str(format!("(module {text})"))
}

/// Functions that copy locals in each of the first places to all others, and what is computed into each.
fn copies() -> String {
    let mut text = String::new();
    for kind in ["i64", "f32", "f64"] {
        let params = format!(" {kind}").repeat(10);
        text += &format!("(func ${kind}s (param{params})");
        for to in 0..10 {
            text += &format!(" (local.set {to} ({kind}.mul (local.get 1) (local.get 2)))");
            for from in (0..10).filter(|from| *from != to) {
                text += &format!(" (local.set {to} (local.get {from}))");
            }
        }
        text += ")";
    }
    text
}

/// A value that is chosen, from everywhere, by a condition from everywhere.
fn chosen(
    choose: fn(kind: &str, one: &str, other: &str, condition: &str) -> String,
) -> Vec<String> {
    let mut uses = Vec::new();
    for (kind, local) in &KINDS[..4] {
        for one in operands(kind) {
            // Two that are the same would not be chosen from.
            let others =
                operands(kind).map(|other| other.replace('5', "6").replace("get $", "get $other_"));
            for other in others {
                for condition in &operands("i32")[..2] {
                    let value = choose(kind, &one, &other, condition);
                    uses.push(format!("(local.set {local} {value})"));
                    uses.push(format!("(drop {value})"));
                }
            }
        }
    }
    uses
}

fn is_valid(statement: &str) -> bool {
    let named = [("f".to_owned(), statement.to_owned())];
    let engine = wasmi::Engine::new(&config());
    text(&named, "").is_ok_and(|wasm| Module::validate(&engine, &wasm).is_ok())
}

fn config() -> wasmi::Config {
    crate::engine::config(1_000_000, 1000, Dispatch::LOOP)
}

/// Uses of what is not just an operation on numbers.
fn special(name: &str) -> Option<Vec<String>> {
    if name == "select" {
        return Some(chosen(|_, one, other, condition| {
            format!("(select {one} {other} {condition})")
        }));
    }
    if name == "block" {
        return Some(chosen(|kind, one, other, condition| {
            format!("(block (result {kind}) (drop (br_if 0 {one} {condition})) {other})")
        }));
    }
    let uses: &[&str] = match name {
        "unreachable" => &["(block (br_if 0 (local.get $i)) (unreachable))"],
        "br" => &["(block (br 0))"],
        "loop" | "br.if" => &[
            "(local.set $i2 (i32.const 9)) (loop $again
               (br_if $again (local.tee $i2 (i32.sub (local.get $i2) (i32.const 1)))))",
            "(block (br_if 0 (i32.const 1)))",
            "(block (br_if 0 (local.get $zero)))",
            "(drop (block (result i32) (br_if 0 (local.get $i) (local.get $zero))))",
            "(drop (block (result i64) (br_if 0 (i64.const 4) (local.get $i))))",
        ],
        "if" | "else" | "end" => &[
            "(if (local.get $i) (then (nop)) (else (local.set $i2 (i32.const 3))))",
            "(if (local.get $zero) (then (nop)) (else (local.set $i2 (i32.const 3))))",
            "(drop (if (result i32) (i32.eqz (local.get $i)) (then (i32.const 1)) (else (local.get $i))))",
        ],
        "br.table" => &[
            "(block (block (br_table 0 1 (local.get $i))))",
            "(block (block (br_table 0 1 (i32.xor (local.get $i) (local.get $zero)))))",
            "(block (block (br_table 0 1 (i32.const 1))))",
            "(drop (block (result i32) (br_table 0 0 (local.get $i) (local.get $zero))))",
            "(drop (block (result i32) (block (result i32)
               (br_table 0 1 (local.get $i) (i32.xor (local.get $i) (local.get $zero))))))",
        ],
        "return" => &["(call $leaves (local.get $i)) (call $leaves (i32.const 0))"],
        "call" => &[
            "(local.set $i2 (call $same (local.get $i)))",
            "(drop (call $same (call $same (i32.const 4))))",
            "(call $many (local.get $i) (local.get $l) (local.get $f) (local.get $d) (i32.const 5)
               (i32.xor (local.get $i) (local.get $zero)) (i64.const 6))",
            "(call $mark)",
        ],
        "call.indirect" => &[
            "(drop (call_indirect $t (type $same) (local.get $i) (i32.const 0)))",
            "(drop (call_indirect $t (type $same) (i32.const 1) (local.get $zero)))",
            "(drop (call_indirect $t (type $same) (i32.const 1)
               (i32.xor (local.get $zero) (local.get $zero))))",
            "(drop (call_indirect $u (type $same) (local.get $i) (i32.const 0)))",
            "(drop (call_indirect $u (type $same) (i32.const 1) (local.get $zero)))",
            "(drop (call_indirect $u (type $same) (i32.const 1)
               (i32.xor (local.get $zero) (local.get $zero))))",
        ],
        "drop" | "local.get" => &["(drop (local.get $i))"],
        "local.set" => &[
            "(local.set $i2 (local.get $i)) (local.set $i3 (local.get $i2))",
            "(local.set $l2 (i64.const 3)) (local.set $d2 (f64.const 3)) (local.set $f2 (local.get $f))",
            "(local.set $i2 (local.get $zero)) (local.set $zero (local.get $i3))
               (local.set $i3 (local.get $i)) (local.set $zero (i32.const 0))",
            "(call $i64s (local.get $l) (local.get $l) (local.get $l) (i64.const 3) (local.get $l)
               (i64.const 4) (i64.const 5) (local.get $l) (local.get $l) (local.get $l))",
            "(call $f32s (local.get $f) (local.get $f) (local.get $f) (f32.const 3) (local.get $f)
               (f32.const 4) (f32.const 5) (local.get $f) (local.get $f) (local.get $f))",
            "(call $f64s (local.get $d) (local.get $d) (local.get $d) (f64.const 3) (local.get $d)
               (f64.const 4) (f64.const 5) (local.get $d) (local.get $d) (local.get $d))",
        ],
        "local.tee" => &["(drop (i32.add (local.tee $i2 (local.get $i)) (local.get $i2)))"],
        "global.get" => &[
            "(drop (global.get $g)) (local.set $i2 (global.get $c))",
            "(local.set $f2 (global.get $gf)) (local.set $d2 (global.get $gd))",
        ],
        "global.set" => &[
            "(global.set $g (local.get $l)) (global.set $g (i64.const 8))",
            "(global.set $g (i64.add (global.get $g) (local.get $l)))",
            "(global.set $gf (local.get $f)) (global.set $gf (f32.add (local.get $f) (local.get $f)))",
            "(global.set $gd (local.get $d)) (global.set $gd (f64.add (local.get $d) (local.get $d)))",
            "(global.set $gi (i32.const 8)) (global.set $gf (f32.const 8)) (global.set $gd (f64.const 8))",
        ],
        "typed.select" => &[
            "(drop (select (result externref) (table.get $x (local.get $zero)) (ref.null extern) (local.get $i)))",
        ],
        "i32.const" => &["(local.set $i2 (i32.const -70000))"],
        "i64.const" => &["(local.set $l2 (i64.const -9000000000000000000))"],
        "f32.const" => &["(local.set $f2 (f32.const 0x1p-100))"],
        "f64.const" => &["(local.set $d2 (f64.const 0x1p-1000))"],
        "ref.null" | "ref.is_null" => &["(drop (ref.is_null (ref.null extern)))"],
        "ref.func" => &["(table.set $t (i32.const 1) (ref.func $same))"],
        "memory.size" => &["(drop (memory.size)) (drop (i32.add (memory.size) (i32.const 1)))"],
        "memory.init" => &[
            "(memory.init $d (i32.const 9) (i32.const 0) (i32.const 3))",
            "(memory.init $d (local.get $i) (local.get $zero) (local.get $i))",
        ],
        "data.drop" => &["(data.drop $gone)"],
        "memory.copy" => &[
            "(memory.copy (i32.const 0) (i32.const 8) (i32.const 80))",
            "(memory.copy (local.get $i) (local.get $zero) (local.get $i))",
        ],
        "memory.fill" => &[
            "(memory.fill (i32.const 0) (i32.const 8) (i32.const 80))",
            "(memory.fill (local.get $i) (local.get $zero) (local.get $i))",
        ],
        "table.init" => &["(table.init $t $e (i32.const 2) (i32.const 0) (i32.const 1))"],
        "elem.drop" => &["(elem.drop $none)"],
        "table.copy" => &["(table.copy $t $t (i32.const 2) (local.get $zero) (i32.const 1))"],
        "table.fill" => &[
            "(table.fill $t (i32.const 3) (ref.func $same) (i32.const 1))",
            "(table.fill $x (local.get $zero) (ref.null extern) (i32.const 2))",
        ],
        "table.get" => &[
            "(drop (table.get $t (i32.const 0)))",
            "(drop (table.get $x (local.get $zero)))",
            "(drop (table.get $x (i32.xor (local.get $zero) (local.get $zero))))",
        ],
        "table.set" => &[
            "(table.set $t (i32.const 0) (table.get $t (i32.const 0)))",
            "(table.set $x (local.get $zero) (ref.null extern))",
            "(table.set $x (i32.const 0) (ref.null extern))",
            "(table.set $x (i32.xor (local.get $zero) (local.get $zero)) (ref.null extern))",
            "(table.set $t (local.get $zero) (table.get $t (i32.const 0)))",
            "(table.set $t (i32.const 0) (ref.func $same))",
            "(table.set $t (i32.const 0) (local.get $r)) (table.set $t (local.get $zero) (local.get $r))",
            "(table.set $t (i32.xor (local.get $zero) (local.get $zero)) (local.get $r))
               (table.set $t (i32.const 0) (ref.func $same))",
            "(table.set $t (i32.xor (local.get $zero) (local.get $zero)) (ref.func $same))",
        ],
        "table.size" => &["(drop (table.size $t))"],
        _ => return None,
    };
    Some(uses.iter().map(|used| (*used).to_owned()).collect())
}

/// Uses of an operation on numbers, with operands from everywhere: what it takes is tried.
fn plain(name: &str) -> Vec<String> {
    // Vectors first, if that is what it is likely to take.
    let is_vector = name.split('.').next().is_some_and(|of| of.contains('x') || of == "v128");
    let mut kinds: Vec<_> = kinds().iter().map(|(kind, _)| *kind).collect();
    if is_vector {
        kinds.reverse();
    }
    let mut taken: Vec<Vec<&str>> = vec![Vec::new()];
    taken.extend(kinds.iter().map(|kind| vec![*kind]));
    taken.extend(kinds.iter().flat_map(|one| kinds.iter().map(|other| vec![*one, *other])));
    taken.push(vec!["v128"; 3]);
    let immediates = ["", " 1", " 0 1 2 3 4 5 6 7 8 9 10 11 12 13 31 16", " i64x2 5 6"];
    let first = |kinds: &[&str]| {
        kinds.iter().map(|kind| operands(kind)[0].clone()).collect::<Vec<_>>().join(" ")
    };
    for (immediate, taken) in immediates.iter().flat_map(|i| taken.iter().map(move |t| (i, t))) {
        let bare = format!("({name}{immediate} {})", first(taken));
        let dropped = format!("(drop {bare})");
        let gives = is_valid(&dropped);
        if !gives && !is_valid(&bare) {
            continue;
        }
        let result = kinds_of_result(&bare).filter(|_| gives);
        let mut written = vec![format!("{name}{immediate}")];
        // Of those that are refused, see `src/module/operators.rs`.
        let refused = ["v128.store8_lane", "v128.store16_lane"].contains(&name);
        if (name.contains("load") || name.contains("store")) && !refused {
            // One more than fits into 16 bits.
            let (op, lane) = (name, immediate);
            written.push(format!("{op} offset=65600{lane}"));
        }
        let mut uses = Vec::new();
        for written in &written {
            let mut all = vec![String::new()];
            for kind in taken {
                let longer = |so_far: &String| {
                    operands(kind)
                        .into_iter()
                        .map(|operand| format!("{so_far} {operand}"))
                        .collect::<Vec<_>>()
                };
                all = all.iter().flat_map(longer).collect();
            }
            for operands in all {
                let op = format!("({written}{operands})");
                let Some((kind, local)) = result else {
                    uses.push(op);
                    continue;
                };
                uses.push(format!("(local.set {local} {op})"));
                let class = name.split('.').nth(1).unwrap_or_default();
                if class.starts_with("load") || class == "add" {
                    // Without going into a local at once.
                    uses.push(format!("(drop {op})"));
                }
                if kind == "i32" && is_a_condition(name) {
                    uses.push(format!("(local.set $i2 (i32.eqz {op}))"));
                    uses.push(format!("(block (br_if 0 {op}))"));
                    uses.push(format!("(block (br_if 0 (i32.eqz {op})))"));
                }
                if ["and", "or"].contains(&class) && kind != "v128" {
                    for tested in
                        [format!("({kind}.eqz {op})"), format!("({kind}.ne {op} ({kind}.const 0))")]
                    {
                        uses.push(format!("(local.set $i2 {tested})"));
                        uses.push(format!("(block (br_if 0 {tested}))"));
                    }
                }
                if class == "abs" && kind != "v128" {
                    uses.push(format!("(local.set {local} ({kind}.neg {op}))"));
                }
            }
        }
        return uses;
    }
    panic!("no use of `{name}` is known");
}

/// True if the interpreter may have an instruction of its own for what is done with the result.
fn is_a_condition(name: &str) -> bool {
    let op = name.split('.').nth(1).unwrap_or_default();
    ["eq", "ne", "lt", "gt", "le", "ge", "and", "or", "xor"]
        .iter()
        .any(|known| op.starts_with(known))
}

fn kinds_of_result(bare: &str) -> Option<(&'static str, &'static str)> {
    kinds().iter().copied().find(|(_, local)| is_valid(&format!("(local.set {local} {bare})")))
}

fn all() -> Vec<Tested> {
    let tested = |name: String| {
        let uses = special(&name).unwrap_or_else(|| plain(&name));
        Tested { name, uses }
    };
    names().into_iter().map(tested).collect()
}

const GROWING: &str = r#"
    (drop (memory.grow (i32.const 1))) (call $mark) (drop (memory.grow (i32.const 60000))) (call $mark)
    (drop (memory.grow (local.get $zero)))"#;

/// Few in each function, so that what they leave is not too much before it is found.
const TOGETHER: usize = 50;

fn probe(all: &[Tested]) -> Vec<u8> {
    let uses: Vec<_> = all.iter().flat_map(|tested| &tested.uses).map(String::as_str).collect();
    let bodies = uses.chunks(TOGETHER).map(|uses| uses.join("\n"));
    let mut functions: Vec<_> =
        bodies.enumerate().map(|(number, body)| (format!("{number}"), body)).collect();
    functions.push(("grow".to_owned(), GROWING.to_owned()));
    without_names(&module(&functions))
}

fn without_names(wasm: &[u8]) -> Vec<u8> {
    let mut stripped = wasm[..8].to_vec();
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        let Some((id, range)) = payload.unwrap().as_section() else { continue };
        if id != 0 {
            stripped.push(id);
            leb128(&mut stripped, range.len());
            stripped.extend_from_slice(&wasm[range]);
        }
    }
    stripped
}

fn leb128(out: &mut Vec<u8>, mut number: usize) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            return out.push(low & 0x7f);
        }
        out.push(low | 0x80);
    }
}

#[test]
fn the_probe_has_all_instructions() {
    let all = all();
    assert!(all.len() > if cfg!(feature = "simd") { 430 } else { 195 }, "{}", all.len());
    let made = probe(&all);
    if std::env::var_os("CPEX_WASMI_WRITE_PROBE").is_some() {
        let name = if cfg!(feature = "simd") { "probe-simd.wasm" } else { "probe.wasm" };
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/dispatch");
        return std::fs::write(std::path::Path::new(folder).join(name), made).unwrap();
    }
    assert!(made == PROBE, "run this test with CPEX_WASMI_WRITE_PROBE=1, which writes it");
    // Each by itself, to tell which.
    let uses = all.iter().flat_map(|tested| tested.uses.iter().map(|used| (&tested.name, used)));
    let numbered = uses.clone().enumerate();
    let functions: Vec<_> = numbered.map(|(n, (_, used))| (format!("{n}"), used.clone())).collect();
    let mut probe = Probe::new(&config(), &module(&functions)).unwrap();
    for ((number, _), (name, used)) in functions.iter().zip(uses) {
        assert_eq!(probe.left_by(number).unwrap(), Some(0), "{name}: {used}");
    }
}

#[test]
fn this_build_is_fit_for_plugins() {
    let found = Dispatch::of_this_build(&config()).unwrap();
    assert_eq!(Dispatch::of_this_build(&config()).unwrap(), found);
    assert_eq!(Dispatch::probed(&config(), PROBE).unwrap(), found);
    if cfg!(feature = "portable-dispatch") {
        assert_eq!(found.growths(), None);
    }
    // Each of them leaves less than a kilobyte.
    assert!(found.growths().is_none_or(|growths| growths > 64), "{found:?}");
}

#[test]
fn what_is_left_on_the_stack_is_noticed() {
    // What grows memory stands for an instruction that should leave nothing.
    let growing = || ("0".to_owned(), GROWING.to_owned());
    let named = |name: &str| (name.to_owned(), GROWING.to_owned());
    let probed = |functions: &[(String, String)]| Dispatch::probed(&config(), &module(functions));
    let found = Dispatch::of_this_build(&config()).unwrap();
    match probed(&[growing(), named("grow")]) {
        Ok(same) => assert_eq!((same, found), (Dispatch::LOOP, Dispatch::LOOP)),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidConfig);
            assert!(format!("{error}").contains("`portable-dispatch`"), "{error}");
            assert_ne!(found, Dispatch::LOOP);
        }
    }
    // An incomplete module shows nothing.
    assert_eq!(probed(&[named("grow")]).unwrap_err().kind(), ErrorKind::Internal);
    assert!(probed(&[growing()]).is_err());
}
