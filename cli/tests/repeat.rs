//! `call --repeat` and `--threads`: what several calls come to.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::calling::{logger, with};
use common::{Guest, Place};
use cpex_wasmi::abi::Field;
use serde_json::{Value, json};

#[test]
fn repeated_calls_show_how_fuel_and_time_vary() {
    let place = Place::new();
    place.file("guest.wat", logger("i32.const 0"));
    let ran = place.run(with(&["--repeat", "50"])).gives(0).says("50 calls · fuel ");
    assert_eq!(ran.says(" each · time median ").stderr.lines().count(), 1, "one call's log");
    let answer = place.run(with(&["--repeat", "50", "--json"])).gives(0).json();
    let repeat = &answer["repeat"];
    assert_eq!(repeat["calls"], 50);
    assert_eq!(repeat["fuel_min"], repeat["fuel_max"]);
    assert!(repeat["nanoseconds_median"].as_u64() <= repeat["nanoseconds_p99"].as_u64());
    assert_eq!(place.run(with(&["--json"])).json().get("repeat"), None);
    place.run(with(&["--repeat", "0"])).gives(2).complains("1..=10000000");
}

const STATE: &str =
    "isolation: pooled\nallow_state: true\nwhen_exhausted: wait\nresources: {max_instances: 1}\n";

/// Counts its calls in its memory, and does what `then` says with the count.
fn counter(then: &str) -> String {
    let count = "(i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))";
    Guest {
        stateful: true,
        imports: &[("deny_text", 4)],
        data: "earlyno",
        body: &format!("{count} {then}"),
        ..Guest::default()
    }
    .wat()
}

/// Denies with the code `early`, but for calls from the fifth on.
const DENIES_FOUR: &str = "(if (result i32) (i32.lt_u (i32.load (i32.const 64)) (i32.const 5))
    (then (drop (call $deny_text (i32.const 0) (i32.const 5) (i32.const 5) (i32.const 2)))
        i32.const 1)
    (else i32.const 0))";

#[test]
fn repeated_calls_that_differ_end_with_the_worst() {
    let place = Place::new();
    place.file("policy.yaml", STATE);
    place.file("guest.wat", counter(DENIES_FOUR));
    let args = with(&["--policy", "policy.yaml", "--repeat", "5"]);
    let ran = place.run(&args).gives(1).says("DENY  guest").says("  early: no\n");
    ran.says("the calls differ; call 1 is shown:\n  4 × DENY early\n  1 × ALLOW\n");
    let answer = place.run([&*args, &["--json"]].concat()).gives(1).json();
    assert_eq!(answer["decision"], "deny");
    assert_eq!((&answer["repeat"]["calls"], &answer["repeat"]["shown"]), (&json!(5), &json!(1)));
    let outcomes = json!([
        {"decision": "deny", "code": "early", "calls": 4},
        {"decision": "allow", "code": null, "calls": 1},
    ]);
    assert_eq!(answer["repeat"]["outcomes"], outcomes);
    // Those that do not differ are told as one.
    let ran = place.run(with(&["--policy", "policy.yaml", "--repeat", "4"])).gives(1);
    assert!(!ran.stdout.contains("differ"), "{}", ran.stdout);
}

#[test]
fn a_failure_among_repeated_calls_is_the_worst() {
    let place = Place::new();
    place.file("policy.yaml", STATE);
    // The sixth call traps, and the next one begins with a new instance.
    let traps = "(if (i32.eq (i32.load (i32.const 64)) (i32.const 6)) (then unreachable))";
    place.file("guest.wat", counter(&format!("{traps} {DENIES_FOUR}")));
    let args = with(&["--policy", "policy.yaml", "--repeat", "8"]);
    place
        .run(&args)
        .gives(3)
        .complains("error[wasm_trap]: call 6: plugin `guest`")
        .complains("  1 × error[wasm_trap]\n  6 × DENY early\n  1 × ALLOW\n");
    let answer = place.run([&*args, &["--json"]].concat()).gives(3).json();
    assert_eq!(
        (&answer["decision"], &answer["error"]["code"]),
        (&Value::Null, &"wasm_trap".into())
    );
    let outcomes = &answer["repeat"]["outcomes"];
    assert_eq!(outcomes[0], json!({"decision": null, "code": "wasm_trap", "calls": 1}));
    assert_eq!(outcomes[2], json!({"decision": "allow", "code": null, "calls": 1}));
}

#[test]
fn repeated_calls_end_after_ten_failures() {
    let place = Place::new();
    place.file("guest.wat", Guest { body: "unreachable", ..Guest::default() }.wat());
    let answer = place.run(with(&["--repeat", "50", "--json"])).gives(3).json();
    assert_eq!(answer["repeat"]["calls"], 10);
    assert_eq!(answer["repeat"]["outcomes"].as_array().unwrap().len(), 1);
}

#[test]
fn changes_that_differ_are_told() {
    let place = Place::new();
    place.file("policy.yaml", STATE);
    let data = "seen123456789";
    // Writes one digit or the other, by the number of calls.
    let digit = "(i32.add (i32.const 4) (i32.load (i32.const 64)))";
    let write = format!(
        "(drop (call $write_json (i32.const {}) (i32.const 0) (i32.const 0) (i32.const 4) {digit} (i32.const 1)))",
        Field::ContextLocal.number()
    );
    let count = "(i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))";
    let body = format!("{count} {write} i32.const 0");
    let imports = &[("write_json", 6)];
    let guest = Guest { stateful: true, imports, data, body: &body, ..Guest::default() };
    place.file("guest.wat", guest.wat());
    let args = with(&["--policy", "policy.yaml", "--repeat", "3"]);
    place.run(&args).gives(0).says("the changes differ from call to call\n").says("seen = 4");
    let answer = place.run([&*args, &["--json"]].concat()).gives(0).json();
    assert_eq!(answer["repeat"]["changes_differ"], true);
}

#[test]
fn calls_from_threads_at_once_are_counted() {
    let place = Place::new();
    place.file("policy.yaml", STATE);
    place.file("guest.wat", counter(DENIES_FOUR));
    let args = with(&["--policy", "policy.yaml", "--repeat", "40", "--threads", "4"]);
    place.run(&args).gives(1).says("40 calls · 4 threads · fuel").says("   4 × DENY early\n");
    let answer = place.run([&*args, &["--json"]].concat()).gives(1).json();
    assert_eq!(answer["repeat"]["outcomes"][1]["calls"], 36);
    // One call for each thread, unless told otherwise.
    let answer = place.run(with(&["--policy", "policy.yaml", "--threads", "3", "--json"]));
    assert_eq!(answer.gives(1).json()["repeat"]["calls"], 3);
}
