//! Plugins that send requests by the transport that the embedder gave the engine.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use cpex_wasmi::Engine;
use cpex_wasmi::praxis::EngineTransport;

use crate::calls::Script;
use crate::common::Logs;
use crate::effects::Log;
use crate::pipeline::{Plugins, denied, error_codes, invoke, on_both, tool_call};
use crate::upstream::PluginManager;
use crate::upstream::adapter::WasmFactory;
use crate::upstream::extensions::Extensions;
use crate::upstream::http::{HttpRequest, HttpResponse, HttpTransport, HttpTransportError};

type Look = Box<dyn Fn() + Send>;

/// A transport that answers from memory, and keeps what it was asked.
#[derive(Clone, Default)]
pub(crate) struct Canned {
    asked: Arc<Mutex<Vec<String>>>,
    /// Called for each request.
    when_asked: Arc<Mutex<Option<Look>>>,
}

impl std::fmt::Debug for Canned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Canned")
    }
}

impl Canned {
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn when_asked(&self, look: impl Fn() + Send + 'static) {
        *self.when_asked.lock().unwrap() = Some(Box::new(look));
    }
}

#[async_trait]
impl HttpTransport for Canned {
    async fn execute(&self, request: HttpRequest) -> Result<HttpResponse, HttpTransportError> {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        self.asked.lock().unwrap().push(format!("{} {} {body}", request.method, request.url));
        if let Some(look) = &*self.when_asked.lock().unwrap() {
            look();
        }
        // As one that has to wait.
        tokio::task::yield_now().await;
        match &*body {
            "search" => Ok(HttpResponse::new(200, "allow".into())),
            "wipe" => Ok(HttpResponse::new(200, "nobody wipes".into())),
            "broken" => Err(HttpTransportError::Io("the connection is lost".into())),
            "hang" => std::future::pending().await,
            "inside" => Err(HttpTransportError::Rejected("a private address".into())),
            _ => Ok(HttpResponse::new(500, "oops".into())),
        }
    }
}

fn configuration(entry: &str) -> String {
    format!(
        "
engine_settings: {{ dispatch: hooks }}
plugins:
  - name: remote
    kind: wasm://remote_decision.wasm
    hooks: [cmf.tool_pre_invoke]
    {entry}
    config:
      url: {URL}
      sandbox_policy:
        allowed_network:
          - {{ host: pdp.internal, schemes: [http], methods: [POST] }}
"
    )
}

const URL: &str = "http://pdp.internal/v1/decide";
const GRANTED: &str = "capabilities: [perform_http]";

/// An engine with the plugin, and with a transport or none.
async fn started(entry: &str, transport: Option<Canned>) -> Arc<PluginManager> {
    let plugins = Plugins::of(&["remote_decision"]);
    let engine = Engine::builder().http_transport(EngineTransport);
    let factory = WasmFactory::with_engine(plugins.path(), engine).unwrap();
    let engine = plugins
        .load_with(&configuration(entry), &factory, |engine| {
            if let Some(transport) = transport {
                assert!(engine.set_http_transport(Arc::new(transport)));
            }
        })
        .unwrap();
    engine.initialize().await.unwrap();
    engine
}

#[test]
fn requests_go_by_the_transport_of_the_engine() {
    on_both(async || {
        let transport = Canned::default();
        let engine = started(GRANTED, Some(transport.clone())).await;
        let decide = async |tool| invoke(&engine, tool_call(tool), Extensions::default()).await;
        let allowed = decide("search").await;
        assert!(!allowed.is_denied(), "{:?}", allowed.violation);
        let wiped = decide("wipe").await;
        assert_eq!(wiped.violation.as_ref().unwrap().reason, "nobody wipes");
        assert_eq!(denied(&decide("other").await), "undecided");
        let asked = transport.asked();
        assert_eq!(asked[0], format!("POST {URL} search"));
        assert_eq!(asked.len(), 3);
    });
}

#[test]
fn a_transport_takes_the_capability_and_has_to_be_there() {
    on_both(async || {
        let transport = Canned::default();
        let withheld = started("", Some(transport.clone())).await;
        let missing = started(GRANTED, None).await;
        for engine in [withheld, missing] {
            let result = invoke(&engine, tool_call("search"), Extensions::default()).await;
            assert_eq!(denied(&result), "undecided");
        }
        assert!(transport.asked().is_empty());
    });
}

#[test]
fn an_address_that_the_transport_refuses_is_denied() {
    on_both(async || {
        let entry = format!("on_error: ignore\n    {GRANTED}");
        let transport = Canned::default();
        let engine = started(&entry, Some(transport.clone())).await;
        let result = invoke(&engine, tool_call("inside"), Extensions::default()).await;
        assert_eq!(error_codes(&result), ["network_denied"]);
        assert_eq!(transport.asked().len(), 1);
    });
}

#[test]
fn the_grants_of_the_network_come_first() {
    let plugins = Plugins::of(&["remote_decision"]);
    let yaml = configuration(GRANTED).replace("methods: [POST]", "methods: [GET]");
    let message = plugins.refused(&yaml);
    assert!(message.contains("network:POST"), "{message}");
}

/// Starts a plugin that sends a request when it is initialised: the engine, what the transport was asked, and the log.
async fn fetching(
    capability: &str,
    log: Option<Log>,
) -> (Result<Arc<PluginManager>, String>, Canned, Logs) {
    let request = r#"{"method":"POST","url":"http://pdp.internal/keys","body":"search"}"#;
    let script = Script::asking(&["network:POST http://pdp.internal"]);
    let module = script.at_init("http.send", request).wasm();
    let plugins = Plugins::new().with("keys.wasm", &module);
    let logs = Logs::default();
    let engine = logs.engine().http_transport(EngineTransport);
    let factory = WasmFactory::with_engine(plugins.path(), engine).unwrap();
    let yaml = format!(
        "
plugins:
  - name: keys
    kind: wasm://keys.wasm
    hooks: [cmf.tool_pre_invoke]
    capabilities: [{capability}]
    config:
      sandbox_policy:
        allowed_network: [{{ host: pdp.internal, schemes: [http], methods: [POST] }}]
"
    );
    let transport = Canned::default();
    let seen = transport.clone();
    let set = move |engine: &PluginManager| assert!(engine.set_http_transport(Arc::new(seen)));
    let engine = plugins.load_with(&yaml, &factory, set).unwrap();
    if let Some(log) = log {
        engine.set_effect_log(Arc::new(log));
    }
    let started = engine.initialize().await.map_err(|error| error.to_string());
    (started.map(|()| engine), transport, logs)
}

#[test]
fn a_plugin_sends_requests_while_it_is_initialised() {
    on_both(async || {
        let log = Log::default();
        let (engine, transport, _) = fetching("perform_http", Some(log.clone())).await;
        let engine = engine.unwrap();
        assert_eq!(transport.asked(), ["POST http://pdp.internal/keys search"]);
        // There is no log for that.
        assert_eq!(log.taken(), []);
        // What is initialised in a call has what the engine lends for that.
        let result = invoke(&engine, tool_call("search"), Extensions::default()).await;
        assert!(!result.is_denied(), "{:?}", result.violation);
        assert_eq!(transport.asked().len(), 2);
        let record = log.records.lock().unwrap()[0].clone();
        assert_eq!(record.details["hook"], "init");
        assert_eq!(log.taken().len(), 2);
    });
}

#[test]
fn an_initialisation_without_the_capability_says_so() {
    on_both(async || {
        let (engine, transport, logs) = fetching("", None).await;
        let error = engine.map(drop).unwrap_err();
        assert!(error.contains("`cpex_init` gave up with the status `Unavailable`"), "{error}");
        let why = "does not declare 'perform_http'";
        assert!(logs.messages().iter().any(|line| line.contains(why)), "{:?}", logs.messages());
        assert!(transport.asked().is_empty());
    });
}
