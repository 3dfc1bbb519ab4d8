//! Overrides in routes and groups of cpex-core, as `docs/cpex.md` describes them.

use cpex_core::config::parse_config;
use cpex_core::extensions::Extensions;
use cpex_core::manager::PluginManager;

use crate::common::{HOOK, fixture};
use crate::pipeline::{Plugins, about_tool, denied, invoke, labelled, on_both, tool_call};

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
