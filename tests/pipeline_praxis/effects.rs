//! The external effects of plugins in the engine's log: requests, programs and files.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use cpex_wasmi::Engine;
use cpex_wasmi::praxis::EngineTransport;
use praxis_policy::{AplOptions, register_apl};
use serde_json::json;

use crate::calls::Script;
use crate::pipeline::{Plugins, about_tool, denied, error_codes, invoke, on_both, tool_call};
use crate::transport::Canned;
use crate::upstream::PluginManager;
use crate::upstream::adapter::WasmFactory;
use crate::upstream::effect::{DurableEffectLog, EffectRecord, EffectState};
use crate::upstream::error::PluginError;
use crate::upstream::executor::PipelineResult;
use crate::upstream::extensions::Extensions;

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
pub(crate) fn remote(query: &str, more: &str) -> String {
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

#[test]
fn effects_of_a_step_of_a_policy_are_recorded() {
    let yaml = format!(
        "engine_settings: {{ dispatch: policy }}
routes:
  - tool: search
    authorization: {{ pre_invocation: ['run(remote)'] }}
{}",
        remote("", "")
    );
    on_both(async || {
        let (log, transport) = (Log::default(), Canned::default());
        let plugins = Plugins::of(&["remote_decision"]);
        let engine = Engine::builder().http_transport(EngineTransport);
        let factory = WasmFactory::with_engine(plugins.path(), engine).unwrap();
        let engine = plugins
            .load_into(&yaml, &factory, |engine| {
                register_apl(engine, AplOptions::in_process());
                assert!(engine.set_http_transport(Arc::new(transport.clone())));
            })
            .unwrap();
        engine.set_effect_log(Arc::new(log.clone()));
        engine.initialize().await.unwrap();
        let result = invoke(&engine, tool_call("search"), about_tool("search")).await;
        assert!(!result.is_denied(), "{:?}", result.violation);
        assert_eq!(transport.asked().len(), 1);
        let by = log.records.lock().unwrap()[0].plugin_name.clone();
        assert_eq!(by.as_deref(), Some("remote"));
        assert_eq!(log.taken(), states(REQUEST, &[Prepared, Confirmed]));
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
