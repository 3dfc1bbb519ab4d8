//! Modes: the rights of plugins, their order, and their failures.

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::common::{HOOK, Logs, guest, invoking};
use crate::pipeline::*;
use crate::upstream::PluginManager;
use crate::upstream::adapter::WasmFactory;
use crate::upstream::context::PluginContext;
use crate::upstream::error::{PluginError, PluginErrorRecord};
use crate::upstream::executor::PipelineResult;
use crate::upstream::extensions::Extensions;
use crate::upstream::factory::{PluginFactory, PluginInstance};
use crate::upstream::hooks::PluginPayload;
use crate::upstream::plugin::{Plugin, PluginConfig};
use crate::upstream::registry::AnyHookHandler;

const MODES: [&str; 5] = ["sequential", "transform", "audit", "concurrent", "fire_and_forget"];

/// True if changes made in a mode are kept.
fn changes(mode: &str) -> bool {
    matches!(mode, "sequential" | "transform")
}

/// True if a denial in a mode is one.
fn denies(mode: &str) -> bool {
    matches!(mode, "sequential" | "concurrent")
}

fn pii_guard(mode: &str) -> String {
    entry("pii", "pii_guard", &format!("mode: {mode}, capabilities: [read_labels, read_roles]"))
}

fn header_injector(name: &str, value: &str, added: &str) -> String {
    let capabilities = "capabilities: [read_headers, write_headers]";
    let added = format!("{capabilities}, config: {{ header: x-by, value: {value} }}, {added}");
    entry(name, "header_injector", &added)
}

/// The only error.
fn failed(result: &PipelineResult) -> &PluginErrorRecord {
    let [error] = result.errors.as_slice() else { panic!("{:?}", result.errors) };
    error
}

#[test]
fn sequential_and_concurrent_plugins_may_deny() {
    on_both(async || {
        for mode in MODES {
            let plugins = Plugins::of(&["pii_guard"]);
            let manager = plugins.start(&configuration(&[pii_guard(mode)])).await;
            let result = invoke(&manager, tool_call("pay"), labelled(&["PII"])).await;
            assert_eq!(result.is_denied(), denies(mode), "{mode}");
            assert!(result.errors.is_empty(), "{mode}");
            if denies(mode) {
                assert_eq!(denied(&result), "pii_access");
                assert_eq!(result.violation.unwrap().plugin_name.as_deref(), Some("pii"));
            }
            let result = invoke(&manager, tool_call("pay"), labelled(&[])).await;
            assert!(!result.is_denied(), "{mode}");
        }
    });
}

#[test]
fn a_denial_without_a_reason_is_a_denial() {
    on_both(async || {
        for mode in MODES {
            let plugins = Plugins::new().with("never.wasm", &invoking("(i32.const 1)"));
            let yaml = configuration(&[entry("never", "never", &format!("mode: {mode}"))]);
            let manager = plugins.start(&yaml).await;
            let result = invoke(&manager, tool_call("pay"), labelled(&[])).await;
            assert_eq!(result.is_denied(), denies(mode), "{mode}");
            let name = result.violation.and_then(|violation| violation.plugin_name);
            assert_eq!(name.is_some(), denies(mode), "{mode}");
        }
    });
}

#[test]
fn sequential_and_transforming_plugins_may_change_the_request() {
    on_both(async || {
        for mode in MODES {
            let mode_of = |more: &str| format!("mode: {mode}, {more}");
            let yaml = configuration(&[
                entry("redact", "argument_redactor", &mode_of("")),
                entry("label", "labeler", &mode_of("capabilities: [read_labels, append_labels]")),
                header_injector("header", "here", &mode_of("")),
            ]);
            let plugins = Plugins::of(&["argument_redactor", "labeler", "header_injector"]);
            let manager = plugins.start(&yaml).await;
            let asked = tool_call_with("pay", &[("ssn", "078-05-1120"), ("name", "Ann")]);
            let result = invoke(&manager, asked, labelled(&["internal"])).await;
            let changed = changes(mode);

            assert!(!result.is_denied() && result.errors.is_empty(), "{mode}");
            assert_eq!(result.payload_modified, changed, "{mode}");
            let ssn = if changed { "***-**-****" } else { "078-05-1120" };
            assert_eq!(argument(&result, "ssn"), Some(ssn), "{mode}");
            assert_eq!(argument(&result, "name"), Some("Ann"), "{mode}");
            assert_eq!(has_label(&result, "REVIEWED"), changed, "{mode}");
            assert!(has_label(&result, "internal"), "{mode}");
            assert_eq!(header(&result, "x-by"), changed.then_some("here"), "{mode}");
        }
    });
}

#[test]
fn sequential_and_transforming_plugins_may_change_the_context() {
    on_both(async || {
        for mode in MODES {
            let plugins = Plugins::new().with("state.wasm", &sets_both_states());
            let yaml = configuration(&[entry("state", "state", &format!("mode: {mode}"))]);
            let manager = plugins.start(&yaml).await;
            let result = invoke(&manager, tool_call("pay"), labelled(&[])).await;
            let table = result.context_table;
            assert_eq!(table.global_state.contains_key("g"), changes(mode), "{mode}");
            let local = table.local_states.values().any(|state| state.contains_key("l"));
            assert_eq!(local, changes(mode), "{mode}");
        }
    });
}

/// Sets `l` in the local and `g` in the global state.
fn sets_both_states() -> Vec<u8> {
    guest(
        r#"(data (i32.const 0) "lg")
           (func $set (param $field i32) (param $key i32)
             (if (call $write_text (local.get $field) (i32.const 0)
                   (local.get $key) (i32.const 1) (local.get $key) (i32.const 1))
               (then (unreachable))))
           (func (export "cpex_invoke") (param i32) (result i32)
             (call $set (i32.const 0x0700) (i32.const 0))
             (call $set (i32.const 0x0701) (i32.const 1))
             (i32.const 0))"#,
    )
}

#[test]
fn each_phase_sees_what_those_before_it_made() {
    on_both(async || {
        // In the configuration, it stands first.
        let guard =
            entry("pii", "denies_reviewed", "mode: concurrent, capabilities: [read_labels]");
        let labeler = entry(
            "label",
            "labeler",
            "mode: transform, capabilities: [read_labels, append_labels]",
        );
        let reviewed = guest_denying_label("REVIEWED");
        let plugins = Plugins::of(&["labeler"]).with("denies_reviewed.wasm", &reviewed);
        let alone = plugins.start(&configuration(std::slice::from_ref(&guard))).await;
        assert!(!invoke(&alone, tool_call("pay"), labelled(&[])).await.is_denied());
        let both = plugins.start(&configuration(&[guard, labeler])).await;
        assert!(invoke(&both, tool_call("pay"), labelled(&[])).await.is_denied());
    });
}

/// Denies what has a label.
fn guest_denying_label(label: &str) -> Vec<u8> {
    crate::common::guest_with(
        &["read_labels"],
        &format!(
            r#"(data (i32.const 0) "{label}")
               (func (export "cpex_invoke") (param i32) (result i32)
                 (call $contains (i32.const 0x0201) (i32.const 0)
                   (i32.const 0) (i32.const {})))"#,
            label.len()
        ),
    )
}

#[test]
fn plugins_run_in_the_order_of_their_priorities() {
    on_both(async || {
        for (first, second, last) in [(10, 20, "second"), (20, 10, "first"), (-1, 0, "second")] {
            let yaml = configuration(&[
                header_injector("one", "first", &format!("priority: {first}")),
                header_injector("two", "second", &format!("priority: {second}")),
            ]);
            let manager = Plugins::of(&["header_injector"]).start(&yaml).await;
            let result = invoke(&manager, tool_call("pay"), labelled(&[])).await;
            assert_eq!(header(&result, "x-by"), Some(last));
        }
    });
}

#[test]
fn what_denies_first_ends_it() {
    on_both(async || {
        let logs = Logs::default();
        let plugins = Plugins::of(&["pii_guard"]).with("says.wasm", &says("late"));
        let factory = WasmFactory::with_engine(plugins.path(), logs.engine()).unwrap();
        let later = ["sequential", "transform", "audit", "concurrent", "fire_and_forget"]
            .map(|mode| entry(mode, "says", &format!("mode: {mode}, priority: 200")));
        let yaml = configuration(&[later.concat(), pii_guard("sequential")]);
        let manager = plugins.load_with(&yaml, &factory, |_| {}).unwrap();
        assert!(invoke(&manager, tool_call("pay"), labelled(&["PII"])).await.is_denied());
        assert_eq!(logs.messages(), [""; 0]);
        assert!(!invoke(&manager, tool_call("pay"), labelled(&[])).await.is_denied());
        assert_eq!(logs.messages(), ["late"; 5]);
    });
}

/// Logs a line, and allows.
fn says(line: &str) -> Vec<u8> {
    guest(&format!(
        r#"(data (i32.const 0) "{line}")
           (func (export "cpex_invoke") (param i32) (result i32)
             (call $log (i32.const 3) (i32.const 0) (i32.const {})))"#,
        line.len()
    ))
}

#[test]
fn fire_and_forget_is_not_waited_for_and_comes_to_its_end() {
    on_both(async || {
        let logs = Logs::default();
        let plugins = Plugins::of(&["loops"]).with("says.wasm", &says("done"));
        let factory = WasmFactory::with_engine(plugins.path(), logs.engine()).unwrap();
        let yaml = configuration(&[
            entry("says", "says", "mode: fire_and_forget"),
            entry("loops", "loops", "mode: fire_and_forget, on_error: disable"),
        ]);
        let manager = plugins.load_with(&yaml, &factory, |_| {}).unwrap();
        let called = manager.invoke_named::<crate::upstream::cmf::CmfHook>(
            HOOK,
            tool_call("pay"),
            labelled(&[]),
            None,
        );
        let (result, tasks) = called.await;
        assert!(!result.is_denied() && result.errors.is_empty());
        assert_eq!(tasks.len(), 2);
        if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
            // There was no time for it yet.
            assert_eq!(logs.messages(), [""; 0]);
        }
        assert!(tasks.wait_for_background_tasks().await.is_empty());
        assert_eq!(logs.messages(), ["done"]);
    });
}

/// The plugins that fail, what they are called with, the limits, and the code of the error.
const FAILING: [(&str, &str, &str, &str); 3] = [
    ("panics", "boom", "max_fuel: 1000000", "wasm_trap"),
    ("loops", "pay", "max_fuel: 1000000", "fuel_exhausted"),
    ("loops", "pay", "max_fuel: 1000000000000, max_execution_time_ms: 20", "timeout"),
];

/// A plugin that fails, and one after it.
fn failing(module: &str, limits: &str, added: &str) -> String {
    let policy = format!("config: {{ sandbox_policy: {{ resources: {{ {limits} }} }} }}");
    configuration(&[
        entry("failing", module, &format!("{policy}, {added}")),
        header_injector("next", "here", "priority: 200"),
    ])
}

fn failing_plugins() -> Plugins {
    Plugins::of(&["panics", "loops", "header_injector"])
}

fn is_disabled(manager: &PluginManager) -> bool {
    manager.get_plugin("failing").unwrap().is_disabled()
}

#[test]
fn a_plugin_that_fails_denies() {
    on_both(async || {
        for (module, tool, limits, code) in FAILING {
            let manager = failing_plugins().start(&failing(module, limits, "")).await;
            for _ in 0..2 {
                let result = invoke(&manager, tool_call(tool), labelled(&[])).await;
                assert_eq!(denied(&result), "plugin_error", "{code}");
                assert!(header(&result, "x-by").is_none(), "{code}");
                let violation = result.violation.unwrap();
                assert_eq!(violation.plugin_name.as_deref(), Some("failing"), "{code}");
                let why = match code {
                    "wasm_trap" => "index out of bounds",
                    "fuel_exhausted" => "max_fuel",
                    _ => "timed out after 20ms",
                };
                assert!(violation.reason.contains(why), "{}", violation.reason);
            }
            assert!(!is_disabled(&manager), "{code}");
        }
    });
}

#[test]
fn a_failure_that_is_ignored_is_told_and_the_next_plugin_runs() {
    on_both(async || {
        for (module, tool, limits, code) in FAILING {
            let yaml = failing(module, limits, "on_error: ignore");
            let manager = failing_plugins().start(&yaml).await;
            for _ in 0..2 {
                let result = invoke(&manager, tool_call(tool), labelled(&[])).await;
                assert!(!result.is_denied(), "{code}");
                assert_eq!(header(&result, "x-by"), Some("here"), "{code}");
                let error = failed(&result);
                assert_eq!(error.code.as_deref(), Some(code));
                assert_eq!(error.plugin_name, "failing", "{code}");
                // `cpex-core` has no place for more about a timeout.
                if code != "timeout" {
                    assert!(error.details["receipt"]["fuel"].as_u64().unwrap() > 0, "{error:?}");
                }
            }
            assert!(!is_disabled(&manager), "{code}");
        }
    });
}

#[test]
fn a_plugin_that_failed_serves_the_next_call() {
    on_both(async || {
        for isolation in ["per_call", "pooled"] {
            let yaml = configuration(&[entry(
                "failing",
                "panics",
                &format!(
                    "on_error: ignore, config: {{ sandbox_policy: {{ isolation: {isolation} }} }}"
                ),
            )]);
            let manager = Plugins::of(&["panics"]).start(&yaml).await;
            for (tool, failures) in [("boom", 1), ("pay", 0), ("boom", 1), ("boom", 1), ("pay", 0)]
            {
                let result = invoke(&manager, tool_call(tool), labelled(&[])).await;
                assert!(!result.is_denied());
                assert_eq!(result.errors.len(), failures, "{tool}");
            }
        }
    });
}

#[test]
fn a_plugin_disabled_by_its_failure_is_not_called() {
    on_both(async || {
        for (module, tool, limits, code) in FAILING {
            let yaml = failing(module, limits, "on_error: disable");
            let manager = failing_plugins().start(&yaml).await;
            let result = invoke(&manager, tool_call(tool), labelled(&[])).await;
            assert_eq!(failed(&result).code.as_deref(), Some(code));
            assert_eq!(header(&result, "x-by"), Some("here"), "{code}");
            assert!(is_disabled(&manager), "{code}");
            let result = invoke(&manager, tool_call(tool), labelled(&[])).await;
            assert!(!result.is_denied() && result.errors.is_empty(), "{code}");
            assert_eq!(header(&result, "x-by"), Some("here"), "{code}");
        }
    });
}

#[test]
fn in_each_mode_a_failure_is_what_it_is_of_a_native_plugin() {
    /// The results of two calls of a plugin that fails in the first.
    async fn outcomes(manager: &PluginManager) -> String {
        let first = invoke(manager, tool_call("boom"), labelled(&[])).await;
        let second = invoke(manager, tool_call("boom"), labelled(&[])).await;
        let told = [first, second].map(|result| {
            let codes: Vec<_> = result.errors.iter().map(|error| error.code.clone()).collect();
            let violation = result.violation.map(|violation| violation.code);
            (result.continue_processing, violation, codes)
        });
        format!("{told:?}, disabled: {}", is_disabled(manager))
    }

    on_both(async || {
        let plugins = Plugins::of(&["panics"]);
        for mode in MODES {
            for on_error in ["fail", "ignore", "disable"] {
                let added = format!("mode: {mode}, on_error: {on_error}");
                let yaml = configuration(&[entry("failing", "panics", &added)]);
                let sandboxed = plugins.start(&yaml).await;
                let yaml = yaml.replace("wasm://panics.wasm", "native://fails");
                let register = |manager: &PluginManager| {
                    manager.register_factory("native://fails", Box::new(Fails))
                };
                let native = plugins.load_with(&yaml, &plugins.factory(), register).unwrap();
                native.initialize().await.unwrap();
                assert_eq!(outcomes(&sandboxed).await, outcomes(&native).await, "{added}");
            }
        }
    });
}

/// A native plugin that fails as `panics` does.
struct Fails;

struct FailsNatively(PluginConfig);

impl PluginFactory for Fails {
    fn create(&self, config: &PluginConfig) -> Result<PluginInstance, Box<PluginError>> {
        let plugin = Arc::new(FailsNatively(config.clone()));
        let handler: Arc<dyn AnyHookHandler> = plugin.clone();
        Ok(PluginInstance { plugin, handlers: vec![(HOOK, handler)] })
    }
}

#[async_trait]
impl Plugin for FailsNatively {
    fn config(&self) -> &PluginConfig {
        &self.0
    }
}

#[async_trait]
impl AnyHookHandler for FailsNatively {
    async fn invoke(
        &self,
        _: &dyn PluginPayload,
        _: &Extensions,
        _: &mut PluginContext,
    ) -> Result<Box<dyn Any + Send + Sync>, Box<PluginError>> {
        Err(Box::new(PluginError::Execution {
            plugin_name: self.0.name.clone(),
            message: "it failed".into(),
            source: None,
            code: Some("wasm_trap".into()),
            details: Default::default(),
            proto_error_code: None,
        }))
    }

    fn hook_type_name(&self) -> &'static str {
        crate::upstream::hook_type(HOOK)
    }
}
