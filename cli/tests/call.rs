//! `call`: decisions, changes, cost.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

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

const CALL: [&str; 4] = ["call", "guest.wat", "--payload", "payload.json"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    CALL.iter().chain(more).copied().collect()
}

/// Logs a line and then does what `body` says.
fn logger(body: &str) -> String {
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

#[test]
fn a_deny_is_told_with_everything_the_plugin_said_and_nothing_raw() {
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
        .complains("warning: the capability `read_labels` is granted, and the plugin does not");
}

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
