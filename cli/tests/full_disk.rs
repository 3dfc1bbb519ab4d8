//! A disk that is full: each time an error that says so, the right exit status, and nothing half made.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::fs::File;
use std::process::{Command, Stdio};

use common::{Guest, Place, Ran};

/// Takes no byte.
fn full() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

/// Runs the binary with a standard output that is full.
fn run(place: &Place, args: &[&str]) -> Ran {
    place.command(args).stdin(Stdio::null()).stdout(full()).output().unwrap().into()
}

#[test]
fn an_output_that_cannot_be_written_is_no_success() {
    let place = Place::new();
    place.file("guest.wat", Guest::default().wat());
    let call = ["call", "guest.wat", "--payload", "payload.json"];
    let bench = ["bench", "guest.wat", "--payload", "payload.json", "--calls", "1"];
    for args in [&call[..], &bench, &["inspect", "guest.wat"], &["check", "guest.wat"]] {
        place.run(args).gives(0);
        for json in [&[][..], &["--json"]] {
            let ran = run(&place, &[args, json].concat()).gives(3);
            assert_eq!(ran.stderr.matches("the result cannot be written").count(), 1);
        }
    }
    for args in
        [&["--help"][..], &["--version"], &["help"], &["man"], &["completions", "zsh"], &["schema"]]
    {
        run(&place, args).gives(3).complains("the result cannot be written");
    }
}

#[test]
fn a_failure_that_cannot_be_written_as_json_is_told_elsewhere() {
    let place = Place::new();
    let ran = run(&place, &["inspect", "nowhere.wasm", "--json"]).gives(2);
    ran.complains("the file does not exist").complains("the result cannot be written");
    let ran = run(&place, &["inspect", "--jsno", "--json"]).gives(2);
    ran.complains("--jsno");
}

#[test]
fn errors_that_cannot_be_written_are_still_errors() {
    let place = Place::new();
    let output = place.command(["inspect", "nowhere.wasm"]).stderr(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let both = place.command(["inspect", "--jsno"]).stdout(full()).stderr(full()).status().unwrap();
    assert_eq!(both.code(), Some(2));
}

#[test]
fn a_project_that_cannot_be_written_is_not_left_half_made() {
    let place = Place::new();
    let binary = env!("CARGO_BIN_EXE_cpex-wasmi");
    // Files of one block at most; without the signal, writing more is an error.
    let script = format!("trap '' XFSZ; ulimit -f 1; exec '{binary}' new my-policy");
    let limited = Command::new("sh").args(["-c", &script]).current_dir(place.path()).output();
    let ran = Ran::from(limited.unwrap()).gives(3);
    ran.complains("my-policy/").complains(": cannot be written: File too large");
    assert!(!place.path().join("my-policy").exists());
    place.run(["new", "my-policy"]).gives(0);
}

#[test]
fn a_project_where_nothing_can_be_made_is_told() {
    let place = Place::new();
    let ran = place.run(["new", "my-policy", "--path", "/proc/my-policy"]).gives(3);
    ran.complains("/proc/my-policy: cannot be made");
}
