//! Plugins that were written with the libraries of their languages.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use cpex_wasmi::{
    Access, AuditEvent, EngineBuilder, FileGrant, FilePermission, Outcome, Plugin, Policy,
    RandomGrant, Request,
};

use crate::common::*;

/// A directory for each permission of `wasi_rules`, with a rule.
fn folders() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["rules", "reports", "work"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("rules/deny.txt"), "rm is not for agents\nmv nor is this\n")
        .unwrap();
    folder
}

/// A grant under the name that the plugin has for it.
fn grant(folder: &Path, name: &str, permission: FilePermission) -> FileGrant {
    let path = folder.join(name).to_str().unwrap().to_owned();
    FileGrant::dir(path, permission).guest_path(name)
}

fn policy(folder: &Path) -> Policy {
    let access = Access::default()
        .filesystem(grant(folder, "rules", FilePermission::ReadOnly))
        .filesystem(grant(folder, "reports", FilePermission::DropBox))
        .filesystem(grant(folder, "work", FilePermission::PrivateScratch))
        .env("API_REGION")
        .random(RandomGrant::Seeded(1));
    Policy::default().access(access)
}

/// The audit: operation, target, outcome, bytes.
type Events = Arc<Mutex<Vec<String>>>;

fn audited(builder: EngineBuilder, events: &Events) -> EngineBuilder {
    let events = events.clone();
    builder.environment([("API_REGION", "eu-1"), ("SECRET", "x")]).audit_sink(
        move |event: &AuditEvent<'_>| {
            events.lock().unwrap().push(format!(
                "{} {} {} {} {}/{}",
                event.access,
                event.operation,
                event.target,
                event.outcome,
                event.bytes_sent,
                event.bytes_received
            ));
        },
    )
}

fn about(plugin: &Plugin, tool: &str) -> Result<Outcome, cpex_wasmi::Error> {
    plugin.call(HOOK, Request::tool_call(tool))
}

#[test]
fn a_rust_plugin_uses_files_variables_maps_and_output() {
    let (folder, logs, events) = (folders(), Logs::default(), Events::default());
    let engine = audited(logs.engine(), &events).build().unwrap();
    let plugin = Plugin::load(&engine, &fixture("wasi_rules"), policy(folder.path())).unwrap();

    assert!(about(&plugin, "search").unwrap().decision.is_allow());
    let denied = about(&plugin, "rm").unwrap();
    assert_eq!(denied.decision.violation().unwrap().reason, "is not for agents");
    let report = fs::read_to_string(folder.path().join("reports/rm.txt")).unwrap();
    assert_eq!(report, "rm: is not for agents\n");
    assert_eq!(fs::read_dir(folder.path().join("work")).unwrap().count(), 0);
    assert_eq!(logs.messages(), ["2 rules in eu-1", "2 rules in eu-1"]);

    let events = events.lock().unwrap();
    for event in [
        "env get API_REGION allowed 0/4",
        "random bytes seed allowed 0/16",
        "fs open rules/deny.txt allowed 0/0",
        "fs close rules/deny.txt allowed 0/36",
        "fs create_directory work/drafts allowed 0/0",
        "fs create work/drafts/report allowed 0/0",
        "fs close work/drafts/report allowed 22/0",
        "fs create reports/rm.txt allowed 0/0",
        "fs close reports/rm.txt allowed 22/0",
    ] {
        assert!(events.iter().any(|told| told == event), "{event} is not in {events:#?}");
    }
    assert!(!events.iter().any(|event| event.contains("SECRET")));
}

#[test]
fn a_plugin_that_gives_up_over_a_file_is_told_apart() {
    let (folder, logs, events) = (folders(), Logs::default(), Events::default());
    let engine = audited(logs.engine(), &events).build().unwrap();
    let plugin = Plugin::load(&engine, &fixture("wasi_rules"), policy(folder.path())).unwrap();
    // Out of its directory.
    fs::remove_file(folder.path().join("rules/deny.txt")).unwrap();
    fs::write(folder.path().join("elsewhere"), "").unwrap();
    std::os::unix::fs::symlink("../elsewhere", folder.path().join("rules/deny.txt")).unwrap();
    let error = about(&plugin, "rm").unwrap_err();
    assert_eq!(error.code(), "access_denied", "{error}");
    assert!(logs.messages()[0].starts_with("cannot look at the rules"), "{:?}", logs.messages());
    assert!(events.lock().unwrap().contains(&"fs open rules/deny.txt denied 0/0".into()));
}

#[test]
fn what_the_library_takes_for_granted_is_named_when_it_is_not() {
    let folder = folders();
    let mut wasm = fixture("wasi_rules");
    // Asks for a variable instead.
    // The last is in the manifest.
    let at = wasm.windows(7).rposition(|bytes| bytes == b"\x06random").unwrap();
    wasm[at..at + 7].copy_from_slice(b"\x06env:XX");
    let mut policy = policy(folder.path());
    policy.access.env.push("XX".into());
    let plugin = Plugin::load(&engine(), &wasm, policy).unwrap();
    let error = about(&plugin, "rm").unwrap_err();
    assert_eq!(error.code(), "wasm_trap", "{error}");
    assert!(error.to_string().contains("denied the system access `random`"), "{error}");
}

#[test]
fn a_directory_that_is_not_there_is_named_at_load() {
    let folder = folders();
    fs::remove_dir(folder.path().join("work")).unwrap();
    let error = load_error(&fixture("wasi_rules"), policy(folder.path()));
    assert_eq!(error.code(), "invalid_config", "{error}");
    assert!(error.to_string().contains("may use `work`"), "{error}");
}

#[test]
fn a_c_plugin_uses_files_variables_and_output() {
    let (folder, logs, events) = (folders(), Logs::default(), Events::default());
    let engine = audited(logs.engine(), &events).build().unwrap();
    let plugin = Plugin::load(&engine, &fixture("c_guard"), policy(folder.path())).unwrap();
    assert!(about(&plugin, "search").unwrap().decision.is_allow());
    let denied = about(&plugin, "mv").unwrap();
    assert_eq!(denied.decision.violation().unwrap().reason, "the tool is listed");
    assert_eq!(logs.messages(), ["looking for search in eu-1", "looking for mv in eu-1"]);

    fs::remove_file(folder.path().join("rules/deny.txt")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("rules/deny.txt")).unwrap();
    assert_eq!(about(&plugin, "mv").unwrap_err().code(), "access_denied");
    assert_eq!(logs.messages()[3], "cannot look at the rules: Permission denied");
}
