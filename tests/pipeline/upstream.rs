//! Plugins under `cpex-core`, as `docs/cpex.md` describes them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cpex_core::config::parse_config;
use cpex_core::extensions::Extensions;
use cpex_core::manager::PluginManager;

use crate::common::{HOOK, fixture, guest, invoking};
use crate::pipeline::{Plugins, about_tool, denied, invoke, labelled, on_both, payload, tool_call};

const ENDLESS: &str = "(loop (br 0)) (unreachable)";
const ALLOWS: &str = r#"(func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#;

/// About the tool `pay`, labelled PII.
fn pii() -> Extensions {
    Extensions { meta: about_tool("pay").meta, ..labelled(&["PII"]) }
}

/// A guard whose own settings leave it no fuel, and a route that overrides them.
fn overridden(config: &str) -> String {
    format!(
        "
plugin_settings: {{ routing_enabled: true }}
plugins:
  - name: guard
    kind: wasm://pii_guard.wasm
    hooks: [{HOOK}]
    capabilities: [read_labels, read_roles]
    config: {{ sandbox_policy: {{ resources: {{ max_fuel: 10 }} }} }}
routes:
  - tool: pay
    plugins:
      - guard: {{ config: {config} }}
"
    )
}

#[test]
fn an_override_takes_the_place_of_the_whole_policy() {
    on_both(async || {
        let plugins = Plugins::of(&["pii_guard"]);
        for (config, code) in [
            // The key beside the policy leaves it as it is.
            ("{ note: 1 }", "plugin_error"),
            // The limit is gone, and not only joined by the isolation.
            ("{ sandbox_policy: { isolation: pooled } }", "pii_access"),
        ] {
            let manager = plugins.start(&overridden(config)).await;
            let result = invoke(&manager, tool_call("pay"), pii()).await;
            assert_eq!(denied(&result), code, "{config}");
        }
    });
}

#[test]
fn an_override_that_fails_to_load_leaves_the_plugin_as_it_is() {
    on_both(async || {
        let plugins = Plugins::of(&["pii_guard"]);
        let yaml = overridden("{ sandbox_policy: { resources: { max_fule: 1000000 } } }");
        let manager = PluginManager::default();
        plugins.factory().register_kind(&manager, "wasm://pii_guard.wasm");
        manager.load_config(parse_config(&yaml).unwrap()).unwrap();
        manager.initialize().await.unwrap();
        let result = invoke(&manager, tool_call("pay"), pii()).await;
        assert_eq!(denied(&result), "plugin_error");
    });
}

#[test]
fn so_an_override_that_does_not_fit_is_refused_before() {
    let plugins = Plugins::of(&["pii_guard", "header_injector"]);
    let message =
        plugins.refused(&overridden("{ sandbox_policy: { resources: { max_fule: 1 } } }"));
    assert!(message.contains("`routes[0].plugins[0]`"), "{message}");
    assert!(message.contains("did you mean `max_fuel`"), "{message}");

    let message =
        plugins.refused(&overridden("{}").replace("{ config: {} }", "{ on_error: ignore }"));
    assert!(message.contains("has `on_error`"), "{message}");

    let pinned = overridden("{ sandbox_policy: { isolation: pooled } }").replace(
        "resources: { max_fuel: 10 }",
        &format!("sha256: {:?}", digest(&fixture("pii_guard"))),
    );
    assert!(plugins.refused(&pinned).contains("repeat its `sha256`"));

    // A setting that the plugin's schema does not have, in a group.
    let grouped = format!(
        "
plugin_settings: {{ routing_enabled: true }}
plugins:
  - name: header
    kind: wasm://header_injector.wasm
    hooks: [{HOOK}]
    capabilities: [read_headers, write_headers]
groups: {{ tagged: {{ plugins: [header: {{ config: {{ haeder: x }} }}] }} }}
"
    );
    let message = plugins.refused(&grouped);
    assert!(message.contains("tagged.plugins[0]`") && message.contains("haeder"), "{message}");
}

fn digest(wasm: &[u8]) -> String {
    let engine = cpex_wasmi::Engine::new().unwrap();
    cpex_wasmi::Module::new(&engine, wasm).unwrap().digest().to_string()
}

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
    let message = manager.load_config_yaml(&yaml).unwrap_err().to_string();
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
