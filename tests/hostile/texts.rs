//! Patterns and texts that are made to take the host's time or memory.

use std::time::{Duration, Instant};

use cpex_wasmi::{ErrorKind, Limits, Plugin, Policy, Request};

use super::allocated::measured;
use super::common::*;

/// A plugin with these data that compiles `pattern`, keeps its number in `$p`, and runs `body`.
fn with_pattern(pattern: &str, memory: &str, body: &str) -> Vec<u8> {
    let len = pattern.len();
    let escaped = pattern.replace('\\', "\\\\").replace('"', "\\\"");
    guest(&format!(
        r#"(memory (export "memory") {memory}) (data (i32.const 0) "{escaped}")
           (func (export "cpex_invoke") (param i32) (result i32) (local $p i32) (local $n i32)
             (local.set $p (call $pattern (i32.const 0) (i32.const {len}) (i32.const 0)
               (i32.const 4096) (i32.const 256)))
             (if (i32.lt_s (local.get $p) (i32.const 0)) (then (return (local.get $p))))
             {body})"#
    ))
}

/// A search of the memory from 8,192 on.
fn search(len: usize, what: u32) -> String {
    format!(
        "(call $search (i32.const -1) (i32.const 0) (i32.const 8192) (i32.const {len})
           (local.get $p) (i32.const 0) (i32.const 0) (i32.const {what}) (i32.const 4096) (i32.const 4096))"
    )
}

fn limited() -> Policy {
    Policy::default().limits(Limits::default().deadline(Duration::from_millis(300)))
}

/// The code of the error of a call, and the time that it took.
fn outcome(plugin: &Plugin) -> (&'static str, Duration) {
    let start = Instant::now();
    let result = call(plugin);
    let code = match &result {
        Ok(outcome) if outcome.decision.is_allow() => "allow",
        Ok(_) => "deny",
        Err(error) => error.code(),
    };
    (code, start.elapsed())
}

#[test]
fn exploding_patterns_are_refused_soon() {
    for pattern in [
        r"(((((\w{60}){60}){60}){60}){60})",
        r"(((((((a*)*)*)*)*)*)*){1000}{1000}",
        r"\pL{1000}\pL{1000}\pL{1000}",
        &"(".repeat(5000),
        &"(?i:é|".repeat(500),
    ] {
        let plugin = load(&with_pattern(pattern, "1", "(i32.const 0)"), limited());
        let start = Instant::now();
        let error = call(&plugin).unwrap_err();
        assert!(error.to_string().contains("Malformed"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(2), "{pattern}: {:?}", start.elapsed());
    }
}

/// A plugin that compiles a glob, and searches its memory by it again and again.
fn with_glob(glob: &str, len: usize) -> Vec<u8> {
    let size = glob.len();
    guest(&format!(
        r#"(memory (export "memory") 20) (data (i32.const 65536) "{}")
           (func (export "cpex_invoke") (param i32) (result i32) (local $p i32) (local $n i32)
             (local.set $p (call $pattern (i32.const 65536) (i32.const {size}) (i32.const 512) (i32.const 4096) (i32.const 256)))
             (if (i32.lt_s (local.get $p) (i32.const 0)) (then (return (local.get $p))))
             (memory.fill (i32.const 8192) (i32.const 97) (i32.const {len}))
             (loop $again
               (local.set $n {})
               (br_if $again (i32.ge_s (local.get $n) (i32.const 0))))
             (local.get $n))"#,
        data(glob.as_bytes()),
        search(len, 1),
    ))
}

#[test]
fn exploding_globs_take_a_bounded_time() {
    for (glob, code, says) in [
        // As a pattern that tries one way after the other, this would not end.
        ("*a".repeat(60) + "b", "timeout", ""),
        ("{a,}".repeat(200) + "b", "timeout", ""),
        ("{".repeat(5000), "plugin_failed", "Malformed"),
        ("{,".repeat(16) + &"}".repeat(16) + "b", "timeout", ""),
        ("[!a]".repeat(16_000), "plugin_failed", "Malformed"),
        (format!("{{{}}}", ",".repeat(65_000)), "timeout", ""),
    ] {
        let limits =
            Limits::default().deadline(Duration::from_millis(300)).host_calls(1_000_000_000);
        let plugin = load(&with_glob(&glob, 20_000), Policy::default().limits(limits));
        let start = Instant::now();
        let error = call(&plugin).unwrap_err();
        let glob = &glob[..10];
        assert!(error.code() == code && error.to_string().contains(says), "{glob}: {error}");
        assert!(start.elapsed() < Duration::from_secs(3), "{glob}: {:?}", start.elapsed());
    }
}

#[test]
fn a_slow_text_ends_with_the_deadline() {
    // The engine falls back to its slowest way for this pattern and text.
    let fill = "(local.set $n (i32.const 8192)) (local.set 0 (i32.const 1))
        (loop $fill
          (local.set 0 (i32.add (i32.mul (local.get 0) (i32.const 1664525)) (i32.const 1013904223)))
          (i32.store8 (local.get $n) (i32.add (i32.const 97) (i32.shr_u (local.get 0) (i32.const 31))))
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br_if $fill (i32.lt_u (local.get $n) (i32.const 270000))))";
    let again =
        format!("{fill} (loop $again (drop {}) (br $again)) (i32.const 0)", search(260_000, 0));
    let wasm = with_pattern("(?:a|b)*a(?:a|b){40}c", "8", &again);
    let (code, took) = outcome(&load(&wasm, limited()));
    assert_eq!(code, "timeout");
    assert!(took < Duration::from_secs(3), "{took:?}");
}

#[test]
fn a_million_matches_take_no_memory_of_the_host() {
    let again = format!("(loop $again (drop {}) (br $again)) (i32.const 0)", search(1 << 20, 0));
    let plugin = load(&with_pattern("", "32", &again), limited());
    let (result, peak) = measured(|| outcome(&plugin));
    assert_eq!(result.0, "timeout");
    // Beside the memory of the plugin.
    assert!(peak < (4 << 20), "{peak} bytes");
}

#[test]
fn patterns_without_end_come_to_a_quota() {
    let wasm = guest(
        r#"(data (i32.const 0) "aaaa")
           (func (export "cpex_invoke") (param i32) (result i32) (local $p i32) (local $n i32)
             (loop $again
               (i32.store (i32.const 0) (i32.add (i32.const 0x61616161)
                 (i32.add (i32.and (local.get $n) (i32.const 15))
                   (i32.shl (i32.shr_u (local.get $n) (i32.const 4)) (i32.const 8)))))
               (local.set $n (i32.add (local.get $n) (i32.const 1)))
               (local.set $p (call $pattern (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 64) (i32.const 16)))
               (br_if $again (i32.and (i32.ge_s (local.get $p) (i32.const 0)) (i32.lt_u (local.get $n) (i32.const 300)))))
             (if (i32.ne (local.get $n) (i32.const 257)) (then (return (i32.const 1))))
             (local.get $p))"#,
    );
    let error = call(&load(&wasm, Policy::default())).unwrap_err();
    assert!(error.to_string().contains("QuotaExceeded"), "{error}");
}

#[test]
fn sets_of_patterns_that_were_given_back_come_to_a_quota_too() {
    // A pattern of some 13,000 states, other each time; a set keeps it, and it is given back.
    let wasm = guest(
        r#"(data (i32.const 0) "a0{9999}b{3000}")
           (func (export "cpex_invoke") (param i32) (result i32) (local $p i32) (local $s i32) (local $n i32)
             (loop $again
               (i32.store8 (i32.const 1) (i32.add (i32.const 0x30) (local.get $n)))
               (local.set $n (i32.add (local.get $n) (i32.const 1)))
               (local.set $p (call $pattern (i32.const 0) (i32.const 15) (i32.const 0) (i32.const 64) (i32.const 16)))
               (if (i32.lt_s (local.get $p) (i32.const 0)) (then (return (local.get $p))))
               (i32.store (i32.const 32) (local.get $p))
               (local.set $s (call $pattern_set (i32.const 32) (i32.const 4)))
               (if (i32.lt_s (local.get $s) (i32.const 0)) (then (return (local.get $s))))
               (drop (call $pattern_drop (local.get $p)))
               (br_if $again (i32.lt_u (local.get $n) (i32.const 9))))
             (i32.const 0))"#,
    );
    let error = call(&load(&wasm, Policy::default())).unwrap_err();
    assert!(error.to_string().contains("QuotaExceeded"), "{error}");
}

#[test]
fn replacements_that_grow_without_end_are_refused() {
    let template = "a".repeat(200);
    let wasm = with_pattern(
        "a",
        "1",
        "(memory.fill (i32.const 8192) (i32.const 97) (i32.const 200))
         (loop $again
           (local.set $n (call $replace (i32.const 0x0124) (i32.const 0) (i32.const 0) (i32.const -1)
             (local.get $p) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8192) (i32.const 200)
             (i32.const 4096) (i32.const 12)))
           (br_if $again (i32.ge_s (local.get $n) (i32.const 0))))
         (local.get $n)",
    );
    let plugin = load(&wasm, Policy::default());
    let request = Request::tool_call("t").argument("text", template);
    let (result, peak) = measured(|| plugin.call(HOOK, request).unwrap_err());
    assert_eq!(result.kind(), ErrorKind::PluginFailed);
    assert!(result.to_string().contains("TooLarge"), "{result}");
    assert!(peak < (16 << 20), "{peak} bytes");
}

#[test]
fn places_outside_of_memory_end_the_call() {
    for body in [
        "(call $pattern (i32.const 65530) (i32.const 100) (i32.const 0) (i32.const 0) (i32.const 0))",
        "(call $pattern_set (i32.const -4) (i32.const 8))",
        "(call $search (i32.const -1) (i32.const 0) (i32.const 65530) (i32.const 100) (local.get $p)
           (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 64))",
        "(call $search (i32.const -1) (i32.const 0) (i32.const 0) (i32.const 10) (local.get $p)
           (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 65530) (i32.const 64))",
        "(call $scan (i32.const 0x0124) (i32.const 0) (i32.const 0) (i32.const -1) (local.get $p)
           (i32.const 0) (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 64))",
    ] {
        let (code, _) = outcome(&load(&with_pattern("a", "1", body), Policy::default()));
        assert_eq!(code, "abi_violation", "{body}");
    }
}

#[test]
fn arguments_that_mean_nothing_are_statuses() {
    let search = |pattern: &str, first: &str, from: &str, what: &str| {
        format!(
            "(call $search (i32.const -1) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const {pattern})
               (i32.const {first}) (i32.const {from}) (i32.const {what}) (i32.const 4096) (i32.const 64))"
        )
    };
    for (body, status) in [
        (search("7", "0", "0", "0"), "Absent"),
        (search("-1", "0", "0", "0"), "Absent"),
        (search("0", "0", "0", "9"), "InvalidArgument"),
        ("(call $pattern_drop (i32.const 5))".into(), "Absent"),
        ("(call $pattern_set (i32.const 4096) (i32.const 3))".into(), "InvalidArgument"),
        // Labels are not the plugin's to read.
        (
            "(call $scan (i32.const 0x0201) (i32.const 0) (i32.const 0) (i32.const -1) (local.get $p)
               (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4096) (i32.const 64))"
                .into(),
            "CapabilityDenied",
        ),
    ] {
        let error = call(&load(&with_pattern("a", "1", &body), Policy::default())).unwrap_err();
        assert!(
            error.to_string().contains(status) || error.code() == "capability_denied",
            "{body}: {error}"
        );
    }
    // Past the end, there is nothing.
    for (first, from) in [("0", "500"), ("9", "0"), ("-1", "-1")] {
        let body = search("0", first, from, "0");
        assert_eq!(outcome(&load(&with_pattern("a", "1", &body), Policy::default())).0, "allow");
    }
}
