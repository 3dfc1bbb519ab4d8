//! The command line on the built plugins, and on modules that break the rules.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::path::{Path, PathBuf};

use common::{HOOK, Place, Ran};
use serde_json::json;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures");

/// A built plugin. `CPEX_WASMI_FIXTURES` names another folder, to test fresh builds.
fn fixture(name: &str) -> String {
    let folder = std::env::var_os("CPEX_WASMI_FIXTURES").map_or_else(|| ROOT.into(), PathBuf::from);
    folder.join(name).with_extension("wasm").display().to_string()
}

fn call(name: &str, extensions: &str, more: &[&str]) -> Ran {
    let (payload, extensions) = (
        format!("{ROOT}/requests/tool_call_pii.json"),
        format!("{ROOT}/requests/{extensions}.json"),
    );
    let plugin = fixture(name);
    let args = ["call", &plugin, "--hook", HOOK, "--payload", &payload, "--allow-requested"];
    let args = args.into_iter().chain(["--extensions", &extensions]).chain(more.iter().copied());
    Place::new().run(args)
}

#[test]
fn the_pii_guard_denies_an_engineer() {
    call("pii_guard", "extensions_pii", &[])
        .gives(1)
        .says("DENY  pii-guard 1.0.0 · cmf.tool_pre_invoke\n")
        .says("  pii_access: only hr_admin may pass personal data to a tool\n")
        .says("\nfuel ");
    let answer = call("pii_guard", "extensions_pii", &["--json"]).gives(1).json();
    let violation = json!({
        "code": "pii_access",
        "reason": "only hr_admin may pass personal data to a tool",
        "description": null,
        "details": {},
        "plugin_name": "pii-guard",
    });
    assert_eq!(answer["violation"], violation);
    call("pii_guard", "extensions_hr", &[]).gives(0).says("ALLOW  pii-guard");
}

#[test]
fn what_a_plugin_changes_is_shown() {
    call("argument_redactor", "extensions_pii", &[])
        .gives(0)
        .says("  ~ tool_call[0].arguments.ssn  \"123-45-6789\" → \"***-**-****\"\n")
        .complains("log info cmf.tool_pre_invoke: masked an argument\n");
    call("labeler", "extensions_pii", &[]).gives(0).says("  + security.labels \"REVIEWED\"\n");
    call("header_injector", "extensions_pii", &[])
        .gives(0)
        .says("  + http.request_headers[\"x-policy-checked\"] = \"true\"\n");
    let answer = call("header_injector", "extensions_pii", &["--json"]).gives(0).json();
    assert_eq!(answer["payload"], serde_json::Value::Null);
    assert_eq!(answer["extensions"]["http"]["request_headers"]["x-policy-checked"], "true");
}

#[test]
fn a_plugin_that_fails_is_a_failure_with_a_code() {
    let place = Place::new();
    let payload = place.file("boom.json", common::PAYLOAD.replace("search", "boom"));
    // So little fuel that a slow machine does not reach the deadline first.
    let policy = place.file("policy.yaml", "resources: {max_fuel: 5000000}");
    let error = |name: &str| {
        let plugin = fixture(name);
        let args = ["call", &plugin, "--hook", HOOK, "--payload", payload.to_str().unwrap()];
        let more = ["--policy", policy.to_str().unwrap(), "--json"];
        let answer = place.run(args.into_iter().chain(more)).gives(3).json();
        assert_eq!(answer["decision"], serde_json::Value::Null);
        let text = |key: &str| answer["error"][key].as_str().unwrap().to_owned();
        (text("code"), text("message"))
    };
    let (code, message) = error("panics");
    assert_eq!(code, "wasm_trap");
    assert!(message.contains("src/lib.rs:"), "{message}");
    assert_eq!(error("panics_in_init").0, "wasm_trap");
    assert_eq!(error("loops").0, "fuel_exhausted");
    assert_eq!(error("memory_hog").0, "memory_limit");
    // It keeps state, which needs more than capabilities.
    assert_eq!(error("call_counter").0, "access_denied");
}

#[test]
fn state_is_kept_where_it_is_allowed() {
    let place = Place::new();
    let policy = place.file("policy.yaml", "isolation: pooled\nallow_state: true\n");
    let more = ["--policy", policy.to_str().unwrap(), "--repeat", "5", "--json"];
    let answer = call("call_counter", "extensions_pii", &more).gives(0).json();
    assert_eq!(answer["context"]["local_state"]["calls"], 5);
}

#[test]
fn every_command_survives_every_module() {
    let modules: Vec<_> = ["wat", "."]
        .into_iter()
        .flat_map(|folder| std::fs::read_dir(Path::new(ROOT).join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "wat" || kind == "wasm"))
        .collect();
    assert!(modules.len() > 20, "the fixtures are missing");
    let place = Place::new();
    // So little fuel that a module which loops ends long before its deadline.
    place.file("little.yaml", "resources: {max_fuel: 300000, init_fuel: 300000}");
    std::thread::scope(|scope| {
        for some in modules.chunks(modules.len().div_ceil(4)) {
            let place = &place;
            scope.spawn(move || {
                some.iter().for_each(|module| every_command_survives(place, module))
            });
        }
    });
}

fn every_command_survives(place: &Place, module: &Path) {
    let module = module.to_str().unwrap();
    let little = ["--policy", "little.yaml"];
    let check = [&["check", module][..], &little].concat();
    let call = ["call", module, "--payload", "payload.json", "--hook", HOOK];
    let call = [&call[..], &little].concat();
    for (args, allowed) in [
        (["inspect", module].as_slice(), [0, 3].as_slice()),
        (&check, &[0, 3]),
        // 2: a module that does not handle that hook.
        (&call, &[0, 1, 2, 3]),
    ] {
        for json in [false, true] {
            let ran = place.run(args.iter().copied().chain(json.then_some("--json")));
            assert!(allowed.contains(&ran.status), "{module}: {}", ran.status);
            if json {
                let answer = ran.json();
                let has_error = ran.status > 1 && answer.get("ok").is_none();
                assert_eq!(answer.get("error").is_some(), has_error, "{module}");
            }
            let raw = |text: &str| text.chars().any(|char| char.is_control() && char != '\n');
            assert!(!raw(&ran.stdout) && !raw(&ran.stderr), "{module}: {}", ran.stdout);
        }
    }
}
