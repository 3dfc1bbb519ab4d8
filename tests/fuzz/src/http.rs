//! Arbitrary URLs, of requests and of redirects.

use std::sync::{Arc, Mutex};

use cpex_wasmi::{
    Access, AddressGuard, Engine, HttpTransport, Manifest, NetworkGrant, Plugin, Policy, Request,
    Scheme, SendFuture, TransportRequest, TransportResponse,
};

use crate::common::with_manifest;

/// Answers each request with a redirect, as long as there are places to go on to, and keeps it: who panics here is
/// caught.
struct Redirects {
    to: Mutex<Vec<String>>,
    sent: Arc<Mutex<Vec<TransportRequest>>>,
}

impl HttpTransport for Redirects {
    fn send(&self, request: TransportRequest) -> SendFuture {
        self.sent.lock().unwrap().push(request);
        let next = self.to.lock().unwrap().pop();
        let response = match next {
            Some(location) => {
                let status = if location.len() % 2 == 0 { 302 } else { 307 };
                TransportResponse::new(status, Vec::new()).header("location", location)
            }
            None => TransportResponse::new(200, Vec::new()),
        };
        Box::pin(async move { Ok(response) })
    }
}

/// Holds a request against what was granted, as it stands in its URL.
fn assert_granted(request: &TransportRequest) {
    let TransportRequest { method, url, host, port, .. } = request;
    let port = *port;
    assert_eq!(request.guard, AddressGuard::public());
    assert!(url.is_ascii() && !url.contains(['#', ' ']), "{url}");
    let (scheme, rest) = url.split_once("://").unwrap();
    let authority = rest.split(['/', '?']).next().unwrap();
    let named = authority.rsplit_once(':').map_or(authority, |(name, _)| name);
    assert_eq!(named, host, "{url}");
    let exact = scheme == "https" && host == "api.example.com" && port == 443;
    let below = host.strip_suffix(".svc.example").is_some_and(|name| !name.is_empty());
    let service = scheme == "http" && below && port == 8080 && method == "GET";
    assert!(exact || service, "{method} {url} {host} {port}");
}

/// Requests the first line, and is redirected to the others.
pub fn http(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.reverse();
    let Some(url) = lines.pop() else { return };
    let method = if url.len() % 3 == 0 { "post" } else { "GET" };
    let argument = serde_json::json!({"method": method, "url": url}).to_string();
    let sent = Arc::default();
    let transport = Redirects { to: Mutex::new(lines), sent: Arc::clone(&sent) };
    let Some(plugin) = plugin(&argument, transport) else { return };
    match plugin.call("cmf.tool_pre_invoke", Request::tool_call("search")) {
        Ok(outcome) => assert!(outcome.decision.is_allow()),
        Err(error) => assert!(
            ["network_denied", "plugin_failed", "limit_exceeded"].contains(&error.code()),
            "{error}"
        ),
    }
    for request in &*sent.lock().unwrap() {
        assert_granted(request);
    }
}

/// A plugin that calls `http.send`, and gives up over a failure.
fn plugin(argument: &str, transport: Redirects) -> Option<Plugin> {
    let escaped: String = argument.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let len = argument.len();
    if len > 60_000 {
        return None;
    }
    let text = format!(
        "(module
         (import \"cpex\" \"call_json\" (func $call (param i32 i32 i32 i32 i32 i32) (result i32)))
         (memory (export \"memory\") 1)
         (data (i32.const 0) \"http.send\") (data (i32.const 16) \"{escaped}\")
         (func (export \"cpex_invoke\") (param i32) (result i32) (local $len i32)
           (local.set $len (call $call (i32.const 0) (i32.const 9) (i32.const 16) (i32.const {len})
             (i32.const 61000) (i32.const 4000)))
           (select (local.get $len) (i32.const 0) (i32.lt_s (local.get $len) (i32.const 0)))))"
    );
    let mut manifest = Manifest::new("fuzz", "1.0.0");
    manifest.hooks.push("cmf.tool_pre_invoke".into());
    manifest.access = vec![
        "network:https://api.example.com".into(),
        "network:GET http://*.svc.example:8080".into(),
    ];
    let wasm = with_manifest(wat::parse_str(text).unwrap(), &manifest.encode().unwrap());
    let services = NetworkGrant::new("*.svc.example".parse().unwrap());
    let access = Access::default()
        .network(NetworkGrant::new("api.example.com".parse().unwrap()))
        .network(services.schemes([Scheme::Http]).ports([8080]));
    let engine = Engine::builder().http_transport(transport).build().unwrap();
    Some(Plugin::load(&engine, &wasm, Policy::default().access(access)).unwrap())
}
