//! Policies whose steps name plugins, and the overrides of their entries.

use std::sync::Arc;

use cpex_wasmi::Engine;
use cpex_wasmi::config::{Dialect, Document, PluginDirectory, check, check_for};
use praxis_policy::{AplOptions, register_apl};

use crate::common::HOOK;
use crate::native::POST;
use crate::pipeline::*;
use crate::script::Script;
use crate::upstream::PluginManager;
use crate::upstream::error::PluginError;
use crate::upstream::extensions::Extensions;
use crate::upstream::identity::{IdentityHook, IdentityPayload, TokenSource};

/// A header injector, which only steps call.
const PLUGINS: &str = "
engine_settings: { dispatch: policy }
plugins:
  - name: header
    kind: wasm://header_injector.wasm
    hooks: [cmf.tool_pre_invoke]
    capabilities: [read_headers, write_headers]
    config: { header: x-by, value: base }
";

const GUARD: &str = "
  - name: guard
    kind: wasm://pii_guard.wasm
    hooks: [cmf.tool_pre_invoke]
    capabilities: [read_labels, read_roles]
";

fn plugins() -> Plugins {
    Plugins::of(&["pii_guard", "header_injector"])
}

fn loaded(plugins: &Plugins, yaml: &str) -> Result<Arc<PluginManager>, Box<PluginError>> {
    plugins.load_into(yaml, &plugins.factory(), |engine| {
        register_apl(engine, AplOptions::in_process());
    })
}

async fn started(plugins: &Plugins, yaml: &str) -> Arc<PluginManager> {
    let engine = loaded(plugins, yaml).unwrap();
    engine.initialize().await.unwrap();
    engine
}

fn refused(yaml: &str) -> String {
    loaded(&plugins(), yaml).err().map(|error| error.to_string()).unwrap_or_default()
}

/// About a tool, labelled PII.
fn pii(tool: &str) -> Extensions {
    Extensions { meta: about_tool(tool).meta, ..labelled(&["PII"]) }
}

#[test]
fn a_plugin_runs_where_a_step_names_it() {
    let yaml = format!(
        "{PLUGINS}{GUARD}routes:
  - tool: pay
    authorization: {{ pre_invocation: ['run(guard)', 'run(header)'] }}
  - tool: search
    authorization: {{ pre_invocation: ['run(header)'] }}
"
    );
    on_both(async || {
        let plugins = plugins();
        let engine = started(&plugins, &yaml).await;
        let result = invoke(&engine, tool_call("pay"), pii("pay")).await;
        let violation = result.violation.as_ref().unwrap();
        assert_eq!(violation.code, "pii_access", "{violation:?}");
        let result = invoke(&engine, tool_call("pay"), about_tool("pay")).await;
        assert_eq!(header(&result, "x-by"), Some("base"), "{:?}", result.violation);
        let result = invoke(&engine, tool_call("search"), pii("search")).await;
        assert_eq!(header(&result, "x-by"), Some("base"), "{:?}", result.violation);
    });
}

#[test]
fn a_route_has_settings_of_its_own_for_a_step() {
    let yaml = format!(
        "{PLUGINS}routes:
  - tool: pay
    plugins: {{ header: {{ config: {{ header: x-by, value: route }} }} }}
    authorization: {{ pre_invocation: ['run(header)'] }}
  - tool: search
    authorization: {{ pre_invocation: ['run(header)'] }}
"
    );
    on_both(async || {
        let plugins = plugins();
        let engine = started(&plugins, &yaml).await;
        for (tool, by) in [("pay", "route"), ("search", "base")] {
            let result = invoke(&engine, tool_call(tool), about_tool(tool)).await;
            assert_eq!(header(&result, "x-by"), Some(by), "{tool}: {:?}", result.violation);
        }
    });
}

#[test]
fn settings_of_a_route_that_do_not_fit_are_refused() {
    let with = |over: &str| {
        let step = "authorization: { pre_invocation: ['run(header)'] }";
        refused(&format!("{PLUGINS}routes: [{{ tool: pay, plugins: {{ {over} }}, {step} }}]\n"))
    };
    for (over, told) in [
        ("header: { config: { header: x, value: 7 } }", "config.value"),
        ("header: { config: { sandbox_policy: { resources: { max_fule: 1 } } } }", "max_fuel"),
        ("header: { sandbox_policy: {} }", "put it under `config`"),
        ("header: { capabilities: [read_headers] }", "write_headers"),
    ] {
        let message = with(over);
        assert!(message.contains("plugin `header`") && message.contains(told), "{over}: {message}");
    }
    // An override takes the place of the entry's whole settings, so of its pin.
    let wasm = crate::common::fixture("header_injector");
    let engine = Engine::new().unwrap();
    let digest = cpex_wasmi::Module::new(&engine, &wasm).unwrap().digest().to_string();
    let pin = format!("value: base, sandbox_policy: {{ sha256: '{digest}' }}");
    let pinned = PLUGINS.replace("value: base", &pin);
    let over = "routes: [{ tool: pay, plugins: { header: { config: { value: b } } } }]";
    let message = refused(&format!("{pinned}{over}\n"));
    assert!(message.contains("repeat its `sha256`"), "{message}");

    let message = with("haeder: { on_error: ignore }");
    assert!(message.contains("did you mean `header`"), "{message}");
}

/// cpex-core took such lists, and applied overrides in them. Here, the handler of a `cmf.*` hook would not be found, so that the
/// entry's own settings would count. As long as the engine refuses the lists, that cannot happen.
#[test]
fn the_engine_refuses_lists_of_plugins_in_routes() {
    let list = "routes: [{ tool: pay, plugins: [header: { config: { header: x-by, value: b } }] }]";
    let message = refused(&format!("{PLUGINS}{list}\n"));
    assert!(message.contains("activation list"), "{message}");
    let hooks = PLUGINS.replace("dispatch: policy", "dispatch: hooks");
    let message = refused(&format!("{hooks}{list}\n"));
    assert!(message.contains("does not accept the key `routes`"), "{message}");
}

#[test]
fn a_step_of_authentication_has_settings_of_its_own() {
    let script = Script::new(&[]).on("identity.resolve").json(
        super::kinds::place("/subject"),
        &serde_json::json!({"id": "alice", "roles": ["hr"]}),
    );
    let yaml = |step: &str| {
        format!(
            "
engine_settings: {{ dispatch: policy }}
plugins: [{{ name: who, kind: 'wasm://who.wasm', hooks: [identity.resolve] }}]
routes: [{{ tool: pay, authentication: [{step}] }}]
"
        )
    };
    on_both(async || {
        let plugins = Plugins::new().with("who.wasm", &script.build());
        for (step, code) in [
            ("who", None),
            (
                "{ name: who, config: { sandbox_policy: { resources: { max_fuel: 10 } } } }",
                Some(()),
            ),
        ] {
            let engine = started(&plugins, &yaml(step)).await;
            let payload = IdentityPayload::new("token", TokenSource::Bearer);
            let (result, _) = engine
                .invoke_named::<IdentityHook>("identity.resolve", payload, about_tool("pay"), None)
                .await;
            assert_eq!(result.violation.as_ref().map(drop), code, "{step}: {:?}", result.violation);
        }
        let misspelt =
            yaml("{ name: who, config: { sandbox_policy: { resources: { fule: 1 } } } }");
        let message = loaded(&plugins, &misspelt).map(drop).unwrap_err().to_string();
        assert!(message.contains("routes[0].authentication[0]"), "{message}");
    });
}

#[test]
fn a_document_is_checked_in_the_dialect_of_its_engine() {
    let plugins = plugins();
    let directory = PluginDirectory::new(plugins.path(), Engine::builder()).unwrap();
    let over = "plugins: { header: { config: { valeu: route } } }";
    let yaml = format!("{PLUGINS}routes: [{{ tool: pay, {over} }}]\n");
    let document = Document::parse(&yaml).unwrap();
    assert_eq!(Dialect::of(&document), Dialect::PraxisPolicy);
    let report = check(&document, Some(&directory));
    let [problem] = &report.problems[..] else { panic!("{report:?}") };
    assert!(problem.to_string().contains("line 9, column 54"), "{problem}");
    assert!(problem.message.contains("did you mean `value`"), "{problem}");
    // Such a mapping is an orchestrator's in cpex-core, and the settings have another name.
    let report = check_for(Dialect::CpexCore, &document, Some(&directory));
    let [problem] = &report.problems[..] else { panic!("{report:?}") };
    assert!(problem.message.contains("did you mean `plugin_settings`"), "{problem}");
}

#[test]
fn keys_of_the_other_engine_are_refused() {
    for (yaml, told) in [
        (format!("{PLUGINS}plugin_settings: {{ plugin_timeout: 1 }}\n"), "engine_settings"),
        (PLUGINS.replace("dispatch: policy", "dispatch: polcy"), "did you mean `policy`"),
        (PLUGINS.replace("{ dispatch: policy }", "{ plugin_timout: 1 }"), "`plugin_timeout`"),
        (PLUGINS.replace("hooks: [cmf.tool_pre_invoke]", "hooks: []"), "`hooks` is empty"),
    ] {
        let message = refused(&yaml);
        assert!(message.contains(told), "{message}");
    }
    // No step names it.
    let message = refused(PLUGINS);
    assert!(message.contains("so it can never run"), "{message}");
    // The hooks that a module offers are those that the entry may list.
    let message = refused(&PLUGINS.replace(HOOK, POST));
    assert!(message.contains(POST), "{message}");
}
