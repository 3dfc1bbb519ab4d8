//! `inspect`: what a plugin is, does and needs.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::{Guest, HOOK, Place};
use serde_json::json;

const SCHEMA: &str = r#"{"type": "object", "properties": {"role": {"type": "string"}}}"#;

fn place() -> Place {
    let place = Place::new();
    let guest = Guest {
        name: "pii-guard",
        hooks: &["cmf.tool_pre_invoke", "cmf.tool_post_invoke"],
        capabilities: &["read_labels", "read_roles"],
        access: &["env:API_\u{202e}REGION"],
        stateful: true,
        schema: Some(SCHEMA),
        imports: &[("read", 6), ("deny_text", 4)],
        data: "four",
        ..Guest::default()
    };
    place.file("pii_guard.wat", guest.wat());
    place
}

#[test]
fn everything_is_there() {
    place()
        .run(["inspect", "pii_guard.wat"])
        .gives(0)
        .says("pii-guard 1.2.3  pii_guard.wat\nDoes what a test wants\n")
        .says("  ABI            1.0\n")
        .says("  hooks          cmf.tool_pre_invoke\n                 cmf.tool_post_invoke\n")
        .says("  capabilities   read_roles                 The subject's roles (and its identifier")
        .says("                 read_labels                The security labels.\n")
        .says("  system access  env:API_\\u{202e}REGION")
        .says("read the environment variable `API_\\u{202e}REGION`")
        .says(
            "  state          kept from one call to the next: one instance, for which calls wait\n",
        )
        .says("        \"type\": \"string\"\n")
        .says("  read           Read what its capabilities open, as postcard.\n")
        .says("  deny_text      Deny the operation, with a code and a reason.\n")
        .says("  cpex_invoke    a function (i32) -> (i32)\n")
        .says("  at the start   1 page (64 KiB)\n")
        .says("\n  sha256         ")
        .says("kind: wasm://pii_guard.wasm\n");
}

#[test]
fn imports_of_wasi_are_said_in_words() {
    let place = Place::new();
    let wasi = "(import \"wasi_snapshot_preview1\" \"fd_write\" (func (param i32 i32 i32 i32) (result i32)))";
    place.file("a.wat", Guest::default().wat().replacen("(module", &format!("(module {wasi}"), 1));
    let words = "Write to a file, or to its log by standard output and standard error.";
    place.run(["inspect", "a.wat"]).gives(0).says("  fd_write       ").says(words);
    let inspected = place.run(["inspect", "a.wat", "--json"]).gives(0).json();
    assert_eq!(
        inspected["wasi_imports"],
        json!([{"module": "wasi_snapshot_preview1", "name": "fd_write", "description": words}])
    );
}

#[test]
fn json_has_the_same() {
    let place = place();
    let inspection = place.run(["inspect", "pii_guard.wat", "--json"]).gives(0).json();
    let manifest = &inspection["manifest"];
    assert_eq!(manifest["name"], "pii-guard");
    assert_eq!(manifest["abi"], "1.0");
    assert_eq!(manifest["hooks"], json!(["cmf.tool_pre_invoke", "cmf.tool_post_invoke"]));
    assert_eq!(manifest["capabilities"][0]["name"], "read_roles");
    assert_eq!(
        manifest["access"],
        json!([{
            "request": "env:API_\u{202e}REGION",
            "description": "read the environment variable `API_\u{202e}REGION`",
        }])
    );
    assert_eq!(manifest["stateful"], true);
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
    assert_eq!(manifest["config_schema"], schema);
    assert_eq!(inspection["imports"][1]["name"], "deny_text");
    let memory = json!({
        "initial_pages": 1, "initial_bytes": 65536, "maximum_pages": null, "maximum_bytes": null
    });
    assert_eq!(inspection["memory"], memory);
    let size = wat::parse_file(place.path().join("pii_guard.wat")).unwrap().len();
    assert_eq!(inspection["sizes"]["file_bytes"], size);
    assert_eq!(inspection["has_init"], false);
    assert_eq!(inspection["has_shutdown"], false);
}

#[test]
fn the_digest_can_be_pinned() {
    let place = Place::new();
    place.file("a.wat", Guest::default().wat());
    place.file("b.wat", Guest { data: "other", ..Guest::default() }.wat());
    let digest_of = |file: &str| {
        let inspection = place.run(["inspect", file, "--json"]).gives(0).json();
        inspection["sha256"].as_str().unwrap().to_owned()
    };
    let (a, b) = (digest_of("a.wat"), digest_of("b.wat"));
    place.run(["inspect", "a.wat"]).gives(0).says(&format!("\n  sha256         {a}\n"));
    place.file("policy.yaml", format!("sha256: {}\n", a.to_uppercase()));
    let check = |file: &str| place.run(["check", file, "--policy", "policy.yaml"]);
    check("a.wat").gives(0);
    let error = format!(
        "error[digest_mismatch]: the policy pins the module with the SHA-256 digest {a}, and this \
         one has {b}; put"
    );
    check("b.wat").gives(3).says(&error);
    let call = ["--hook", HOOK, "--payload", "payload.json", "--policy", "policy.yaml"];
    place.run(["call", "a.wat"].into_iter().chain(call)).gives(0);
    let ran = place.run(["call", "b.wat"].into_iter().chain(call)).gives(3);
    ran.complains("error[digest_mismatch]: plugin `guest`: the policy pins the module with the");
}

#[test]
fn the_entry_can_be_pasted() {
    let place = Place::new();
    let guest = Guest {
        name: "no",
        capabilities: &["append_labels"],
        stateful: true,
        schema: Some("{}"),
        ..Guest::default()
    };
    place.file("no.wat", guest.wat());
    let inspection = place.run(["inspect", "no.wat", "--json"]).gives(0).json();
    let entry = inspection["entry"].as_str().unwrap();
    place.file("config.yaml", format!("plugins:\n{entry}"));
    place.run(["check", "no.wat", "--policy", "config.yaml"]).gives(0).says("OK");
    // As it is shown to people, it is indented.
    let page = place.run(["inspect", "no.wat"]).gives(0).stdout;
    let shown = page.split_once("  - name:").unwrap().1;
    place.file("config.yaml", format!("plugins:\n  - name:{shown}"));
    place.run(["check", "no.wat", "--policy", "config.yaml"]).gives(0).says("OK");
}
