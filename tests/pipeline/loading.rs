//! Loading: refusals and their messages.

use crate::common::{guest, guest_with};
use crate::pipeline::{Plugins, denied, invoke, labelled, on_both, tool_call};
use crate::upstream::configured;

const GUARD: &str = "
plugins:
  - name: pii
    kind: wasm://pii_guard.wasm
    hooks: [cmf.tool_pre_invoke]
    capabilities: [read_labels, read_roles]
";

const ALLOWS: &str = r#"(func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#;

/// The entry of a plugin that is fine but for what is added.
fn entry(added: &str) -> String {
    format!("{GUARD}    {}\n", added.trim_start().replace('\n', "\n    "))
}

#[test]
fn a_plugin_of_a_configuration_decides() {
    on_both(async || {
        let manager = Plugins::of(&["pii_guard"]).start(GUARD).await;
        let result = invoke(&manager, tool_call("pay"), labelled(&["PII"])).await;
        assert_eq!(denied(&result), "pii_access");
        assert_eq!(result.violation.unwrap().plugin_name.as_deref(), Some("pii"));
        let result = invoke(&manager, tool_call("pay"), labelled(&["public"])).await;
        assert!(!result.is_denied());
        assert!(!result.payload_modified);
    });
}

#[test]
fn the_policy_of_the_upstream_draft_is_understood() {
    let yaml = entry(
        "
config:
  sandbox_policy:
    allowed_filesystem: [{ dir: data/rules, permission: read-only }]
    allowed_network:
      - { host: '*.internal.svc', ports: [8443], schemes: [https], methods: [GET, POST] }
    allowed_env: [API_REGION]
    resources:
      max_memory_bytes: 10485760
      max_fuel: 1000000000
      max_execution_time_ms: 5000
      max_instances: 10
      max_tables: 10",
    );
    Plugins::of(&["pii_guard"]).load(&yaml).unwrap();
}

#[test]
fn a_misspelt_key_is_named_with_the_nearest_one() {
    let plugins = Plugins::of(&["pii_guard"]);
    let cases = [
        ("config: { sandbox_policy: { resources: { max_fule: 1 } } }", "max_fuel"),
        ("config: { sandbox_polic: {} }", "sandbox_policy"),
        ("config: { sandbox_policy: { isolation: poled } }", "pooled"),
        ("capabilties: [read_labels]", "capabilities"),
        ("on_eror: ignore", "on_error"),
    ];
    for (added, nearest) in cases {
        let message = plugins.refused(&entry(added));
        assert!(message.contains("plugin `pii` (wasm://pii_guard.wasm)"), "{message}");
        assert!(message.contains(nearest), "{message}");
    }
    let config =
        crate::upstream::config::parse_config(&entry("config: { sandbox_polic: {} }")).unwrap();
    let manager = crate::upstream::PluginManager::default();
    let message = plugins.factory().register_config(&manager, &config).unwrap_err().to_string();
    assert!(message.contains("sandbox_policy"), "{message}");
}

#[test]
fn a_wrong_value_is_named_with_its_entry() {
    let plugins = Plugins::of(&["pii_guard"]);
    for (added, told) in [
        ("on_error: ingore", "`on_error` is `ingore`"),
        ("mode: sequental", "did you mean `sequential`"),
        ("priority: high", "`priority` must be a whole number"),
        ("version: 1.0", "`version` must be a text"),
        ("conditions: [{ tols: [pay] }]", "`conditions[0].tols` is not known"),
    ] {
        let message = plugins.refused(&entry(added));
        assert!(message.contains("plugin `pii` (wasm://pii_guard.wasm)"), "{message}");
        assert!(message.contains(told), "{message}");
    }
    let nameless = GUARD.replace("name: pii", "description: d");
    assert!(plugins.refused(&nameless).contains("plugin `plugins[0]`"));
    assert!(plugins.refused(&GUARD.replace("name: pii", "name: ''")).contains("`name` is empty"));
}

#[test]
fn what_is_shown_of_a_configuration_steers_no_terminal() {
    let plugins = Plugins::of(&["pii_guard"]);
    for yaml in [
        "\"\\e[2J\": [",
        "plugins: { \"a\\tb\\e[2J\": {} }",
        "plugins: [{ name: \"\\e[2J\", kind: 3 }]",
        "plugins: [{ name: a, kind: \"wasm://pii_guard.wasm\", mode: \"\\e[2J\" }]",
        "plugins: [{ name: a, kind: \"wasm://\\e[2J.wasm\", hooks: [] }]",
        "plugin_settings: { plugin_timeout: \"\\e[2J\" }",
        "\"a\\tb\\e[2J\": [0, { ? { a: 1 } : 2 }]",
    ] {
        let message = plugins.refused(yaml);
        assert!(!message.contains(|text: char| text.is_control() && text != '\n'), "{message:?}");
    }
}

#[test]
fn a_missing_kind_or_file_is_named_with_the_nearest_one() {
    let plugins = Plugins::of(&["pii_guard"]);
    for kind in [
        "wsam://pii_guard.wasm",
        "WASM://pii_guard.wasm",
        "wasm:pii_guard.wasm",
        "wasm//pii_guard.wasm",
        "Wasm///pii_guard.wasm",
        "pii_guard.wasm",
    ] {
        let message = plugins.refused(&GUARD.replace("wasm://pii_guard.wasm", kind));
        assert!(message.contains("did you mean `wasm://pii_guard.wasm`?"), "{message}");
    }
    for path in ["pii_gaurd.wasm", "pii_guard", "pii-guard.wasm", "plugins/pii_guard.wasm"] {
        let message = plugins.refused(&GUARD.replace("pii_guard.wasm", path));
        assert!(message.contains("did you mean `wasm://pii_guard.wasm`?"), "{message}");
    }
    assert!(!plugins.refused(&GUARD.replace("pii_guard.wasm", "other.wasm")).contains("did you"));
}

#[test]
fn of_several_similar_names_the_nearest_is_suggested() {
    let plugins = ["c_guard.wasm", "pi_guard.wasm", "pii_goard.wasm"]
        .iter()
        .fold(Plugins::of(&["pii_guard"]), |plugins, name| plugins.with(name, b""));
    for (path, near) in [
        ("pii_gaurd.wasm", "pii_guard"),
        ("plugins/pii_gaurd", "pii_guard"),
        ("cc_guard.wasm", "c_guard"),
        ("pii_goart.wasm", "pii_goard"),
    ] {
        let message = plugins.refused(&GUARD.replace("pii_guard.wasm", path));
        assert!(message.contains(&format!("did you mean `wasm://{near}.wasm`?")), "{message}");
    }
}

#[test]
fn all_entries_that_are_wrong_are_told_of_at_once() {
    let plugins = Plugins::of(&["pii_guard"]);
    let entry = |name: &str, rest: &str| {
        let kind = "kind: 'wasm://pii_guard.wasm'";
        format!("  - {{ name: {name}, {kind}, hooks: [cmf.tool_pre_invoke], {rest} }}\n")
    };
    let keys = [entry("a", "mode: odd"), entry("b", "priority: odd"), entry("c", "")].concat();
    let message = plugins.refused(&format!("plugins:\n{keys}"));
    let lines: Vec<_> = message.lines().collect();
    assert_eq!(lines.len(), 4, "{message}");
    assert!(lines[0].contains("`mode`") && lines[1].contains("`priority`"), "{message}");
    assert!(lines[2..].iter().all(|line| line.contains("plugin `c`")), "{message}");
    let grants = [entry("a", ""), entry("b", "capabilities: [read_labels]")].concat();
    let message = plugins.refused(&format!("plugins:\n{grants}"));
    let lines: Vec<_> = message.lines().collect();
    for (line, [name, capability]) in
        [["`a`", "read_roles"], ["`a`", "read_labels"], ["`b`", "read_roles"]].iter().enumerate()
    {
        assert!(lines[line].contains(name) && lines[line].contains(capability), "{message}");
    }
}

#[test]
fn a_path_in_the_place_of_the_yaml_is_told() {
    assert!(Plugins::new().refused_as_written("etc/gateway.yaml").contains("not a path"));
}

#[test]
fn hooks_and_capabilities_have_to_agree_with_the_manifest() {
    let plugins = Plugins::of(&["pii_guard", "labeler"]);
    let with = |from: &str, to: &str| plugins.refused(&GUARD.replace(from, to));

    let message = with("[cmf.tool_pre_invoke]", "[cmf.tool_pre_invok]");
    assert!(message.contains("did you mean `cmf.tool_pre_invoke`"), "{message}");
    let message = with("hooks: [cmf.tool_pre_invoke]", "hooks: []");
    assert!(message.contains("hooks: [cmf.tool_pre_invoke]"), "{message}");
    let message = with("[cmf.tool_pre_invoke]", "[cmf.tool_pre_invoke, cmf.tool_pre_invoke]");
    assert!(message.contains("`hooks[1]`") && message.contains("twice"), "{message}");
    let message = with("[read_labels, read_roles]", "[read_labels]");
    assert!(message.contains("add `- read_roles`"), "{message}");
    // Both at once.
    let message = with("capabilities: [read_labels, read_roles]", "capabilities: []");
    assert!(message.contains("read_roles") && message.contains("read_labels"), "{message}");

    let labeler = GUARD.replace("pii_guard", "labeler");
    let message = plugins.refused(&labeler.replace("[read_labels, read_roles]", "[append_labels]"));
    assert!(message.contains("add `- read_labels`"), "{message}");
}

#[test]
fn a_path_does_not_leave_the_plugin_directory() {
    let plugins = Plugins::of(&["pii_guard"]);
    let outside = Plugins::of(&["pii_guard"]);
    std::fs::create_dir(plugins.path().join("inner")).unwrap();
    std::fs::write(plugins.path().join("inner/guard.wasm"), crate::common::fixture("pii_guard"))
        .unwrap();
    std::fs::create_dir(plugins.path().join("folder.wasm")).unwrap();
    let load = |path: &str| plugins.load(&GUARD.replace("pii_guard.wasm", path)).map(drop);
    let refused = |path: &str| plugins.refused(&GUARD.replace("pii_guard.wasm", path));

    load("inner/guard.wasm").unwrap();
    let absolute = outside.path().join("pii_guard.wasm").display().to_string();
    for path in ["../pii_guard.wasm", "inner/../pii_guard.wasm", &absolute, "", "."] {
        let message = refused(path);
        assert!(message.contains("a file of the plugin directory"), "{path}: {message}");
    }
    assert!(refused("missing.wasm").contains("missing.wasm"));
    assert!(refused("folder.wasm").contains("is not a file"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink(&absolute, plugins.path().join("link.wasm")).unwrap();
        symlink(outside.path(), plugins.path().join("away")).unwrap();
        symlink("pii_guard.wasm", plugins.path().join("alias.wasm")).unwrap();
        assert!(refused("link.wasm").contains("leads out of the plugin directory"));
        assert!(refused("away/pii_guard.wasm").contains("leads out of the plugin directory"));
        load("alias.wasm").unwrap();
    }
}

#[test]
fn a_pinned_module_is_loaded_only_as_it_was() {
    let plugins = Plugins::of(&["pii_guard"]);
    let wasm = crate::common::fixture("pii_guard");
    let engine = cpex_wasmi::Engine::new().unwrap();
    let digest = cpex_wasmi::Module::new(&engine, &wasm).unwrap().digest().to_string();
    let pinned =
        |digest: &str| entry(&format!("config: {{ sandbox_policy: {{ sha256: {digest:?} }} }}"));
    plugins.load(&pinned(&digest)).unwrap();
    let message = plugins.refused(&pinned(&"0".repeat(64)));
    assert!(message.contains(&digest), "{message}");
    assert!(plugins.refused(&pinned("sha")).contains("sandbox_policy.sha256"));
}

#[test]
fn what_is_no_module_is_refused() {
    let plugins = Plugins::new()
        .with("text.wasm", b"not a module")
        .with("half.wasm", &crate::common::fixture("pii_guard")[..200])
        .with("empty.wasm", b"");
    for path in ["text.wasm", "half.wasm", "empty.wasm"] {
        let message = plugins.refused(&GUARD.replace("pii_guard.wasm", path));
        assert!(message.contains(path), "{message}");
    }
    assert!(crate::upstream::adapter::WasmFactory::new(plugins.path().join("nowhere")).is_err());
    assert!(crate::upstream::adapter::WasmFactory::new(plugins.path().join("text.wasm")).is_err());
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_opens_and_cannot_be_read_is_refused() {
    // A file whose first byte is no place in the memory, for any user: reading it fails.
    let factory = crate::upstream::adapter::WasmFactory::new("/proc/self").unwrap();
    let manager = crate::upstream::PluginManager::default();
    let yaml = GUARD.replace("pii_guard.wasm", "mem");
    let message = factory.register(&manager, &yaml).unwrap_err().to_string();
    assert!(message.contains("mem` cannot be read"), "{message}");
}

#[cfg(unix)]
#[test]
fn pipes_and_dangling_links_are_refused_without_waiting() {
    use std::os::unix::fs::symlink;
    let plugins = Plugins::new();
    let made = std::process::Command::new("mkfifo").arg(plugins.path().join("pipe")).status();
    assert!(made.unwrap().success());
    std::os::unix::net::UnixListener::bind(plugins.path().join("socket")).unwrap();
    symlink("gone.wasm", plugins.path().join("dangling")).unwrap();
    symlink("round", plugins.path().join("round")).unwrap();
    for (path, told) in [
        ("pipe", "pipe` is not a file"),
        ("socket", "socket` is not a file"),
        ("dangling", "dangling` cannot be read"),
        ("round", "round` cannot be read"),
    ] {
        let message = plugins.refused(&GUARD.replace("pii_guard.wasm", path));
        assert!(message.contains(told), "{message}");
    }
}

#[test]
fn a_module_that_vanishes_before_load_is_reported() {
    let plugins = Plugins::of(&["pii_guard"]);
    let manager = std::sync::Arc::new(crate::upstream::PluginManager::default());
    plugins.factory().register(&manager, &configured(GUARD)).unwrap();
    std::fs::remove_file(plugins.path().join("pii_guard.wasm")).unwrap();
    let message = manager.load_config_yaml(&configured(GUARD)).unwrap_err().to_string();
    assert!(message.contains("pii_guard.wasm` cannot be read"), "{message}");
    assert_eq!(manager.plugin_count(), 0);
}

#[test]
fn a_module_half_written_before_load_is_reported() {
    let plugins = Plugins::of(&["pii_guard"]);
    let manager = std::sync::Arc::new(crate::upstream::PluginManager::default());
    plugins.factory().register(&manager, &configured(GUARD)).unwrap();
    let wasm = crate::common::fixture("pii_guard");
    let plugins = plugins.with("pii_guard.wasm", &wasm[..wasm.len() / 2]);
    let message = manager.load_config_yaml(&configured(GUARD)).unwrap_err().to_string();
    assert!(message.contains("plugin `pii` (wasm://pii_guard.wasm)"), "{message}");
    assert_eq!(manager.plugin_count(), 0);
    // And once it is whole, it is loaded.
    let _plugins = plugins.with("pii_guard.wasm", &wasm);
    manager.load_config_yaml(&configured(GUARD)).unwrap();
}

#[test]
fn a_plugin_that_is_loaded_does_without_its_file() {
    on_both(async || {
        let plugins = Plugins::of(&["pii_guard"]);
        let manager = plugins.load(GUARD).unwrap();
        let plugins = plugins.with("pii_guard.wasm", b"\0asm");
        manager.initialize().await.unwrap();
        let result = invoke(&manager, tool_call("pay"), labelled(&["PII"])).await;
        assert_eq!(denied(&result), "pii_access");
        drop(plugins);
        let result = invoke(&manager, tool_call("pay"), labelled(&["PII"])).await;
        assert_eq!(denied(&result), "pii_access");
        assert!(!invoke(&manager, tool_call("pay"), labelled(&["public"])).await.is_denied());
    });
}

#[test]
fn a_module_that_is_replaced_is_read_again() {
    on_both(async || {
        let plugins = Plugins::new().with("guard.wasm", &guest(ALLOWS));
        let yaml = GUARD.replace("pii_guard", "guard").replace("read_labels, read_roles", "");
        let factory = plugins.factory();
        let denies = r#"(func (export "cpex_invoke") (param i32) (result i32) (i32.const 1))"#;
        let before = plugins.load_with(&yaml, &factory, |_| {}).unwrap();
        let plugins = plugins.with("guard.wasm", &guest(denies));
        let after = plugins.load_with(&yaml, &factory, |_| {}).unwrap();
        assert!(!invoke(&before, tool_call("pay"), labelled(&[])).await.is_denied());
        assert!(invoke(&after, tool_call("pay"), labelled(&[])).await.is_denied());
    });
}

#[test]
fn a_module_of_several_entries_is_loaded_once() {
    let plugins = Plugins::new().with("guard.wasm", &guest_with(&[], ALLOWS));
    let entry = |name: &str| {
        let kind = "kind: 'wasm://guard.wasm'";
        format!("  - {{ name: {name}, {kind}, hooks: [cmf.tool_pre_invoke] }}\n")
    };
    let yaml = format!("plugins:\n{}{}{}", entry("a"), entry("b"), entry("c"));
    let lines = crate::logs::captured(|| {
        let manager = plugins.load(&yaml).unwrap();
        assert_eq!(manager.plugin_count(), 3);
    });
    assert_eq!(lines.matches("read a module").count(), 1, "{lines}");
}

#[test]
fn an_unused_grant_is_a_warning() {
    let plugins = Plugins::of(&["pii_guard"]);
    let lines = crate::logs::captured(|| {
        let yaml =
            GUARD.replace("[read_labels, read_roles]", "[read_labels, read_roles, read_agent]");
        plugins.load(&yaml).unwrap();
    });
    assert!(lines.contains("WARN") && lines.contains("read_agent"), "{lines}");
}
