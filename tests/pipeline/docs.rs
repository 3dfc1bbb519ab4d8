//! The examples of `docs/cpex.md` and `docs/pipeline.md`: its configurations load, and what it says comes of them does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use cpex_core::error::PluginErrorRecord;
use cpex_core::extensions::Extensions;
use cpex_core::extensions::raw_credentials::{
    RawCredentialsExtension, RawInboundToken, TokenKind, TokenRole,
};
use cpex_wasmi::abi::Field;
use cpex_wasmi::{Engine, ErrorKind, Policy};
use serde_json::Value;

use crate::common::{HOOK, fixture, guest, guest_with, invoking};
use crate::pipeline::{
    Plugins, about_tool, configuration, denied, entry, header, invoke, labelled, on_both, tool_call,
};

const DOC: &str =
    concat!(include_str!("../../docs/pipeline.md"), include_str!("../../docs/cpex.md"));
/// The page that is about this engine alone.
const CPEX: &str = include_str!("../../docs/cpex.md");
const README: &str = include_str!("../../README.md");

/// The fenced blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    blocks_of(DOC, language)
}

fn blocks_of(doc: &'static str, language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    let blocks = doc.split(&*fence).skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap()).collect()
}

/// The rows of the table whose first column has this heading, in cells.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let cells = |line: &'static str| {
        line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect()
    };
    let lines = DOC.lines().skip_while(|line| !line.starts_with(&format!("| {heading} |")));
    lines.skip(2).take_while(|line| line.starts_with('|')).map(cells).collect()
}

/// A directory with the fixtures that a configuration names.
fn plugins_of(yaml: &str) -> Plugins {
    let named = yaml.split("wasm://").skip(1);
    let named = named.map(|rest| rest.split(".wasm").next().unwrap());
    Plugins::of(&named.collect::<Vec<_>>())
}

#[test]
fn the_configurations_load() {
    let (blocks, readme) = (blocks("yaml"), blocks_of(README, "yaml"));
    assert!(blocks.len() >= 4 && readme.len() == 1);
    for yaml in blocks.into_iter().chain(readme) {
        on_both(async || {
            let manager = plugins_of(yaml).start(yaml).await;
            assert_eq!(manager.plugin_count(), yaml.matches("kind:").count());
        });
    }
}

/// The README's lines are part of the program that is compiled here.
#[test]
fn the_readme_registers_the_factory_in_the_same_way() {
    let shown = blocks_of(README, "rust").into_iter().find(|rust| rust.contains("register("));
    for line in shown.unwrap().lines() {
        assert!(DOC.contains(line), "{line}");
    }
}

/// The program that it begins with can be run as well: `cargo minimal`.
#[test]
fn the_first_program_is_the_example() {
    let example = include_str!("../../examples/minimal.rs");
    let program = example.split_once("\n\n").unwrap().1;
    assert_eq!(blocks_of(CPEX, "rust")[0], program);
}

#[test]
fn a_route_has_the_setting_that_it_overrides() {
    let yaml = blocks("yaml").into_iter().find(|yaml| yaml.contains("routes:")).unwrap();
    on_both(async || {
        // The file is there still when the route is first taken.
        let plugins = plugins_of(yaml);
        let manager = plugins.start(yaml).await;
        for (tool, value) in
            [("search", Some("gateway")), ("get_salary", Some("gateway-hr")), ("import", None)]
        {
            let result = invoke(&manager, tool_call("any"), about_tool(tool)).await;
            assert_eq!(header(&result, "x-checked-by"), value, "{tool}");
        }
        let about_nothing = invoke(&manager, tool_call("any"), labelled(&[])).await;
        assert_eq!(header(&about_nothing, "x-checked-by"), Some("gateway"));
    });
}

tokio::task_local! {
    static REQUEST: u64;
}

/// The settings around the call by which a record can be told.
#[test]
fn a_task_local_reaches_the_modes_that_are_said() {
    let runs_apart = ["concurrent", "fire_and_forget"];
    assert!(DOC.contains("reaches `concurrent` and `fire_and_forget`"));
    for mode in ["sequential", "transform", "audit", "concurrent", "fire_and_forget"] {
        on_both(async || {
            let plugins = Plugins::of(&["noop"]);
            let yaml = configuration(&[entry("noop", "noop", &format!("mode: {mode}"))]);
            let seen = Arc::new(Mutex::new(Vec::new()));
            let told = seen.clone();
            let factory = plugins.factory().on_call(move |_| {
                told.lock().unwrap().push(REQUEST.try_with(|request| *request).ok());
            });
            let manager = plugins.start_with(&yaml, &factory).await;
            REQUEST.scope(7, invoke(&manager, tool_call("pay"), labelled(&[]))).await;
            let expected = (!runs_apart.contains(&mode)).then_some(7);
            assert_eq!(*seen.lock().unwrap(), [expected], "{mode}");
        });
    }
}

#[test]
fn the_defaults_are_the_defaults() {
    let yaml = blocks("yaml").into_iter().find(|yaml| yaml.contains("sha256:")).unwrap();
    let config = cpex_wasmi::config::Document::parse(yaml).unwrap().value().clone();
    let shown = Policy::from_value(&config["plugins"][0]).unwrap();
    let default = Policy::default().grant(shown.capabilities.iter());
    assert_eq!(format!("{shown:?}"), format!("{default:?}"));

    let config = cpex_core::config::parse_config(yaml).unwrap();
    let least = "plugins: [{ name: pii-guard, kind: 'wasm://pii_guard.wasm' }]";
    let least = cpex_core::config::parse_config(least).unwrap();
    let (shown, least) = (&config.plugins[0], &least.plugins[0]);
    assert_eq!(
        (shown.mode, shown.priority, shown.on_error),
        (least.mode, least.priority, least.on_error)
    );
    let said: BTreeMap<_, _> = table("key").into_iter().map(|row| (row[0], row[1])).collect();
    assert_eq!(said["mode"], least.mode.to_string());
    assert_eq!(said["priority"], least.priority.to_string());
    assert_eq!(said["on_error"], least.on_error.to_string());
    assert!(DOC.contains("(200,000 units; `EngineBuilder::fuel_slice`)"));
    assert_eq!(Engine::DEFAULT_SLICE, 200_000);
    let settings = cpex_core::config::PluginSettings::default();
    assert!(
        DOC.contains(&format!("in whole seconds, {} if it is not set", settings.plugin_timeout))
    );
}

#[test]
fn a_refusal_says_what_is_shown() {
    let yaml = blocks("yaml").into_iter().find(|yaml| yaml.contains("name: stamp")).unwrap();
    let refused = yaml.replace("[read_headers, write_headers]", "[write_headers]");
    assert_ne!(refused, yaml);
    let message = plugins_of(yaml).refused(&refused);
    assert!(blocks("text").iter().any(|text| text.trim() == message), "{message}");
}

const ENDLESS: &str = "(loop (br 0)) (unreachable)";

/// A module that fails with this code when it is called, and the settings it takes.
fn failing(code: &str) -> Option<(Vec<u8>, &'static str)> {
    let token = Field::InboundToken.number();
    Some(match code {
        "fuel_exhausted" => (invoking(ENDLESS), "{ resources: { max_fuel: 100000 } }"),
        "timeout" => (
            invoking(ENDLESS),
            "{ resources: { max_fuel: 1000000000000, max_execution_time_ms: 1 } }",
        ),
        "memory_limit" => (fixture("memory_hog"), "{}"),
        "stack_overflow" => (
            guest(
                r#"(func $f (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1)))
                   (func (export "cpex_invoke") (param i32) (result i32) (call $f (i32.const 0)))"#,
            ),
            "{}",
        ),
        "wasm_trap" => (invoking("(unreachable)"), "{}"),
        "limit_exceeded" => (fixture("argument_redactor"), "{ resources: { max_host_calls: 1 } }"),
        "abi_violation" => (invoking("(i32.const 7)"), "{}"),
        "capability_denied" => (invoking("(call $count (i32.const 0x0201) (i32.const 0))"), "{}"),
        "access_denied" => (
            guest_with(
                &["read_inbound_credentials"],
                &format!(
                    r#"(data (i32.const 0) "user")
                       (func (export "cpex_invoke") (param i32) (result i32)
                         (call $read_text (i32.const {token}) (i32.const 0)
                           (i32.const 0) (i32.const 4) (i32.const 512) (i32.const 256)))"#
                ),
            ),
            "{}",
        ),
        "plugin_failed" => (invoking("(i32.const -13)"), "{}"),
        "invalid_config" => (fixture("noop"), "{}"),
        _ => return None,
    })
}

fn with_token() -> Extensions {
    let mut credentials = RawCredentialsExtension::default();
    let token = RawInboundToken::new("secret", "Authorization", TokenKind::Opaque);
    credentials.inbound_tokens.insert(TokenRole::User, token);
    Extensions { raw_credentials: Some(credentials.into()), ..labelled(&["PII"]) }
}

#[derive(Clone, Debug)]
struct Unregistered;
cpex_core::impl_plugin_payload!(Unregistered);

/// The one error of a call of this module.
async fn failure(code: &str, wasm: &[u8], policy: &str) -> PluginErrorRecord {
    let plugins = Plugins::new().with("guest.wasm", wasm);
    let capabilities = if code == "access_denied" { "read_inbound_credentials" } else { "" };
    let yaml = format!(
        "plugins: [{{ name: guest, kind: 'wasm://guest.wasm', hooks: [{HOOK}], on_error: ignore, \
         capabilities: [{capabilities}], config: {{ sandbox_policy: {policy} }} }}]"
    );
    let manager = plugins.load(&yaml).unwrap();
    let mut result = if code == "invalid_config" {
        let payload = Box::new(Unregistered);
        manager.invoke_by_name(HOOK, payload, with_token(), None).await.0
    } else {
        invoke(&manager, tool_call("pay"), with_token()).await
    };
    assert!(!result.is_denied());
    assert_eq!(result.errors.len(), 1, "{code}");
    result.errors.remove(0)
}

#[test]
fn calls_fail_as_the_table_of_errors_says() {
    let rows = table("code");
    assert!(rows.iter().any(|row| row[0] == ErrorKind::Internal.code()));
    for row in rows {
        let [code, variant, _] = row[..] else { panic!("{row:?}") };
        let Some((wasm, policy)) = failing(code) else {
            // What takes two calls, or a host that sends requests, has a test in `concurrency`, in `http`.
            let elsewhere = ["internal", "instances_exhausted", "network_denied", "shut_down"];
            assert!(elsewhere.contains(&code), "{code}");
            continue;
        };
        on_both(async || {
            let error = failure(code, &wasm, policy).await;
            assert_eq!(error.code.as_deref(), Some(code), "{error:?}");
            assert_eq!(error.plugin_name, "guest");
            match variant {
                "Timeout" => assert_eq!(error.message, "plugin timed out after 1ms"),
                "Execution" if code == "invalid_config" => assert!(error.details.is_empty()),
                "Execution" => assert!(error.details.contains_key("receipt"), "{error:?}"),
                other => panic!("{other}"),
            }
        });
    }
}

#[test]
fn the_receipt_is_the_one_shown() {
    on_both(async || {
        let (wasm, policy) = failing("fuel_exhausted").unwrap();
        let error = failure("fuel_exhausted", &wasm, policy).await;
        let shown: Value = serde_json::from_str(blocks("json")[0]).unwrap();
        assert_eq!(serde_json::to_value(&error.details).unwrap(), shown);
    });
}

#[test]
fn log_lines_have_the_target_and_the_fields_that_are_named() {
    let [target, plugin, hook] = ["cpex_wasmi::plugin", "plugin", "hook"];
    assert!(DOC.contains(&format!("target `{target}`")));
    let lines = crate::logs::captured(|| {
        on_both(async || {
            let plugins = Plugins::of(&["call_counter"]);
            let yaml = format!(
                "plugins: [{{ name: counter, kind: 'wasm://call_counter.wasm', hooks: [{HOOK}], \
                 config: {{ sandbox_policy: {{ isolation: pooled, allow_state: true }} }} }}]"
            );
            let manager = plugins.start(&yaml).await;
            invoke(&manager, tool_call("pay"), labelled(&[])).await;
        });
    });
    let line = format!("INFO {target}: call 1 {plugin}=\"counter\" {hook}=\"{HOOK}\"");
    assert_eq!(lines.matches(&line).count(), 2, "{lines}");
    assert!(lines.contains("cpex_wasmi::config::directory: read a module"), "{lines}");
}

/// The rows of the table of modes.
#[test]
fn the_modes_do_what_the_table_says() {
    // One denies; the other sets a header.
    let yaml = |mode: &str| {
        format!(
            "
plugins:
  - {{ name: guard, kind: 'wasm://pii_guard.wasm', hooks: [{HOOK}], mode: {mode}, \
       capabilities: [read_labels, read_roles] }}
  - {{ name: stamp, kind: 'wasm://header_injector.wasm', hooks: [{HOOK}], mode: {mode}, \
       capabilities: [read_headers, write_headers] }}
"
        )
    };
    let rows = table("mode");
    assert_eq!(rows.len(), 6);
    for row in rows {
        let [mode, _, denial, changes, _] = row[..] else { panic!("{row:?}") };
        on_both(async || {
            let plugins = Plugins::of(&["pii_guard", "header_injector"]);
            let manager = plugins.start(&yaml(mode)).await;
            let result = invoke(&manager, tool_call("pay"), labelled(&["PII"])).await;
            assert_eq!(result.is_denied(), denial == "stops the pipeline", "{mode}");
            if result.is_denied() {
                assert_eq!(denied(&result), "pii_access");
            }
            let result = invoke(&manager, tool_call("pay"), labelled(&[])).await;
            let http = &crate::pipeline::extensions(&result).http;
            let set =
                http.as_ref().is_some_and(|http| http.get_header("x-policy-checked").is_some());
            assert_eq!(set, changes.starts_with("are kept"), "{mode}");
        });
    }
}
