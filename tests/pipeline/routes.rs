//! The plugins that a request comes by, and their configurations, by routes and groups of cpex-core.

use std::sync::Arc;

use cpex_core::executor::PipelineResult;
use cpex_core::extensions::{Extensions, MetaExtension};
use cpex_core::manager::PluginManager;

use crate::pipeline::*;

/// A header injector that sets `x-by`.
fn header_injector(added: &str) -> String {
    entry("header", "header_injector", &format!("{HEADERS}, {added}"))
}

const HEADERS: &str =
    "capabilities: [read_headers, write_headers], config: { header: x-by, value: base }";

const GUARD: &str = "
plugins:
  - name: pii
    kind: wasm://pii_guard.wasm
    hooks: [cmf.tool_pre_invoke]
    capabilities: [read_labels, read_roles]
";

const ROUTING: &str = "plugin_settings: { routing_enabled: true }\n";

/// Extensions about a tool that the host has tagged.
fn tagged(name: &str, tag: &str) -> Extensions {
    let mut extensions = about_tool(name);
    let meta: &MetaExtension = extensions.meta.as_ref().unwrap();
    let mut meta = meta.clone();
    meta.tags.insert(tag.into());
    extensions.meta = Some(Arc::new(meta));
    extensions
}

#[test]
fn routes_policy_groups_and_tags_choose_the_plugins() {
    let plugins = ["everywhere", "sensitive", "payments"].map(|name| {
        let config = format!("config: {{ header: x-{name}, value: here }}");
        let capabilities = "capabilities: [read_headers, write_headers]";
        entry(name, "header_injector", &format!("{capabilities}, {config}"))
    });
    let yaml = format!(
        "{}{ROUTING}{}",
        configuration(&plugins),
        "
global:
  policies:
    all: { plugins: [everywhere] }
    pii: { plugins: [sensitive] }
routes:
  - tool: pay
    plugins: [payments]
  - tool: get_person
    meta: { tags: [pii] }
  - tool: get_team
"
    );
    on_both(async || {
        let manager = Plugins::of(&["header_injector"]).start(&yaml).await;
        let cases = [
            (about_tool("pay"), "everywhere payments"),
            (about_tool("get_person"), "everywhere sensitive"),
            (about_tool("unknown"), "everywhere"),
            (tagged("get_team", "pii"), "everywhere sensitive"),
        ];
        for (request, expected) in cases {
            let about = format!("{:?}", request.meta);
            let result = invoke(&manager, tool_call("any"), request).await;
            let called = ["everywhere", "sensitive", "payments"]
                .into_iter()
                .filter(|name| header(&result, &format!("x-{name}")).is_some())
                .collect::<Vec<_>>();
            assert_eq!(called.join(" "), expected, "{about}");
        }
    });
}

/// A configuration with one plugin, whose route for `pay` has something else under `config:`.
fn overridden(entry: &str, name: &str, config: &str) -> String {
    format!(
        "plugins:\n{entry}{ROUTING}routes:\n  - tool: pay\n    plugins:\n      - {name}: {{ config: \
         {config} }}\n  - tool: search\n    plugins: [{name}]\n"
    )
}

async fn by(yaml: &str, tool: &str) -> PipelineResult {
    // A route's own plugin is made when the route is first taken.
    let plugins = Plugins::of(&["header_injector"]);
    let manager = plugins.start(yaml).await;
    let result = invoke(&manager, tool_call(tool), about_tool(tool)).await;
    // What is remembered of the route is the same.
    let again = invoke(&manager, tool_call(tool), about_tool(tool)).await;
    assert_eq!(again.is_denied(), result.is_denied());
    assert_eq!(header(&again, "x-by"), header(&result, "x-by"));
    result
}

#[test]
fn a_route_may_configure_a_plugin_otherwise() {
    on_both(async || {
        let yaml = overridden(&header_injector(""), "header", "{ value: route }");
        assert_eq!(header(&by(&yaml, "pay").await, "x-by"), Some("route"));
        assert_eq!(header(&by(&yaml, "search").await, "x-by"), Some("base"));
    });
}

#[test]
fn a_route_may_put_a_plugin_under_another_policy() {
    on_both(async || {
        let policy = "{ sandbox_policy: { resources: { max_fuel: 10 } } }";
        let yaml = overridden(&header_injector(""), "header", policy);
        let result = by(&yaml, "pay").await;
        assert_eq!(denied(&result), "plugin_error");
        assert!(result.violation.unwrap().reason.contains("max_fuel"));
        assert_eq!(header(&by(&yaml, "search").await, "x-by"), Some("base"));
    });
}

const MISTAKES: [(&str, &str); 4] = [
    ("{ sandbox_polic: { resources: { max_fuel: 10 } } }", "sandbox_policy"),
    ("{ sandbox_policy: { resources: { max_fule: 10 } } }", "max_fuel"),
    ("{ value: 7 }", "config.value"),
    ("7", "config"),
];

#[test]
fn a_wrong_route_configuration_is_found_at_load() {
    let plugins = Plugins::of(&["header_injector"]);
    for (config, told) in MISTAKES {
        let yaml = overridden(&header_injector(""), "header", config);
        let message = plugins.refused(&yaml);
        assert!(message.contains("plugin `header`") && message.contains(told), "{message}");
    }
    let group = "{ plugins: [header: { config: { value: 7 } }] }";
    for place in [
        "global: { policies: { all: $ } }",
        "global: { defaults: { tool: $ } }",
        "groups: { a: $ }",
    ] {
        let entries = configuration(&[header_injector("")]);
        let message = plugins.refused(&format!("{entries}{}\n", place.replace('$', group)));
        assert!(message.contains("config.value"), "{place}: {message}");
    }
    // Of this, `cpex-core` would take no notice.
    let yaml = overridden(&header_injector(""), "header", "{}, capabilities: []");
    assert!(plugins.refused(&yaml).contains("`capabilities`"));
}

#[test]
fn a_kind_registered_alone_reports_mistakes_on_its_route() {
    for (config, told) in MISTAKES.into_iter().take(3) {
        let yaml = overridden(&header_injector(""), "header", config);
        let lines = traced_on_both(async || {
            let plugins = Plugins::of(&["header_injector"]);
            let config = cpex_core::config::parse_config(&yaml).unwrap();
            let manager = PluginManager::default();
            plugins.factory().register_kind(&manager, "wasm://header_injector.wasm");
            manager.load_config(config).unwrap();
            let result = invoke(&manager, tool_call("pay"), about_tool("pay")).await;
            assert_eq!(header(&result, "x-by"), Some("base"));
        });
        let mut errors = lines.lines().filter(|line| line.contains("ERROR"));
        assert!(errors.any(|line| line.contains(told)), "{told}: {lines}");
    }
}

#[test]
fn a_misspelt_key_elsewhere_is_not_ignored() {
    let plugins = Plugins::of(&["pii_guard"]);
    let routed = format!("{GUARD}plugin_settings: {{ routing_enabled: true }}\n");
    for (yaml, told) in [
        (GUARD.replace("plugins:", "plugin:"), "`plugin` is not known; did you mean `plugins`"),
        (format!("{routed}routes: [{{ tool: pay, plugin: [pii] }}]\n"), "`routes[0].plugin`"),
        (format!("{routed}groups: {{ a: {{ plugin: [pii] }} }}\n"), "`groups.a.plugin`"),
        (format!("{GUARD}plugin_settings: {{ plugin_timout: 5 }}\n"), "`plugin_timeout`"),
        (format!("{GUARD}global: {{ polices: {{}} }}\n"), "`policies`"),
    ] {
        let message = plugins.refused(&yaml);
        assert!(message.contains(told), "{message}");
    }
    // What is like no key is one of an orchestrator's own.
    let own =
        format!("{routed}routes: [{{ tool: pay, plugins: [pii], apl: {{}}, authorization: 1 }}]\n");
    plugins.load(&own).unwrap();
}
