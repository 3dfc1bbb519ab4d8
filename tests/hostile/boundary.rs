//! Pointers and lengths that are not what they should be.

use cpex_wasmi::Engine;
use cpex_wasmi::abi::{HostFunction, Param};

use super::harness::{Case, check};

/// The arguments of a host function that are pointers; a length follows each.
fn pointers(function: HostFunction) -> Vec<usize> {
    let mut at = 0;
    let mut pointers = Vec::new();
    for (_, kind) in function.info().params {
        if *kind != Param::Number {
            pointers.push(at);
        }
        at += kind.arity();
    }
    pointers
}

/// A call of a host function that would be fine, or that names a pattern which is not there: the memory is looked at before.
fn arguments(function: HostFunction) -> Vec<u32> {
    let argument = |(name, kind): &(&str, Param)| match (*name, kind) {
        // The custom slot, in which `evil` is.
        ("field", Param::Number) => vec![0x0600],
        ("level", Param::Number) => vec![3],
        (_, Param::Number) => vec![0],
        (_, Param::Key) => vec![65000, 4],
        // Of a violation and a panic, nothing is said.
        ("violation" | "code" | "reason" | "message" | "out", _) => vec![0, 0],
        (_, Param::Bytes | Param::Buffer) => vec![65000, 4],
    };
    function.info().params.iter().flat_map(argument).collect()
}

/// A span in a memory of 65,536 bytes, and whether it is in it.
const SPANS: [(u32, u32, bool); 14] = [
    (0, 0, true),
    (0, 1, true),
    (65535, 1, true),
    (65536, 0, true),
    (0, 65536, true),
    (65535, 2, false),
    (65536, 1, false),
    (65537, 0, false),
    (0, 65537, false),
    (u32::MAX, 0, false),
    (u32::MAX, 1, false),
    (1, u32::MAX - 1, false),
    // The end is 65,535 if it is counted in 32 bits.
    (65537, u32::MAX - 1, false),
    (u32::MAX, u32::MAX - 1, false),
];

#[test]
fn a_span_that_leaves_the_memory_ends_the_call() {
    for function in Engine::host_functions() {
        let name = function.info().name;
        for at in pointers(function) {
            for (start, len, inside) in SPANS {
                let mut args = arguments(function);
                (args[at], args[at + 1]) = (start, len);
                let args: String = args.iter().map(|arg| format!("(i32.const {arg})")).collect();
                let body = format!("(drop (call ${name} {args})) (i32.const 0)");
                let expected = match name {
                    _ if !inside => "abi_violation",
                    "deny" | "deny_json" | "deny_text" => "deny",
                    _ => "allow",
                };
                let case =
                    Case::body(format!("{name}: {len} bytes at {start:#x}"), &body, expected);
                // A pattern of 64 KiB is the longest that is compiled.
                check(&if name == "pattern" { case.peak_kib(16 << 10) } else { case });
            }
        }
    }
}

/// The kind of the parameter whose pointer is this argument.
fn kind_at(function: HostFunction, argument: usize) -> Param {
    let mut kinds = function.info().params.iter().map(|(_, kind)| *kind);
    let mut at = 0;
    loop {
        let kind = kinds.next().unwrap();
        if at == argument {
            return kind;
        }
        at += kind.arity();
    }
}

#[test]
fn a_buffer_or_text_of_4_gib_is_not_the_sign_for_no_key() {
    for function in Engine::host_functions() {
        let name = function.info().name;
        for at in pointers(function) {
            let is_key = kind_at(function, at) == Param::Key;
            let mut args = arguments(function);
            (args[at], args[at + 1]) = (0, u32::MAX);
            let args: String = args.iter().map(|arg| format!("(i32.const {arg})")).collect();
            let body = format!("(drop (call ${name} {args})) (i32.const 0)");
            let expected = if is_key { "allow" } else { "abi_violation" };
            check(&Case::body(format!("{name}: 0xffffffff bytes"), &body, expected));
        }
    }
}

/// A call whose answer is the verdict.
fn answer(name: &str, args: &[u32]) -> String {
    let args: String = args.iter().map(|arg| format!("(i32.const {arg})")).collect();
    format!("(call ${name} {args})")
}

#[test]
fn keys_that_are_too_long_or_no_text_are_refused() {
    let at = |len| answer("contains", &[0x0600, 0, 0, len]);
    let text = "(memory.fill (i32.const 0) (i32.const 0x61) (i32.const 5000))";
    let cases = [
        Case::body("a key of 4 KiB", &format!("{text} {}", at(4096)), "allow"),
        Case::body("a longer key", &format!("{text} {}", at(4097)), "plugin_failed")
            .status("InvalidArgument"),
        Case::body("a key of the whole memory", &at(65536), "plugin_failed")
            .status("InvalidArgument"),
        Case::body("a key of 4 GiB", &at(u32::MAX - 1), "abi_violation"),
        Case::with(
            "a key that is no UTF-8",
            r#"(data (i32.const 0) "\ff")"#,
            &at(1),
            "plugin_failed",
        )
        .status("InvalidArgument"),
        Case::body("a key with a zero", &at(1), "allow"),
    ];
    cases.iter().for_each(check);
}

#[test]
fn numbers_that_name_nothing_are_refused() {
    let cases = [
        ("field 0", "read", [0, 0, 0, u32::MAX, 0, 0], "UnknownField"),
        ("field 0xffffffff", "read", [u32::MAX, 0, 0, u32::MAX, 0, 0], "UnknownField"),
        ("field 0x10600", "read_json", [0x1_0600, 0, 0, u32::MAX, 0, 0], "UnknownField"),
        ("a part that is not there", "read", [0x0105, 1, 0, u32::MAX, 0, 0], "Absent"),
        ("the last index", "read", [0x0105, u32::MAX - 1, 0, u32::MAX, 0, 0], "Absent"),
        ("no index", "read", [0x0105, u32::MAX, 0, u32::MAX, 0, 0], "Absent"),
        ("an index of one of a kind", "read", [0x0600, 1, 0, u32::MAX, 0, 0], "InvalidArgument"),
    ];
    for (name, function, args, status) in cases {
        check(&Case::body(name, &answer(function, &args), "plugin_failed").status(status));
    }
    let log = answer("log", &[6, 0, 0]);
    check(&Case::body("a level that is none", &log, "plugin_failed").status("InvalidArgument"));
    let position = answer("read_key", &[0x0600, 0, u32::MAX, 0, 0]);
    check(&Case::body("the last position", &position, "plugin_failed").status("Absent"));
}

#[test]
fn misfits_are_skipped_and_overlaps_are_copied_last() {
    let evil = r#"(data (i32.const 0) "evil")"#;
    let cases = [
        // `search` is longer than it says.
        (
            "a buffer that is too short",
            "(i32.or (i32.ne (call $read_text (i32.const 0x0122) (i32.const 0) (i32.const 0)
               (i32.const -1) (i32.const 0) (i32.const 5)) (i32.const 6))
             (i32.ne (i32.load (i32.const 0)) (i32.const 0x6c697665)))",
        ),
        // `true` in the place of its own key.
        (
            "a key and a buffer that overlap",
            "(i32.or (i32.ne (call $read_json (i32.const 0x0600) (i32.const 0) (i32.const 0)
               (i32.const 4) (i32.const 0) (i32.const 65536)) (i32.const 4))
             (i32.ne (i32.load (i32.const 0)) (i32.const 0x65757274)))",
        ),
        (
            "a key and a buffer that overlap by half",
            "(i32.or (i32.ne (call $read_json (i32.const 0x0600) (i32.const 0) (i32.const 0)
               (i32.const 4) (i32.const 2) (i32.const 4)) (i32.const 4))
             (i32.ne (i32.load (i32.const 2)) (i32.const 0x65757274)))",
        ),
        (
            "a key that is its own value",
            "(call $write_text (i32.const 0x0600) (i32.const 0) (i32.const 0) (i32.const 4)
               (i32.const 0) (i32.const 4))",
        ),
        (
            "a denial whose code is its reason",
            "(call $deny_text (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 4))",
        ),
    ];
    for (name, body) in cases {
        let expected = if name.contains("denial") { "deny" } else { "allow" };
        check(&Case::with(name, evil, body, expected));
    }
}
