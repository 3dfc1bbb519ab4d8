//! Calls of plugins: the built fixtures, called as an embedder calls them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

mod common;

use std::sync::{Arc, Mutex};

use common::*;
use cpex_wasmi::abi::Field;
use cpex_wasmi::{
    Capability, Decision, Engine, Level, LevelFilter, Limits, LogRecord, Payload, Plugin, Policy,
    Request, Value, Violation,
};
use serde_json::json;

fn pii() -> Request {
    Request::tool_call("get_compensation").argument("employee_id", 42).label("PII").subject("alice")
}

#[test]
fn noop_allows_and_changes_nothing() {
    let outcome = load(&fixture("noop"), Policy::default()).call(HOOK, pii()).unwrap();
    assert!(outcome.decision.is_allow());
    assert!(outcome.changes.is_empty());
    let receipt = outcome.receipt;
    assert!(receipt.fuel > 0 && receipt.fuel < 100, "{receipt:?}");
    assert_eq!((receipt.host_calls, receipt.bytes_read, receipt.slices), (0, 0, 1));
    assert_eq!(receipt.peak_memory_bytes, 65_536);
}

#[test]
fn pii_guard_denies_unless_the_subject_is_hr() {
    let plugin = load(&fixture("pii_guard"), trusting());
    let decide = |request| plugin.call(HOOK, request).unwrap().decision;
    let Decision::Deny(violation) = decide(pii().role("engineer")) else { panic!("allowed") };
    assert_eq!(violation.code, "pii_access");
    assert!(decide(pii().role("hr_admin")).is_allow());
    assert!(decide(Request::tool_call("search").label("public")).is_allow());
    // Labels ignore case, as in CPEX.
    assert!(!decide(Request::tool_call("search").label("pii")).is_allow());
    // No security slot at all.
    assert!(decide(Request::tool_call("search")).is_allow());
}

#[test]
fn header_injector_sets_a_header_of_the_operators_choice() {
    let wasm = fixture("header_injector");
    let request = || Request::tool_call("search").header("X-Other", "1");
    let outcome = load(&wasm, trusting()).call(HOOK, request()).unwrap();
    let headers = outcome.changes.http.unwrap().request_headers;
    assert_eq!(headers.len(), 2);
    assert_eq!(headers["x-policy-checked"], "true");

    let policy = trusting().config("header", "X-OTHER").config("value", "2");
    let outcome = load(&wasm, policy).call(HOOK, request()).unwrap();
    let headers = outcome.changes.http.unwrap().request_headers;
    // A header is the same whatever its case: it is replaced, not doubled.
    assert_eq!(headers.len(), 1);
    assert_eq!(headers["X-OTHER"], "2");
}

#[test]
fn argument_redactor_masks_and_leaves_the_rest_alone() {
    let plugin = load(&fixture("argument_redactor"), Policy::default());
    let outcome = plugin.call(HOOK, pii().argument("ssn", "123-45-6789")).unwrap();
    let Some(Payload::Message(payload)) = &outcome.changes.payload else { panic!("unchanged") };
    let call = payload.message.tool_calls().next().unwrap();
    assert_eq!(json!(call.arguments), json!({"employee_id": 42, "ssn": "***-**-****"}));
    assert!(plugin.call(HOOK, pii()).unwrap().changes.is_empty());
}

#[test]
fn labeler_only_adds() {
    let outcome = load(&fixture("labeler"), trusting()).call(HOOK, pii()).unwrap();
    let labels = outcome.changes.labels.unwrap();
    assert_eq!(labels.len(), 2);
    assert!(labels.contains("PII"));
}

#[test]
fn changes_can_be_applied_for_the_next_plugin() {
    let mut request = pii().argument("ssn", "123-45-6789");
    for name in ["argument_redactor", "labeler", "header_injector"] {
        let outcome = load(&fixture(name), trusting()).call(HOOK, request.clone()).unwrap();
        request.apply(outcome.changes);
    }
    assert_eq!(
        request.message().unwrap().tool_calls().next().unwrap().arguments["ssn"],
        "***-**-****"
    );
    assert_eq!(request.extensions.security.unwrap().labels.len(), 2);
    assert!(request.extensions.http.unwrap().request_headers.contains_key("x-policy-checked"));
}

#[test]
fn call_counter_counts_in_its_own_memory() {
    let plugin = load(&fixture("call_counter"), trusting().pooled(1).allow_state());
    for calls in 1..=3 {
        let outcome = plugin.call(HOOK, pii()).unwrap();
        assert_eq!(outcome.changes.local_state.unwrap()["calls"], calls);
    }
}

#[test]
fn panics_are_told_with_file_and_line() {
    let error = load(&fixture("panics"), Policy::default())
        .call(HOOK, Request::tool_call("boom"))
        .unwrap_err();
    assert_eq!(error.code(), "wasm_trap");
    let message = error.to_string();
    assert!(message.contains("src/lib.rs:"), "{message}");
    assert!(error.receipt().is_some());
    let error = call(&load(&fixture("panics_in_init"), Policy::default())).unwrap_err();
    assert_eq!(error.code(), "wasm_trap");
    assert!(error.to_string().contains("cpex_init"), "{error}");
}

#[test]
fn loops_and_memory_hog_are_stopped() {
    // The fuel may take longer than the deadline on a machine that is busy.
    let limits = Limits::default().deadline(None).fuel(100_000_000);
    let error = call(&load(&fixture("loops"), Policy::default().limits(limits))).unwrap_err();
    assert_eq!(error.code(), "fuel_exhausted");
    let error = call(&load(&fixture("memory_hog"), Policy::default())).unwrap_err();
    assert_eq!(error.code(), "memory_limit");
    let receipt = error.receipt().unwrap();
    assert!(receipt.peak_memory_bytes <= 64 << 20, "{receipt:?}");
}

#[test]
fn compute_writes_what_the_same_code_computes_natively() {
    let request = pii().header("X-Request-Id", "r-1");
    let outcome = load(&fixture("compute"), trusting()).call(HOOK, request).unwrap();
    let state = outcome.changes.local_state.unwrap();
    assert_eq!(state["summary"], "get_compensation PII r-1");
    let hash = br#"{"employee_id":42}"#.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    });
    assert_eq!(state["hash"], format!("{hash:016x}"));
}

#[test]
fn the_same_call_takes_the_same_fuel_a_thousand_times() {
    for policy in [trusting(), trusting().pooled(1)] {
        for name in ["pii_guard", "argument_redactor", "compute"] {
            let plugin = load(&fixture(name), policy.clone());
            let request = || pii().argument("ssn", "123-45-6789").role("engineer");
            let first = plugin.call(HOOK, request()).unwrap();
            for _ in 0..1000 {
                assert_eq!(plugin.call(HOOK, request()).unwrap(), first);
            }
        }
    }
}

#[test]
fn what_crosses_the_boundary_costs_fuel_in_proportion() {
    let body = "(drop (call $read_text (i32.const 0x0104) (i32.const 0) (i32.const 0)
        (i32.const -1) (i32.const 0) (i32.const 65536))) (i32.const 0)";
    let plugin = load(&invoking(body), Policy::default());
    let fuel = |len: usize| {
        let request = Request::text(cpex_wasmi::model::Role::User, "a".repeat(len));
        let receipt = plugin.call(HOOK, request).unwrap().receipt;
        assert_eq!(receipt.bytes_read, len as u64);
        receipt.fuel
    };
    assert_eq!(fuel(10_000) - fuel(0), 5_000);
    assert_eq!(fuel(60_000) - fuel(10_000), 25_000);
}

/// The answer of [`fixture`] `explorer` for each field under these capabilities.
fn explore(capabilities: &[Capability]) -> Vec<(String, String)> {
    let logs = Logs::default();
    let engine = logs.engine().build().unwrap();
    let limits = Limits::default().log_bytes(1 << 20);
    let policy = Policy::default().grant(capabilities.iter().copied()).limits(limits);
    let plugin = Plugin::load(&engine, &fixture("explorer"), policy.config("a", 1)).unwrap();
    plugin.call(HOOK, pii().header("a", "b").claim("c", "d").custom("e", 1)).unwrap();
    let lines = logs.lines();
    assert_eq!(lines.len(), Field::ALL.len());
    assert!(lines.iter().all(|(level, hook, _)| *level == Level::Debug && hook == HOOK));
    let split = |line: String| {
        let (path, rest) = line.split_once('=').unwrap();
        (path.to_owned(), rest.to_owned())
    };
    logs.messages().into_iter().map(split).collect()
}

#[test]
fn each_field_is_readable_only_with_its_capability() {
    use cpex_wasmi::abi::Access;
    let without = explore(&[]);
    let with = explore(Capability::ALL);
    for ((field, (path, closed)), (_, open)) in Field::ALL.iter().zip(&without).zip(&with) {
        assert_eq!(field.path(), path);
        assert!(!open.contains("CapabilityDenied"), "{path}: {open}");
        match field.info().read {
            // The record is there, without what the capabilities hide.
            Access::Open if matches!(field, Field::Security | Field::SecurityFlat) => {
                assert!(closed.len() < open.len());
            }
            Access::Open => assert_eq!(closed, open, "{path}"),
            _ => assert_eq!(closed, "CapabilityDenied,CapabilityDenied", "{path}"),
        }
    }
    let readable = with.iter().filter(|(_, answer)| !answer.starts_with("Absent")).count();
    assert!(readable > 20, "{with:?}");
}

#[test]
fn any_subject_capability_opens_only_its_identifier() {
    let seen = explore(&[Capability::ReadTeams]);
    let of = |path: &str| &seen.iter().find(|(seen, _)| seen == path).unwrap().1;
    assert_eq!(of("security.subject.id"), "7,InvalidArgument");
    assert_eq!(of("security.subject.roles"), "CapabilityDenied,CapabilityDenied");
    assert_eq!(of("security.subject.teams"), "2,0");
}

/// A guest that logs a line of 5 bytes at each level, denies if one is not taken, and ends with
/// this verdict.
fn chatty(verdict: &str) -> Vec<u8> {
    let lines: String = (1..=5)
        .map(|level| {
            format!(
                "(if (call $log (i32.const {level}) (i32.const 0) (i32.const 5))
                   (then (return (i32.const 1))))"
            )
        })
        .collect();
    guest(&format!(
        r#"(data (i32.const 0) "hello")
           (func (export "cpex_invoke") (param i32) (result i32) {lines} {verdict})"#
    ))
}

#[test]
fn lines_below_the_operators_level_are_dropped() {
    let wasm = chatty("(i32.const 0)");
    let all = [Level::Error, Level::Warn, Level::Info, Level::Debug, Level::Trace];
    let mut fuel = 0;
    for (filter, kept) in LevelFilter::iter().zip(0..) {
        let logs = Logs::default();
        let engine = logs.engine().build().unwrap();
        let limits = Limits::default().log_bytes(5 * kept as u64);
        let policy = Policy::default().limits(limits).log_level(filter);
        let outcome = call(&Plugin::load(&engine, &wasm, policy).unwrap()).unwrap();
        assert!(outcome.decision.is_allow(), "{filter}: the plugin was told");
        let levels: Vec<_> = logs.lines().into_iter().map(|(level, _, _)| level).collect();
        assert_eq!(levels, all[..kept], "{filter}");
        let receipt = outcome.receipt;
        assert_eq!((receipt.log_bytes, receipt.log_lines_dropped), (5 * kept as u64, 0));
        assert_eq!(receipt.host_calls, 5);
        assert!(receipt.fuel > fuel, "{filter}: a line that is kept costs more than one dropped");
        fuel = receipt.fuel;
    }
    // Whether a plugin keeps to the ABI does not depend on what is kept.
    for (body, code) in [
        ("(call $log (i32.const 6) (i32.const 0) (i32.const 1))", "plugin_failed"),
        ("(call $log (i32.const 5) (i32.const 65535) (i32.const 2))", "abi_violation"),
    ] {
        let plugin = load(&invoking(body), Policy::default().log_level(LevelFilter::Off));
        assert_eq!(call(&plugin).unwrap_err().code(), code);
    }
}

#[test]
fn a_plugin_goes_by_the_name_that_its_operator_gave_it() {
    let names = Arc::new(Mutex::new(Vec::new()));
    let seen = names.clone();
    let sink = move |record: &LogRecord<'_>| seen.lock().unwrap().push(record.plugin.to_owned());
    let engine = Engine::builder().log_sink(sink).build().unwrap();
    let wasm = chatty("(unreachable)");
    for (policy, name) in
        [(Policy::default(), "guest"), (Policy::default().named("pii in eu"), "pii in eu")]
    {
        let plugin = Plugin::load(&engine, &wasm, policy).unwrap();
        assert_eq!((plugin.name(), plugin.module().manifest().name.as_str()), (name, "guest"));
        let error = call(&plugin).unwrap_err();
        assert_eq!(error.plugin(), Some(name));
        assert!(error.to_string().starts_with(&format!("plugin `{name}`: ")), "{error}");
        assert_eq!(core::mem::take(&mut *names.lock().unwrap()), [name; 5]);
        assert_eq!(plugin.call("x", pii()).unwrap_err().plugin(), Some(name));
    }
    // Whatever keeps it from being loaded, it is known who it was meant to be.
    let asking = guest_with(
        &["read_labels"],
        r#"(func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#,
    );
    for wasm in [&b"\0asm"[..], &asking] {
        let error = load_error(wasm, Policy::default().named("pii in eu"));
        assert_eq!(error.plugin(), Some("pii in eu"), "{error}");
    }
}

/// A guest that leaves marks in its memory, a global and a table, and denies if it finds one.
fn rememberer() -> Vec<u8> {
    guest(
        r#"(table $t 1 funcref) (elem declare func $mark)
           (global $g (mut i32) (i32.const 0))
           (func $mark)
           (func (export "cpex_invoke") (param i32) (result i32) (local $found i32)
             (local.set $found (i32.or (i32.or
               (i32.load (i32.const 512)) (global.get $g))
               (i32.eqz (ref.is_null (table.get $t (i32.const 0))))))
             (i32.store (i32.const 512) (i32.const 1))
             (global.set $g (i32.const 1))
             (table.set $t (i32.const 0) (ref.func $mark))
             (i32.ne (local.get $found) (i32.const 0)))"#,
    )
}

#[test]
fn per_call_instances_share_nothing() {
    let plugin = load(&rememberer(), Policy::default());
    for _ in 0..5 {
        assert!(call(&plugin).unwrap().decision.is_allow());
    }
    // The same guest does remember where the operator pools instances.
    let plugin = load(&rememberer(), Policy::default().pooled(1));
    assert!(call(&plugin).unwrap().decision.is_allow());
    assert!(!call(&plugin).unwrap().decision.is_allow());
}

#[test]
fn an_instance_that_failed_does_not_serve_again() {
    let wasm = guest(
        r#"(global $calls (mut i32) (i32.const 0))
           (func (export "cpex_invoke") (param i32) (result i32)
             (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
             (if (call $count (i32.const 0x0600) (i32.const 0)) (then (unreachable)))
             (i32.ne (global.get $calls) (i32.const 1)))"#,
    );
    let plugin = load(&wasm, Policy::default().pooled(1));
    assert!(plugin.call(HOOK, Request::tool_call("a").custom("trap", 1)).is_err());
    assert!(call(&plugin).unwrap().decision.is_allow(), "the trapped instance was used again");
}

#[test]
fn an_instance_that_grew_large_is_not_kept() {
    let wasm = guest(
        r#"(memory (export "memory") 1)
           (global $calls (mut i32) (i32.const 0))
           (func (export "cpex_invoke") (param i32) (result i32)
             (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
             (drop (memory.grow (call $count (i32.const 0x0124) (i32.const 0))))
             (i32.ne (global.get $calls) (i32.const 1)))"#,
    );
    let plugin = load(&wasm, Policy::default().pooled(1));
    // Grows by as many pages as the tool call has arguments.
    let large = || (0..20).fold(Request::tool_call("a"), |r, n| r.argument(format!("{n}"), n));
    assert!(plugin.call(HOOK, large()).unwrap().decision.is_allow());
    assert!(plugin.call(HOOK, large()).unwrap().decision.is_allow(), "the large instance was kept");
}

#[test]
fn init_runs_once_for_each_instance() {
    let wasm = guest(
        r#"(global $ready (mut i32) (i32.const 0))
           (func (export "_initialize") (global.set $ready (i32.const 1)))
           (func (export "cpex_init") (result i32)
             (global.set $ready (i32.add (global.get $ready) (i32.const 1))) (i32.const 0))
           (func (export "cpex_invoke") (param i32) (result i32)
             (i32.ne (global.get $ready) (i32.const 2)))"#,
    );
    for policy in [Policy::default(), Policy::default().pooled(1)] {
        let plugin = load(&wasm, policy);
        for _ in 0..3 {
            assert!(call(&plugin).unwrap().decision.is_allow());
        }
    }
}

// What a verdict is, and what a denial does.

/// A guest that denies with these bytes through `function`, and then returns `verdict`.
fn denier(function: &str, bytes: &[u8], verdict: i32) -> Vec<u8> {
    let data: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
    guest(&format!(
        r#"(data (i32.const 0) "{data}")
           (func (export "cpex_invoke") (param i32) (result i32)
             (drop (call ${function} (i32.const 0) (i32.const {})))
             (i32.const {verdict}))"#,
        bytes.len()
    ))
}

fn violation(wasm: &[u8]) -> Violation {
    match call(&load(wasm, Policy::default())).unwrap().decision {
        Decision::Deny(violation) => violation,
        Decision::Allow => panic!("allowed"),
    }
}

#[test]
fn a_denial_cannot_be_taken_back() {
    let json = br#"{"code": "no", "reason": "never", "description": null, "details": {"n": -1.5},
        "plugin_name": "somebody else", "proto_error_code": -32000}"#;
    for verdict in [0, 1] {
        let violation = violation(&denier("deny_json", json, verdict));
        assert_eq!((violation.code.as_str(), violation.reason.as_str()), ("no", "never"));
        assert_eq!(violation.proto_error_code, Some(-32000));
        assert_eq!(violation.details, [("n".to_owned(), Value::Float(-1.5))]);
    }
}

#[test]
fn a_denial_counts_even_if_its_violation_cannot_be_read() {
    for (function, bytes) in [
        ("deny", &b"\xff\xff\xff\xff\xff"[..]),
        ("deny", b""),
        ("deny_json", b"{"),
        ("deny_json", b"{\"code\": 7}"),
    ] {
        let violation = violation(&denier(function, bytes, 0));
        assert_eq!(violation.code, "denied");
        assert!(violation.reason.contains("could not be read"), "{violation:?}");
    }
}

#[test]
fn a_denial_without_a_reason_says_that_there_is_none() {
    let violation = violation(&invoking("(i32.const 1)"));
    assert_eq!(
        (violation.code.as_str(), violation.reason.as_str()),
        ("denied", "the plugin gave no reason")
    );
}

#[test]
fn a_denial_keeps_the_context_and_drops_every_other_change() {
    let write = |field: u32, key: &str| {
        format!(
            "(drop (call $write_text (i32.const {field}) (i32.const 0) (i32.const 0)
               (i32.const {key}) (i32.const 0) (i32.const 1)))"
        )
    };
    let body = [
        write(0x0600, "1"),
        write(0x0301, "1"),
        write(0x0201, "-1"),
        write(0x0124, "1"),
        write(0x0700, "1"),
        write(0x0701, "1"),
        "(drop (call $deny_text (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)))".into(),
        write(0x0700, "2"),
    ]
    .concat();
    let run = |verdict: &str| {
        let wasm = guest(&format!(
            r#"(data (i32.const 0) "ab")
               (func (export "cpex_invoke") (param i32) (result i32) {body} {verdict})"#
        ));
        call(&load(&wasm, trusting()))
    };
    let changes = run("(i32.const 1)").unwrap().changes;
    assert_eq!(changes.local_state.unwrap().keys().collect::<Vec<_>>(), ["a", "ab"]);
    assert_eq!(changes.global_state.unwrap().len(), 1);
    assert!(changes.payload.is_none() && changes.http.is_none());
    assert!(changes.labels.is_none() && changes.custom.is_none());
    // A call that fails changes nothing at all.
    assert_eq!(run("(unreachable)").unwrap_err().code(), "wasm_trap");
}

#[test]
fn a_write_that_is_not_allowed_changes_nothing() {
    let cases = [
        ("labels without `append_labels`", "0x0201", "-1", -3),
        ("headers without `write_headers`", "0x0301", "1", -3),
        ("an immutable field", "0x0401", "-1", -4),
        ("the configuration", "0x0800", "1", -4),
        ("a field that does not exist", "0x9999", "1", -2),
        ("an entry without a key", "0x0600", "-1", -5),
        ("a payload as text", "0x0100", "-1", -7),
        ("a tool call that is not there", "0x0124) (i32.const 3", "1", -1),
    ];
    for (what, field, key, status) in cases {
        let index = if field.contains(") (") { "" } else { "(i32.const 0)" };
        let wasm = invoking(&format!(
            "(i32.ne (i32.const {status}) (call $write_text (i32.const {field}) {index}
               (i32.const 0) (i32.const {key}) (i32.const 0) (i32.const 1)))"
        ));
        let outcome = call(&load(&wasm, Policy::default())).unwrap();
        assert!(outcome.decision.is_allow(), "{what} gave another status than {status}");
        assert!(outcome.changes.is_empty(), "{what} changed something");
    }
}
