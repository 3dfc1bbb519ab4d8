//! `embed`: a manifest for a module that has none.
#![allow(clippy::unwrap_used)]

mod common;

use common::{HOOK, Place};

const MODULE: &str = r#"(module
    (import "cpex" "deny_text" (func $deny (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "nope")
    (func (export "cpex_invoke") (param i32) (result i32)
        (drop (call $deny (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 4)))
        (i32.const 1)))"#;

const MANIFEST: &str = "\
name: no-guard
version: 0.3.0
description: Denies all
hooks: [cmf.tool_pre_invoke, cmf.tool_post_invoke]
capabilities: [read_labels]
access: [\"fs:read-only:rules/*.json\"]
config_schema: {type: object}
";

fn place() -> Place {
    let place = Place::new();
    place.file("module.wat", MODULE);
    place.file("manifest.yaml", MANIFEST);
    place
}

const EMBED: [&str; 6] =
    ["embed", "module.wat", "--manifest", "manifest.yaml", "--output", "plugin.wasm"];

#[test]
fn a_module_becomes_a_plugin() {
    let place = place();
    place.run(["check", "module.wat"]).gives(3).says("`cpex-wasmi embed`");
    place.run(EMBED).gives(0).says("embedded no-guard 0.3.0  plugin.wasm, ");
    place
        .run(["inspect", "plugin.wasm"])
        .gives(0)
        .says("no-guard 0.3.0")
        .says("Denies all")
        .says("read and list files `rules/*.json`")
        .says("cmf.tool_post_invoke")
        .says("read_labels")
        .says("\"type\": \"object\"")
        .says("- file: \"rules/*.json\"\n");
    let payload = ["--hook", HOOK, "--payload", "payload.json", "--allow-requested"];
    std::fs::create_dir(place.path().join("rules")).unwrap();
    let args = ["call", "plugin.wasm", "--allow-access"].into_iter().chain(payload);
    place.run(args).gives(1).says("DENY  no-guard 0.3.0").says("nope: nope");
}

#[test]
fn a_json_manifest_from_stdin_can_replace_the_module() {
    let place = place();
    let wasm = place.file("plugin.wasm", wat::parse_str(MODULE).unwrap());
    let json = r#"{"name": "a", "version": "1", "hooks": ["cmf.tool_pre_invoke"], "stateful": true,
        "config_schema": "{\"type\": \"object\"}"}"#;
    let args = ["embed", "plugin.wasm", "--manifest", "-", "-o", "plugin.wasm"];
    place.run_with(args, json).gives(0);
    let manifest = &place.run(["inspect", "plugin.wasm", "--json"]).gives(0).json()["manifest"];
    assert_eq!(manifest["stateful"], true);
    assert_eq!(manifest["config_schema"], serde_json::json!({"type": "object"}));
    let each = json.replace("true", "\"per_instance\"");
    place.file("bare.wasm", wat::parse_str(MODULE).unwrap());
    let other = ["embed", "bare.wasm", "--manifest", "-", "-o", "each.wasm"];
    place.run_with(other, &each).gives(0);
    let inspection = place.run(["inspect", "each.wasm", "--json"]).gives(0).json();
    assert_eq!(inspection["manifest"]["stateful"], "per_instance");
    place.run(["inspect", "each.wasm"]).gives(0).says("by each instance for itself");
    place
        .run_with(other, &json.replace("true", "\"perinstance\""))
        .gives(2)
        .complains("`true`, `false` or `per_instance`");
    assert!(wasm.exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt, symlink};
        // It stays as closed as it was, and a link stays a link.
        std::fs::set_permissions(&wasm, PermissionsExt::from_mode(0o600)).unwrap();
        std::fs::write(&wasm, wat::parse_str(MODULE).unwrap()).unwrap();
        symlink("plugin.wasm", place.path().join("link.wasm")).unwrap();
        let args = ["embed", "plugin.wasm", "--manifest", "-", "-o", "link.wasm"];
        place.run_with(args, json).gives(0);
        assert_eq!(std::fs::metadata(&wasm).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(place.path().join("link.wasm").is_symlink());
        place.run(["inspect", "plugin.wasm"]).gives(0);
    }
    // One is enough.
    place.run_with(args, json).gives(3).complains("more than one custom section");
}

#[test]
fn a_function_that_is_imported_twice_is_told_of_once() {
    let place = place();
    let import = "(import \"cpex\" \"deny_text\" (func (param i32 i32 i32 i32) (result i32)))";
    let wasi = "(import \"wasi_snapshot_preview1\" \"fd_close\" (func (param i32) (result i32)))";
    place.file(
        "module.wat",
        MODULE.replacen("(module", &format!("(module {wasi} {import} {wasi}"), 1),
    );
    place.run(EMBED).gives(0);
    let inspected = place.run(["inspect", "plugin.wasm", "--json"]).gives(0).json();
    assert_eq!(inspected["imports"].as_array().unwrap().len(), 1);
    let wasi = inspected["wasi_imports"].as_array().unwrap();
    assert_eq!((wasi.len(), &wasi[0]["name"]), (1, &"fd_close".into()));
}

#[test]
fn what_is_wrong_is_told_and_nothing_is_written() {
    for (manifest, status, complaint) in [
        ("name: a\nversion: '1'\n", 2, "missing field `hooks`"),
        (
            "name: a\nversion: '1'\nhooks: [x]\ncapabilites: []\n",
            2,
            "unknown field `capabilites`, expected",
        ),
        (
            "name: a\nversion: '1'\nhooks: x\n",
            2,
            "manifest.yaml:3:1: in the manifest: `hooks`: invalid",
        ),
        ("name: [\n", 2, "in the manifest: this is not valid YAML"),
        ("name: a b\nversion: '1'\nhooks: [x]\n", 3, "name `a b` is not valid"),
        (
            "name: a\nversion: '1'\nhooks: [x]\ncapabilities: [read_lables]\n",
            3,
            "did you mean `read_labels`?",
        ),
    ] {
        let place = place();
        place.file("manifest.yaml", manifest);
        place.run(EMBED).gives(status).complains(complaint);
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 3, "{manifest}");
    }
    let place = place();
    std::fs::create_dir(place.path().join("folder")).unwrap();
    place
        .run(["embed", "module.wat", "--manifest", "manifest.yaml", "-o", "folder"])
        .gives(3)
        .complains("it is not a file");
    place.run(["embed", "none.wasm", "--manifest", "manifest.yaml", "-o", "x"]).gives(2);
    place
        .run(["embed", "module.wat", "--manifest", "manifest.yaml", "-o", "none/plugin.wasm"])
        .gives(3)
        .complains("none/plugin.wasm: the module cannot be written");
}

#[test]
fn access_and_schemas_that_no_host_takes_are_not_embedded() {
    let start = "name: a\nversion: '1'\nhooks: [x]\n";
    for (rest, complaints) in [
        (
            "access: ['fs:readonly:x', 'net:https://a']\n",
            &[
                "no permission `readonly`; did you mean `read-only`?",
                "`net:https://a`, which does not exist",
            ][..],
        ),
        ("access: ['fs:read-only:../x']\n", &["which cannot be granted"][..]),
        ("config_schema: {type: objekt}\n", &["the manifest's configuration schema: "][..]),
    ] {
        let place = place();
        place.file("manifest.yaml", format!("{start}{rest}"));
        let ran =
            complaints.iter().fold(place.run(EMBED).gives(3), |ran, told| ran.complains(told));
        assert_eq!(ran.stderr.matches("error[invalid_module]").count(), complaints.len());
        assert!(!place.path().join("plugin.wasm").exists(), "{rest}");
    }
}

/// A module with a letter for each of these numbers, at the place for it.
fn lettered(
    numbers: impl Iterator<Item = usize>,
    place: impl Fn(usize) -> usize,
    pages: usize,
) -> String {
    let letter = |number: usize| ('a'..='z').nth(number % 26).unwrap();
    let data: String = numbers
        .map(|number| format!("(data (i32.const {}) \"{}\")", place(number), letter(number)))
        .collect();
    MODULE
        .replace("(data (i32.const 0) \"nope\")", &data)
        .replace("\"memory\") 1", &format!("\"memory\") {pages}"))
}

#[test]
fn only_as_many_pieces_are_put_together_as_have_to_be() {
    let place = place();
    // One is over the limit, all are equally far apart; an empty one is no piece.
    let module = lettered(0..1001, |number| number * 2000, 31);
    place.file("module.wat", module.replacen("(data", "(data (i32.const 0) \"\") (data", 1));
    place.run(EMBED).gives(0).complains("merged 1,002 data segments into 1,000\n");
    let size = std::fs::metadata(place.path().join("plugin.wasm")).unwrap().len();
    assert!(size < 16_000, "{size}");
    // What would be more than a plugin can have is left to the host to refuse.
    place.file("module.wat", lettered(0..9000, |number| number * 60_000, 8250));
    place.run(EMBED).gives(3).complains("limit of 1000 active data segments");
}

#[test]
fn data_in_too_many_pieces_is_put_together() {
    let place = place();
    let at = |number: usize| 512 + 8 * number;
    // Code and reason are in the first and the last of them.
    let module = lettered((0..3000).rev(), at, 1).replace(
        "0) (i32.const 4) (i32.const 0) (i32.const 4)",
        "512) (i32.const 1) (i32.const 24504) (i32.const 1)",
    );
    place.file("module.wat", module);
    place.run(["check", "module.wat"]).gives(3).says("`cpex-wasmi embed` merges them");
    place.run(EMBED).gives(0).complains("merged 3,000 data segments into 1,000\n");
    std::fs::create_dir(place.path().join("rules")).unwrap();
    let args = ["call", "plugin.wasm", "--payload", "payload.json", "--hook", HOOK];
    let args = args.into_iter().chain(["--allow-access", "--allow-requested"]);
    place.run(args).gives(1).says("  a: j\n");

    // Where one overwrites another, they stay as they are.
    place.file("module.wat", lettered((0..3000).rev().chain([2999]), at, 1));
    place.run(EMBED).gives(3).complains("limit of 1000 active data segments");
}
