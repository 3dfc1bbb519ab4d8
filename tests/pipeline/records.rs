//! Records of calls for an embedder.

use std::sync::{Arc, Mutex};

use cpex_wasmi::Receipt;
use cpex_wasmi::abi::{Field, NO_INDEX, NO_KEY};

use crate::common::{HOOK, data, guest_with};
use crate::logs::captured;
use crate::pipeline::{Plugins, configuration, entry, invoke, labelled, on_both, tool_call};
use crate::upstream::PluginManager;
use crate::upstream::adapter::{CallRecord, TELEMETRY_TARGET, WasmFactory};
use crate::upstream::extensions::{Extensions, RequestExtension};

/// The records: plugin, hook, what it ended with, what was changed, and the receipt.
type Told = (String, String, String, Vec<&'static str>, Receipt);

#[derive(Clone, Default)]
struct Records(Arc<Mutex<Vec<Told>>>);

impl Records {
    fn factory(&self, plugins: &Plugins) -> WasmFactory {
        let records = self.clone();
        plugins.factory().on_call(move |call| records.note(call))
    }

    fn note(&self, call: &CallRecord<'_>) {
        let ended = match call.result {
            Ok(decision) => decision.violation().map_or("allow", |violation| &violation.code),
            Err(error) => {
                assert_eq!(error.plugin(), Some(call.plugin));
                error.code()
            }
        };
        let (plugin, hook) = (call.plugin.to_owned(), call.hook.to_owned());
        let told = (plugin, hook, ended.to_owned(), call.changed.to_vec(), call.receipt);
        self.0.lock().unwrap().push(told);
    }

    fn take(&self) -> Vec<Told> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

async fn started(plugins: &Plugins, records: &Records, yaml: &str) -> Arc<PluginManager> {
    let manager = plugins.load_with(yaml, &records.factory(plugins), |_| {}).unwrap();
    manager.initialize().await.unwrap();
    manager
}

const TWO: &str = "
plugins:
  - name: redactor
    kind: wasm://argument_redactor.wasm
    hooks: [cmf.tool_pre_invoke]
  - name: guard
    kind: wasm://pii_guard.wasm
    hooks: [cmf.tool_pre_invoke]
    capabilities: [read_labels, read_roles]
";

#[test]
fn a_decision_is_told_with_what_was_changed_and_what_it_cost() {
    on_both(async || {
        let plugins = Plugins::of(&["argument_redactor", "pii_guard"]);
        let records = Records::default();
        let manager = started(&plugins, &records, TWO).await;
        assert_eq!(records.take(), []);

        let mut call = tool_call("pay");
        let part = &mut call.message.content[0];
        let crate::upstream::cmf::ContentPart::ToolCall { content } = part else {
            panic!("{part:?}")
        };
        content.arguments.insert("ssn".into(), "123-45-6789".into());
        invoke(&manager, call, labelled(&["PII"])).await;

        let told = records.take();
        let [redactor, guard] = &told[..] else { panic!("{told:?}") };
        assert_eq!((&*redactor.0, &*redactor.1, &*redactor.2), ("redactor", HOOK, "allow"));
        assert_eq!(redactor.3, ["payload"]);
        assert_eq!((&*guard.0, &*guard.1, &*guard.2), ("guard", HOOK, "pii_access"));
        assert!(guard.3.is_empty());
        for (.., receipt) in &told {
            assert!(receipt.fuel > 0 && receipt.host_calls > 0, "{receipt:?}");
        }
    });
}

#[test]
fn a_failure_is_told_with_its_code_and_what_it_cost() {
    let yaml = |mode: &str| {
        format!(
            "
plugins:
  - name: spinner
    kind: wasm://loops.wasm
    hooks: [cmf.tool_pre_invoke]
    mode: {mode}
    on_error: ignore
    config:
      sandbox_policy:
        resources: {{ max_fuel: 300000 }}
"
        )
    };
    on_both(async || {
        for mode in ["sequential", "transform", "audit", "concurrent", "fire_and_forget"] {
            let plugins = Plugins::of(&["loops"]);
            let records = Records::default();
            let manager = started(&plugins, &records, &yaml(mode)).await;
            let result = invoke(&manager, tool_call("pay"), labelled(&[])).await;
            assert!(!result.is_denied());

            let told = records.take();
            let [(plugin, hook, code, changed, receipt)] = &told[..] else { panic!("{told:?}") };
            assert_eq!((&**plugin, &**hook, &**code), ("spinner", HOOK, "fuel_exhausted"));
            assert!(changed.is_empty());
            assert_eq!(receipt.slices, 2);
            let records: Vec<_> =
                result.errors.iter().map(|error| &error.details["receipt"]).collect();
            if mode == "fire_and_forget" {
                assert!(records.is_empty());
            } else {
                assert_eq!(records, [&serde_json::to_value(receipt).unwrap()]);
            }
        }
    });
}

#[test]
fn a_record_says_which_request_it_is_of() {
    let request = |id: &str| {
        let request = RequestExtension { request_id: Some(id.into()), ..Default::default() };
        Extensions { request: Some(Arc::new(request)), ..Extensions::default() }
    };
    for mode in ["sequential", "transform", "audit", "concurrent", "fire_and_forget"] {
        on_both(async || {
            let plugins = Plugins::of(&["noop"]);
            let seen = Arc::new(Mutex::new(Vec::new()));
            let told = seen.clone();
            let factory = plugins.factory().on_call(move |call| {
                told.lock().unwrap().push(call.request_id.map(str::to_owned));
            });
            let yaml = configuration(&[entry("noop", "noop", &format!("mode: {mode}"))]);
            let manager = plugins.start_with(&yaml, &factory).await;
            invoke(&manager, tool_call("pay"), request("a")).await;
            invoke(&manager, tool_call("pay"), request("b")).await;
            invoke(&manager, tool_call("pay"), labelled(&[])).await;
            let expected = [Some("a".to_owned()), Some("b".to_owned()), None];
            assert_eq!(*seen.lock().unwrap(), expected, "{mode}");
        });
    }
}

#[test]
fn a_change_that_does_not_fit_is_a_failure() {
    let hop = r#"{"subject_id":"agent","timestamp":"yesterday"}"#;
    let (field, append, no_key) = (Field::DelegationHop.number(), NO_INDEX, NO_KEY);
    let wasm = guest_with(
        &["read_delegation", "append_delegation"],
        &format!(
            r#"(data (i32.const 0) "{}")
               (func (export "cpex_invoke") (param i32) (result i32)
                 (call $write_json (i32.const {field}) (i32.const {append}) (i32.const 0)
                   (i32.const {no_key}) (i32.const 0) (i32.const {})))"#,
            data(hop.as_bytes()),
            hop.len()
        ),
    );
    let yaml = format!(
        "plugins: [{{ name: hopper, kind: 'wasm://hopper.wasm', hooks: [{HOOK}], on_error: ignore, \
         capabilities: [read_delegation, append_delegation] }}]"
    );
    on_both(async || {
        let plugins = Plugins::new().with("hopper.wasm", &wasm);
        let records = Records::default();
        let manager = started(&plugins, &records, &yaml).await;
        let result = invoke(&manager, tool_call("pay"), labelled(&[])).await;
        let told = records.take();
        let [(plugin, _, code, changed, receipt)] = &told[..] else { panic!("{told:?}") };
        assert_eq!((&**plugin, &**code), ("hopper", "abi_violation"));
        assert!(changed.is_empty() && receipt.host_calls == 1, "{receipt:?}");
        assert_eq!(result.errors[0].code.as_deref(), Some("abi_violation"));
        assert_eq!(result.errors[0].details["receipt"], serde_json::to_value(receipt).unwrap());
    });
}

/// Counts 3 under `seen`, attaches 42 to it, and gives the verdict that this is.
fn reporter(verdict: i32) -> Vec<u8> {
    guest_with(
        &[],
        &format!(
            r#"(data (i32.const 0) "{}")
               (func (export "cpex_invoke") (param i32) (result i32)
                 (drop (call $metric (i32.const 0) (i32.const 4) (i32.const 3)))
                 (drop (call $metadata_json (i32.const 0) (i32.const 4) (i32.const 4)
                   (i32.const 2)))
                 (i32.const {verdict}))"#,
            data(b"seen42")
        ),
    )
}

#[test]
fn metrics_and_metadata_are_told_and_traced() {
    let reporting = |verdict: i32| {
        let told = Arc::new(Mutex::new(Vec::new()));
        let records = told.clone();
        let traced = captured(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let plugins = Plugins::new().with("reporter.wasm", &reporter(verdict));
                let factory = plugins.factory().on_call(move |call| {
                    records.lock().unwrap().push(call.telemetry.clone());
                });
                let yaml = format!(
                    "plugins: [{{ name: reporter, kind: 'wasm://reporter.wasm', hooks: [{HOOK}], \
                     on_error: ignore }}]"
                );
                let manager = plugins.load_with(&yaml, &factory, |_| {}).unwrap();
                manager.initialize().await.unwrap();
                invoke(&manager, tool_call("pay"), labelled(&[])).await;
            });
        });
        let told = std::mem::take(&mut *told.lock().unwrap());
        let [telemetry] = &told[..] else { panic!("{told:?}") };
        let lines = traced.lines().filter(|line| line.contains(TELEMETRY_TARGET));
        (telemetry.clone(), lines.map(str::to_owned).collect::<Vec<_>>())
    };
    for verdict in [0, 1] {
        let (telemetry, lines) = reporting(verdict);
        assert_eq!((telemetry.metrics["seen"], &telemetry.metadata["seen"]), (3, &42.into()));
        let [line] = &lines[..] else { panic!("{lines:?}") };
        for field in [
            r#"plugin="reporter""#,
            &format!("hook={HOOK:?}"),
            r#"metrics="{\"seen\":3}""#,
            r#"metadata="{\"seen\":42}""#,
        ] {
            assert!(line.contains(field), "{line} lacks {field}");
        }
    }
    let (telemetry, lines) = reporting(-13);
    assert!(telemetry.is_empty() && lines.is_empty(), "{lines:?}");
}

#[derive(Clone, Debug)]
struct Unregistered;
crate::upstream::impl_plugin_payload!(Unregistered);

#[test]
fn a_call_that_did_not_begin_has_cost_nothing() {
    on_both(async || {
        let plugins = Plugins::of(&["argument_redactor", "pii_guard"]);
        let records = Records::default();
        let manager = started(&plugins, &records, TWO).await;
        let payload = Box::new(Unregistered);
        let (result, _) = manager.invoke_by_name(HOOK, payload, labelled(&[]), None).await;
        assert!(result.is_denied());
        let told = records.take();
        let [(plugin, _, code, _, receipt)] = &told[..] else { panic!("{told:?}") };
        assert_eq!((&**plugin, &**code), ("redactor", "invalid_config"));
        assert_eq!(*receipt, Receipt::default());
    });
}
