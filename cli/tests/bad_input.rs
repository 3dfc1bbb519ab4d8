//! Input that is wrong: each time a message that says what to change, the right exit status, and
//! no panic.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::calling::{CALL, payload, place, with};
use common::{Guest, PAYLOAD, Place};

#[track_caller]
fn plugin(content: impl AsRef<[u8]>, code: &str, message: &str) {
    let place = Place::new();
    place.file("plugin", content);
    for command in [vec!["inspect", "plugin"], vec!["call", "plugin", "--payload", "payload.json"]]
    {
        let ran = place.run(&command).gives(3).complains(&format!("error[{code}]"));
        ran.complains(message);
        let json = command.iter().copied().chain(["--json"]);
        assert_eq!(place.run(json).gives(3).json()["error"]["code"], code);
    }
    place.run(["check", "plugin"]).gives(3).says(&format!("error[{code}]")).says(message);
    let verdict = place.run(["check", "plugin", "--json"]).gives(3).json();
    assert_eq!(verdict["problems"][0]["code"], code);
}

#[test]
fn a_file_that_is_not_there() {
    let place = place();
    let message = "nowhere.wasm: cannot read the plugin: the file does not exist";
    for args in [
        vec!["call", "nowhere.wasm", "--payload", "payload.json"],
        vec!["inspect", "nowhere.wasm"],
        vec!["check", "nowhere.wasm"],
    ] {
        place.run(&args).gives(2).complains(message);
        let json = place.run(args.iter().copied().chain(["--json"])).gives(2).json();
        assert_eq!(json["error"]["code"], "invalid_input");
    }
    let message = "nowhere.json: cannot read the payload: the file does not exist";
    place.run(["call", "guest.wat", "--payload", "nowhere.json"]).gives(2).complains(message);
    for option in ["--extensions", "--context", "--config", "--policy"] {
        let ran = place.run(with(&[option, "nowhere"])).gives(2);
        ran.complains("nowhere: cannot read the ").complains("the file does not exist");
    }
}

#[test]
fn a_directory() {
    let place = place();
    std::fs::create_dir(place.path().join("folder")).unwrap();
    let message = "it is a directory; give a file in it";
    place.run(["inspect", "folder"]).gives(2).complains(message);
    place.run(["call", "guest.wat", "--payload", "folder"]).gives(2).complains(message);
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere() {
    use std::os::unix::fs::symlink;
    let place = place();
    symlink("gone.wasm", place.path().join("dangling.wasm")).unwrap();
    symlink("round.wasm", place.path().join("round.wasm")).unwrap();
    for file in ["dangling.wasm", "round.wasm"] {
        for args in [&["inspect", file][..], &["check", file]] {
            place.run(args).gives(2).complains(&format!("{file}: cannot read the plugin"));
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_opens_and_cannot_be_read() {
    let place = place();
    // Its first byte is no place in the memory, for any user: reading it fails.
    let file = "/proc/self/mem";
    let message = &format!("{file}: cannot read the plugin");
    for args in [&["inspect", file][..], &["check", file]] {
        place.run(args).gives(2).complains(message);
        let json = place.run(args.iter().copied().chain(["--json"])).gives(2).json();
        assert_eq!(json["error"]["code"], "invalid_input");
    }
    place.run(["call", file, "--payload", "payload.json"]).gives(2).complains(message);
    let message = &format!("{file}: cannot read the payload");
    place.run(["call", "guest.wat", "--payload", file]).gives(2).complains(message);
}

#[test]
fn no_wasm() {
    plugin("{\"a\": 1}", "invalid_module", "this is not a wasm module");
    plugin([0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0], "invalid_module", "this is not a wasm module");
    plugin("", "invalid_module", "the file has 0 bytes, too few for a wasm module");
}

#[test]
fn a_component() {
    let message = "this is a wasm component, and plugins are core modules";
    plugin(b"\0asm\x0d\0\x01\0", "invalid_module", message);
    plugin("(component)", "invalid_module", message);
}

#[test]
fn a_truncated_module() {
    let wasm = Guest::default().wasm();
    plugin(&wasm[..wasm.len() / 2], "invalid_module", "the module is truncated");
}

#[test]
fn text_format_with_an_error() {
    plugin("(module (func i32.ad))", "invalid_module", "plugin:1:15");
}

#[test]
fn a_manifest_from_the_future() {
    let wasm = Guest { abi: (7, 3), ..Guest::default() }.wasm();
    plugin(
        wasm,
        "unsupported_abi",
        "built for ABI 7.3, but this host runs ABI 1.1; update the host",
    );
}

#[test]
fn a_module_without_a_manifest() {
    plugin("(module)", "invalid_module", "its custom section `cpex.manifest` is missing");
}

#[test]
fn json_with_a_syntax_error() {
    payload(
        "{\n  \"message\": {,}\n}",
        "payload.json:2:15: in the payload: not valid JSON: key must",
    )
    .complains("hint: CPEX's payload is `{\"message\": {\"role\": …, \"content\": […]}}`");
    payload(
        "{\"message\": ",
        "payload.json:1:12: in the payload: not valid JSON: EOF while parsing",
    );
    payload(&format!("{PAYLOAD} x"), "trailing characters");
    let deep = format!("\"arguments\": {{\"a\": {}", "[".repeat(100_000));
    payload(&PAYLOAD.replace("\"arguments\": {", &deep), "recursion limit exceeded");
}

#[test]
fn json_that_is_empty_or_no_text() {
    payload(" \n", "payload.json: it is empty; the payload must be a JSON object");
    let place = place();
    let args = ["call", "guest.wat", "--payload", "-"];
    place.run(args).gives(2).complains("standard input: it is empty; the payload");
    place.file("payload.json", b"{\"message\": \"\xff\"}");
    place
        .run(CALL)
        .gives(2)
        .complains("payload.json: cannot read the payload: it is not UTF-8 text, at byte 13");
}

#[test]
fn a_payload_without_its_message() {
    let shape = "hint: CPEX's payload is `{\"message\": {\"role\": …, \"content\": […]}}`";
    payload("{\"role\": \"user\"}", "missing field `message`")
        .complains(shape)
        .complains("this looks like the message alone: put it under the key `message`");
    payload("{}", "missing field `message`").complains(shape);
    payload("[]", "in the payload: ").complains(shape);
}

#[test]
fn values_of_the_wrong_type_are_named_by_their_path() {
    let message =
        |content: &str| format!("{{\"message\": {{\"role\": \"user\", \"content\": {content}}}}}");
    payload(&message("3"), "`message.content`: invalid type: integer `3`, expected a sequence");
    payload(
        &message(r#"[{"content_type": "picture", "content": {}}]"#),
        "`message.content[0]`: unknown variant `picture`, expected one of `text`, `thinking`",
    );
    payload(
        &message(
            r#"[{"content_type": "text", "text": ""}, {"content_type": "tool_call", "content":
               {"tool_call_id": "1", "name": "x", "arguments": "none"}}]"#,
        ),
        "payload.json: in the payload: \
         `message.content[1].content.arguments`: invalid type: string \"none\", expected a map",
    );
    payload(
        &message(r#"[{"content_type": "tool_result", "content": {"tool_call_id": "1"}}]"#),
        "`message.content[0].content`: missing field `tool_name`",
    );
    payload("{\"message\": {\"role\": \"boss\"}}", "`message.role`: unknown variant `boss`");
    let place = place();
    place.file("e.json", "{\n\"security\": {\"labels\": \"PII\"}}");
    let args = with(&["--extensions", "e.json"]);
    place
        .run(args)
        .gives(2)
        .complains("e.json:2:28: in the extensions: `security.labels`: invalid type");
}

#[test]
fn a_configuration_that_is_no_object() {
    let place = place();
    place.file("c.json", "[1]");
    place
        .run(with(&["--config", "c.json"]))
        .gives(2)
        .complains("c.json:1:0: in the configuration: ");
}

#[test]
fn every_typo_in_a_policy() {
    let place = place();
    place.file(
        "p.yaml",
        "name: guest\nkind: wasm://x\ncapabilties: []\ncapabilities: [read_lables]\nconfig:\n  \
         sandbox_policy:\n    resources:\n      max_feul: 3\n      max_tables: many\n",
    );
    let complaints = [
        "error[invalid_policy]: p.yaml:3:1: ",
        "`capabilties` is not known; did you mean `capabilities`?",
        "`capabilities[0]` is `read_lables`, which is not a capability; did you mean \
         `read_labels`?",
        "`config.sandbox_policy.resources.max_feul` is not known; did you mean `max_fuel`?",
        "`config.sandbox_policy.resources.max_tables` must be a whole number, but is the text `many`",
    ];
    let call = place.run(with(&["--policy", "p.yaml"])).gives(2);
    let check = place.run(["check", "guest.wat", "--policy", "p.yaml"]).gives(2);
    complaints
        .into_iter()
        .fold((call, check), |(call, check), text| (call.complains(text), check.complains(text)));
    let json = place.run(with(&["--policy", "p.yaml", "--json"])).gives(2).json();
    assert_eq!(json["error"]["code"], "invalid_policy");
    assert_eq!(json["error"]["problems"].as_array().unwrap().len(), 4);
    let json = place.run(["check", "guest.wat", "--policy", "p.yaml", "--json"]).gives(2).json();
    // The entry lists no hooks either, which is nothing to a call.
    assert_eq!(json["error"]["problems"].as_array().unwrap().len(), 5);
    let first = serde_json::json!({
        "code": "invalid_policy", "message": "plugin `guest` (wasm://x): `capabilties` is not known; did you mean `capabilities`?",
        "file": "p.yaml", "line": 3, "column": 1, "path": "capabilties",
    });
    assert_eq!(json["error"]["problems"][1], first);
}

#[test]
fn yaml_with_a_syntax_error() {
    let place = place();
    let wrong = |text: &str, message: &str| {
        place.file("p.yaml", text);
        place.run(with(&["--policy", "p.yaml"])).gives(2).complains(message);
    };
    wrong("sandbox_policy:\n  a: b: c\n", "p.yaml:2:7: this is not valid YAML: ");
    wrong("resources: {}\nresources: {}\n", "p.yaml:2:1: `resources` stands twice");
    wrong("<<: {allow_state: true}\n", "p.yaml:1:1: `<<` is a merge key");
    wrong("a: !secret x\n", "`a` has the tag `!secret`");
    wrong("max_fuel: 99999999999999999999\n", "is 99999999999999999999, and whole numbers");
    wrong("- name: x\n", "policy: `sandbox_policy` must be a mapping, but is a list");
}

#[test]
fn arguments_that_make_no_sense() {
    let place = place();
    place.run(["call", "guest.wat"]).gives(2).complains("--payload <FILE|JSON>");
    place.run(["cal"]).gives(2).complains("tip: a similar subcommand exists: 'call'");
    let names = ["--capabilities", "read_labels,read_lables"];
    place.run(with(&names)).gives(2).complains("a similar value exists: 'read_labels'");
    place.run(with(&["--plugin", "x"])).gives(2).complains("--policy <FILE>");
    let none: [&str; 0] = [];
    place.run(none).gives(2).complains("Usage: cpex-wasmi [OPTIONS] <COMMAND>");
    let answer = place.run(["call", "--json"]).gives(2).json();
    assert_eq!(answer["error"]["code"], "usage");
    assert_eq!(answer["decision"], serde_json::Value::Null);
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("required arguments were not provided: --payload"), "{message}");
    assert_eq!(place.run(["inspect", "--json"]).gives(2).json()["error"]["code"], "usage");
}

#[test]
fn help_and_version() {
    let place = place();
    place.run(["--help"]).gives(0).says("Examples:").says("Exit status (the `--help` of");
    for command in ["call", "inspect", "check", "new"] {
        place.run([command, "--help"]).gives(0).says("Examples:");
    }
    place.run(["--version"]).gives(0).says(concat!("cpex-wasmi ", env!("CARGO_PKG_VERSION")));
}

#[cfg(unix)]
#[test]
fn an_endless_file_is_not_read_to_its_end() {
    let place = place();
    let message = "/dev/zero: cannot read the payload: it has more than 64 MiB";
    place.run(["call", "guest.wat", "--payload", "/dev/zero"]).gives(2).complains(message);
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let place = place();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = place.command(CALL).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("error[output]: the result cannot be written"), "{stderr}");
}
