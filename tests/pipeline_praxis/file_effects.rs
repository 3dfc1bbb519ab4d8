//! The files that plugins write, in the engine's log of external effects.

use crate::effects::{Log, called, started, states};
use crate::pipeline::{Plugins, denied, on_both};
use crate::upstream::effect::EffectState::{Confirmed, Prepared, Rejected};
use crate::wasi_script::Script;

/// Directories for `wasi_rules`, with a rule.
fn folders() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["rules", "reports", "work"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    std::fs::write(folder.path().join("rules/deny.txt"), "rm is not for agents\n").unwrap();
    folder
}

fn rules(folder: &std::path::Path) -> String {
    let grant = |name: &str, permission: &str| {
        let path = folder.join(name);
        format!("{{ dir: '{}', as: {name}, permission: {permission} }}", path.display())
    };
    let grants = [
        grant("rules", "read-only"),
        grant("reports", "drop-box"),
        grant("work", "private-scratch"),
    ]
    .join(", ");
    format!(
        "plugins:
  - name: rules
    kind: wasm://wasi_rules.wasm
    hooks: [cmf.tool_pre_invoke]
    config: {{ sandbox_policy: {{ allowed_filesystem: [{grants}], allowed_env: [API_REGION], random: system }} }}
"
    )
}

#[test]
fn a_file_is_recorded_before_and_after_it_is_written() {
    on_both(async || {
        let folder = folders();
        let log = Log::default();
        let plugins = Plugins::of(&["wasi_rules"]);
        let engine = started(&plugins, &rules(folder.path()), &log, |_| {}).await;
        // Reading is no effect.
        assert!(!called(&engine, "ls").await.is_denied());
        assert_eq!(log.taken(), []);
        // Neither is what the plugin writes to a directory of its own.
        assert_eq!(denied(&called(&engine, "rm").await), "listed");
        let last = log.records.lock().unwrap().last().cloned().unwrap();
        assert_eq!(last.details["bytes_sent"], 22);
        let report = "file_change create reports/rm.txt";
        assert_eq!(log.taken(), states(report, &[Prepared, Confirmed]));
        assert_eq!(
            std::fs::read_to_string(folder.path().join("reports/rm.txt")).unwrap(),
            "rm: is not for agents\n"
        );
        // It is there already, so that it is not made again.
        assert_eq!(denied(&called(&engine, "rm").await), "plugin_error");
        assert_eq!(log.taken(), []);
    });
}

#[test]
fn no_file_is_written_whose_effect_cannot_be_recorded() {
    on_both(async || {
        let log = Log { full: true, ..Log::default() };
        let folder = folders();
        let yaml = rules(folder.path());
        let engine = started(&Plugins::of(&["wasi_rules"]), &yaml, &log, |_| {}).await;
        assert_eq!(denied(&called(&engine, "rm").await), "plugin_error");
        assert_eq!(std::fs::read_dir(folder.path().join("reports")).unwrap().count(), 0);
    });
}

/// Calls functions of WASI in a directory with the files `a` and `b`: what each of them answered, and what is
/// recorded.
async fn scripted(script: &Script, permission: &str) -> (Vec<u8>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        std::fs::write(folder.path().join(name), "old").unwrap();
    }
    let log = Log::default();
    let module = script.module(&[&format!("fs:{permission}:data")]);
    let plugins = Plugins::new().with("files.wasm", &module);
    let grant =
        format!("{{ dir: '{}', as: data, permission: {permission} }}", folder.path().display());
    let yaml = format!(
        "plugins:
  - name: files
    kind: wasm://files.wasm
    hooks: [cmf.tool_pre_invoke]
    config: {{ sandbox_policy: {{ allowed_filesystem: [{grant}] }} }}
"
    );
    let engine = started(&plugins, &yaml, &log, |_| {}).await;
    let result = called(&engine, "search").await;
    let codes = result.violation.as_ref().unwrap().reason.bytes().collect();
    let told = log.taken().into_iter().map(|(state, effect)| format!("{state:?} {effect}"));
    (codes, told.collect())
}

#[test]
fn each_change_of_files_is_an_effect() {
    on_both(async || {
        let mut script = Script::new();
        // All that is written to an open file is one.
        script.open(3, "a", 0, 2 | 64);
        script.write(4, "new");
        script.write(4, "er");
        script.call("fd_filestat_set_size", "il", &[4, 2]);
        script.call("fd_close", "i", &[4]);
        // As is a file that is emptied when it is opened.
        script.open(3, "b", 8, 64);
        script.write(4, "new");
        script.call("fd_close", "i", &[4]);
        let (from, len) = script.text("a");
        let (to, to_len) = script.text("c");
        script.call("path_rename", "iiiiii", &[3, from, len, 3, to, to_len]);
        script.path("path_create_directory", 3, "dir");
        script.path("path_remove_directory", 3, "dir");
        script.path("path_unlink_file", 3, "c");
        // Not begun: it is not there.
        script.path("path_unlink_file", 3, "c");
        let (codes, told) = scripted(&script, "full-access").await;
        let mut expected = vec![0; 12];
        expected.push(44);
        assert_eq!(codes, expected);
        let effects = [
            "write data/a",
            "open data/b",
            "rename data/a",
            "create_directory data/dir",
            "remove_directory data/dir",
            "remove data/c",
        ];
        let mut expected: Vec<_> = effects
            .iter()
            .flat_map(|effect| {
                [Prepared, Confirmed].map(|state| format!("{state:?} file_change {effect}"))
            })
            .collect();
        expected.extend([Prepared, Rejected].map(|s| format!("{s:?} file_change remove data/c")));
        assert_eq!(told, expected);
    });
}

#[test]
fn a_file_that_is_only_opened_is_no_effect() {
    on_both(async || {
        let mut script = Script::new();
        script.open(3, "a", 0, 2 | 64);
        script.read(4, 3);
        script.call("fd_close", "i", &[4]);
        let (codes, told) = scripted(&script, "full-access").await;
        assert_eq!((codes, told), (vec![0; 3], vec![]));
        // Nor is what is denied.
        let mut script = Script::new();
        script.path("path_unlink_file", 3, "a");
        script.open(3, "new", 1, 64);
        let (codes, told) = scripted(&script, "read-only").await;
        assert!(codes.iter().all(|code| *code != 0), "{codes:?}");
        assert_eq!(told, Vec::<String>::new());
    });
}
