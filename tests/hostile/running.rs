//! Plugins that do not end, that want too much, and that trap.

use std::time::Duration;

use cpex_wasmi::Engine;

use super::common::*;
use super::harness::{Case, check};

#[test]
fn what_does_not_end_is_ended() {
    let deep = "i64 ".repeat(200);
    let recursion = format!("(func $f (local {deep}) (call $f))");
    let cases = [
        Case::body("endless loop", "(loop $l (br $l)) (unreachable)", "fuel_exhausted"),
        Case::body("endless loop with a deadline", "(loop $l (br $l)) (unreachable)", "timeout")
            .limits(|limits| {
                limits.fuel = u64::MAX;
                limits.deadline = Some(Duration::from_millis(20));
            }),
        Case::with(
            "recursion without end",
            "(func $f (call $f))",
            "(call $f) (i32.const 0)",
            "stack_overflow",
        ),
        Case::with(
            "recursion of two",
            "(func $f (call $g)) (func $g (call $f))",
            "(call $f) (i32.const 0)",
            "stack_overflow",
        ),
        Case::with(
            "recursion with many locals",
            &recursion,
            "(call $f) (i32.const 0)",
            "stack_overflow",
        )
        .peak_kib(4 << 10),
        Case::with(
            "recursion through a table",
            "(type $t (func)) (table 1 funcref) (elem (i32.const 0) $f)
             (func $f (call_indirect (type $t) (i32.const 0)))",
            "(call $f) (i32.const 0)",
            "stack_overflow",
        ),
        Case::with(
            "the host called from 900 calls down",
            "(func $f (param i32) (result i32)
               (if (i32.eqz (local.get 0)) (then (return (call $count (i32.const 0x0122)
                 (i32.const -1)))))
               (call $f (i32.sub (local.get 0) (i32.const 1))))",
            "(i32.ne (call $f (i32.const 900)) (i32.const 1))",
            "allow",
        ),
        Case::with(
            "the host called on the way down without end",
            "(func $f (drop (call $count (i32.const 0x0600) (i32.const 0))) (call $f))",
            "(call $f) (i32.const 0)",
            "stack_overflow",
        ),
    ];
    cases.iter().for_each(check);
}

#[test]
fn what_wants_too_much_memory_does_not_get_it() {
    let refused = |name: &str, pages: &str| {
        let grows = format!("(i32.ne (memory.grow (i32.const {pages})) (i32.const -1))");
        Case::body(name, &grows, "allow")
    };
    let table = |elements: u32| {
        let fields = format!("(table {elements} funcref)");
        Case::with(format!("a table of {elements}"), &fields, "(i32.const 0)", "memory_limit")
            .next("memory_limit")
    };
    let memory = |pages: &str| {
        let wasm = guest(&format!(
            r#"(memory (export "memory") {pages})
               (func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#
        ));
        Case::new(format!("a memory of {pages} pages"), wasm, "memory_limit")
    };
    let cases = [
        Case::body(
            "all that it may have",
            "(i32.ne (memory.grow (i32.const 255)) (i32.const 1))",
            "allow",
        )
        .peak_kib(17 << 10),
        refused("a page more", "256"),
        refused("4 GiB", "65535"),
        refused("more than there can be", "-1"),
        Case::body(
            "page after page",
            "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (unreachable)",
            "memory_limit",
        )
        // The memory is moved as it grows.
        .peak_kib(33 << 10),
        Case::body(
            "a trap of another kind after it was refused",
            "(drop (memory.grow (i32.const 60000))) (i32.load (i32.const -4))",
            "wasm_trap",
        ),
        Case::with(
            "a table that would grow",
            "(table 1 funcref)",
            "(i32.ne (table.grow 0 (ref.null func) (i32.const 1)) (i32.const -1))",
            "allow",
        ),
        Case::with("a table of all it may have", "(table 10000 funcref)", "(i32.const 0)", "allow"),
        table(10_001),
        table(u32::MAX),
        memory("257"),
        memory("65536"),
        Case::with(
            "ten large tables",
            &"(table 10000 externref)".repeat(10),
            "(i32.const 0)",
            "allow",
        )
        .peak_kib(2 << 10),
        Case::with("eleven tables", &"(table 0 funcref)".repeat(11), "(i32.const 0)", "memory_limit")
            .next("memory_limit"),
    ];
    cases.iter().for_each(check);
}

#[test]
fn a_trap_ends_the_call_and_nothing_else() {
    let cases = [
        ("unreachable", "(unreachable)"),
        ("a load past the end", "(i32.load (i32.const 65533))"),
        ("a store at the last address", "(i32.store8 (i32.const -1) (i32.const 0)) (i32.const 0)"),
        ("an offset that overflows", "(i32.load offset=4294967295 (i32.const -1))"),
        (
            "a fill past the end",
            "(memory.fill (i32.const 1) (i32.const 1) (i32.const 65536)) (i32.const 0)",
        ),
        (
            "a copy of 4 GiB",
            "(memory.copy (i32.const 0) (i32.const 1) (i32.const -1)) (i32.const 0)",
        ),
        (
            "a dropped segment",
            "(data.drop $d) (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)) (i32.const 0)",
        ),
        ("an empty element", "(call_indirect (type $t) (i32.const 0))"),
        ("an element past the end", "(call_indirect (type $t) (i32.const -1))"),
        ("an element of another type", "(call_indirect (type $t) (i32.const 1))"),
        ("a division by zero", "(i32.div_s (i32.const 1) (i32.const 0))"),
        ("a quotient that does not fit", "(i32.div_s (i32.const 0x80000000) (i32.const -1))"),
        ("a NaN made an integer", "(i32.trunc_f32_s (f32.const nan))"),
        ("a NaN with a payload", "(i32.trunc_f64_u (f64.const nan:0xfffffffffffff))"),
        ("infinity made an integer", "(i32.trunc_f64_s (f64.const inf))"),
    ];
    let fields = r#"(type $t (func (result i32))) (table 2 funcref) (elem (i32.const 1) $f)
                    (func $f) (data $d "x")"#;
    for (name, body) in cases {
        check(&Case::with(name, fields, body, "wasm_trap"));
    }
    let floats = "(i32.trunc_sat_f64_s (f64.const nan))
        (i32.trunc_sat_f32_u (f32.const -inf)) (i32.add)
        (i32.ne (i32.trunc_sat_f64_s (f64.const inf)) (i32.const 0x7fffffff)) (i32.add)";
    check(&Case::body("floats that saturate", floats, "allow"));
}

#[test]
fn each_export_may_trap_or_loop() {
    let ends = [
        ("(unreachable)", "wasm_trap"),
        ("(loop $l (br $l)) (unreachable)", "fuel_exhausted"),
        ("(call $itself) (unreachable)", "stack_overflow"),
    ];
    for (body, expected) in ends {
        for export in ["cpex_init", "cpex_shutdown", "_initialize"] {
            let result = if export == "_initialize" { "" } else { "(result i32)" };
            let body = body.replace("$itself", &format!("${export}"));
            let wasm = guest(&format!(
                r#"(func ${export} (export "{export}") {result} {body})
                   (func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#
            ));
            let case = Case::new(format!("{export}: {body}"), wasm, expected);
            check(&if export == "cpex_shutdown" { case.at_shutdown().next("allow") } else { case });
        }
    }
}

#[test]
fn no_host_function_reads_a_request_in_init_or_shutdown() {
    for function in Engine::host_functions() {
        let name = function.info().name;
        let args: String = function
            .info()
            .params
            .iter()
            .map(|(parameter, kind)| match (*parameter, kind.arity()) {
                // The custom slot, under the key "".
                ("field", _) => "(i32.const 0x0600)".into(),
                ("level", _) => "(i32.const 3)".into(),
                ("status", _) => "(i32.const -9)".into(),
                (_, arity) => "(i32.const 0)".repeat(arity),
            })
            .collect();
        for export in ["cpex_init", "cpex_shutdown"] {
            let wasm = guest(&format!(
                r#"(func (export "{export}") (result i32) (call ${name} {args}))
                   (func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#
            ));
            let status = match name {
                "log" | "panic" | "call_result" | "pattern" | "pattern_set" => None,
                "call" | "call_json" => Some("UnknownFunction"),
                // An empty text is no schema.
                "schema" => Some("Malformed"),
                // There is no such pattern, and no such schema.
                "pattern_drop" | "search" | "scan" | "replace" => Some("Absent"),
                "schema_drop" | "schema_check" | "schema_check_json" => Some("Absent"),
                _ => Some("NotDuringInit"),
            };
            let expected = if status.is_none() { "allow" } else { "plugin_failed" };
            let mut case = Case::new(format!("{name} in {export}"), wasm, expected);
            if let Some(status) = status {
                case = case.status(status);
            }
            check(&if export == "cpex_shutdown" { case.at_shutdown().next("allow") } else { case });
        }
    }
}

#[test]
fn a_plugin_fails_with_a_status_or_not_at_all() {
    for code in [0, 1, 2, -99, i32::MIN] {
        let body = format!("(drop (call $fail (i32.const {code}))) (i32.const 0)");
        check(&Case::body(format!("fail with {code}"), &body, "abi_violation"));
    }
    // What comes after is not run, and a denial before stays none: the call has failed.
    let body = "(drop (call $fail (i32.const -6))) (unreachable)";
    check(&Case::body("fail", body, "plugin_failed").status("Malformed"));
    let deny = "(drop (call $deny_text (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))";
    let body = format!("{deny} (drop (call $fail (i32.const -6))) (i32.const 0)");
    check(&Case::body("deny and fail", &body, "plugin_failed").status("Malformed"));
    // A right that nothing was refused for.
    let body = "(drop (call $fail (i32.const -3))) (i32.const 0)";
    check(&Case::body("fail over nothing", body, "abi_violation"));
}

#[test]
fn a_verdict_is_one_of_those_there_are() {
    for verdict in [2, 7, -15, i32::MIN, i32::MAX] {
        let verdict = format!("(i32.const {verdict})");
        check(&Case::body(format!("the verdict {verdict}"), &verdict, "abi_violation"));
    }
    let deny = "(drop (call $deny_text (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))";
    let write = "(call $write_text (i32.const 0x0600) (i32.const 0) (i32.const 65000) (i32.const 4)
        (i32.const 0) (i32.const 1))";
    let cases = [
        Case::body("a denial without a reason", "(i32.const 1)", "deny").says("\"denied\""),
        Case::body("a denial of nothing", &format!("{deny} (i32.const 0)"), "deny")
            .says("\"denied\""),
        Case::body("a denial that is taken back", &format!("{deny} (i32.const 0)"), "deny"),
        Case::body(
            "a denial, and a verdict that is none",
            &format!("{deny} (i32.const 9)"),
            "abi_violation",
        ),
        Case::body("a denial, and a trap", &format!("{deny} (unreachable)"), "wasm_trap"),
        Case::body("a write after a denial", &format!("{deny} {write}"), "plugin_failed")
            .status("AlreadyDenied"),
        Case::body(
            "a second denial",
            &format!("{deny} {}", &deny[6..deny.len() - 1]),
            "plugin_failed",
        )
        .status("AlreadyDenied"),
    ];
    cases.iter().for_each(check);
}

/// wasmi 2.0.0 resumes a host function, where the slice ended with it or it is served outside, as if it
/// had been called by the caller of who called it: the answer is lost, and stands in the place of a
/// local of that one. A reference to a function that is made so aborts the process, or worse.
#[test]
fn a_module_with_tail_calls_is_refused() {
    let read =
        "(i32.const 0x0122) (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 0) (i32.const 0)";
    let reference = |call: &str| {
        format!(
            "(type $t (func (result i32))) (table 1 funcref)
             (type $r (func (param i32 i32 i32 i32 i32 i32) (result i32))) (elem (i32.const 0) $read_text)
             (func $last (result i32) (local i64 i64 i64 i64) ({call}))
             (func $forge (result i32) (local funcref funcref funcref funcref funcref funcref)
               (drop (call $last)) (table.set (i32.const 0) (local.get 4))
               (call_indirect (type $t) (i32.const 0)))"
        )
    };
    for (name, fields) in [
        ("a tail call", reference(&format!("return_call $read_text {read}"))),
        (
            "a tail call through a table",
            reference(&format!("return_call_indirect (type $r) {read} (i32.const 0)")),
        ),
    ] {
        let case = Case::with(name, &fields, "(call $forge)", "invalid_module");
        check(&case.says("tail calls support is not enabled").next("invalid_module"));
    }
}
