//! Entries of a configuration: failures, timeouts, names, conditions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::{HOOK, guest, invoking};
use crate::pipeline::*;
use crate::upstream::configured;

const ENDLESS: &str = "(loop (br 0)) (unreachable)";
const ALLOWS: &str = r#"(func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#;

/// The table of `on_error`.
#[test]
fn errors_are_treated_as_the_entry_says() {
    on_both(async || {
        let plugins = Plugins::new().with("trap.wasm", &invoking("(unreachable)"));
        for mode in ["sequential", "transform", "audit", "concurrent", "fire_and_forget"] {
            for on_error in ["fail", "ignore", "disable"] {
                let yaml = format!(
                    "plugins: [{{ name: trap, kind: 'wasm://trap.wasm', hooks: [{HOOK}], \
                     mode: {mode}, on_error: {on_error} }}]"
                );
                let manager = plugins.start(&yaml).await;
                let blocks = on_error == "fail" && matches!(mode, "sequential" | "concurrent");
                let told = usize::from(!blocks && mode != "fire_and_forget");
                let result = invoke(&manager, tool_call("pay"), labelled(&[])).await;
                assert_eq!(result.is_denied(), blocks, "{mode} {on_error}");
                assert_eq!(result.errors.len(), told, "{mode} {on_error}");
                if blocks {
                    assert_eq!(denied(&result), "plugin_error");
                }
                let off = on_error == "disable" && mode != "fire_and_forget";
                assert_eq!(manager.get_plugin("trap").unwrap().is_disabled(), off, "{mode}");
            }
        }
    });
}

#[test]
fn the_pipelines_timeout_drops_a_plugins_call() {
    on_both(async || {
        let plugins = Plugins::new().with("endless.wasm", &invoking(ENDLESS));
        let yaml = format!(
            "
plugin_settings: {{ plugin_timeout: 1 }}
plugins:
  - name: endless
    kind: wasm://endless.wasm
    hooks: [{HOOK}]
    config:
      sandbox_policy:
        resources: {{ max_fuel: 1000000000000, max_execution_time_ms: 60000 }}
"
        );
        let told = Arc::new(AtomicUsize::new(0));
        let count = told.clone();
        let factory = plugins.factory().on_call(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        let manager = plugins.load_with(&yaml, &factory, |_| {}).unwrap();
        let result = invoke(&manager, tool_call("pay"), labelled(&[])).await;
        assert_eq!(denied(&result), "plugin_timeout");
        assert_eq!(told.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn a_manager_takes_each_name_once() {
    let plugins = Plugins::new().with("guard.wasm", &guest(ALLOWS));
    let yaml = format!("plugins: [{{ name: a, kind: 'wasm://guard.wasm', hooks: [{HOOK}] }}]");
    let factory = plugins.factory();
    let manager = plugins.load_with(&yaml, &factory, |_| {}).unwrap();
    let message = manager.load_config_yaml(&configured(&yaml)).unwrap_err().to_string();
    assert!(message.contains("already registered"), "{message}");
    plugins.load_with(&yaml, &factory, |_| {}).unwrap();
}

#[test]
fn a_disabled_plugin_is_loaded_and_not_called() {
    on_both(async || {
        let yaml = |name: &str| {
            format!(
                "plugins: [{{ name: a, kind: 'wasm://{name}.wasm', hooks: [{HOOK}], \
                 mode: disabled }}]"
            )
        };
        let plugins = Plugins::new().with("trap.wasm", &invoking("(unreachable)"));
        assert!(plugins.refused(&yaml("missing")).contains("missing.wasm"));
        let manager = plugins.start(&yaml("trap")).await;
        let result = invoke(&manager, tool_call("pay"), labelled(&[])).await;
        assert!(result.errors.is_empty());
        assert_eq!(payload(&result).message.get_tool_calls()[0].name, "pay");
    });
}

#[test]
fn a_plugin_with_conditions_is_called_for_what_meets_them() {
    on_both(async || {
        let yaml = configuration(&[entry(
            "header",
            "header_injector",
            "capabilities: [read_headers, write_headers], config: { header: x-by, value: base }, \
             conditions: [{ tools: [pay, refund] }]",
        )]);
        let manager = Plugins::of(&["header_injector"]).start(&yaml).await;
        for (tool, by) in [("pay", Some("base")), ("refund", Some("base")), ("search", None)] {
            let result = invoke(&manager, tool_call(tool), about_tool(tool)).await;
            assert_eq!(header(&result, "x-by"), by, "{tool}");
        }
        // About nothing in particular.
        let result = invoke(&manager, tool_call("pay"), labelled(&[])).await;
        assert_eq!(header(&result, "x-by"), None);
    });
}
