//! Isolation: the traces of one call, and the calls that may find them.

use std::task::{Context, Waker};

use cpex_wasmi::{Capability, Limits, Plugin, Policy, Request};

use super::common::*;
use super::harness::told;

/// A plugin that leaves something when it is told to, and else denies if it finds it.
fn leaving(fields: &str, leave: &str, found: &str) -> Vec<u8> {
    guest(&format!(
        r#"(memory (export "memory") 1) {fields} (data (i32.const 65000) "leave")
           (func (export "cpex_invoke") (param i32) (result i32)
             (if (call $contains (i32.const 0x0600) (i32.const 0) (i32.const 65000) (i32.const 5))
               (then {leave} (return (i32.const 0))))
             {found})"#
    ))
}

fn leave() -> Request {
    Request::tool_call("search").custom("leave", "x")
}

fn find() -> Request {
    Request::tool_call("search")
}

/// Traces in an instance: fields of the module, how to leave it, and how to find it.
const PLACES: [(&str, &str, &str, &str); 12] = [
    ("memory", "", "(i32.store (i32.const 100) (i32.const 1))", "(i32.load (i32.const 100))"),
    (
        "data of the module",
        r#"(data (i32.const 200) "a")"#,
        "(i32.store8 (i32.const 200) (i32.const 0))",
        "(i32.ne (i32.load8_u (i32.const 200)) (i32.const 0x61))",
    ),
    (
        "a value that was read",
        "",
        "(drop (call $read_text (i32.const 0x0600) (i32.const 0) (i32.const 65000) (i32.const 5)
           (i32.const 300) (i32.const 10)))",
        "(i32.eq (i32.load8_u (i32.const 300)) (i32.const 0x78))",
    ),
    (
        "more memory",
        "",
        "(drop (memory.grow (i32.const 1))) (i32.store (i32.const 131068) (i32.const 1))",
        "(i32.ne (memory.size) (i32.const 1))",
    ),
    (
        "a global",
        "(global $g (mut i32) (i32.const 0))",
        "(global.set $g (i32.const 1))",
        "(global.get $g)",
    ),
    (
        "a global of 64 bits",
        "(global $g (mut i64) (i64.const 7))",
        "(global.set $g (i64.const -1))",
        "(i64.ne (global.get $g) (i64.const 7))",
    ),
    (
        "a float",
        "(global $g (mut f64) (f64.const 0))",
        "(global.set $g (f64.const nan))",
        "(f64.ne (global.get $g) (f64.const 0))",
    ),
    (
        "a reference",
        "(global $g (mut funcref) (ref.null func)) (elem declare func $f) (func $f)",
        "(global.set $g (ref.func $f))",
        "(i32.eqz (ref.is_null (global.get $g)))",
    ),
    (
        "a table's element",
        "(table $t 1 funcref) (elem declare func $f) (func $f)",
        "(table.set $t (i32.const 0) (ref.func $f))",
        "(i32.eqz (ref.is_null (table.get $t (i32.const 0))))",
    ),
    (
        "a table's element that is gone",
        "(table $t 1 funcref) (elem (i32.const 0) $f) (func $f)",
        "(table.set $t (i32.const 0) (ref.null func))",
        "(ref.is_null (table.get $t (i32.const 0)))",
    ),
    // These are found by a trap.
    (
        "a segment of data that is gone",
        r#"(data $d "x")"#,
        "(data.drop $d)",
        "(memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)) (i32.const 0)",
    ),
    (
        "a segment of elements that is gone",
        "(table $t 1 funcref) (elem $e func $f) (func $f)",
        "(elem.drop $e)",
        "(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1)) (i32.const 0)",
    ),
];

#[test]
fn per_call_instances_leave_nothing_behind() {
    for (name, fields, leaves, found) in PLACES {
        let wasm = leaving(fields, leaves, found);
        let code = |plugin: &Plugin, request| told(&plugin.call(HOOK, request)).0;
        let alone = load(&wasm, Policy::default());
        for _ in 0..3 {
            assert_eq!(code(&alone, leave()), "allow", "{name}");
            assert_eq!(code(&alone, find()), "allow", "{name} was found");
        }
        // That it would be found: with a pool, it may be.
        let pooled = load(&wasm, Policy::default().pooled(1));
        assert_eq!(code(&pooled, find()), "allow", "{name}");
        assert_eq!(code(&pooled, leave()), "allow", "{name}");
        assert_ne!(code(&pooled, find()), "allow", "{name} cannot be found at all");
    }
}

/// A plugin that fails like this when it is told to, and else denies if it has been told before.
fn failing(body: &str) -> Vec<u8> {
    let fields = "(global $told (mut i32) (i32.const 0)) (func $deep (call $deep))";
    leaving(fields, &format!("(global.set $told (i32.const 1)) {body}"), "(global.get $told)")
}

const FAILURES: [(&str, &str); 8] = [
    ("(unreachable)", "wasm_trap"),
    ("(drop (i32.load (i32.const -1)))", "wasm_trap"),
    ("(loop $l (br $l))", "fuel_exhausted"),
    ("(call $deep)", "stack_overflow"),
    ("(return (i32.const 9))", "abi_violation"),
    ("(return (i32.const -13))", "plugin_failed"),
    ("(drop (call $log (i32.const 3) (i32.const -1) (i32.const 1)))", "abi_violation"),
    ("(loop $l (drop (call $count (i32.const 0x0600) (i32.const 0))) (br $l))", "limit_exceeded"),
];

fn limits() -> Limits {
    Limits::default().fuel(1_000_000).host_calls(1000)
}

#[test]
fn an_instance_that_failed_never_serves_again() {
    for (body, expected) in FAILURES {
        let plugin = load(&failing(body), Policy::default().limits(limits()).pooled(4));
        // So that there are several to choose from.
        for _ in 0..4 {
            plugin.initialize().unwrap();
        }
        for _ in 0..6 {
            assert_eq!(told(&plugin.call(HOOK, leave())).0, expected, "{body}");
            for _ in 0..4 {
                let (code, said) = told(&plugin.call(HOOK, find()));
                assert_eq!(code, "allow", "after {body}: {said}");
            }
        }
    }
}

#[test]
fn an_instance_whose_call_was_abandoned_never_serves_again() {
    let plugin = load(&failing("(loop $l (br $l))"), Policy::default().pooled(1));
    for _ in 0..3 {
        let mut call = Box::pin(plugin.call_async(HOOK, leave()));
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..3 {
            assert!(call.as_mut().poll(&mut context).is_pending());
        }
        drop(call);
        assert_eq!(told(&plugin.call(HOOK, find())).0, "allow");
    }
}

/// Data that the host keeps for a call is not kept for the next in this instance.
#[test]
fn nothing_that_the_host_knows_of_a_call_is_known_in_the_next() {
    let log = "(drop (call $log (i32.const 3) (i32.const 0) (i32.const 60000)))";
    let written = |field: &str| {
        (
            format!(
                "(drop (call $write_text (i32.const {field}) (i32.const 0) (i32.const 65002)
                   (i32.const 3) (i32.const 0) (i32.const 1)))"
            ),
            format!(
                "(call $contains (i32.const {field}) (i32.const 0) (i32.const 65002) (i32.const 3))"
            ),
            "allow",
            "",
        )
    };
    let cases = [
        written("0x0600"),
        written("0x0700"),
        written("0x0701"),
        (
            "(drop (call $write_text (i32.const 0x0122) (i32.const 0) (i32.const 0) (i32.const -1)
               (i32.const 0) (i32.const 1)))"
                .into(),
            "(i32.ne (call $read_text (i32.const 0x0122) (i32.const 0) (i32.const 0) (i32.const -1)
               (i32.const 0) (i32.const 0)) (i32.const 6))"
                .into(),
            "allow",
            "",
        ),
        // How much it logged.
        (log.into(), "(call $log (i32.const 3) (i32.const 0) (i32.const 100))".into(), "allow", ""),
        // That it panicked, and carried on.
        (
            "(drop (call $panic (i32.const 65000) (i32.const 5)))".into(),
            "(unreachable)".into(),
            "wasm_trap",
            "unreachable instruction",
        ),
        // That it was refused memory.
        ("(drop (memory.grow (i32.const -1)))".into(), "(unreachable)".into(), "wasm_trap", ""),
        // That it was refused a capability.
        (
            "(drop (call $count (i32.const 0x0201) (i32.const 0)))".into(),
            "(i32.const -3)".into(),
            "abi_violation",
            "none was denied",
        ),
    ];
    for (leaves, found, expected, says) in cases {
        let policy = Policy::default().grant([Capability::WriteHeaders]).pooled(1);
        let plugin = load(&leaving("", &leaves, &found), policy);
        assert_eq!(told(&plugin.call(HOOK, leave())).0, "allow", "{leaves}");
        let (code, said) = told(&plugin.call(HOOK, find()));
        assert_eq!(code, expected, "{leaves}: {said}");
        assert!(said.contains(says), "{leaves}: {said}");
    }
    // Nor a denial.
    let deny = "(drop (call $deny_text (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)))";
    let plugin = load(&leaving("", deny, "(i32.const 0)"), Policy::default().pooled(1));
    assert_eq!(told(&plugin.call(HOOK, leave())).0, "deny");
    assert_eq!(told(&plugin.call(HOOK, find())).0, "allow");
}

#[test]
fn no_two_calls_are_in_one_instance_at_once() {
    // It gives what is no verdict if somebody else is in its memory.
    let wasm = invoking(
        "(if (i32.load (i32.const 100)) (then (return (i32.const 9))))
         (i32.store (i32.const 100) (i32.const 1))
         (local.set 0 (i32.const 20000))
         (loop $l (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if $l (local.get 0)))
         (i32.store (i32.const 100) (i32.const 0)) (i32.const 0)",
    );
    let plugin = load(&wasm, Policy::default().pooled(2));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    assert_eq!(told(&call(&plugin)).0, "allow");
                }
            });
        }
    });
}
