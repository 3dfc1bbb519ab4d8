//! A plugin that asks a policy decision service, set up in YAML.

use std::sync::Arc;

use cpex_wasmi::{Engine, HttpClient};

use crate::pipeline::{Plugins, denied, error_codes, invoke, on_both, tool_call};
use crate::server::{Server, response};
use crate::upstream::PluginManager;
use crate::upstream::adapter::WasmFactory;
use crate::upstream::extensions::Extensions;

/// A decision service: allows `search`, denies `wipe`, fails for the rest.
fn service() -> Server {
    Server::new(|request, stream| {
        use std::io::Write as _;
        let answer = match request.body.as_slice() {
            b"search" => response("200 OK", "", "allow"),
            b"wipe" => response("200 OK", "", "nobody wipes"),
            b"hang" => return true,
            _ => response("500 Internal Server Error", "", "oops"),
        };
        stream.write_all(answer.as_bytes()).is_ok()
    })
}

async fn started(url: &str, grant: &str, settings: &str) -> Arc<PluginManager> {
    let plugins = Plugins::of(&["remote_decision"]);
    let client = HttpClient::new().unwrap();
    let client = client.with_resolver(|_| async { Ok(vec![[127, 0, 0, 1].into()]) });
    let engine = Engine::builder().http_transport(client);
    let factory = WasmFactory::with_engine(plugins.path(), engine).unwrap();
    let yaml = format!(
        "plugins:
  - name: remote
    kind: wasm://remote_decision.wasm
    hooks: [cmf.tool_pre_invoke]
    {settings}
    config:
      url: {url}
      sandbox_policy:
        resources: {{ max_execution_time_ms: 500 }}
        allowed_network:
          - {{ host: pdp.internal, schemes: [http], methods: [POST], {grant} }}
"
    );
    plugins.start_with(&yaml, &factory).await
}

#[test]
fn the_service_decides_and_no_answer_is_no_permission() {
    let service = service();
    let url = service.url("pdp.internal", "/v1/decide");
    on_both(async || {
        let manager = started(&url, "allow_private: true", "").await;
        let decide = async |tool| invoke(&manager, tool_call(tool), Extensions::default()).await;
        assert!(!decide("search").await.is_denied());
        let wiped = decide("wipe").await;
        assert_eq!(denied(&wiped), "remote_denied");
        assert_eq!(wiped.violation.as_ref().unwrap().reason, "nobody wipes");
        assert_eq!(denied(&decide("other").await), "undecided");
        let hanging = decide("hang").await;
        assert!(hanging.is_denied());
    });
    let received = &service.received()[0];
    assert_eq!(received.line, "POST /v1/decide HTTP/1.1");
}

#[test]
fn a_service_at_a_private_address_takes_a_grant_that_says_so() {
    let service = service();
    let url = service.url("pdp.internal", "/");
    on_both(async || {
        let manager = started(&url, "", "on_error: ignore").await;
        let result = invoke(&manager, tool_call("search"), Extensions::default()).await;
        assert_eq!(error_codes(&result), ["network_denied"]);
    });
    assert_eq!(service.connections(), 0);
}
