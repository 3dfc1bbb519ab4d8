//! `clock.now`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cpex_wasmi::{Clock, ClockGrant, ErrorKind, Policy};

use super::script::*;

fn clock(grant: ClockGrant) -> Policy {
    granting(|access| access.clock = Some(grant))
}

fn now() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()
}

#[test]
fn the_systems_clock_tells_the_time_of_day() {
    let script = Script::asking(&["clock"]).calls("clock.now", "null");
    let running = Running::on(|engine| engine, &script, clock(ClockGrant::System));
    let before = now();
    let told: u128 = running.logged()[0].parse().unwrap();
    assert!((before..=now()).contains(&told));
    assert_eq!(running.audit.taken(), ["clock now system allowed 0 8"]);
}

/// A clock of an embedder's that knows the time of day.
struct OfTheEmbedder;

impl Clock for OfTheEmbedder {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn time_of_day(&self) -> Option<Duration> {
        Some(Duration::new(1_800_000_000, 7))
    }
}

#[test]
fn an_embedders_clock_may_tell_the_time_of_day() {
    let script = Script::asking(&["clock"]).calls("clock.now", "null");
    let running =
        Running::on(|engine| engine.clock(OfTheEmbedder), &script, clock(ClockGrant::System));
    assert_eq!(running.logged(), ["1800000000000000007"]);
    assert_eq!(running.audit.taken(), ["clock now system allowed 0 8"]);
}

#[test]
fn a_fixed_clock_stands_still() {
    let script = Script::asking(&["clock"]).calls("clock.now", "null").calls("clock.now", "null");
    let fixed = ClockGrant::Fixed(Duration::new(1_700_000_000, 5));
    let running = Running::on(|engine| engine, &script, clock(fixed));
    assert_eq!(running.logged(), ["1700000000000000005"; 2]);
    assert_eq!(running.audit.taken(), ["clock now fixed allowed 0 8"; 2]);
    let far = clock(ClockGrant::Fixed(Duration::MAX));
    let last = u64::MAX.to_string();
    assert_eq!(Running::on(|engine| engine, &script, far).logged(), [last.clone(), last]);
}

#[test]
fn who_does_not_ask_is_not_told() {
    let script = Script::asking(&[]).calls("clock.now", "null");
    let running = Running::on(|engine| engine, &script, clock(ClockGrant::System));
    let (kind, message) = running.failed();
    assert_eq!(kind, ErrorKind::AccessDenied);
    assert!(message.contains("denied the system access `clock`"), "{message}");
    assert_eq!(running.audit.taken(), ["clock now  denied 0 0"]);
    let wasm = Script::asking(&["clock"]).wasm();
    let error = super::common::load_error(&wasm, Policy::default());
    assert!(error.to_string().contains("clock: system"), "{error}");
}

/// Each use of the system is held against all that the manifest asks for.
#[test]
fn each_search_of_a_long_list_of_requests_is_paid_for() {
    let names: Vec<_> = (0..900).map(|number| format!("env:LONG_LIST_{number}")).collect();
    for (function, argument) in
        [("clock.now", "null"), ("random.bytes", "1"), ("env.get", "\"LONG_LIST_0\"")]
    {
        let fuel = |count: usize| {
            let mut lines: Vec<_> = names.iter().take(count).map(String::as_str).collect();
            lines.extend(["random", "clock"]);
            let policy = granting(|access| {
                access.env.push("LONG_LIST_*".into());
                access.clock = Some(ClockGrant::System);
                access.random = Some(cpex_wasmi::RandomGrant::System);
            });
            let script = Script::asking(&lines).calls(function, argument);
            let wasm = script.wasm();
            let plugin = super::common::load(&wasm, policy);
            plugin
                .call(super::common::HOOK, cpex_wasmi::Request::tool_call("x"))
                .unwrap()
                .receipt
                .fuel
        };
        let (few, many) = (fuel(1), fuel(900));
        assert!(many > few + 899 * 20, "{function}: {few} and {many}");
    }
}

/// A pattern with many `*` takes longer to compare than a name.
#[test]
fn each_part_of_a_pattern_is_paid_for() {
    let fuel = |pattern: &str| {
        let lines: Vec<_> = (0..100).map(|number| format!("env:P{pattern}_{number}")).collect();
        let mut lines: Vec<_> = lines.iter().map(String::as_str).collect();
        lines.push("env:PRESENT");
        let policy = granting(|access| access.env.push("P*".into()));
        let wasm = Script::asking(&lines).calls("env.get", "\"PRESENT\"").wasm();
        let plugin = super::common::load(&wasm, policy);
        let request = cpex_wasmi::Request::tool_call("x");
        plugin.call(super::common::HOOK, request).unwrap().receipt.fuel
    };
    let (names, patterns) = (fuel("LAIN"), fuel(&"*A".repeat(8)));
    assert!(patterns > names + 100 * 7 * 20, "{names} and {patterns}");
}
