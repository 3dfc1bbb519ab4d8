//! Plugins that call functions by name without end, and with what functions do not expect.

use cpex_wasmi::{Access, ClockGrant, Policy, RandomGrant};

use super::common::*;
use super::harness::{Case, check};

/// Grants what the plugins here ask for.
fn granted(policy: Policy) -> Policy {
    let access = Access::default()
        .env("A*")
        .clock(ClockGrant::Fixed(std::time::Duration::from_secs(1)))
        .random(RandomGrant::Seeded(1));
    policy.access(access)
}

/// A plugin with these bytes at 0 that does this for ever.
fn for_ever(name: &str, text: &str, body: &str, expected: &'static str) -> Case {
    let text: String = text.replace('"', "\\22");
    let wasm = guest_wanting(
        &["env:A*", "clock", "random"],
        &format!(
            r#"(memory (export "memory") 8) (data (i32.const 0) "{text}")
               (func (export "cpex_invoke") (param i32) (result i32) (local $n i32)
                 {body} (unreachable))"#
        ),
    );
    // Eight pages, which are zero.
    let case = Case::new(name, wasm, expected).policy(granted).peak_kib(288 + 8 * 64);
    // An unoptimised host takes long for more.
    case.limits(|limits| {
        limits.host_calls = 3000;
        limits.fuel = 4_000_000;
    })
}

fn again(body: &str) -> String {
    format!("(loop $l (drop {body}) (br $l))")
}

#[test]
fn calls_of_functions_without_end_end() {
    let cases = [
        for_ever(
            "a variable whose name is most of the memory",
            "env.get",
            &format!(
                "(memory.fill (i32.const 1024) (i32.const 65) (i32.const 400000))
                 (i32.store8 (i32.const 1023) (i32.const 34))
                 (i32.store8 (i32.const 401024) (i32.const 34)) {}",
                again(
                    "(call $call_json (i32.const 0) (i32.const 7) (i32.const 1023)
                       (i32.const 400002) (i32.const 0) (i32.const 0))"
                )
            ),
            "limit_exceeded",
        )
        .peak_kib(2 << 10),
        for_ever(
            "a function whose name is all of the memory",
            "",
            &again(
                "(call $call (i32.const 0) (i32.const 524288) (i32.const 0) (i32.const 0)
                   (i32.const 0) (i32.const 0))",
            ),
            "limit_exceeded",
        ),
        for_ever(
            "the time, again and again",
            "clock.now",
            &again(
                "(call $call (i32.const 0) (i32.const 9) (i32.const 0) (i32.const 0)
                   (i32.const 64) (i32.const 64))",
            ),
            "limit_exceeded",
        ),
        for_ever(
            "a variable that is not granted, again and again",
            "env.get\"B\"",
            &again(
                "(call $call_json (i32.const 0) (i32.const 7) (i32.const 7) (i32.const 3)
                   (i32.const 64) (i32.const 64))",
            ),
            "limit_exceeded",
        ),
        for_ever(
            "as many random bytes as there are at once, again and again",
            "random.bytes65536",
            &again(
                "(call $call_json (i32.const 0) (i32.const 12) (i32.const 12) (i32.const 5)
                   (i32.const 0) (i32.const 0))",
            ),
            "fuel_exhausted",
        )
        .peak_kib(2 << 10),
        for_ever(
            "the salt, again and again",
            "random.saltnull",
            &again(
                "(call $call_json (i32.const 0) (i32.const 11) (i32.const 11) (i32.const 4)
                   (i32.const 64) (i32.const 200))",
            ),
            "limit_exceeded",
        ),
        for_ever(
            "one result, again and again",
            "random.bytes65536",
            &format!(
                "(drop (call $call_json (i32.const 0) (i32.const 12) (i32.const 12) (i32.const 5)
                   (i32.const 0) (i32.const 0))) {}",
                again("(call $call_result (i32.const 0) (i32.const 64) (i32.const 300000))")
            ),
            "fuel_exhausted",
        )
        .peak_kib(2 << 10),
    ];
    cases.iter().for_each(check);
}

#[test]
fn spans_that_are_none_end_the_call() {
    let coming_to = |spans: &str, expected| {
        let body = format!("(return (call $call_json {spans}))");
        for_ever(&format!("a call of {spans}"), "random.bytes4", &body, expected)
    };
    let call = |spans: &str| coming_to(spans, "abi_violation");
    let inside = "(i32.const 0) (i32.const 12)";
    for outside in [
        "(i32.const 524288) (i32.const 1)",
        "(i32.const 0) (i32.const 524289)",
        "(i32.const -1) (i32.const 2)",
        "(i32.const 12) (i32.const -1)",
        "(i32.const -1) (i32.const -1)",
    ] {
        check(&call(&format!("{outside} {inside} {inside}")));
        check(&call(&format!("{inside} {outside} {inside}")));
        check(&call(&format!("{inside} {inside} {outside}")));
        let body = format!("(return (call $call_result (i32.const 0) {outside}))");
        check(&for_ever(&format!("a result to {outside}"), "", &body, "abi_violation"));
    }
    // Of no length, anywhere in the memory and right behind it.
    let empty = "(i32.const 524288) (i32.const 0)";
    let all = format!("{empty} {empty} {empty}");
    check(&coming_to(&all, "plugin_failed").status("UnknownFunction"));
}

#[test]
fn what_overlaps_is_read_before_it_is_written() {
    // Name, argument and result are in one place.
    let body = "(return (i32.eqz (call $call_json (i32.const 0) (i32.const 12) (i32.const 12)
        (i32.const 1) (i32.const 0) (i32.const 512))))";
    check(&for_ever("a result over its own argument", "random.bytes4", body, "allow"));
}

/// A plugin that works on state for ever.
fn on_state(name: &str, body: &str, expected: &'static str) -> Case {
    let names = "state.set       state.increment state.get       ";
    let wasm = guest_wanting(
        &["state:*"],
        &format!(
            r#"(memory (export "memory") 8) (data (i32.const 0) "{names}")
               (func (export "cpex_invoke") (param i32) (result i32) (local $n i32) {body} (unreachable))"#
        ),
    );
    let granted = |policy: Policy| policy.access(Access::default().state("*"));
    Case::new(name, wasm, expected).policy(granted).peak_kib(288 + 8 * 64).limits(|limits| {
        limits.host_calls = 5000;
        limits.fuel = 20_000_000;
    })
}

#[test]
fn state_without_end_ends() {
    // A key of eight digits and letters for each number, in postcard at 256.
    let key = "(local.set $n (i32.add (local.get $n) (i32.const 1)))
        (i32.store8 (i32.const 256) (i32.const 8))
        (i32.store (i32.const 257) (i32.or (i32.const 0x61616161)
          (i32.and (local.get $n) (i32.const 0x0f0f0f0f))))
        (i32.store (i32.const 261) (i32.or (i32.const 0x61616161)
          (i32.and (i32.shr_u (local.get $n) (i32.const 4)) (i32.const 0x0f0f0f0f))))";
    // No time to live follows a value of `len` bytes, whose length is three bytes long.
    let set = |len: u32| {
        let [low, middle, high] = [len & 0x7f | 0x80, len >> 7 & 0x7f | 0x80, len >> 14];
        format!(
            "(loop $l {key}
               (i32.store8 (i32.const 265) (i32.const {low}))
               (i32.store8 (i32.const 266) (i32.const {middle}))
               (i32.store8 (i32.const 267) (i32.const {high}))
               (drop (call $call (i32.const 0) (i32.const 9) (i32.const 256) (i32.const {})
                 (i32.const 0) (i32.const 0))) (br $l))",
            13 + len
        )
    };
    let count = format!(
        "(loop $l {key} (i32.store8 (i32.const 265) (i32.const 2))
           (drop (call $call (i32.const 16) (i32.const 15) (i32.const 256) (i32.const 11)
             (i32.const 0) (i32.const 0))) (br $l))"
    );
    let many = |limits: &mut cpex_wasmi::Limits| {
        limits.state_keys = 1000;
        limits.state_bytes = 100_000;
        limits.bytes_written = u64::MAX;
    };
    let cases = [
        on_state("counters without end", &count, "limit_exceeded").limits(many).peak_kib(2 << 10),
        on_state("empty values without end", &set(0), "limit_exceeded")
            .limits(many)
            .peak_kib(2 << 10),
        on_state("values of 60 KB without end", &set(60_000), "fuel_exhausted")
            .limits(many)
            .peak_kib(2 << 10),
        on_state("values that are too long", &set(70_000), "fuel_exhausted")
            .limits(many)
            .peak_kib(2 << 10),
        on_state("values without end, and room for them", &set(60_000), "fuel_exhausted")
            .limits(many)
            .limits(|limits| limits.state_bytes = 8 << 20)
            .peak_kib(16 << 10),
    ];
    cases.iter().for_each(check);
}
