//! WASI beside files: output, variables, time, random numbers, and the end.

use std::time::Duration;

use cpex_wasmi::{Access, ClockGrant, Isolation, Level, Policy, RandomGrant};

use crate::common::*;
use crate::script::{Script, results};

fn access(set: impl FnOnce(&mut Access)) -> Policy {
    let mut access = Access::default();
    set(&mut access);
    Policy::default().access(access)
}

#[test]
fn output_is_logged_line_by_line() {
    let logs = Logs::default();
    let engine = logs.engine().build().unwrap();
    let mut script = Script::new();
    for (fd, text) in
        [(1, "one\ntw"), (2, "warned\r\n"), (1, "o\n\nthr"), (2, "half"), (1, "ee\u{1b}[2J")]
    {
        script.write(fd, text);
    }
    let long = "x".repeat(5000);
    script.write(1, &format!("\n{long}\n"));
    let plugin = script.load(&engine, &[], Policy::default());
    assert_eq!(results(&plugin).unwrap().0, [0; 6]);
    let lines = logs.lines();
    let expected = [
        (Level::Info, "one"),
        (Level::Warn, "warned"),
        (Level::Info, "two"),
        (Level::Info, ""),
        (Level::Info, "three\\u{1b}[2J"),
    ];
    for (line, (level, text)) in lines.iter().zip(expected) {
        assert_eq!((line.0, line.2.as_str()), (level, text));
    }
    assert!(lines[5].2.len() < 4200 && lines[5].2.starts_with("xxx"), "{}", lines[5].2.len());
    assert_eq!((lines[6].0, lines[6].2.as_str()), (Level::Warn, "half"));
    assert_eq!(lines.len(), 7);
}

#[test]
fn output_ends_at_what_may_be_logged() {
    let logs = Logs::default();
    let engine = logs.engine().build().unwrap();
    let mut policy = Policy::default();
    policy.limits.log_bytes = 5;
    let mut script = Script::new();
    script.write(1, "abc\ndef\nghi\nx");
    let plugin = script.load(&engine, &[], policy);
    let outcome = call(&plugin).unwrap();
    assert_eq!(logs.messages(), ["abc", "x"]);
    assert_eq!((outcome.receipt.log_bytes, outcome.receipt.log_lines_dropped), (4, 2));
}

#[test]
fn without_a_grant_there_is_nothing() {
    let mut script = Script::new();
    script.call("clock_time_get", "ili", &[0, 0, 2048]);
    script.call("clock_time_get", "ili", &[1, 0, 2048]);
    script.call("clock_res_get", "ii", &[0, 2048]);
    script.call("random_get", "ii", &[2048, 8]);
    script.call("environ_sizes_get", "ii", &[2048, 2052]);
    script.call("args_sizes_get", "ii", &[2056, 2060]);
    script.call("fd_prestat_get", "ii", &[3, 2064]);
    let (list, count) = script.buffers(&[(2048, 8)]);
    script.call("fd_read", "iiii", &[0, list, count, 2064]);
    script.show(2048, 20);
    let (codes, text) = script.run(&[], Policy::default());
    assert_eq!(codes, [2, 2, 2, 2, 0, 0, 8, 0]);
    assert_eq!(text, "");
    // A grant alone is not enough.
    let granted = access(|access| {
        access.clock = Some(ClockGrant::System);
        access.random = Some(RandomGrant::System);
    });
    assert_eq!(script.run(&[], granted).0[..4], [2; 4]);
}

#[test]
fn time_and_random_numbers_can_be_the_same_in_each_run() {
    let policy = access(|access| {
        access.clock = Some(ClockGrant::Fixed(Duration::from_nanos(0x4142_4344)));
        access.random = Some(RandomGrant::Seeded(7));
    });
    let mut script = Script::new();
    script.call("clock_time_get", "ili", &[0, 0, 2048]);
    script.call("clock_time_get", "ili", &[1, 0, 2052]);
    script.call("clock_time_get", "ili", &[2, 0, 2080]);
    script.show(2048, 8);
    let (codes, text) = script.run(&["clock", "random"], policy.clone());
    assert_eq!((codes, text.as_str()), (vec![0, 0, 28], "DCBADCBA"));

    let mut script = Script::new();
    script.call("random_get", "ii", &[2048, 12]);
    script.call("random_get", "ii", &[2060, 12]);
    script.show(2048, 24);
    let mut pooled = policy;
    pooled.isolation = Isolation::Pooled;
    let plugin = script.load(&engine(), &["clock", "random"], pooled);
    let first = results(&plugin).unwrap();
    assert_eq!(results(&plugin).unwrap(), first);
    assert_ne!(first.1, "");
}

#[test]
fn the_time_and_random_numbers_of_the_machine_differ() {
    let policy = access(|access| {
        access.clock = Some(ClockGrant::System);
        access.random = Some(RandomGrant::System);
    });
    type Args = fn(i64) -> Vec<i64>;
    let calls: [(&str, &str, Args); 3] = [
        ("random_get", "ii", |at| vec![at, 8]),
        ("clock_time_get", "ili", |at| vec![0, 0, at]),
        ("clock_time_get", "ili", |at| vec![1, 0, at]),
    ];
    for (name, types, args) in calls {
        let mut script = Script::new();
        // What is no text looks the same, which about half of the bytes that differ are.
        for at in (2048..2048 + 128).step_by(8) {
            script.call(name, types, &args(at));
        }
        script.show(2048, 128);
        let plugin = script.load(&engine(), &["clock", "random"], policy.clone());
        assert_ne!(results(&plugin).unwrap().1, results(&plugin).unwrap().1, "{name}");
    }
}

#[test]
fn findings_of_one_start_are_not_shared() {
    let policy = access(|access| access.random = Some(RandomGrant::System));
    let mut script = Script::new();
    script.call("random_get", "ii", &[2048, 16]);
    script.show(2048, 16);
    script.init = true;
    let plugin = script.load(&engine(), &["random"], policy);
    assert_ne!(results(&plugin).unwrap().1, results(&plugin).unwrap().1);
}

#[test]
fn variables_are_those_that_are_asked_for_and_granted() {
    let variables = [("A_REGION", "eu"), ("A_SECRET", "s"), ("B", "b"), ("C", "c")];
    let engine = cpex_wasmi::Engine::builder().environment(variables).build().unwrap();
    let policy = access(|access| access.env = vec!["A_*".into(), "B".into()]);
    let mut script = Script::new();
    script.call("environ_sizes_get", "ii", &[2048, 2052]);
    script.call("environ_get", "ii", &[2056, 2064]);
    script.show(2064, 20);
    let plugin = script.load(&engine, &["env:A_REGION", "env:B"], policy);
    let (codes, text) = results(&plugin).unwrap();
    assert_eq!((codes, text.as_str()), (vec![0, 0], "A_REGION=eu\0B=b"));
}

#[test]
fn nothing_waits() {
    let mut script = Script::new();
    // One that waits for an hour, and one for standard input.
    let mut clock = [0_u8; 48];
    clock[0] = 7;
    clock[24..32].copy_from_slice(&3_600_000_000_000_u64.to_le_bytes());
    let mut input = [0_u8; 48];
    input[8] = 1;
    let (at, _) = script.text([clock, input].concat());
    script.call("poll_oneoff", "iiii", &[at, 32_768, 2, 2048]);
    script.call("poll_oneoff", "iiii", &[at, 32_768, 0, 2048]);
    script.call("poll_oneoff", "iiii", &[at, 32_768, 100_000, 2048]);
    script.show(32_768, 10);
    let (codes, text) = script.run(&[], Policy::default());
    assert_eq!((codes, text.as_bytes()), (vec![0, 28, 28], &b"\x07\0\0\0\0\0\0\0\x3a"[..]));
}

#[test]
fn who_ends_itself_has_no_verdict() {
    for code in [0, 1, -1] {
        let wasm = guest_importing(
            &[],
            r#"(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))"#,
            &format!(
                r#"(func (export "cpex_invoke") (param i32) (result i32)
                     (call $exit (i32.const {code})) (i32.const 0))"#
            ),
        );
        let error = call(&load(&wasm, Policy::default())).unwrap_err();
        assert_eq!(error.code(), "plugin_failed", "{error}");
        assert!(error.to_string().contains(&format!("the code {code}")), "{error}");
    }
}

#[test]
fn calls_are_counted_and_paid_for() {
    let loops = |name: &str, params: &str, args: &str| {
        guest_importing(
            &[],
            &format!(
                r#"(import "wasi_snapshot_preview1" "{name}"
                     (func $f (param {params}) (result i32)))"#
            ),
            &format!(
                r#"(func (export "cpex_invoke") (param i32) (result i32)
                     (loop $again (drop (call $f {args})) (br $again)) (i32.const 0))"#
            ),
        )
    };
    let forever = loops("sched_yield", "", "");
    let mut policy = Policy::default();
    policy.limits.host_calls = 1000;
    assert_eq!(call(&load(&forever, policy)).unwrap_err().code(), "limit_exceeded");
    let mut policy = Policy::default();
    policy.limits.fuel = 50_000;
    assert_eq!(call(&load(&forever, policy)).unwrap_err().code(), "fuel_exhausted");
    // Of 32 KiB each time, of which nothing is logged.
    let iovec = r#"(data (i32.const 8) "\00\04\00\00\00\80\00\00")"#;
    let wasm = guest_importing(
        &[],
        r#"(import "wasi_snapshot_preview1" "fd_write"
             (func $f (param i32 i32 i32 i32) (result i32)))"#,
        &format!(
            r#"{iovec} (func (export "cpex_invoke") (param i32) (result i32)
                 (loop $again
                   (drop (call $f (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0)))
                   (br $again))
                 (i32.const 0))"#
        ),
    );
    let mut policy = Policy::default();
    policy.log_level = cpex_wasmi::LevelFilter::Off;
    policy.limits.deadline = None;
    policy.limits.fuel = 100_000_000;
    let error = call(&load(&wasm, policy)).unwrap_err();
    assert_eq!(error.code(), "fuel_exhausted");
    // Two bytes for each unit of fuel.
    assert!(error.receipt().unwrap().host_calls < 7000);
}

#[test]
fn imports_of_wasi_have_its_types_and_names() {
    let invoke = r#"(func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#;
    for (import, parts) in [
        (
            r#"(import "wasi_snapshot_preview1" "fd_write" (func (param i32)))"#,
            &["fd_write` as a function (i32) -> ()", "(i32, i32, i32, i32) -> (i32)"][..],
        ),
        (
            r#"(import "wasi_snapshot_preview1" "fd_wirte" (func))"#,
            &["preview 1 does not have", "did you mean `fd_write`"],
        ),
        (
            r#"(import "wasi_unstable" "fd_write" (func))"#,
            &["offers preview 1 of WASI only", "wasm32-wasip1"],
        ),
        (
            r#"(import "wasi_snapshot_preview1" "proc_exit" (func (param i32) (result i32)))"#,
            &["it is a function (i32) -> ()"],
        ),
    ] {
        let error = load_error(&guest_importing(&[], import, invoke), Policy::default());
        assert_eq!(error.code(), "invalid_module");
        for part in parts {
            assert!(error.to_string().contains(part), "`{part}` is not in: {error}");
        }
    }
}
