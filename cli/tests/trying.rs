//! Trying a plugin whose embedder, state or size is not the usual one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::time::{Duration, Instant};

use common::calling::{CALL, with};
use common::{Guest, HOOK, Place};

/// Asks the function `my.allow` in this way (`call` or `call_json`), and denies with what it gets as reason.
fn asker(how: &str) -> Place {
    let body = format!(
        "(local $len i32)
         (local.set $len (call ${how} (i32.const 0) (i32.const 8) (i32.const 8) (i32.const 2)
            (i32.const 64) (i32.const 64)))
         (if (i32.lt_s (local.get $len) (i32.const 0)) (then unreachable))
         (call $deny_text (i32.const 0) (i32.const 2) (i32.const 64) (local.get $len))"
    );
    let guest = Guest {
        access: &["function:my.allow"],
        imports: &[(how, 6), ("deny_text", 4)],
        data: "my.allow{}",
        body: &body,
        ..Guest::default()
    };
    let place = Place::new();
    place.file("guest.wat", guest.wat());
    place
}

#[test]
fn a_function_of_an_embedders_can_be_stood_in_for() {
    let place = asker("call_json");
    for (stub, reason) in [
        ("my.allow=true", "true"),
        ("my.allow={\"a\": [1, null]}", "{\"a\":[1,null]}"),
        ("my.allow=\"yes\"", "\"yes\""),
        ("my.allow=hex:6869", "hi"),
    ] {
        place.run(with(&["--stub", stub])).gives(1).says(&format!("my: {reason}\n"));
    }
    // Else there is none, and nothing grants it.
    place.run(CALL).gives(3).complains("`function:my.allow`");
    // The same for the commands beside it.
    let bench = ["bench", "guest.wat", "--payload", "payload.json", "--calls", "3"];
    let stub = ["--stub", "my.allow=true"];
    let ran = place.run(bench.iter().chain(&stub)).gives(0).says("DENY");
    assert!(!ran.stderr.contains("my.allow"), "{}", ran.stderr);
    place.run(["check", "guest.wat"].iter().chain(&stub)).gives(0);
    place.run(["check", "guest.wat"]).gives(3);
}

#[test]
fn a_stub_answers_in_postcard_as_well() {
    let place = asker("call");
    // The length of a text, and the text.
    place.run(with(&["--stub", "my.allow=\"hello\""])).gives(1).says("my: \\u{5}hello\n");
    place.run(with(&["--stub", "my.allow=[65, 66]"])).gives(1).says("my: \\u{2}AB\n");
    place.run(with(&["--stub", "my.allow=33"])).gives(1).says("my: !\n");
    place
        .run(with(&["--stub", "my.allow={\"k\": true}"]))
        .gives(1)
        .says("my: \\u{1}\\u{1}k\\u{1}\n");
    place.run(with(&["--stub", "my.allow=hex:6869"])).gives(1).says("my: hi\n");
    place.run(with(&["--stub", "my.allow=hex:"])).gives(1).says("my: \n");
}

#[test]
fn a_stub_that_does_not_do_is_told() {
    let place = asker("call_json");
    let wrong = |stubs: &[&str], message: &str| {
        place.run(with(stubs)).gives(2).complains(message);
    };
    wrong(&["--stub", "my.allow"], "write NAME=JSON, such as `acme.allow=true`");
    wrong(&["--stub", "my.allow=yes"], "put a text in quotes: `acme.name=\"alice\"`");
    wrong(&["--stub", "my.allow={\"a\": 1, \"a\": 2}"], "the key `a` stands twice");
    wrong(&["--stub", "my.allow=hex:0"], "write pairs of hex digits after `hex:`");
    wrong(
        &["--stub", "clock.now=1"],
        "`--stub`: `clock.now` is the name of a function of the host's",
    );
    wrong(
        &["--stub", "my.allow=1", "--stub", "my.allow=2"],
        "`--stub`: there is a function `my.allow` already",
    );
    // What the plugin does not ask for, it cannot call.
    let both = ["--stub", "my.allow=true", "--stub", "my.other=true"];
    place.run(with(&both)).gives(1).complains("warning: ").complains("my.other");
}

#[test]
fn state_is_granted_if_it_is_requested() {
    let place = Place::new();
    place.file("guest.wat", Guest { stateful: true, ..Guest::default() }.wat());
    place.run(CALL).gives(3).complains("hint: to try it out, pass `--allow-requested`");
    let note = "granted because the plugin asks for it: state from one call to the next\n";
    place.run(with(&["--allow-requested"])).gives(0).complains(note);
    place.file("policy.yaml", "isolation: pooled\nallow_state: true\n");
    let ran = place.run(with(&["--allow-requested", "--policy", "policy.yaml"])).gives(0);
    assert_eq!(ran.stderr, "");
}

#[test]
fn bench_does_not_warn_under_a_policy_that_is_right() {
    let place = Place::new();
    place.file("guest.wat", Guest { stateful: true, ..Guest::default() }.wat());
    place.file("policy.yaml", "isolation: pooled\nallow_state: true\n");
    let args = ["bench", "guest.wat", "--payload", "payload.json", "--calls", "3", "--policy"];
    let args: Vec<_> = args.iter().chain(&["policy.yaml"]).copied().collect();
    let warnings = |text: &str| {
        // Of the build of this tool itself.
        let lines = text.lines().filter(|line| !line.contains("built without optimisation"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let ran = place.run(&args).gives(0).says("pooled");
    assert_eq!(warnings(&ran.stderr), Vec::<String>::new());
    assert!(!ran.stdout.contains("per_call"), "{}", ran.stdout);
    let ran = place.run([args.as_slice(), &["-v"]].concat()).gives(0);
    ran.complains("`isolation: per_call` is not measured: plugin `guest`");
    // If it was asked for, it is an error.
    place.run([args.as_slice(), &["--isolation", "per_call"]].concat()).gives(3);
}

#[test]
fn a_deadline_in_a_debug_build_says_how_to_build() {
    let place = Place::new();
    place
        .file("guest.wat", Guest { body: "(loop $l br $l) i32.const 0", ..Guest::default() }.wat());
    let policy = "{resources: {max_execution_time_ms: 5, max_fuel: 1000000000000}}";
    let ran = place.run(with(&["--policy", policy])).gives(3).complains("error[timeout]");
    assert_eq!(ran.stderr.contains("cargo install --path cli"), cfg!(debug_assertions));
}

#[test]
fn a_module_that_is_too_large_is_refused_before_it_is_read() {
    let place = Place::new();
    let text = format!("(module {})", "(func)".repeat(11_000_000));
    place.file("large.wat", &text);
    place.file("some.wat", &text[..2 << 20]);
    place.file("padded.wat", [&" ".repeat(4097), &text[..2 << 20]].concat());
    place.file("lines.wat", ["\n\t".repeat(1 << 20).as_str(), ";; a plugin\n(module)"].concat());
    place.file("large.wasm", [b"\0asm\x01\0\0\0".as_slice(), &vec![0; 17 << 20]].concat());
    place.file("m.yaml", "name: guest\nversion: 1.2.3\nhooks: [cmf.tool_pre_invoke]\n");
    for (file, message) in [
        ("large.wat", "is text of more than 1024 KiB"),
        ("some.wat", "is text of more than 1024 KiB"),
        ("padded.wat", "is text of more than 1024 KiB"),
        ("lines.wat", "is text of more than 1024 KiB"),
        ("large.wasm", "has more than 16 MiB, and larger ones are not loaded"),
    ] {
        let message = format!("error[invalid_module]: {file}: the module {message}");
        let commands = [
            vec!["inspect", file],
            vec!["call", file, "--payload", "payload.json"],
            vec!["bench", file, "--payload", "payload.json"],
            vec!["embed", file, "--manifest", "m.yaml", "-o", "x.wasm"],
        ];
        for args in commands {
            let begun = Instant::now();
            place.run(&args).gives(3).complains(&message);
            // Some 20 seconds, and 4.8 GB, to assemble it.
            assert!(begun.elapsed() < Duration::from_secs(10), "{args:?}");
        }
        place.run(["check", file]).gives(3).says(&message);
        let stdin = std::fs::File::open(place.path().join(file)).unwrap();
        let output = place.command(["inspect", "-"]).stdin(stdin).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    }
    // Whatever does not end is not read to its end.
    #[cfg(unix)]
    place
        .run(["inspect", "/dev/zero"])
        .gives(3)
        .complains("/dev/zero: the module has more than 16");
}

#[test]
fn the_largest_text_takes_little_memory() {
    #[cfg(target_os = "linux")]
    for unit in ["(func)", "(rec)", "(tag)", "(type(func))", "(param)", "i32 "] {
        let place = Place::new();
        let units = (1 << 20) / unit.len() - 3;
        place.file("most.wat", format!("(module {})", unit.repeat(units)));
        // Of which a good part is reserved by threads' stacks, and never used.
        let script = "ulimit -v 400000; exec \"$0\" \"$@\"";
        let tool = env!("CARGO_BIN_EXE_cpex-wasmi");
        let mut command = std::process::Command::new("sh");
        let command = command.args(["-c", script, tool, "inspect", "most.wat"]);
        let output = command.current_dir(place.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{unit}: {said}");
    }
}

#[test]
fn too_many_locals_are_called_locals() {
    let place = Place::new();
    let locals = |count: usize| format!("(local {}) i32.const 0", "i32 ".repeat(count));
    let guest = |body: &str| Guest { body, ..Guest::default() }.wat();
    place.file("guest.wat", guest(&locals(29_000)));
    place.run(with(&["--hook", HOOK])).gives(0);
    for count in [29_001, 29_999, 30_000, 49_000, 60_000] {
        place.file("guest.wat", guest(&locals(count)));
        let message =
            format!("declares {count} locals (a `v128` counts as two), and at most 29000 are");
        place.run(["inspect", "guest.wat"]).gives(3).complains(&message);
    }
}
