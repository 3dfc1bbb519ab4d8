//! The external effects of plugins in the engine's log: requests, programs and files.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use cpex_wasmi::Engine;
use cpex_wasmi::praxis::EngineTransport;
use serde_json::json;

use crate::calls::Script;
use crate::common::HOOK;
use crate::pipeline::{Plugins, denied, error_codes, invoke, on_both, tool_call};
use crate::transport::Canned;
use crate::upstream::PluginManager;
use crate::upstream::adapter::WasmFactory;
use crate::upstream::audit::AuditHandler;
use crate::upstream::cmf::{CmfHook, MessagePayload};
use crate::upstream::context::PluginContext;
use crate::upstream::decision::DecisionLog;
use crate::upstream::effect::{DurableEffectLog, EffectRecord, EffectState};
use crate::upstream::error::PluginError;
use crate::upstream::executor::PipelineResult;
use crate::upstream::extensions::Extensions;
use crate::upstream::factory::{PluginFactory, PluginInstance};
use crate::upstream::hooks::{HookHandler, PluginPayload, PluginResult, TypedHandlerAdapter};
use crate::upstream::plugin::{Plugin, PluginConfig};

use EffectState::{Confirmed, Prepared, Rejected, Unknown};

/// A log in memory, which takes time, and takes nothing if it is full.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    pub(crate) records: Arc<Mutex<Vec<EffectRecord>>>,
    pub(crate) full: bool,
}

#[async_trait]
impl DurableEffectLog for Log {
    async fn append(&self, effect: &EffectRecord) -> Result<(), Box<PluginError>> {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        if self.full {
            return Err(Box::new(PluginError::Config { message: "the disk is full".into() }));
        }
        self.records.lock().unwrap().push(effect.clone());
        Ok(())
    }
}

impl Log {
    /// Takes what was recorded: state, kind and description, in order.
    pub(crate) fn taken(&self) -> Vec<(EffectState, String)> {
        let records = std::mem::take(&mut *self.records.lock().unwrap());
        records.into_iter().map(|r| (r.state, format!("{} {}", r.kind, r.description))).collect()
    }
}

/// One effect in each of these states.
pub(crate) fn states(effect: &str, states: &[EffectState]) -> Vec<(EffectState, String)> {
    states.iter().map(|state| (state.clone(), effect.to_owned())).collect()
}

/// An engine with this configuration, whose effects go to `log`.
pub(crate) async fn started(
    plugins: &Plugins,
    yaml: &str,
    log: &Log,
    set: impl FnOnce(&PluginManager),
) -> Arc<PluginManager> {
    let engine = Engine::builder().http_transport(EngineTransport);
    let factory = WasmFactory::with_engine(plugins.path(), engine).unwrap();
    let engine = plugins.load_with(yaml, &factory, set).unwrap();
    engine.set_effect_log(Arc::new(log.clone()));
    engine.initialize().await.unwrap();
    engine
}

pub(crate) async fn called(engine: &PluginManager, tool: &str) -> PipelineResult {
    invoke(engine, tool_call(tool), Extensions::default()).await
}

/// A plugin that sends a request; `more` is of its entry.
fn remote(query: &str, more: &str) -> String {
    format!(
        "plugins:
  - name: remote
    kind: wasm://remote_decision.wasm
    hooks: [cmf.tool_pre_invoke]
    capabilities: [perform_http]
    {more}
    config:
      url: 'http://pdp.internal/v1{query}'
      sandbox_policy:
        resources: {{ max_execution_time_ms: 500 }}
        allowed_network: [{{ host: pdp.internal, schemes: [http], methods: [POST] }}]
"
    )
}

/// An engine with the plugin that sends a request, by a transport that sees the log as it is then.
async fn sending(yaml: &str, log: &Log) -> (Arc<PluginManager>, Canned) {
    let transport = Canned::default();
    let seen = transport.clone();
    let plugins = Plugins::of(&["remote_decision"]);
    let set = move |engine: &PluginManager| assert!(engine.set_http_transport(Arc::new(seen)));
    (started(&plugins, yaml, log, set).await, transport)
}

const REQUEST: &str = "http_request POST http://pdp.internal/v1";

#[test]
fn a_request_is_recorded_before_it_is_sent_and_after() {
    on_both(async || {
        let log = Log::default();
        let (engine, transport) = sending(&remote("", ""), &log).await;
        let records = log.records.clone();
        transport.when_asked(move || {
            let records = records.lock().unwrap();
            assert_eq!(records.len(), 1);
            assert_eq!(records[0].state, Prepared);
        });
        assert!(!called(&engine, "search").await.is_denied());
        let records = log.records.lock().unwrap().clone();
        assert_eq!(log.taken(), states(REQUEST, &[Prepared, Confirmed]));
        let [before, after] = &records[..] else { panic!("{records:?}") };
        assert_eq!(before.key, after.key);
        assert_eq!(after.plugin_name.as_deref(), Some("remote"));
        assert_eq!(after.details["hook"], "cmf.tool_pre_invoke");
        assert_eq!(after.details["bytes_received"], 5);
        // Each effect has a name of its own, also in another call.
        called(&engine, "search").await;
        assert_ne!(log.records.lock().unwrap()[0].key, before.key);
    });
}

#[test]
fn queries_and_bodies_of_requests_are_not_recorded() {
    on_both(async || {
        let log = Log::default();
        let (engine, _) = sending(&remote("?token=hush", ""), &log).await;
        called(&engine, "search").await;
        let records = format!("{:?}", log.records.lock().unwrap());
        assert!(records.contains("http://pdp.internal/v1?…"), "{records}");
        assert!(!records.contains("hush") && !records.contains("search"), "{records}");
    });
}

#[test]
fn a_request_whose_end_is_not_known_is_recorded_as_such() {
    on_both(async || {
        let log = Log::default();
        let (engine, _) = sending(&remote("", "on_error: ignore"), &log).await;
        // The transport fails, after who knows what.
        assert_eq!(denied(&called(&engine, "broken").await), "undecided");
        assert_eq!(log.taken(), states(REQUEST, &[Prepared, Unknown]));
        // It refuses the address, so that nothing was sent.
        assert_eq!(error_codes(&called(&engine, "inside").await), ["network_denied"]);
        assert_eq!(log.taken(), states(REQUEST, &[Prepared, Rejected]));
        // The call is over before the answer is there.
        let result = called(&engine, "hang").await;
        assert!(matches!(&*result.errors[0].message, message if message.contains("500")));
        assert_eq!(log.taken(), states(REQUEST, &[Prepared, Unknown]));
    });
}

#[test]
fn nothing_happens_that_cannot_be_recorded() {
    on_both(async || {
        let log = Log { full: true, ..Log::default() };
        let (engine, transport) = sending(&remote("", ""), &log).await;
        assert_eq!(denied(&called(&engine, "search").await), "undecided");
        assert!(transport.asked().is_empty());
    });
}

#[test]
fn access_that_is_denied_is_no_effect() {
    on_both(async || {
        let log = Log::default();
        let plugins = Plugins::of(&["remote_decision"])
            .with("echo.wasm", &running("/bin/echo", "", "(i32.const 0)"));
        let elsewhere = remote("", "").replace("url: 'http://pdp", "url: 'http://other");
        let engine = started(&plugins, &elsewhere, &log, |_| {}).await;
        assert!(called(&engine, "search").await.is_denied());
        let engine = started(&plugins, &echo("[never]"), &log, |_| {}).await;
        assert!(called(&engine, "search").await.is_denied());
        assert_eq!(log.taken(), []);
    });
}

/// A module that runs a program with the argument `x`, and then this body.
fn running(program: &str, stdin: &str, then: &str) -> Vec<u8> {
    let argument = json!({ "program": program, "args": ["x"], "stdin": stdin }).to_string();
    Script::asking(&[&format!("exec:{program}")]).calls("command.run", &argument).wasm_then(then)
}

fn echo(args: &str) -> String {
    format!(
        "plugins:
  - name: echo
    kind: wasm://echo.wasm
    hooks: [cmf.tool_pre_invoke]
    config: {{ sandbox_policy: {{ allowed_commands: [{{ program: /bin/echo, args: {args} }}] }} }}
"
    )
}

const PROGRAM: &str = "command_run run /bin/echo x";

#[test]
fn a_program_is_recorded_before_and_after_it_ran() {
    on_both(async || {
        let log = Log::default();
        let plugins = Plugins::new().with("echo.wasm", &running("/bin/echo", "", "(i32.const 0)"));
        let engine = started(&plugins, &echo("['*']"), &log, |_| {}).await;
        assert!(!called(&engine, "search").await.is_denied());
        assert_eq!(log.taken(), states(PROGRAM, &[Prepared, Confirmed]));
    });
}

#[test]
fn effects_of_a_call_that_fails_afterwards_are_recorded() {
    on_both(async || {
        let log = Log::default();
        let plugins = Plugins::new().with("echo.wasm", &running("/bin/echo", "", "unreachable"));
        let engine = started(&plugins, &echo("['*']"), &log, |_| {}).await;
        assert_eq!(denied(&called(&engine, "search").await), "plugin_error");
        assert_eq!(log.taken(), states(PROGRAM, &[Prepared, Confirmed]));
    });
}

#[test]
fn a_program_that_cannot_be_started_has_not_run() {
    on_both(async || {
        let log = Log::default();
        let module = running("/no/such", "", "(i32.const 0)");
        let plugins = Plugins::new().with("echo.wasm", &module);
        let yaml = echo("['*']").replace("/bin/echo", "/no/such");
        let engine = started(&plugins, &yaml, &log, |_| {}).await;
        assert!(called(&engine, "search").await.is_denied());
        assert_eq!(log.taken(), states("command_run run /no/such x", &[Prepared, Rejected]));
    });
}

#[test]
fn modes_without_effects_run_as_they_are_granted() {
    for mode in ["audit", "concurrent", "fire_and_forget"] {
        on_both(async || {
            let log = Log::default();
            let (engine, transport) = sending(&remote("", &format!("mode: {mode}")), &log).await;
            assert!(!called(&engine, "search").await.is_denied(), "{mode}");
            assert_eq!(transport.asked().len(), 1, "{mode}");
            assert_eq!(log.taken(), [], "{mode}");
        });
    }
}

/// A native plugin to which the engine tells what happens.
struct Sink {
    config: PluginConfig,
    told: Told,
}

type Told = Arc<Mutex<Vec<String>>>;

#[async_trait]
impl AuditHandler for Sink {
    async fn handle(&self, _: &dyn PluginPayload, _: &Extensions, decisions: &DecisionLog) {
        let steps = decisions.steps().iter();
        let steps = steps.map(|step| format!("{} {:?}", step.plugin_name, step.action));
        self.told.lock().unwrap().extend(steps.filter(|step| !step.starts_with("sink")));
    }

    async fn on_effect(&self, effect: &EffectRecord, _: &Extensions) {
        let plugin = effect.plugin_name.as_deref().unwrap_or_default();
        let told = format!("{plugin} {:?} {}", effect.state, effect.description);
        self.told.lock().unwrap().push(told);
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

struct Sinks(Told);

impl PluginFactory for Sinks {
    fn create(&self, config: &PluginConfig) -> Result<PluginInstance, Box<PluginError>> {
        let plugin = Arc::new(Sink { config: config.clone(), told: self.0.clone() });
        let handler = TypedHandlerAdapter::<CmfHook, _>::new(Arc::clone(&plugin));
        Ok(PluginInstance { plugin, handlers: vec![(HOOK, Arc::new(handler))] })
    }
}

#[test]
fn audit_handlers_are_told_of_effects_without_a_log() {
    on_both(async || {
        let told = Told::default();
        let yaml = format!(
            "{}  - {{ name: sink, kind: native/sink, hooks: [{HOOK}] }}\n",
            remote("", "priority: 1")
        );
        let plugins = Plugins::of(&["remote_decision"]);
        let engine = Engine::builder().http_transport(EngineTransport);
        let factory = WasmFactory::with_engine(plugins.path(), engine).unwrap();
        let engine = plugins
            .load_with(&yaml, &factory, |engine| {
                engine.register_factory("native/sink", Box::new(Sinks(told.clone())));
                assert!(engine.set_http_transport(Arc::new(Canned::default())));
            })
            .unwrap();
        engine.initialize().await.unwrap();
        assert!(called(&engine, "wipe").await.is_denied());
        let told = told.lock().unwrap();
        assert_eq!(told[0], "remote Prepared POST http://pdp.internal/v1");
        assert_eq!(told[1], "remote Confirmed POST http://pdp.internal/v1");
        assert!(told[2].starts_with("remote Denied"), "{told:?}");
        assert_eq!(told.len(), 3);
    });
}
