//! `call --watch`: calls again when a file changes, whatever came of the call before.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Stdio};

use common::{Guest, PAYLOAD, Place};
use serde_json::Value;

/// A run that watches, until it is dropped.
struct Watching {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Watching {
    fn new(place: &Place, args: &[&str]) -> Self {
        let args = ["call", "guest.wat", "--payload", "payload.json", "--watch", "--json", "-q"]
            .iter()
            .chain(args);
        let mut child = place
            .command(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The answer to the next call.
    fn next(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn denying() -> String {
    let body = "(call $deny_text (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 2))";
    Guest { imports: &[("deny_text", 4)], data: "no", body, ..Guest::default() }.wat()
}

#[test]
fn a_changed_file_is_called_again() {
    let place = Place::new();
    place.file("guest.wat", Guest::default().wat());
    let mut watching = Watching::new(&place, &[]);
    assert_eq!(watching.next()["decision"], "allow");
    place.file("guest.wat", denying());
    assert_eq!(watching.next()["decision"], "deny");
    // A failure does not end it, nor does a file that is gone.
    place.file("payload.json", "{");
    assert_eq!(watching.next()["error"]["code"], "invalid_input");
    std::fs::remove_file(place.path().join("payload.json")).unwrap();
    assert_eq!(watching.next()["error"]["code"], "invalid_input");
    place.file("payload.json", PAYLOAD);
    assert_eq!(watching.next()["decision"], "deny");
}

#[test]
fn watching_ends_without_a_reader() {
    let place = Place::new();
    place.file("guest.wat", Guest::default().wat());
    let mut watching = Watching::new(&place, &[]);
    watching.next();
    let Watching { child, lines } = &mut watching;
    let (reader, writer) = std::io::pipe().unwrap();
    drop(writer);
    *lines = BufReader::new(ChildStdout::from(std::os::fd::OwnedFd::from(reader))).lines();
    place.file("guest.wat", denying());
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn the_standard_input_cannot_be_watched() {
    let place = Place::new();
    place.file("guest.wat", Guest::default().wat());
    let args = ["call", "guest.wat", "--payload", "-", "--watch"];
    let refused = "`--watch` cannot read `--payload` from the standard input again; give a file";
    place.run(args).gives(2).complains(refused);
}
