//! The life of a plugin before its first call and after its last, and its log.

use std::process::Command;
use std::sync::Arc;

use crate::common::{HOOK, data, fixture, guest, load, trusting};
use crate::pipeline::*;
use crate::upstream::PluginManager;
use crate::upstream::error::PluginError;

/// A guest that logs `i` in `cpex_init`, `s` in `cpex_shutdown` and `c` when it is called, before what
/// these bodies do.
fn logging(init: &str, shutdown: &str) -> Vec<u8> {
    guest(&format!(
        r#"(data (i32.const 0) "isc")
           (func $say (param $line i32)
             (drop (call $log (i32.const 3) (local.get $line) (i32.const 1))))
           (func (export "cpex_init") (result i32) (call $say (i32.const 0)) {init})
           (func (export "cpex_shutdown") (result i32) (call $say (i32.const 1)) {shutdown})
           (func (export "cpex_invoke") (param i32) (result i32)
             (call $say (i32.const 2)) (i32.const 0))"#
    ))
}

const SUCCEEDS: &str = "(i32.const 0)";

/// Such a plugin, with this under `sandbox_policy:`.
fn with_policy(name: &str, module: &str, policy: &str) -> String {
    entry(name, module, &format!("config: {{ sandbox_policy: {{ {policy} }} }}"))
}

/// The lines that plugins logged.
fn of_plugins(lines: &str) -> Vec<&str> {
    lines.lines().filter(|line| line.contains("cpex_wasmi::plugin:")).collect()
}

/// The log of the plugin of that name: the hook, and the line.
fn told(lines: &str, plugin: &str) -> Vec<String> {
    let named = format!(" plugin=\"{plugin}\" hook=\"");
    let of_it = |line: &&str| {
        let (before, hook) = line.split_once(&named)?;
        let (_, message) = before.split_once("cpex_wasmi::plugin: ")?;
        Some(format!("{}: {message}", hook.trim_end_matches('"')))
    };
    of_plugins(lines).iter().filter_map(of_it).collect()
}

/// The reason why a manager could not be initialised.
async fn failing(manager: &PluginManager) -> Box<PluginError> {
    let error = manager.initialize().await.unwrap_err();
    assert!(!manager.is_initialized());
    error
}

/// The error of the plugin itself, inside that of the manager.
fn cause(error: &PluginError) -> &PluginError {
    let PluginError::Execution { source: Some(source), .. } = error else { panic!("{error}") };
    let boxed = source.downcast_ref::<Box<PluginError>>();
    boxed.map(|error| &**error).or_else(|| source.downcast_ref()).unwrap()
}

#[test]
fn initialisation_tells_what_a_plugin_fails_of() {
    let failing_init = wat::parse_str(include_str!("../../fixtures/wat/failing_init.wat")).unwrap();
    let loops = wat::parse_str(include_str!("../../fixtures/wat/loops_in_init.wat")).unwrap();
    let plugins = Plugins::of(&["panics_in_init"])
        .with("failing_init.wasm", &failing_init)
        .with("loops_in_init.wasm", &loops);
    let hurried = "init_fuel: 1000000000000, max_init_time_ms: 20";
    on_both(async || {
        for isolation in ["per_call", "pooled"] {
            for (module, code, message) in [
                ("panics_in_init", "wasm_trap", "no rules to start with"),
                ("failing_init", "plugin_failed", "cpex_init"),
                ("loops_in_init", "fuel_exhausted", "init_fuel"),
            ] {
                let policy = format!("isolation: {isolation}, resources: {{ init_fuel: 1000000 }}");
                let yaml = configuration(&[with_policy("bad", module, &policy)]);
                let error = failing(&plugins.load(&yaml).unwrap()).await;
                assert!(error.to_string().contains(message), "{error}");
                let PluginError::Execution { plugin_name, code: found, details, .. } =
                    cause(&error)
                else {
                    panic!("{error}")
                };
                assert_eq!((plugin_name.as_str(), found.as_deref()), ("bad", Some(code)));
                assert!(details["receipt"]["fuel"].as_u64().unwrap() > 0, "{details:?}");
            }
            let policy = format!("isolation: {isolation}, resources: {{ {hurried} }}");
            let yaml = configuration(&[with_policy("bad", "loops_in_init", &policy)]);
            let error = failing(&plugins.load(&yaml).unwrap()).await;
            let PluginError::Timeout { plugin_name, timeout_ms, .. } = cause(&error) else {
                panic!("{error}")
            };
            assert_eq!((plugin_name.as_str(), *timeout_ms), ("bad", 20));
        }
    });
}

#[test]
fn initialised_plugins_are_shut_down_if_another_fails() {
    let plugins = Plugins::of(&["panics_in_init"]).with("logs.wasm", &logging(SUCCEEDS, SUCCEEDS));
    // `cpex-core` initialises them in no order: some before the one that fails, as a rule.
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let good = names.map(|name| with_policy(name, "logs", "isolation: pooled")).concat();
    let yaml = configuration(&[good, entry("bad", "panics_in_init", "")]);
    let lines = traced_on_both(async || {
        failing(&plugins.load(&yaml).unwrap()).await;
    });
    for name in names {
        let told = told(&lines, name);
        assert!(told.chunks(2).all(|told| told == ["init: i", "shutdown: s"]), "{told:?}");
    }
}

#[test]
fn an_instance_lives_from_initialisation_to_shutdown() {
    let plugins = Plugins::new().with("logs.wasm", &logging(SUCCEEDS, SUCCEEDS));
    let life = |policy: &str| {
        let yaml = configuration(&[with_policy("logs", "logs", policy)]);
        let lines = traced_on_both(async || {
            let manager = plugins.start(&yaml).await;
            // Once is enough.
            manager.initialize().await.unwrap();
            for _ in 0..2 {
                assert!(!invoke(&manager, tool_call("pay"), labelled(&[])).await.is_denied());
            }
            manager.shutdown().await;
            manager.shutdown().await;
        });
        told(&lines, "logs")
    };
    let call = format!("{HOOK}: c");
    let call = call.as_str();
    let pooled = ["init: i", call, call, "shutdown: s"];
    assert_eq!(life("isolation: pooled"), [pooled, pooled].concat());
    let per_call = ["init: i", call, call];
    assert_eq!(life("isolation: per_call"), [per_call, per_call].concat());
    let each = ["init: i", "init: i", call, "init: i", call];
    assert_eq!(life("isolation: per_call, snapshot: false"), [each, each].concat());
}

#[test]
fn after_a_shutdown_no_instance_is_kept() {
    let plugins = Plugins::new().with("logs.wasm", &logging(SUCCEEDS, SUCCEEDS));
    let policy = "isolation: pooled, snapshot: false";
    let yaml = configuration(&[with_policy("logs", "logs", policy)]);
    let lines = traced_on_both(async || {
        let manager = plugins.start(&yaml).await;
        manager.shutdown().await;
        invoke(&manager, tool_call("pay"), labelled(&[])).await;
        invoke(&manager, tool_call("pay"), labelled(&[])).await;
    });
    let told = told(&lines, "logs");
    assert_eq!(told.iter().filter(|line| *line == "init: i").count(), 2 * 3, "{told:?}");
    assert_eq!(told.iter().filter(|line| *line == "shutdown: s").count(), 2, "{told:?}");
}

#[test]
fn a_shutdown_that_fails_is_told_and_the_others_are_shut_down() {
    let plugins = Plugins::new()
        .with("good.wasm", &logging(SUCCEEDS, SUCCEEDS))
        .with("traps.wasm", &logging(SUCCEEDS, "(unreachable)"))
        .with("loops.wasm", &logging(SUCCEEDS, "(loop $forever (br $forever)) (unreachable)"));
    let names = ["a", "b", "traps", "loops", "y", "z"];
    let entries = names.map(|name| {
        let module = if name.len() == 1 { "good" } else { name };
        with_policy(name, module, "isolation: pooled, resources: { init_fuel: 1000000 }")
    });
    let lines = traced_on_both(async || {
        plugins.start(&configuration(&entries)).await.shutdown().await;
    });
    for name in names {
        assert_eq!(told(&lines, name), ["init: i", "shutdown: s"].repeat(2), "{name}");
    }
    for (name, why) in [("traps", "trapped in `cpex_shutdown`"), ("loops", "init_fuel")] {
        let error = |line: &&str| {
            line.contains("ERROR") && line.contains(&format!("'{name}'")) && line.contains(why)
        };
        assert_eq!(lines.lines().filter(error).count(), 2, "{name}: {lines}");
    }
}

#[test]
fn fire_and_forget_ends_before_the_shutdown() {
    let plugins = Plugins::new().with("logs.wasm", &logging(SUCCEEDS, SUCCEEDS));
    let added = "mode: fire_and_forget, config: { sandbox_policy: { isolation: pooled } }";
    let yaml = configuration(&[entry("logs", "logs", added)]);
    let lines = traced_on_both(async || {
        let manager = plugins.start(&yaml).await;
        let request = (tool_call("pay"), labelled(&[]));
        let invoked =
            manager.invoke_named::<crate::upstream::cmf::CmfHook>(HOOK, request.0, request.1, None);
        // Not waited for.
        drop(invoked.await);
        manager.shutdown().await;
    });
    let life = ["init: i", &format!("{HOOK}: c"), "shutdown: s"].map(str::to_owned);
    assert_eq!(told(&lines, "logs"), [life.clone(), life].concat());
}

/// A guest that logs each of these lines at each level, from error to trace.
fn talkative(lines: &[&str]) -> Vec<u8> {
    let (mut text, mut body) = (String::new(), String::new());
    for line in lines {
        for level in 1..=5 {
            body += &format!(
                "(drop (call $log (i32.const {level}) (i32.const {}) (i32.const {})))\n",
                text.len(),
                line.len()
            );
        }
        text += line;
    }
    guest(&format!(
        r#"(memory (export "memory") 2) (data (i32.const 0) "{}")
           (func (export "cpex_invoke") (param i32) (result i32) {body} (i32.const 0))"#,
        data(text.as_bytes())
    ))
}

/// The traces of one call of each of these entries on each runtime.
fn called_once(plugins: &Plugins, entries: &[String]) -> String {
    let yaml = configuration(entries);
    traced_on_both(async || {
        let manager = plugins.start(&yaml).await;
        let result = invoke(&manager, tool_call("pay"), labelled(&[])).await;
        assert!(!result.is_denied(), "{:?}", result.violation);
    })
}

const SAID: &str = "said by a guest";

#[test]
fn lines_have_the_entrys_name_the_hook_and_the_level() {
    let plugins = Plugins::new().with("talks.wasm", &talkative(&[SAID]));
    let entries = ["one", "two"].map(|name| entry(name, "talks", ""));
    let lines = called_once(&plugins, &entries);
    for name in ["one", "two"] {
        for level in ["ERROR", " WARN", " INFO", "DEBUG", "TRACE"] {
            let line =
                format!("{level} cpex_wasmi::plugin: {SAID} plugin=\"{name}\" hook=\"{HOOK}\"");
            assert_eq!(lines.lines().filter(|found| *found == line).count(), 2, "{line}\n{lines}");
        }
    }
    assert_eq!(of_plugins(&lines).len(), 2 * 2 * 5);
}

#[test]
fn an_operator_chooses_the_least_level() {
    let plugins = Plugins::new().with("talks.wasm", &talkative(&[SAID]));
    let levels = ["off", "error", "warn", "info", "debug", "trace"];
    let entries = levels.map(|level| with_policy(level, "talks", &format!("log_level: {level}")));
    let lines = called_once(&plugins, &entries);
    for (kept, level) in levels.iter().enumerate() {
        assert_eq!(told(&lines, level).len(), 2 * kept, "{level}");
    }
}

#[test]
fn a_line_can_neither_forge_another_nor_steer_a_terminal() {
    let forged = "fine\n ERROR cpex_wasmi::plugin: it burns plugin=\"host\"\r\u{1b}[2J\u{202e}";
    let plugins = Plugins::new().with("talks.wasm", &talkative(&[forged]));
    let entries = [with_policy("talks", "talks", "log_level: error")];
    let lines = called_once(&plugins, &entries);
    assert_eq!(of_plugins(&lines).len(), 2, "{lines}");
    assert!(lines.contains("fine\\n ERROR"), "{lines}");
    assert!(lines.contains("\\u{d}\\u{1b}[2J\\u{202e}"), "{lines}");
    assert!(!lines.contains('\u{1b}') && !lines.contains('\u{202e}'));
}

#[test]
fn what_is_logged_has_a_limit() {
    let long = "x".repeat(10_000);
    let plugins = Plugins::new().with("talks.wasm", &talkative(&["one", "two", &long]));
    let limited = |bytes: u32| format!("resources: {{ max_log_bytes: {bytes} }}");
    let entries = [
        with_policy("ten", "talks", &limited(10)),
        with_policy("none", "talks", &limited(0)),
        with_policy("all", "talks", &limited(1_000_000)),
    ];
    let lines = called_once(&plugins, &entries);
    assert_eq!(told(&lines, "ten"), ["cmf.tool_pre_invoke: one"; 6]);
    assert_eq!(told(&lines, "none"), [""; 0]);
    let all = told(&lines, "all");
    assert_eq!(all.len(), 2 * 3 * 5);
    assert!(all.iter().all(|line| line.len() < 5_000), "a line is not cut");
}

#[test]
fn nothing_is_printed() {
    let test = "lifecycle::lines_have_the_entrys_name_the_hook_and_the_level";
    let tests = std::env::current_exe().unwrap();
    let ran = Command::new(tests).args(["--exact", test, "--nocapture"]).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success() && out.contains("1 passed"), "{out}{err}");
    assert!(!out.contains(SAID) && !err.contains(SAID), "{out}{err}");
}

#[test]
fn what_is_loaded_and_never_initialised_works_all_the_same() {
    on_both(async || {
        let plugins = Plugins::new().with("logs.wasm", &logging(SUCCEEDS, SUCCEEDS));
        let manager: Arc<PluginManager> =
            plugins.load(&configuration(&[entry("logs", "logs", "")])).unwrap();
        assert!(!invoke(&manager, tool_call("pay"), labelled(&[])).await.is_denied());
        manager.shutdown().await;
    });
}

#[test]
fn what_fails_to_initialise_and_is_called_regardless_denies() {
    on_both(async || {
        let plugins = Plugins::of(&["panics_in_init"]);
        let manager = plugins.load(&configuration(&[entry("bad", "panics_in_init", "")])).unwrap();
        failing(&manager).await;
        let result = invoke(&manager, tool_call("pay"), labelled(&[])).await;
        assert_eq!(denied(&result), "plugin_error");
    });
}

#[test]
fn a_plugin_in_the_known_style_is_shut_down_too() {
    let plugin = load(&fixture("cpex_pii_guard"), trusting().pooled(1));
    assert!(plugin.module().info().has_shutdown);
    plugin.initialize().unwrap();
    plugin.shutdown().unwrap();
}
