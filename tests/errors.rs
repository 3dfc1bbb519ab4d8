//! Every error code, through a real module.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

mod common;

use std::time::{Duration, Instant};

use common::*;
use cpex_wasmi::abi::Status;
use cpex_wasmi::{Capability, Engine, ErrorKind, Limits, Module, Plugin, Policy, Request, Trap};

const LOOP: &str = "(loop $forever (br $forever)) (unreachable)";

#[test]
fn an_endless_loop_ends_with_its_fuel() {
    let policy = Policy::default().limits(Limits::default().fuel(1_000_000).deadline(None));
    let error = call(&load(&invoking(LOOP), policy)).unwrap_err();
    assert_eq!(error.code(), "fuel_exhausted");
    assert!(error.to_string().contains("max_fuel"), "{error}");
    let receipt = error.receipt().unwrap();
    assert!(receipt.fuel <= 1_000_000 && receipt.fuel > 999_000, "{receipt:?}");
    assert_eq!(receipt.slices, 5);
}

#[test]
fn a_deadline_stops_an_endless_loop_within_twice_its_length() {
    let deadline = Duration::from_secs(1);
    let policy = Policy::default().limits(Limits::default().fuel(u64::MAX).deadline(deadline));
    let plugin = load(&invoking(LOOP), policy);
    let start = Instant::now();
    let error = call(&plugin).unwrap_err();
    let took = start.elapsed();
    assert_eq!(error.code(), "timeout");
    assert!(took >= deadline && took < deadline * 2, "{took:?}");
}

#[test]
fn a_deadline_stops_a_plugin_that_makes_the_host_work() {
    let deadline = Duration::from_secs(1);
    let policy = Policy::default()
        .limits(Limits::default().fuel(u64::MAX).host_calls(u64::MAX).deadline(deadline));
    // Asks for the whole payload without room for it: the host encodes it, and copies nothing.
    let body = "(loop $again (drop (call $read_json (i32.const 0x0100) (i32.const 0) (i32.const 0)
        (i32.const -1) (i32.const 0) (i32.const 0))) (br $again)) (unreachable)";
    let plugin = load(&invoking(body), policy);
    let request = Request::tool_call("search").argument("text", "long ".repeat(20_000));
    let start = Instant::now();
    let error = plugin.call(HOOK, request).unwrap_err();
    let took = start.elapsed();
    assert_eq!(error.code(), "timeout");
    assert!(took < deadline * 2, "{took:?}");
}

#[test]
fn look_ups_cost_fuel_for_what_they_pass() {
    // Each of these passes all headers, whatever their case.
    let calls = [
        "(call $contains (i32.const 0x0301) (i32.const 0) (i32.const 0) (i32.const 1))",
        "(call $write_text (i32.const 0x0301) (i32.const 0) (i32.const 0) (i32.const 1)
           (i32.const 0) (i32.const 1))",
        "(call $remove (i32.const 0x0301) (i32.const 0) (i32.const 0) (i32.const 1))",
    ];
    for call in calls {
        let body = format!("(i32.store8 (i32.const 0) (i32.const 65)) (drop {call}) (i32.const 0)");
        let plugin = load(&invoking(&body), trusting());
        let fuel = |headers: u32| {
            let request = (0..headers)
                .fold(Request::tool_call("a"), |request, n| request.header(format!("h{n}"), "v"));
            plugin.call(HOOK, request).unwrap().receipt.fuel
        };
        assert!(fuel(1000) >= fuel(0) + 1000, "{call}");
    }
}

#[test]
fn endless_recursion_is_a_stack_overflow() {
    let wasm = guest(
        r#"(func $down (param i32) (result i32) (i32.add (i32.const 1) (call $down (local.get 0))))
           (func (export "cpex_invoke") (param i32) (result i32) (call $down (local.get 0)))"#,
    );
    let plugin = load(&wasm, Policy::default());
    let error = call(&plugin).unwrap_err();
    assert_eq!(error.code(), "stack_overflow");
}

#[test]
fn each_trap_has_its_kind() {
    let traps = [
        ("(unreachable)", Trap::Unreachable),
        ("(i32.load (i32.const 0x7fffffff))", Trap::MemoryOutOfBounds),
        ("(i32.div_u (i32.const 1) (i32.const 0))", Trap::IntegerDivisionByZero),
        ("(i32.div_s (i32.const 0x80000000) (i32.const -1))", Trap::IntegerOverflow),
        ("(i32.trunc_f32_s (f32.const nan))", Trap::BadConversionToInteger),
        ("(call_indirect (result i32) (i32.const 0))", Trap::IndirectCallToNull),
        ("(call_indirect (result i32) (i32.const 9))", Trap::TableOutOfBounds),
        ("(call_indirect (result i32) (i32.const 1))", Trap::BadSignature),
    ];
    for (body, trap) in traps {
        let wasm = guest(&format!(
            r#"(table 2 funcref) (elem (i32.const 1) $invoke)
               (func $invoke (export "cpex_invoke") (param i32) (result i32) {body})"#
        ));
        let error = call(&load(&wasm, Policy::default())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Trap(trap), "{body}: {error}");
        assert_eq!(error.code(), "wasm_trap");
    }
}

#[test]
fn a_trap_tells_the_panic_message() {
    let wasm = guest(
        r#"(data (i32.const 0) "tool.rs:7: \1b[31mno such tool")
           (func (export "cpex_invoke") (param i32) (result i32)
             (drop (call $panic (i32.const 0) (i32.const 28))) (unreachable))"#,
    );
    let error = call(&load(&wasm, Policy::default())).unwrap_err();
    assert_eq!(error.code(), "wasm_trap");
    assert!(error.to_string().contains(r"tool.rs:7: \u{1b}[31mno such tool"), "{error}");
}

#[test]
fn wanting_too_much_memory_is_told_apart_from_other_traps() {
    let wasm = guest(
        r#"(memory (export "memory") 1)
           (func (export "cpex_invoke") (param i32) (result i32)
             (loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
             (unreachable))"#,
    );
    let policy = Policy::default().limits(Limits::default().memory_bytes(1 << 20));
    let error = call(&load(&wasm, policy)).unwrap_err();
    assert_eq!(error.code(), "memory_limit");
    assert_eq!(error.receipt().unwrap().peak_memory_bytes, 1 << 20);
}

#[test]
fn a_plugin_may_carry_on_without_the_memory_it_wanted() {
    let wasm = guest(
        r#"(memory (export "memory") 1)
           (func (export "cpex_invoke") (param i32) (result i32)
             (i32.ne (memory.grow (i32.const 2000)) (i32.const -1)))"#,
    );
    let outcome = call(&load(&wasm, Policy::default())).unwrap();
    assert!(outcome.decision.is_allow());
}

#[test]
fn tables_keep_their_size() {
    let wasm = guest(
        r#"(table $t 1 funcref)
           (func (export "cpex_invoke") (param i32) (result i32)
             (i32.ne (table.grow $t (ref.null func) (i32.const 1)) (i32.const -1)))"#,
    );
    assert!(call(&load(&wasm, Policy::default())).unwrap().decision.is_allow());
}

#[test]
fn pointers_outside_of_the_memory_are_abi_violations() {
    for (pointer, len) in
        [(65_536_u32, 1_u32), (0, 65_537), (65_535, 2), (u32::MAX, u32::MAX - 1), (1, u32::MAX - 1)]
    {
        let body = format!("(call $log (i32.const 3) (i32.const {pointer}) (i32.const {len}))");
        let error = call(&load(&invoking(&body), Policy::default())).unwrap_err();
        assert_eq!(error.code(), "abi_violation", "{pointer} {len}");
    }
}

#[test]
fn an_empty_message_at_the_end_of_the_memory_is_fine() {
    let body = "(call $log (i32.const 3) (i32.const 65536) (i32.const 0))";
    assert!(call(&load(&invoking(body), Policy::default())).is_ok());
}

#[test]
fn a_verdict_that_is_none_is_an_abi_violation() {
    for verdict in [2, 42, i32::MAX, -100, i32::MIN] {
        let error = call(&load(&invoking(&format!("(i32.const {verdict})")), Policy::default()));
        assert_eq!(error.unwrap_err().code(), "abi_violation", "{verdict}");
    }
}

#[test]
fn each_limit_on_the_boundary_ends_the_call() {
    let cases = [
        (
            "(loop $again (drop (call $count (i32.const 0x0700) (i32.const 0))) (br $again)) (unreachable)",
            Limits::default().host_calls(10),
            "10 host calls",
        ),
        (
            "(loop $again (drop (call $read_text (i32.const 0x0102) (i32.const 0) (i32.const 0) (i32.const -1)
                (i32.const 0) (i32.const 100))) (br $again)) (unreachable)",
            Limits::default().bytes_read(100),
            "100 bytes read",
        ),
        (
            "(loop $again (drop (call $write_text (i32.const 0x0600) (i32.const 0) (i32.const 0) (i32.const 1)
                (i32.const 0) (i32.const 30))) (br $again)) (unreachable)",
            Limits::default().bytes_written(100),
            "100 bytes written",
        ),
    ];
    for (body, limits, message) in cases {
        let error = call(&load(&invoking(body), Policy::default().limits(limits))).unwrap_err();
        assert_eq!(error.code(), "limit_exceeded", "{error}");
        assert!(error.to_string().contains(message), "{error}");
        let receipt = error.receipt().unwrap();
        assert!(receipt.bytes_read <= 100 && receipt.bytes_written <= 100, "{receipt:?}");
    }
}

#[test]
fn a_log_flood_is_dropped_and_counted() {
    let logs = Logs::default();
    let engine = logs.engine().build().unwrap();
    let wasm = guest(
        r#"(func (export "cpex_invoke") (param i32) (result i32) (local i32)
             (loop $again
               (drop (call $log (i32.const 3) (i32.const 0) (i32.const 10)))
               (local.set 1 (i32.add (local.get 1) (i32.const 1)))
               (br_if $again (i32.lt_u (local.get 1) (i32.const 100))))
             (i32.const 0))"#,
    );
    let policy = Policy::default().limits(Limits::default().log_bytes(55));
    let plugin = Plugin::load(&engine, &wasm, policy).unwrap();
    let outcome = call(&plugin).unwrap();
    assert!(outcome.decision.is_allow());
    assert_eq!((outcome.receipt.log_bytes, outcome.receipt.log_lines_dropped), (50, 95));
    assert_eq!(logs.lines().len(), 5);
}

#[test]
fn giving_up_over_a_denied_read_fails_the_call() {
    let wasm = invoking("(call $count (i32.const 0x0201) (i32.const 0))");
    let error = call(&load(&wasm, Policy::default())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CapabilityDenied(Capability::ReadLabels));
    assert_eq!(error.code(), "capability_denied");
    assert!(error.to_string().contains("read_labels"), "{error}");
}

#[test]
fn asking_for_a_capability_that_is_not_granted_refuses_to_load() {
    let body = r#"(func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#;
    let wasm = guest_with(&["read_labels", "write_headers"], body);
    let error = load_error(&wasm, Policy::default().grant([Capability::ReadLabels]));
    assert_eq!(error.kind(), ErrorKind::CapabilityDenied(Capability::WriteHeaders));
    assert_eq!(error.plugin(), Some("guest"));
    assert!(error.to_string().contains("add `- write_headers` under `capabilities:`"), "{error}");
}

#[test]
fn giving_up_is_a_failure_of_the_plugin() {
    let wasm = invoking(&format!("(i32.const {})", Status::Failed.code()));
    let error = call(&load(&wasm, Policy::default())).unwrap_err();
    assert_eq!(error.code(), "plugin_failed");
}

#[test]
fn inventing_a_denied_capability_is_an_abi_violation() {
    let wasm = invoking(&format!("(i32.const {})", Status::CapabilityDenied.code()));
    assert_eq!(call(&load(&wasm, Policy::default())).unwrap_err().code(), "abi_violation");
}

#[test]
fn an_unknown_hook_names_the_known_ones() {
    let plugin = load(&invoking("(i32.const 0)"), Policy::default());
    let error = plugin.call("cmf.tool_pre_invok", Request::tool_call("search")).unwrap_err();
    assert_eq!(error.code(), "unknown_hook");
    assert!(error.to_string().contains("did you mean `cmf.tool_pre_invoke`?"), "{error}");
}

#[test]
fn a_failing_initialisation_fails_every_call() {
    let invoke = r#"(func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#;
    let cases = [
        ("(i32.const -13)", "plugin_failed"),
        ("(i32.const 7)", "abi_violation"),
        ("(unreachable)", "wasm_trap"),
        (LOOP, "fuel_exhausted"),
        // The request cannot be read before there is one.
        ("(call $count (i32.const 0x0600) (i32.const 0))", "plugin_failed"),
    ];
    for (body, code) in cases {
        let wasm = guest(&format!(r#"{invoke} (func (export "cpex_init") (result i32) {body})"#));
        let policy = Policy::default().limits(Limits::default().init_fuel(1_000_000));
        let plugin = load(&wasm, policy);
        for _ in 0..2 {
            assert_eq!(call(&plugin).unwrap_err().code(), code, "{body}");
        }
    }
}

#[test]
fn a_plugin_that_failed_works_again_on_the_next_call() {
    let wasm = guest(
        r#"(func (export "cpex_invoke") (param i32) (result i32)
             (if (call $count (i32.const 0x0600) (i32.const 0)) (then (unreachable)))
             (i32.const 0))"#,
    );
    for policy in [Policy::default(), Policy::default().pooled(1)] {
        let plugin = load(&wasm, policy);
        for _ in 0..3 {
            let request = Request::tool_call("search").custom("trap", true);
            assert_eq!(plugin.call(HOOK, request).unwrap_err().code(), "wasm_trap");
            assert!(call(&plugin).unwrap().decision.is_allow());
        }
    }
}

#[test]
fn what_cannot_be_set_up_says_so() {
    for builder in [Engine::builder().fuel_slice(0), Engine::builder().stack_bytes(10)] {
        let Err(error) = builder.build() else { panic!("the engine was built") };
        assert_eq!(error.code(), "invalid_config");
    }
}

#[test]
fn checking_names_every_problem_at_once() {
    let wasm = module(r#"(import "env" "abort" (func)) (func (export "cpex_invoke"))"#);
    let problems = Plugin::check(&engine(), &wasm, &Policy::default(), &[]);
    let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    for expected in ["env::abort", "`cpex_invoke` as", "manifest", "does not export its memory"] {
        assert!(messages.iter().any(|message| message.contains(expected)), "{messages:#?}");
    }
    assert_eq!(problems.len(), 4);
    let error = Module::new(&engine(), &wasm).unwrap_err();
    assert_eq!(error.problems(), problems);
}

#[test]
fn a_log_sink_that_panics_loses_the_line_and_nothing_else() {
    let sink = |_: &cpex_wasmi::LogRecord<'_>| panic!("the disk is full");
    let engine = Engine::builder().log_sink(sink).build().unwrap();
    let wasm = invoking("(call $log (i32.const 3) (i32.const 0) (i32.const 1))");
    let plugin = Plugin::load(&engine, &wasm, Policy::default()).unwrap();
    for _ in 0..2 {
        let outcome = call(&plugin).unwrap();
        assert!(outcome.decision.is_allow());
        assert_eq!(outcome.receipt.log_bytes, 1);
    }
}

#[test]
fn every_code_is_in_the_troubleshooting_page() {
    let page = include_str!("../docs/troubleshooting.md");
    let source = include_str!("../src/error.rs");
    let (_, rest) = source.split_once("pub const fn code(self) -> &'static str {").unwrap();
    let (arms, _) = rest.split_once("\n    }\n").unwrap();
    let codes: Vec<_> = arms.split('"').skip(1).step_by(2).collect();
    assert!(codes.contains(&"timeout") && codes.contains(&"internal"), "{codes:?}");
    for code in codes {
        assert!(page.contains(&format!("| `{code}` |")), "the page lacks `{code}`");
    }
}
