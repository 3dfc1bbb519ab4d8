//! Calls of a plugin in `guest.wat` about `payload.json`.

use super::{Guest, Place, Ran};

/// The command that calls the plugin.
pub(crate) const CALL: [&str; 4] = ["call", "guest.wat", "--payload", "payload.json"];

/// [`CALL`], with more arguments.
pub(crate) fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    CALL.iter().chain(more).copied().collect()
}

/// A place with a plugin that allows everything.
pub(crate) fn place() -> Place {
    let place = Place::new();
    place.file("guest.wat", Guest::default().wat());
    place
}

/// Asserts that a payload is refused with this message, and as JSON too.
#[track_caller]
pub(crate) fn payload(text: &str, message: &str) -> Ran {
    let place = place();
    place.file("payload.json", text);
    let ran = place.run(CALL).gives(2).complains(message);
    let answer = place.run(with(&["--json"])).gives(2).json();
    assert_eq!(answer["error"]["code"], "invalid_input");
    assert_eq!(answer["decision"], serde_json::Value::Null);
    ran
}

/// A plugin that logs a line and then does what `body` says.
pub(crate) fn logger(body: &str) -> String {
    let line = "up\nto \u{1b}[31mno good";
    let len = line.len();
    Guest {
        imports: &[("log", 3), ("panic", 2)],
        data: line,
        body: &format!("i32.const 2 i32.const 0 i32.const {len} call $log drop {body}"),
        ..Guest::default()
    }
    .wat()
}
