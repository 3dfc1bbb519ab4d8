//! Sandboxed plugins, as native audit handlers are told of them.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use cpex_wasmi::praxis::EngineTransport;
use cpex_wasmi::{Engine, Receipt};

use crate::common::HOOK;
use crate::effects::{called, remote};
use crate::pipeline::{Plugins, invoke, labelled, on_both, tool_call};
use crate::transport::Canned;
use crate::upstream::PluginManager;
use crate::upstream::adapter::WasmFactory;
use crate::upstream::audit::AuditHandler;
use crate::upstream::cmf::{CmfHook, MessagePayload};
use crate::upstream::context::PluginContext;
use crate::upstream::decision::{DecisionLog, DecisionStep, PluginAction, Verdict};
use crate::upstream::effect::EffectRecord;
use crate::upstream::error::{PluginError, PluginViolation};
use crate::upstream::extensions::Extensions;
use crate::upstream::factory::{PluginFactory, PluginInstance};
use crate::upstream::hooks::{HookHandler, PluginPayload, PluginResult, TypedHandlerAdapter};
use crate::upstream::plugin::{Plugin, PluginConfig, PluginMode};

/// A native plugin to which the engine tells what happens.
struct Sink {
    config: PluginConfig,
    told: Shared,
}

/// All that it was told.
#[derive(Default)]
struct Told {
    effects: Vec<String>,
    decisions: Vec<DecisionLog>,
}

type Shared = Arc<Mutex<Told>>;

#[async_trait]
impl AuditHandler for Sink {
    async fn handle(&self, _: &dyn PluginPayload, _: &Extensions, decisions: &DecisionLog) {
        self.told.lock().unwrap().decisions.push(decisions.clone());
    }

    async fn on_effect(&self, effect: &EffectRecord, _: &Extensions) {
        let plugin = effect.plugin_name.as_deref().unwrap_or_default();
        let told = format!("{plugin} {:?} {}", effect.state, effect.description);
        self.told.lock().unwrap().effects.push(told);
    }
}

#[async_trait]
impl Plugin for Sink {
    fn config(&self) -> &PluginConfig {
        &self.config
    }

    fn as_audit_handler(self: Arc<Self>) -> Option<Arc<dyn AuditHandler>> {
        Some(self)
    }
}

impl HookHandler<CmfHook> for Sink {
    async fn handle(
        &self,
        _: &MessagePayload,
        _: &Extensions,
        _: &mut PluginContext,
    ) -> PluginResult<MessagePayload> {
        PluginResult::allow()
    }
}

struct Sinks(Shared);

impl PluginFactory for Sinks {
    fn create(&self, config: &PluginConfig) -> Result<PluginInstance, Box<PluginError>> {
        let plugin = Arc::new(Sink { config: config.clone(), told: self.0.clone() });
        let handler = TypedHandlerAdapter::<CmfHook, _>::new(Arc::clone(&plugin));
        Ok(PluginInstance { plugin, handlers: vec![(HOOK, Arc::new(handler))] })
    }
}

/// An engine with plugins of this factory, beside an audit handler.
async fn audited(
    plugins: &Plugins,
    yaml: &str,
    factory: &WasmFactory,
    told: &Shared,
) -> Arc<PluginManager> {
    let yaml = format!("{yaml}  - {{ name: sink, kind: native/sink, hooks: [{HOOK}] }}\n");
    let engine = plugins
        .load_with(&yaml, factory, |engine| {
            engine.register_factory("native/sink", Box::new(Sinks(told.clone())));
            assert!(engine.set_http_transport(Arc::new(Canned::default())));
        })
        .unwrap();
    engine.initialize().await.unwrap();
    engine
}

#[test]
fn audit_handlers_are_told_of_effects_without_a_log() {
    on_both(async || {
        let told = Shared::default();
        let plugins = Plugins::of(&["remote_decision"]);
        let engine = Engine::builder().http_transport(EngineTransport);
        let factory = WasmFactory::with_engine(plugins.path(), engine).unwrap();
        let engine = audited(&plugins, &remote("", "priority: 1"), &factory, &told).await;
        assert!(called(&engine, "wipe").await.is_denied());
        let effect = "POST http://pdp.internal/v1";
        let told = told.lock().unwrap();
        let expected = ["Prepared", "Confirmed"].map(|state| format!("remote {state} {effect}"));
        assert_eq!(told.effects, expected);
        assert!(told.decisions[0].is_denied());
    });
}

const GUARD: &str = "
plugins:
  - name: guard
    kind: wasm://pii_guard.wasm
    hooks: [cmf.tool_pre_invoke]
    capabilities: [read_labels, read_roles]
";

/// The denial of a call, its receipt, and what the audit handler was told of it.
async fn denied(set: impl FnOnce(WasmFactory) -> WasmFactory) -> (Receipt, DecisionLog) {
    let (told, receipts) = (Shared::default(), Arc::new(Mutex::new(Vec::new())));
    let plugins = Plugins::of(&["pii_guard"]);
    let noted = receipts.clone();
    let factory = plugins.factory().on_call(move |call| noted.lock().unwrap().push(call.receipt));
    let engine = audited(&plugins, GUARD, &set(factory), &told).await;
    assert!(invoke(&engine, tool_call("pay"), labelled(&["PII"])).await.is_denied());
    let receipt = receipts.lock().unwrap()[0];
    let log = told.lock().unwrap().decisions[0].clone();
    (receipt, log)
}

fn violation(log: &DecisionLog) -> &PluginViolation {
    match &log.steps()[0].action {
        PluginAction::Denied(violation) => violation,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_denial_in_the_decision_log_has_its_receipt() {
    on_both(async || {
        let (receipt, log) = denied(WasmFactory::receipts_in_violations).await;
        assert!(receipt.fuel > 0);
        let Some(Verdict::Deny(verdict)) = log.verdict() else { panic!("{log:?}") };
        for violation in [violation(&log), verdict] {
            assert_eq!(violation.code, "pii_access");
            let told = &violation.details["receipt"];
            assert_eq!(told["fuel"], receipt.fuel);
            assert_eq!(told["peak_memory_bytes"], receipt.peak_memory_bytes);
            assert_eq!(told["host_calls"], receipt.host_calls);
        }
        // Unless that is asked for, there is none.
        let (_, log) = denied(|factory| factory).await;
        assert!(!violation(&log).details.contains_key("receipt"));
    });
}

/// As long as this compiles, a step has no place for what a call cost, and only a denial has details.
#[test]
fn a_step_of_the_decision_log_has_no_place_for_a_receipt() {
    let mut log = DecisionLog::new();
    log.record("guard", PluginMode::Sequential, PluginAction::Allowed);
    let DecisionStep { plugin_name, phase, action } = &log.steps()[0];
    assert_eq!((&**plugin_name, *phase), ("guard", PluginMode::Sequential));
    match action {
        PluginAction::Allowed
        | PluginAction::ModifiedPayload
        | PluginAction::ModifiedExtensions
        | PluginAction::Aborted => {}
        PluginAction::Denied(_) | PluginAction::DenyIgnored(_) | PluginAction::Error(_) => {
            panic!("{action:?}")
        }
    }
}
