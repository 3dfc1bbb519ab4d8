//! `check`: everything that is in the way of a plugin.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::{Guest, HOOK, Place};
use serde_json::{Value, json};

fn place() -> Place {
    let place = Place::new();
    let capabilities = ["read_labels", "read_roles"];
    let guest = Guest { capabilities: &capabilities, stateful: true, ..Guest::default() };
    place.file("guest.wat", guest.wat());
    place
}

const ENTRY: &str = "name: guest
kind: wasm://guest.wasm
hooks: [cmf.tool_pre_invoke]
capabilities: [read_labels, read_roles]
config:
  sandbox_policy:
    isolation: pooled
    allow_state: true
";

#[test]
fn a_plugin_that_would_be_loaded() {
    let place = place();
    place.file("entry.yaml", ENTRY);
    let args = ["check", "guest.wat", "--policy", "entry.yaml"];
    let ran = place.run(args).gives(0);
    assert_eq!(ran.stdout, "OK  the host loads this plugin\n");
    let verdict = place.run(args.into_iter().chain(["--json"])).gives(0).json();
    assert_eq!(verdict, json!({"ok": true, "problems": [], "warnings": [], "entry": null}));
}

#[test]
fn an_initialisation_is_run_and_held_against_its_limits() {
    let place = Place::new();
    let body = "i32.const 0)
        (func (export \"cpex_init\") (result i32) (local $left i32)
          (local.set $left (i32.const 10000))
          (loop $again (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br_if $again (local.get $left)))
          i32.const 0";
    place.file("guest.wat", Guest { body, ..Guest::default() }.wat());
    let ran = place.run(["check", "guest.wat"]).gives(0);
    ran.says("OK  the host loads this plugin\ninitialisation: fuel ").says(" · memory 64 KiB · ");
    let verdict = place.run(["check", "guest.wat", "--json"]).gives(0).json();
    assert!(verdict["initialisation"]["fuel"].as_u64().unwrap() > 10_000);
    assert_eq!(verdict["initialisation"]["memory_bytes"], 65_536);
    place.file("small.yaml", "resources: {init_fuel: 2000}");
    let ran = place.run(["check", "guest.wat", "--policy", "small.yaml"]).gives(3);
    let fuel = &verdict["initialisation"]["fuel"];
    let fuel = format!("{},{:03}", fuel.as_u64().unwrap() / 1000, fuel.as_u64().unwrap() % 1000);
    ran.says("error[fuel_exhausted]: the plugin used up its fuel of 2000; raise `init_fuel`")
        .says(&format!("its initialisation takes {fuel} units of fuel"))
        .says("`init_fuel` allows 2,000");
}

#[test]
fn an_initialisation_that_does_not_end_names_its_limit() {
    let place = Place::new();
    let body = "i32.const 0)
        (func (export \"cpex_init\") (result i32) (loop $again (br $again)) i32.const 0";
    place.file("guest.wat", Guest { body, ..Guest::default() }.wat());
    place.file("short.yaml", "resources: {max_init_time_ms: 50, init_fuel: 1000000000000000}");
    let begun = std::time::Instant::now();
    let ran = place.run(["check", "guest.wat", "--policy", "short.yaml"]).gives(3);
    assert!(begun.elapsed().as_secs() < 15, "{:?}", begun.elapsed());
    ran.says("error[timeout]: ")
        .says("raise `max_init_time_ms`")
        .says("tried again with unlimited fuel, it did not end within 5 s either")
        .says("`max_init_time_ms` allows 50 ms");
}

#[test]
fn an_initialisation_that_fails_is_a_problem() {
    let place = Place::new();
    let body = "i32.const 0) (func (export \"cpex_init\") (result i32) unreachable";
    place.file("guest.wat", Guest { body, ..Guest::default() }.wat());
    let ran = place.run(["check", "guest.wat"]).gives(3);
    ran.says("error[wasm_trap]: the plugin trapped in `cpex_init`").says("REFUSED");
}

#[test]
fn every_problem_is_named_at_once() {
    let place = place();
    let capabilities = ["--capabilities", "read_teams,read_labels"];
    let hooks = ["--hook", HOOK, "--hook", "cmf.tool_pre_invok"];
    let args = ["check", "guest.wat"].into_iter().chain(capabilities).chain(hooks);
    place
        .run(args.clone())
        .gives(3)
        .says("error[unknown_hook]: the plugin does not handle the hook `cmf.tool_pre_invok`; did")
        .says("error[capability_denied]: the plugin asks for the capability `read_roles`")
        .says("error[access_denied]: the plugin keeps state from one call to the next")
        .says("warning: the capability `read_teams` is granted, but the plugin does not ask for it")
        .says("REFUSED  the host does not load this plugin: 3 problems\n")
        .says("  capabilities:\n    - read_roles\n    - read_teams\n    - read_labels\n")
        .says("  config:\n    sandbox_policy:\n      isolation: pooled\n      allow_state: true\n");
    let verdict = place.run(args.chain(["--json"])).gives(3).json();
    assert_eq!(verdict["ok"], false);
    let problems = verdict["problems"].as_array().unwrap();
    let codes: Vec<_> = problems.iter().map(|problem| &problem["code"]).collect();
    assert_eq!(codes, ["unknown_hook", "capability_denied", "access_denied"]);
    assert_eq!(verdict["warnings"].as_array().unwrap().len(), 1);
    // What is to be pasted is enough.
    let entry = verdict["entry"].as_str().unwrap();
    place.file(
        "entry.yaml",
        format!("name: guest\nkind: wasm://guest.wasm\nhooks: [{HOOK}]\n{entry}"),
    );
    place.run(["check", "guest.wat", "--policy", "entry.yaml"]).gives(0);
}

#[test]
fn system_access_that_is_missing_is_printed_to_be_pasted() {
    let place = Place::new();
    let access = &[
        "env:API_REGION",
        "clock",
        "random",
        "fs:read-only:data/rules",
        "network:GET https://api.example.com",
        "exec:/bin/echo",
    ];
    // Nothing of it has to be there: it is only looked at.
    std::fs::create_dir_all(place.path().join("data/rules")).unwrap();
    place.file("guest.wat", Guest { access, ..Guest::default() }.wat());
    place.file("half.yaml", "allowed_env: [API_REGION]\nclock: {fixed: 7}\n");
    let ran = place.run(["check", "guest.wat", "--policy", "half.yaml", "--json"]).gives(3);
    let verdict = ran.json();
    assert_eq!(verdict["problems"].as_array().map(Vec::len), Some(4), "{verdict}");
    let entry = verdict["entry"].as_str().unwrap();
    assert!(entry.contains("clock: {fixed: 7}"), "{entry}");
    place.file(
        "entry.yaml",
        format!("name: guest\nkind: wasm://guest.wasm\nhooks: [{HOOK}]\n{entry}"),
    );
    place.run(["check", "guest.wat", "--policy", "entry.yaml"]).gives(0);

    let asked = place.run(["inspect", "guest.wat"]).gives(0);
    asked
        .says("read and list `data/rules`")
        .says("send GET requests to `api.example.com` by https, port 443")
        .says("        allowed_env: [API_REGION]\n");
}

#[test]
fn a_malformed_request_or_missing_function_is_reported() {
    let place = Place::new();
    let access = &["envv:A", "fs:read-onyl:data", "function:acme.f"];
    place.file("guest.wat", Guest { access, ..Guest::default() }.wat());
    place
        .run(["check", "guest.wat"])
        .gives(3)
        .says("the system access `envv:A`, which does not exist; did you mean `env`?")
        .says("but there is no permission `read-onyl`; did you mean `read-only`?")
        .says("`function:acme.f`, and this host has no such function");
}

#[test]
fn problems_of_module_and_policy_come_together() {
    let place = place();
    place.file("policy.yaml", "max_feul: 1");
    place.file("module.wat", "(module (memory 1))");
    place
        .run(["check", "module.wat", "--policy", "policy.yaml"])
        .gives(3)
        .says("custom section `cpex.manifest` is missing")
        .says("does not export `cpex_invoke`")
        .says("does not export its memory")
        .says("policy: `sandbox_policy.max_feul` is not known")
        .says("4 problems");
}

#[test]
fn the_hooks_of_an_entry_are_checked() {
    let place = place();
    place.file("entry.yaml", ENTRY.replace("tool_pre_invoke", "tool_post_invoke"));
    let args = ["check", "guest.wat", "--policy", "entry.yaml"];
    place.run(args).gives(3).says("does not handle the hook `cmf.tool_post_invoke`");
    place.run(args.into_iter().chain(["--hook", HOOK])).gives(0);
}

#[test]
fn a_whole_configuration_names_its_plugins() {
    let place = place();
    let item = ENTRY.replace('\n', "\n    ");
    let other = "name: other\n    kind: builtin";
    place.file("both.yaml", format!("plugins:\n  - {item}\n  - {other}\nroutes: []\n"));
    place.file("other.yaml", format!("plugins:\n  - {other}\n"));
    place.file("twice.yaml", format!("plugins:\n  - {item}\n  - {item}\n"));
    place.file("renamed.yaml", format!("plugins:\n  - {}\n", item.replace("guest\n", "mine\n")));
    let check = |file: &str, more: &[&str]| {
        place.run(["check", "guest.wat", "--policy", file].iter().chain(more))
    };
    check("both.yaml", &[]).gives(0);
    check("both.yaml", &["--plugin", "other"]).gives(3);
    let message = "renamed.yaml: no plugin in it is named `guest`; there are `mine`; pick one with";
    check("renamed.yaml", &[]).gives(2).complains(message);
    check("renamed.yaml", &["--plugin", "mine"]).gives(0);
    check("other.yaml", &[]).gives(2).complains("there are `other`");
    check("twice.yaml", &[]).gives(2).complains("error[invalid_policy]: twice.yaml:");
    place.file("entry.yaml", ENTRY);
    let message = "`--plugin` picks an entry of a list `plugins`, but the file has no such list";
    check("entry.yaml", &["--plugin", "x"]).gives(2).complains(message);
}

#[test]
fn the_policy_can_come_from_the_standard_input() {
    let place = place();
    place.run_with(["check", "guest.wat", "--policy", "-"], ENTRY).gives(0);
    // An empty policy grants nothing.
    let ran = place.run(["check", "guest.wat", "--policy", "-", "--json"]).gives(3);
    assert_eq!(ran.json()["problems"].as_array().map(Vec::len), Some(3));
    assert_ne!(ran.json()["entry"], Value::Null);
}

/// A guest whose manifest has characters in it that steer a terminal, reorder text or are not seen.
fn odd() -> Place {
    let place = Place::new();
    let odd = "A\u{9b}2J\u{202e}B\u{e0041}\u{feff}\u{7f}\"\\";
    let access = [format!("env:{odd}"), format!("exec:/bin/{odd}"), format!("fs:read-only:{odd}")];
    let access: Vec<_> = access.iter().map(String::as_str).collect();
    place.file("odd.wat", Guest { access: &access, ..Guest::default() }.wat());
    place
}

#[test]
fn text_of_a_manifest_is_shown_escaped() {
    let place = odd();
    for args in [
        &["inspect", "odd.wat"][..],
        &["inspect", "odd.wat", "--json"],
        &["check", "odd.wat"],
        &["check", "odd.wat", "--json"],
        &["call", "odd.wat", "--payload", "payload.json"],
        &["call", "odd.wat", "--payload", "payload.json", "--allow-access", "-v"],
        &["bench", "odd.wat", "--payload", "payload.json"],
    ] {
        let ran = place.run(args);
        let shown = format!("{}{}", ran.stdout, ran.stderr);
        let hidden = shown.lines().find(|line| cpex_wasmi::visible(line) != **line);
        assert_eq!(hidden, None, "{args:?}");
    }
}

#[test]
fn yaml_with_escapes_can_be_pasted() {
    let place = odd();
    let asked = place.run(["inspect", "odd.wat", "--json"]).gives(0).json();
    let entry = asked["entry"].as_str().unwrap();
    assert!(entry.contains(r#""A\u009b2J\u202eB\U000e0041\ufeff\u007f\"\\""#), "{entry}");
    place.file("entry.yaml", format!("plugins:\n{entry}"));
    place.run(["check", "odd.wat", "--policy", "entry.yaml"]).gives(0);
    let verdict = place.run(["check", "odd.wat", "--json"]).gives(3).json();
    let entry = verdict["entry"].as_str().unwrap();
    place.file(
        "entry.yaml",
        format!("name: guest\nkind: wasm://odd.wasm\nhooks: [{HOOK}]\n{entry}"),
    );
    place.run(["check", "odd.wat", "--policy", "entry.yaml"]).gives(0);
    // What an error advises is YAML too.
    let error = verdict["problems"][0]["message"].as_str().unwrap();
    assert!(error.contains(r#"allowed_env: ["A\u009b2J\u202eB"#), "{error}");
}

#[test]
fn the_advice_for_a_program_is_the_narrowest() {
    let place = Place::new();
    place.file("guest.wat", Guest { access: &["exec:/bin/sh"], ..Guest::default() }.wat());
    let ran = place.run(["check", "guest.wat"]).gives(3);
    ran.says(r#"add `allowed_commands: [{program: "/bin/sh", args: []}]`"#)
        .says("- program: \"/bin/sh\"\n          args: []\n");
    place.run(["inspect", "guest.wat"]).gives(0).says("args: []\n");
}

#[test]
fn an_address_that_nothing_is_sent_to_is_a_warning() {
    let place = Place::new();
    let access = &["network:https://[::1]"];
    place.file("guest.wat", Guest { access, ..Guest::default() }.wat());
    let check = |policy: &str| {
        place.file("policy.yaml", policy);
        place.run(["check", "guest.wat", "--policy", "policy.yaml"]).gives(0)
    };
    let warning = "warning: `allowed_network` grants `[::1]`, which is not a public address: \
                   nothing is sent to it without `allow_private: true`";
    check("allowed_network: [{host: '::1'}]").says(warning);
    // One entry that permits it is enough.
    let both = "allowed_network: [{host: '::1'}, {host: '0:0::1', allow_private: true}]";
    assert!(!check(both).stdout.contains("warning"));
}
