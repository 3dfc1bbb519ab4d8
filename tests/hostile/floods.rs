//! Plugins that do what they may, and too much of it.

use cpex_wasmi::abi::Field;
use cpex_wasmi::{Capability, Request};

use super::harness::{Case, check};

/// A body that does this for ever.
fn for_ever(body: &str) -> String {
    format!(
        "(loop $l {body} (local.set $n (i32.add (local.get $n) (i32.const 1))) (br $l)) (unreachable)"
    )
}

/// A body that does this a thousand times.
fn a_thousand_times(body: &str) -> String {
    format!(
        "(loop $l {body} (local.set $n (i32.add (local.get $n) (i32.const 1)))
           (br_if $l (i32.lt_u (local.get $n) (i32.const 1000)))) (i32.const 0)"
    )
}

/// Writes a megabyte of text to `custom`, under the key with the number `$n`.
const WRITE: &str = "(i32.store (i32.const 0) (i32.or (i32.const 0x30303030)
      (i32.or (i32.and (local.get $n) (i32.const 15))
        (i32.shl (i32.and (local.get $n) (i32.const 0xf0)) (i32.const 4)))))
    (drop (call $write_text (i32.const 0x0600) (i32.const 0) (i32.const 0) (i32.const 4)
      (i32.const 65536) (i32.const 1000000)))";
const MEMORY: &str = r#"(memory (export "memory") 17)"#;

#[test]
fn a_thousand_writes_of_a_megabyte_end_early() {
    let fill = "(memory.fill (i32.const 65536) (i32.const 0x61) (i32.const 1000000))";
    let writes = format!("{fill} {}", a_thousand_times(WRITE));
    let same_key = writes.replace("(local.get $n) (i32.const 15)", "(i32.const 0) (i32.const 15)");
    let cases = [
        Case::with("a megabyte under each key", MEMORY, &writes, "limit_exceeded")
            .peak_kib(8 << 10),
        Case::with("a megabyte under one key", MEMORY, &same_key, "limit_exceeded")
            .peak_kib(8 << 10),
        // Without that limit, there is still the fuel.
        Case::with("as much as there is fuel for", MEMORY, &writes, "fuel_exhausted")
            .limits(|limits| {
                limits.bytes_written = u64::MAX;
                limits.fuel = 10_000_000;
            })
            .peak_kib(32 << 10),
        Case::body(
            "a denial of all the memory, again and again",
            &a_thousand_times(
                "(drop (call $deny_text (i32.const 0) (i32.const 65536) (i32.const 0)
                   (i32.const 65536)))",
            ),
            "limit_exceeded",
        ),
        Case::body(
            "headers without end",
            &for_ever(
                &WRITE.replace("1000000", "100").replace("65536", "64").replace("0x0600", "0x0301"),
            ),
            "limit_exceeded",
        )
        .policy(|policy| policy.grant([Capability::ReadHeaders, Capability::WriteHeaders]))
        .request(Request::tool_call("search").header("x", "y")),
    ];
    cases.iter().for_each(check);
}

#[test]
fn a_flood_of_counters_and_values_is_stopped() {
    // A name of 4 letters for each number.
    let name = "(i32.store (i32.const 0) (i32.or (i32.const 0x61616161)
        (i32.and (local.get $n) (i32.const 0x0f0f0f0f))))";
    let metric = format!("{name} (drop (call $metric (i32.const 0) (i32.const 4) (i32.const -1)))");
    let metadata = |key: u32, len: u32| {
        format!(
            "{name} (drop (call $metadata_json (i32.const 0) (i32.const {key})
               (i32.const 65536) (i32.const {len})))"
        )
    };
    // A text of a megabyte, and lists in lists.
    let text = "(memory.fill (i32.const 65536) (i32.const 0x61) (i32.const 1000000))
        (i32.store8 (i32.const 65536) (i32.const 0x22))
        (i32.store8 (i32.const 1065535) (i32.const 0x22))";
    let lists = "(memory.fill (i32.const 65536) (i32.const 0x5b) (i32.const 1000000))";
    let with = |fill: &str, body: String| format!("{fill} {body}");
    let generous = |limits: &mut cpex_wasmi::Limits| limits.telemetry_bytes = 1 << 30;
    let cases = [
        Case::body("counters without end", &for_ever(&metric), "limit_exceeded").peak_kib(1 << 10),
        Case::body("a thousand counters", &a_thousand_times(&metric), "allow").peak_kib(1 << 10),
        Case::with(
            "values without end",
            MEMORY,
            &with(text, for_ever(&metadata(4, 100))),
            "limit_exceeded",
        )
        .peak_kib(2 << 10),
        Case::with(
            "a megabyte under each key",
            MEMORY,
            &with(text, for_ever(&metadata(4, 1_000_000))),
            "limit_exceeded",
        )
        .peak_kib(2 << 10),
        Case::with(
            "a megabyte under each key, and room for it",
            MEMORY,
            &with(text, for_ever(&metadata(4, 1_000_000))),
            "fuel_exhausted",
        )
        .limits(generous)
        .limits(|limits| limits.fuel = 20_000_000)
        .peak_kib(64 << 10),
        Case::with(
            "lists in lists, and room for them",
            MEMORY,
            &with(lists, for_ever(&metadata(4, 1_000_000))),
            "fuel_exhausted",
        )
        .limits(generous)
        .peak_kib(4 << 10),
        Case::with(
            "keys of a megabyte",
            MEMORY,
            &with(text, for_ever(&metadata(1_000_000, 2))),
            "limit_exceeded",
        )
        .peak_kib(2 << 10),
    ];
    cases.iter().for_each(check);
}

#[test]
fn a_flood_of_lines_or_calls_is_stopped() {
    let log =
        |len: u32| format!("(drop (call $log (i32.const 3) (i32.const 0) (i32.const {len})))");
    let count = "(drop (call $count (i32.const 0x0600) (i32.const 0)))";
    let cases = [
        Case::body("a thousand lines of 64 KiB", &a_thousand_times(&log(65_536)), "fuel_exhausted"),
        Case::body("a thousand short lines", &a_thousand_times(&log(100)), "allow"),
        Case::body("lines without end", &for_ever(&log(1)), "limit_exceeded"),
        Case::body("empty lines without end", &for_ever(&log(0)), "limit_exceeded"),
        Case::body("calls without end", &for_ever(count), "limit_exceeded").says("host"),
        Case::body("calls without end, and few of them", &for_ever(count), "limit_exceeded")
            .limits(|limits| limits.host_calls = 10),
        Case::body("calls without end, and no limit", &for_ever(count), "fuel_exhausted")
            .limits(|limits| limits.host_calls = u64::MAX),
        Case::body(
            "a thousand panics",
            &a_thousand_times("(drop (call $panic (i32.const 0) (i32.const 65536)))"),
            "allow",
        ),
    ];
    cases.iter().for_each(check);
}

#[test]
fn reading_everything_in_a_loop_is_stopped() {
    let request = || {
        let text = "x".repeat(10_000);
        (0..20).fold(Request::tool_call("search"), |request, number| {
            request
                .custom(format!("c{number}"), text.as_str())
                .header(format!("h{number}"), text.as_str())
                .label(format!("l{number}{text}"))
                .claim(format!("m{number}"), text.as_str())
                .argument(format!("a{number}"), text.as_str())
        })
    };
    for function in ["read", "read_json"] {
        let reads: String = Field::ALL
            .iter()
            .map(|field| {
                format!(
                    "(drop (call ${function} (i32.const {}) (i32.const 0) (i32.const 0)
                       (i32.const -1) (i32.const 65536) (i32.const 1048576)))",
                    field.number()
                )
            })
            .collect();
        let name = format!("{function} of every field, again and again");
        for (most, expected) in [(1 << 20, "limit_exceeded"), (u64::MAX, "fuel_exhausted")] {
            let case = Case::with(&name, MEMORY, &for_ever(&reads), expected)
                .policy(|policy| policy.grant(Capability::ALL.iter().copied()))
                .limits(|limits| {
                    limits.bytes_read = most;
                    limits.fuel = 3_000_000;
                })
                .request(request())
                .peak_kib(8 << 10);
            check(&case);
        }
    }
}

#[test]
fn reading_for_nothing_is_not_for_nothing() {
    // Asking for the length only copies nothing, and is paid for by fuel and counted as a call.
    let text = "x".repeat(1 << 20);
    let body = for_ever(
        "(drop (call $read_json (i32.const 0x0600) (i32.const 0) (i32.const 0) (i32.const -1)
           (i32.const 0) (i32.const 0)))",
    );
    check(
        &Case::body("the length of a megabyte, again and again", &body, "fuel_exhausted")
            .limits(|limits| limits.fuel = 5_000_000)
            .request(Request::tool_call("search").custom("text", text))
            .peak_kib(8 << 10),
    );
}
