//! `bench`: what it prints, and what ends it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::{Guest, Place};
use serde_json::Value;

/// A few calls of the guest, in no time.
fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let few =
        ["bench", "guest.wat", "--payload", "payload.json", "--calls", "20", "--warm-up", "3"];
    few.iter().chain(more).copied().collect()
}

/// As [`with`], for calls that take long.
fn few<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let few = ["bench", "guest.wat", "--payload", "payload.json", "--calls", "3", "--warm-up", "1"];
    few.iter().chain(more).copied().collect()
}

fn place(guest: &Guest<'_>) -> Place {
    let place = Place::new();
    place.file("guest.wat", guest.wat());
    place
}

/// Counts its calls in its memory, and does what `body` says.
fn counting(body: &str) -> String {
    format!("(i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1))) {body}")
}

const STATE: &str = "isolation: pooled\nallow_state: true\n";

/// The rows of the table: the first word or two, and the cells.
fn cells<'a>(text: &'a str, label: &str) -> Vec<&'a str> {
    let line = text.lines().find(|line| line.starts_with(label)).unwrap();
    line[label.len()..].split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

#[test]
fn both_isolations_stand_side_by_side() {
    let place = place(&Guest::default());
    let ran = place.run(with(&[])).gives(0).says("ALLOW  guest 1.2.3 · cmf.tool_pre_invoke\n");
    assert_eq!(cells(&ran.stdout, "          "), ["pooled", "per_call"]);
    let labels = [
        "load",
        "first call",
        "min",
        "p50",
        "p90",
        "p99",
        "max",
        "mean",
        "calls/s",
        "guest",
        "host calls",
        "set-up",
    ];
    for label in labels {
        assert_eq!(cells(&ran.stdout, label).len(), 2, "{label}");
    }
    assert_eq!(cells(&ran.stdout, "calls   "), ["20", "20"]);
    // No cell is out of its column.
    let table = ran.stdout.lines().skip(2).take(14).map(|line| line.chars().count());
    assert_eq!(table.collect::<std::collections::BTreeSet<_>>().len(), 1, "{}", ran.stdout);
    let ran = ran
        .says("\nfuel ")
        .says(" · memory 64 KiB · 0 host calls · read 0 B · wrote 0 B · 1 slice\n");
    assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'));
    assert!(!ran.stderr.contains('%'), "a bar, and nobody watches: {}", ran.stderr);
}

#[test]
fn json_has_times_in_order_and_what_calls_cost() {
    let log = "i32.const 2 i32.const 0 i32.const 5 call $log drop i32.const 0";
    let place =
        place(&Guest { imports: &[("log", 3)], data: "hello", body: log, ..Guest::default() });
    let ran = place.run(with(&["--threads", "3", "--json"])).gives(0);
    assert!(!ran.stderr.contains("hello"), "{}", ran.stderr);
    let answer = ran.json();
    assert_eq!(answer["plugin"], "guest");
    assert_eq!((&answer["hook"], &answer["threads"]), (&common::HOOK.into(), &3.into()));
    let measured = answer["measured"].as_array().unwrap();
    let isolations: Vec<_> =
        measured.iter().map(|row| row["isolation"].as_str().unwrap()).collect();
    assert_eq!(isolations, ["pooled", "per_call"]);
    for row in measured {
        assert_eq!((&row["calls"], &row["denied"]), (&20.into(), &0.into()));
        let times = &row["nanoseconds"];
        let time = |name: &str| times[name].as_u64().unwrap();
        let ordered = ["min", "p50", "p90", "p99", "max"].map(time);
        assert!(ordered.is_sorted(), "{times}");
        assert!((time("min")..=time("max")).contains(&time("mean")), "{times}");
        assert!(time("load") > 0 && time("first_call") > 0, "{times}");
        assert!(row["calls_per_second"].as_u64().unwrap() > 0);
        let share = |name: &str| row["shares"][name].as_f64().unwrap();
        let shares = ["guest", "host_calls", "set_up"].map(share);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-6, "{row}");
        assert!(shares[1] > 0.0, "{row}");
        let cost = |name: &str, number: &str| row["costs"][name][number].as_u64().unwrap();
        assert!(cost("fuel", "min") > 0);
        assert_eq!(cost("fuel", "min"), cost("fuel", "max"));
        assert_eq!(cost("host_calls", "max"), 1);
        assert_eq!(cost("peak_memory_bytes", "max"), 65_536);
        assert_eq!(cost("log_bytes", "max"), 5);
    }
}

#[test]
fn a_plugin_that_calls_no_host_has_no_share_of_it() {
    let place = place(&Guest::default());
    let answer = place.run(with(&["--isolation", "pooled", "--json"])).gives(0).json();
    assert_eq!(answer["measured"].as_array().unwrap().len(), 1);
    assert_eq!(answer["measured"][0]["shares"]["host_calls"], 0.0);
}

#[test]
fn a_deny_is_a_result() {
    let body = "i32.const 0 i32.const 2 i32.const 0 i32.const 2 call $deny_text drop i32.const 1";
    let guest = Guest { imports: &[("deny_text", 4)], data: "no", body, ..Guest::default() };
    let place = place(&guest);
    place.run(with(&[])).gives(0).says("DENY  guest 1.2.3");
    let answer = place.run(with(&["--json"])).gives(0).json();
    assert_eq!(answer["measured"][1]["denied"], 20);
}

#[test]
fn a_call_that_fails_ends_it_and_says_which_it_was() {
    // Traps in the 1000th call of an instance.
    let body = counting(
        "(if (i32.eq (i32.load (i32.const 8)) (i32.const 1000)) (then unreachable)) i32.const 0",
    );
    let place = place(&Guest { stateful: true, body: &body, ..Guest::default() });
    place.file("policy.yaml", STATE);
    let args = ["bench", "guest.wat", "--payload", "payload.json", "--policy", "policy.yaml"];
    let args = |more: &[&'static str]| args.iter().chain(more).copied().collect::<Vec<_>>();
    let ran = place.run(args(&[])).gives(3);
    let ran = ran.complains("error[wasm_trap]: `isolation: pooled`: call 1,000: plugin `guest`");
    assert_eq!(ran.stdout, "");
    let ran = place.run(args(&["--json", "--threads", "2"])).gives(3);
    assert_eq!(ran.json()["error"]["code"], "wasm_trap");
    let args = args(&["--calls", "5", "--warm-up", "5"]);
    place.run(args).gives(0).says("pooled");
}

/// Loops so often before it goes on.
fn looping(times: u32) -> String {
    format!(
        "(local $left i32) (local.set $left (i32.const {times}))
         (loop $again (local.set $left (i32.sub (local.get $left) (i32.const 1)))
           (br_if $again (local.get $left)))"
    )
}

#[test]
fn an_initialisation_is_no_part_of_a_call() {
    let (call, init) = (looping(100_000), looping(10_000_000));
    let body =
        format!("{call} i32.const 0) (func (export \"cpex_init\") (result i32) {init} i32.const 0");
    let place = place(&Guest { body: &body, ..Guest::default() });
    let answer = place.run(few(&["--json"])).gives(0).json();
    for measured in answer["measured"].as_array().unwrap() {
        let set_up = measured["shares"]["set_up"].as_f64().unwrap();
        assert!(set_up < 0.7, "{measured}");
        let times = &measured["nanoseconds"];
        assert!(times["initialise"].as_u64() > times["p50"].as_u64(), "{measured}");
        assert!(measured["costs"]["init_fuel"]["min"].as_u64().unwrap() > 10_000_000);
        assert_eq!(measured["instances"]["initialised"], 1);
    }
    let ran = place.run(few(&[])).gives(0);
    ran.says("initialise ").says(" · initialisation fuel ");
}

#[test]
fn instances_that_are_not_kept_are_told() {
    let body = "(drop (memory.grow (i32.const 40))) i32.const 0";
    let place = place(&Guest { body, ..Guest::default() });
    let ran = place.run(with(&["--isolation", "pooled"])).gives(0);
    ran.says("warning: pooled: ").says("dropped after a call, as the memory had grown too large");
    let args = ["--isolation", "pooled", "--json"];
    let answer = place.run(with(&args)).gives(0).json();
    assert!(answer["measured"][0]["instances"]["outgrown"].as_u64().unwrap() > 3);
}

#[test]
fn a_first_call_that_fails_ends_it() {
    let place = place(&Guest { body: "unreachable", ..Guest::default() });
    let ran = place.run(with(&[])).gives(3);
    ran.complains("error[wasm_trap]: `isolation: pooled`: the first call: plugin `guest`");
}

#[test]
fn calls_that_differ_show_between_what() {
    let body = counting(
        "(if (i32.eq (i32.load (i32.const 8)) (i32.const 7))
           (then (drop (memory.grow (i32.const 1)))
             (return (i32.sub (call $deny_text (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 2))
               (i32.const -1)))))
         i32.const 0",
    );
    let imports = &[("deny_text", 4)];
    let guest = Guest { stateful: true, imports, data: "no", body: &body, ..Guest::default() };
    let place = place(&guest);
    place.file("policy.yaml", STATE);
    let ran = place.run(with(&["--policy", "policy.yaml"])).gives(0);
    ran.says("DENY 1 of 20 times, else ALLOW")
        .says(" · memory 64 KiB to 128 KiB · 0 to 1 host calls");
}

#[test]
fn a_plugin_that_cannot_be_loaded_is_told_as_by_call() {
    let place = place(&Guest { capabilities: &["read_labels"], ..Guest::default() });
    let ran = place.run(with(&[])).gives(3).complains("capability_denied");
    ran.complains("--allow-requested");
    place.run(with(&["--allow-requested"])).gives(0).complains("granted because");
    // What neither isolation allows is told as the operator wrote it.
    place.file("guest.wat", Guest { stateful: true, ..Guest::default() }.wat());
    let ran = place.run(with(&[])).gives(3);
    ran.complains("keeps state from one call to the next").complains("allow_state: true");
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    let place = place(&Guest::default());
    let base = ["bench", "guest.wat", "--payload", "payload.json"];
    let wrong: &[(&[&str], &str)] = &[
        (&["--threads", "0"], "1..=256"),
        (&["--threads=-1"], "1..=256"),
        (&["--threads", "100000"], "1..=256"),
        (&["--calls", "0"], "1.."),
        (&["--calls", "99999999999999999999999"], "--calls"),
        (&["--calls", "1", "--duration", "1"], "cannot be used with"),
        (&["--duration", "0"], "from 0.01 to 3600"),
        (&["--duration=-1"], "from 0.01 to 3600"),
        (&["--duration", "nan"], "from 0.01 to 3600"),
        (&["--duration", "inf"], "from 0.01 to 3600"),
        (&["--duration", "1e300"], "from 0.01 to 3600"),
        (&["--duration", "soon"], "from 0.01 to 3600"),
        (&["--warm-up=-1"], "--warm-up"),
        (&["--isolation", "none"], "[possible values: pooled, per_call]"),
        (&["--hook", "cmf.nothing"], "does not handle the hook `cmf.nothing`"),
    ];
    for (args, said) in wrong {
        let args: Vec<_> = base.iter().chain(*args).copied().collect();
        place.run(&args).gives(2).complains(said);
        let json = place.run(args.iter().chain(&["--json"])).gives(2).json();
        assert!(json["error"]["message"].as_str().unwrap().contains(said), "{json}");
    }
    place.run(["bench", "guest.wat"]).gives(2).complains("--payload");
    let nowhere = ["bench", "guest.wat", "--payload", "nowhere.json"];
    place.run(nowhere).gives(2).complains("the file does not exist");
}

#[test]
fn it_ends_in_time_however_many_calls_that_is() {
    let place = place(&Guest::default());
    let args = ["bench", "guest.wat", "--payload", "payload.json", "--duration", "0.05", "--json"];
    let few = [&args[..], &["--warm-up", "4000000000", "--threads", "4"]].concat();
    let answer = place.run(few).gives(0).json();
    for row in answer["measured"].as_array().unwrap() {
        assert!(row["calls"].as_u64().unwrap() >= 4, "each thread calls once: {row}");
        assert_ne!(row["costs"], Value::Null);
    }
}

/// A thread that gives up is let go at once.
#[cfg(unix)]
#[test]
fn an_interrupt_ends_it() {
    use std::os::unix::process::ExitStatusExt as _;
    let place = place(&Guest::default());
    let most = u64::MAX.to_string();
    let args = ["bench", "guest.wat", "--payload", "payload.json", "--calls", &most];
    let mut child = place.command(args).stderr(std::process::Stdio::null()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    let killed =
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.unwrap().success());
    assert_eq!(child.wait().unwrap().signal(), Some(2));
}

#[test]
fn state_is_kept_in_the_named_redis() {
    let place = place(&Guest {
        access: &["state:calls"],
        imports: &[("call_json", 6)],
        data: r#"state.increment{"key":"calls","by":1}"#,
        // Fails if that failed.
        body:
            "(i32.shr_s (call $call_json (i32.const 0) (i32.const 15) (i32.const 15) (i32.const 22)
                (i32.const 64) (i32.const 9)) (i32.const 31))",
        ..Guest::default()
    });
    place.run(few(&["--allow-access"])).gives(0);
    let nobody = few(&["--allow-access", "--state", "redis://127.0.0.1:1/"]);
    place.run(nobody).gives(3).complains("gave up");
    place.run(few(&["--state", "http://127.0.0.1/"])).gives(2).complains("`redis://`");
}
