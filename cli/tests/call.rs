//! `call`: decisions, changes, cost.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod common;

use common::calling::{CALL, logger, with};
use common::{Guest, Place, write};
use cpex_wasmi::abi::Field;
use serde_json::{Value, json};

const VIOLATION: &str = r#"{"code": "pii_access", "reason": "no\u001b[2Jway\u202e",
    "description": "first line\nsecond line", "details": {"role": "engineer"},
    "proto_error_code": -32603}"#;

/// Denies with the whole of [`VIOLATION`].
fn denier() -> String {
    let len = VIOLATION.len();
    Guest {
        name: "denier",
        imports: &[("deny_json", 2)],
        data: VIOLATION,
        body: &format!("i32.const 0 i32.const {len} call $deny_json drop i32.const 1"),
        ..Guest::default()
    }
    .wat()
}

const CHANGES: &str = "ssn***-**-****PIIx-policy-checkedtrueverdict{\"ok\": true}seen1";

/// Changes an argument, the labels, a header, the custom slot and the context.
fn changer() -> String {
    let body = [
        write(CHANGES, "write_text", Field::ToolCallArguments.number(), Some("ssn"), "***-**-****"),
        write(CHANGES, "write_text", Field::SecurityLabels.number(), None, "PII"),
        write(
            CHANGES,
            "write_text",
            Field::HttpRequestHeaders.number(),
            Some("x-policy-checked"),
            "true",
        ),
        write(CHANGES, "write_json", Field::Custom.number(), Some("verdict"), "{\"ok\": true}"),
        write(CHANGES, "write_json", Field::ContextLocal.number(), Some("seen"), "1"),
        "i32.const 0".into(),
    ]
    .concat();
    Guest {
        name: "changer",
        capabilities: &["append_labels", "write_headers"],
        imports: &[("write_text", 6), ("write_json", 6)],
        data: CHANGES,
        body: &body,
        ..Guest::default()
    }
    .wat()
}

/// Counts and attaches, and allows.
fn reporter() -> String {
    let said = "texts.seenrules\u{202e}{\"of\": [2026]}";
    let (name, key) = ("texts.seen".len(), "rules\u{202e}".len());
    let (value, len) = (name + key, "{\"of\": [2026]}".len());
    Guest {
        name: "reporter",
        imports: &[("metric", 3), ("metadata_json", 4)],
        data: said,
        body: &format!(
            "i32.const 0 i32.const {name} i32.const 1234 call $metric drop \
             i32.const {name} i32.const {key} i32.const {value} i32.const {len} \
             call $metadata_json"
        ),
        ..Guest::default()
    }
    .wat()
}

#[test]
fn metrics_and_metadata_are_shown() {
    let place = Place::new();
    place.file("guest.wat", reporter());
    let ran = place.run(CALL).gives(0).says("ALLOW  reporter 1.2.3 · cmf.tool_pre_invoke\n");
    ran.says("\n\n  texts.seen: 1,234\n  rules\\u{202e}: {\"of\":[2026]}\n\n");
    let json = place.run(with(&["--json"])).gives(0).json();
    assert_eq!(json["metrics"], json!({ "texts.seen": 1234 }));
    assert_eq!(json["metadata"], json!({ "rules\u{202e}": { "of": [2026] } }));
}

#[test]
fn a_denial_shows_all_that_the_plugin_said_escaped() {
    let place = Place::new();
    place.file("guest.wat", denier());
    let ran = place.run(CALL).gives(1).says("DENY  denier 1.2.3 · cmf.tool_pre_invoke\n");
    let ran = ran.says("  pii_access: no\\u{1b}[2Jway\\u{202e}\n");
    let ran = ran.says("  first line\n  second line\n  role: \"engineer\"\n");
    let ran = ran.says("protocol error code: -32603\n").says("1 host call · read 0 B · wrote");
    assert!(!ran.stdout.contains('\u{1b}') && !ran.stdout.contains('\u{202e}'));
    assert_eq!(ran.stderr, "");
}

#[test]
fn json_has_cpex_s_violation() {
    let place = Place::new();
    place.file("guest.wat", denier());
    let ran = place.run(with(&["--json"])).gives(1);
    let answer = ran.json();
    let mut expected: Value = serde_json::from_str(VIOLATION).unwrap();
    expected["plugin_name"] = "denier".into();
    assert_eq!(answer["violation"], expected);
    assert_eq!(answer["decision"], "deny");
    for unchanged in ["payload", "extensions", "context"] {
        assert_eq!(answer[unchanged], Value::Null, "{unchanged}");
    }
    assert_eq!(answer["receipt"]["host_calls"], 1);
    assert_eq!(answer.get("error"), None);
    assert!(!ran.stdout.contains('\u{1b}') && !ran.stdout.contains('\u{202e}'));
}

#[test]
fn changes_are_listed() {
    let place = Place::new();
    place.file("guest.wat", changer());
    place.file("extensions.json", r#"{"security": {"labels": ["A"]}, "http": {"method": "GET"}}"#);
    let args = with(&["--allow-requested", "--extensions", "extensions.json"]);
    place
        .run(args)
        .gives(0)
        .says("ALLOW  changer 1.2.3 · cmf.tool_pre_invoke\n")
        .says("  ~ tool_call[0].arguments.ssn  \"123-45-6789\" → \"***-**-****\"\n")
        .says("  + security.labels \"PII\"\n")
        .says("  + http.request_headers[\"x-policy-checked\"] = \"true\"\n")
        .says("  + custom.verdict = {\"ok\":true}\n")
        .says("  + context.local_state.seen = 1\n")
        .complains("granted because the plugin asks for it: write_headers, append_labels\n");
}

#[test]
fn json_has_the_whole_of_what_changed() {
    let place = Place::new();
    place.file("guest.wat", changer());
    place.file("extensions.json", r#"{"security": {"labels": ["A"]}, "http": {"method": "GET"}}"#);
    place.file("context.json", r#"{"global_state": {"all": true}}"#);
    let files = ["--extensions", "extensions.json", "--context", "context.json", "--json"];
    let mut args = with(&files);
    args.extend(["--capabilities", "append_labels,write_headers"]);
    let answer = place.run(args).gives(0).json();
    assert_eq!(answer["decision"], "allow");
    assert_eq!(answer["violation"], Value::Null);
    let call = &answer["payload"]["message"]["content"][0]["content"];
    assert_eq!(call["arguments"], json!({"limit": 3, "ssn": "***-**-****"}));
    let extensions = &answer["extensions"];
    assert_eq!(extensions["security"]["labels"], json!(["A", "PII"]));
    assert_eq!(extensions["http"]["request_headers"], json!({"x-policy-checked": "true"}));
    assert_eq!(extensions["http"]["method"], "GET");
    assert_eq!(extensions["custom"], json!({"verdict": {"ok": true}}));
    let context = json!({"local_state": {"seen": 1}, "global_state": {"all": true}});
    assert_eq!(answer["context"], context);
}

#[test]
fn a_change_to_what_was_there_before_is_no_change() {
    let place = Place::new();
    let data = "limit3";
    let body = write(data, "write_json", Field::ToolCallArguments.number(), Some("limit"), "3");
    let guest = Guest {
        imports: &[("write_json", 6)],
        data,
        body: &format!("{body} i32.const 0"),
        ..Guest::default()
    };
    place.file("guest.wat", guest.wat());
    assert_eq!(place.run(with(&["--json"])).gives(0).json()["payload"], Value::Null);
    let ran = place.run(CALL).gives(0);
    assert!(!ran.stdout.contains('~'), "{}", ran.stdout);
}

#[test]
fn wasm_and_its_text_format_are_the_same() {
    let place = Place::new();
    place.file("guest.wat", denier());
    place.file("guest.wasm", wat::parse_str(denier()).unwrap());
    let text = place.run(CALL).gives(1);
    let binary = place.run(["call", "guest.wasm", "--payload", "payload.json"]).gives(1);
    assert_eq!(text.stdout, binary.stdout);
}

#[test]
fn log_lines_go_to_the_standard_error() {
    let place = Place::new();
    place.file("guest.wat", logger("i32.const 0"));
    let ran = place.run(with(&["--json"])).gives(0);
    assert_eq!(ran.stderr, "log warn cmf.tool_pre_invoke: up\\nto \\u{1b}[31mno good\n");
    assert_eq!(ran.json()["receipt"]["log_bytes"], 18);
}

#[test]
fn a_trap_is_a_failure_with_a_receipt() {
    let place = Place::new();
    place.file("guest.wat", logger("i32.const 0 i32.const 2 call $panic drop unreachable"));
    place
        .run(CALL)
        .gives(3)
        .complains("log warn")
        .complains("error[wasm_trap]: plugin `guest`:")
        .complains("fuel ");
    let answer = place.run(with(&["--json"])).gives(3).json();
    assert_eq!(answer["decision"], Value::Null);
    assert_eq!(answer["error"]["code"], "wasm_trap");
    assert!(answer["error"]["message"].as_str().unwrap().contains("up"), "{answer}");
    assert_eq!(answer["receipt"]["host_calls"], 2);
}

#[test]
fn limits_of_the_policy_hold() {
    let place = Place::new();
    let guest = Guest { body: "(loop $l br $l) i32.const 0", ..Guest::default() };
    place.file("guest.wat", guest.wat());
    place.file("fuel.yaml", "sandbox_policy:\n  resources:\n    max_fuel: 1000\n");
    let answer = place.run(with(&["--policy", "fuel.yaml", "--json"])).gives(3).json();
    assert_eq!(answer["error"]["code"], "fuel_exhausted");
    assert!(answer["receipt"]["fuel"].as_u64().unwrap() > 0);
    place.file("time.yaml", "resources: {max_execution_time_ms: 20, max_fuel: 1000000000000}");
    place.run(with(&["--policy", "time.yaml"])).gives(3).complains("error[timeout]");
}

#[test]
fn the_only_hook_needs_no_name() {
    let place = Place::new();
    place.file("guest.wat", Guest { hooks: &["a", "b"], ..Guest::default() }.wat());
    let message = "the plugin handles several hooks; pick one of `a`, `b` with `--hook NAME`";
    place.run(CALL).gives(2).complains(message);
    place.run(with(&["--hook", "b"])).gives(0).says("ALLOW  guest 1.2.3 · b\n");
}

#[test]
fn an_unknown_hook_is_a_usage_error_that_lists_those_known() {
    let place = Place::new();
    place.file("guest.wat", Guest { hooks: &["a", "b"], ..Guest::default() }.wat());
    let args = with(&["--hook", "c"]);
    place.run(args).gives(2).complains(
        "error[unknown_hook]: the plugin does not handle the hook `c`; it handles `a`, `b`",
    );
    let answer = place.run(with(&["--hook", "c", "--json"])).gives(2).json();
    assert_eq!(answer["error"]["code"], "unknown_hook");
}

#[test]
fn a_missing_grant_is_a_refusal_that_says_how_to_grant() {
    let place = Place::new();
    place.file("guest.wat", changer());
    place
        .run(CALL)
        .gives(3)
        .complains("error[capability_denied]: the plugin asks for the capability `write_headers`")
        .complains("error[capability_denied]: the plugin asks for the capability `append_labels`")
        .complains("hint: to try it out, pass `--capabilities write_headers,append_labels`");
    let answer = place.run(with(&["--json"])).gives(3).json();
    assert_eq!(answer["error"]["code"], "capability_denied");
    assert_eq!(answer["error"]["problems"].as_array().unwrap().len(), 2);
    assert!(answer["error"]["hint"].as_str().unwrap().contains("--allow-requested"));
}

#[test]
fn an_unused_grant_is_a_warning() {
    let place = Place::new();
    place.file("guest.wat", Guest::default().wat());
    place
        .run(with(&["--capabilities", "read_labels"]))
        .gives(0)
        .complains("warning: the capability `read_labels` is granted, but the plugin does not");
}

#[test]
fn configuration_comes_from_the_policy_or_a_file() {
    let place = Place::new();
    // Denies with a text of the configuration as reason.
    let data = "role";
    let body = format!(
        "i32.const 0 i32.const 4
         i32.const 64
         (call $read_text (i32.const {}) (i32.const 0) (i32.const 0) (i32.const 4)
            (i32.const 64) (i32.const 64))
         call $deny_text",
        Field::Config.number()
    );
    let imports = [("read_text", 6), ("deny_text", 4)];
    let guest = Guest { imports: &imports, data, body: &body, ..Guest::default() };
    place.file("guest.wat", guest.wat());
    let entry = "name: guest\nkind: wasm://guest.wasm\nconfig:\n  role: from the policy\n";
    place.file("entry.yaml", entry);
    place.file("config.json", r#"{"role": "from the file"}"#);
    let reason = |args: &[&str]| {
        let answer = place.run(with(args)).gives(1).json();
        answer["violation"]["reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(reason(&["--policy", "entry.yaml", "--json"]), "from the policy");
    // CPEX calls a plugin for the hooks of its entry only.
    place.file("other.yaml", format!("{entry}hooks: [cmf.llm_input]\n"));
    let ran = place.run(with(&["--policy", "other.yaml"])).gives(1);
    ran.complains("warning: the policy's entry does not list the hook `cmf.tool_pre_invoke`");
    let both = ["--policy", "entry.yaml", "--config", "config.json", "--json"];
    assert_eq!(reason(&both), "from the file");
}

#[test]
fn one_file_can_be_the_standard_input() {
    let place = Place::new();
    place.file("guest.wat", changer());
    let args = ["call", "guest.wat", "--payload", "-", "--allow-requested"];
    place.run_with(args, common::PAYLOAD).gives(0).says("ssn");
    let args = with(&["--allow-requested", "--extensions", "-", "--json"]);
    let answer = place.run_with(args, r#"{"security": {"labels": ["B"]}}"#).gives(0).json();
    assert_eq!(answer["extensions"]["security"]["labels"], json!(["B", "PII"]));
    let args = ["call", "guest.wat", "--payload", "-", "--context", "-"];
    place.run(args).gives(2).complains("`--payload` and `--context` are both `-`");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = Place::new();
    place.file("guest.wat", denier());
    for args in [with(&[]), with(&["--json"]), vec!["--help"], vec!["inspect", "guest.wat"]] {
        let expected = i32::from(args.first() == Some(&"call"));
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = place.command(&args).stdout(writer).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(expected), "{args:?}: {stderr}");
        assert!(!stderr.contains("panicked at"), "{stderr}");
    }
}

#[test]
fn colour_is_for_terminals_only() {
    let place = Place::new();
    place.file("guest.wat", denier());
    let output = place.command(CALL).env("CLICOLOR_FORCE", "1").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("\u{1b}[1m\u{1b}[31mDENY\u{1b}[0m"), "{text:?}");
    let output = place.command(CALL).output().unwrap();
    assert!(!output.stdout.contains(&0x1b));
}

#[test]
fn a_name_with_spaces_is_told_in_quotes() {
    let place = Place::new();
    let data = r#"env.get"A: allowed (0 B sent, 7 B received)""#;
    let body = format!(
        "i32.const 0 i32.const 7 i32.const 7 i32.const {} i32.const 512 i32.const 9 call $call_json \
         drop i32.const 0",
        data.len() - 7
    );
    let guest = Guest { data, body: &body, imports: &[("call_json", 6)], ..Guest::default() };
    place.file("names.wat", guest.wat());
    let ran = place.run(["call", "names.wat", "--payload", "payload.json"]).gives(0);
    let line =
        r#"audit env get "A: allowed (0 B sent, 7 B received)": denied (0 B sent, 0 B received)"#;
    assert!(format!("{}{}", ran.stdout, ran.stderr).contains(line), "{}{}", ran.stdout, ran.stderr);
}

/// Counts in a state, and logs the sum.
fn stateful() -> String {
    Guest {
        access: &["state:calls"],
        imports: &[("call_json", 6), ("log", 3)],
        data: r#"state.increment{"key":"calls","by":1}"#,
        body: "i32.const 3 i32.const 64
               i32.const 0 i32.const 15 i32.const 15 i32.const 22 i32.const 64 i32.const 9
               call $call_json call $log",
        ..Guest::default()
    }
    .wat()
}

#[test]
fn state_is_kept_from_call_to_call() {
    let place = Place::new();
    place.file("guest.wat", stateful());
    let calls = with(&["--allow-access", "--repeat", "3", "-v"]);
    let told = |sum: u32| format!("log info cmf.tool_pre_invoke: {sum}\n");
    place.run(calls).gives(0).complains(&told(1)).complains(&told(2)).complains(&told(3));
    let wrong = with(&["--allow-access", "--state", "http://127.0.0.1/"]);
    place.run(wrong).gives(2).complains("`redis://`");
    let nobody = with(&["--allow-access", "--state", "redis://127.0.0.1:1/"]);
    place.run(nobody).gives(3).complains("`calls` failed: Redis: ");
}
