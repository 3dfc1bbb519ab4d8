//! Requests, responses and their audit.

use cpex_wasmi::abi::HttpRequest;
use cpex_wasmi::{ErrorKind, Policy, Scheme};

use crate::common::HOOK;
use crate::harness::*;
use crate::server::{Server, response};

const ALL: &[&str] = &["network:http://*.test:*"];

#[test]
fn a_request_is_sent_unchanged_and_answered() {
    let server = Server::fixed(response("201 Created", "X-Answer: 42\r\n", "made"));
    let request = json(&HttpRequest {
        method: "put".into(),
        url: server.url("pdp.test", "/v1/a%20b?q=secret#part"),
        headers: vec![("Authorization".into(), "Bearer t".into()), ("X-A".into(), "b".into())],
        body: b"hello".to_vec(),
    });
    let world = World::new();
    let reply = world.send(ALL, &[request]).unwrap();
    assert_eq!(
        reply,
        r#"{"status":201,"headers":[["x-answer","42"],["content-length","4"]],"body":"made"}"#
    );
    let received = &server.received()[0];
    assert_eq!(received.line, "PUT /v1/a%20b?q=secret HTTP/1.1");
    assert_eq!(received.header("host").unwrap(), format!("pdp.test:{}", server.port));
    assert_eq!(received.header("authorization"), Some("Bearer t"));
    assert_eq!(received.header("x-a"), Some("b"));
    assert_eq!(received.header("content-length"), Some("5"));
    assert_eq!(received.headers.len(), 4);
    assert_eq!(received.body, b"hello");
    let url = server.url("pdp.test", "/v1/a%20b");
    let sent = format!("{url}?q=secret").len() + "authorizationBearer t".len() + 4 + 5;
    let received = "x-answer42content-length4made".len();
    assert_eq!(world.audit.take(), [format!("PUT {url}?… allowed {sent} {received}")]);
    assert_eq!(world.log.take(), [""; 0]);
}

#[test]
fn futures_and_blocking_calls_come_to_the_same() {
    let server = Server::text("hi");
    let world = World::new();
    let request = get(&server.url("a.test", "/"));
    let plugin = world.plugin(ALL, &[request], granting(&[private("*.test")]));
    let blocking = plugin.call(HOOK, about()).unwrap();
    // On no runtime, on one with a single thread without timers and I/O, and on a whole one.
    let bare = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let whole = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for runtime in [bare, whole] {
        let outcome = runtime.block_on(plugin.call_async(HOOK, about())).unwrap();
        assert_eq!(outcome.receipt.fuel, blocking.receipt.fuel);
        assert_eq!(reply(Ok(outcome)).unwrap(), reply(Ok(blocking.clone())).unwrap());
    }
    assert_eq!(server.received().len(), 3);
    assert_eq!(server.connections(), 1, "a connection is kept for the next request");
}

#[test]
fn a_request_takes_both_manifest_and_policy() {
    let server = Server::text("hi");
    let port = server.port;
    let mut narrow = private("a.test");
    narrow.ports = vec![port];
    narrow.methods = vec!["GET".parse().unwrap()];
    let wide = private("*.test");
    let exact = &[format!("network:GET http://a.test:{port}")];
    for (access, grant, method, host, allowed) in [
        (exact, &narrow, "GET", "a.test", true),
        (exact, &narrow, "get", "A.tEsT", true),
        (exact, &wide, "GET", "a.test", true),
        (exact, &narrow, "POST", "a.test", false),
        (exact, &wide, "POST", "a.test", false),
        (exact, &wide, "GET", "b.test", false),
        (exact, &wide, "GET", "x.a.test", false),
        (exact, &wide, "GET", "test", false),
    ] {
        let world = World::new();
        let request = json(&HttpRequest {
            method: method.into(),
            url: server.url(host, "/"),
            ..HttpRequest::default()
        });
        let access: Vec<_> = access.iter().map(String::as_str).collect();
        let plugin = world.plugin(&access, &[request], granting(std::slice::from_ref(grant)));
        let before = server.received().len();
        let result = reply(plugin.call(HOOK, about()));
        let shown = format!("{method} {host} {grant:?}");
        if allowed {
            assert!(result.is_ok(), "{shown}");
        } else {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::NetworkDenied, "{shown}");
            assert_eq!(server.received().len(), before);
            assert!(world.audit.take()[0].ends_with(" denied 0 0"));
            assert!(world.log.take()[0].contains("does not grant it"));
            assert_eq!(world.looked_up.take(), [""; 0], "no name is looked up that is not granted");
        }
    }
}

#[test]
fn what_is_granted_for_https_is_not_for_http() {
    let server = Server::text("hi");
    let access = &["network:https://a.test:*"];
    let mut grant = private("a.test");
    grant.schemes = vec![Scheme::Https];
    let request = get(&server.url("a.test", "/"));
    let plugin = World::new().plugin(access, &[request], granting(&[grant]));
    let error = plugin.call(HOOK, about()).unwrap_err();
    assert_eq!(error.code(), "network_denied");
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_server_that_talks_no_tls_is_no_server_for_https() {
    let server = Server::text("hi");
    let access = &["network:https://a.test:*"];
    let request = get(&server.url("a.test", "/").replace("http:", "https:"));
    let world = World::new();
    let plugin = world.plugin(access, &[request], granting(&[private("a.test")]));
    let error = plugin.call(HOOK, about()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PluginFailed);
    assert!(error.to_string().contains("Unavailable"), "{error}");
    assert_eq!(server.received().len(), 0);
    let log = world.log.take();
    assert!(log[0].starts_with("WARN GET https://a.test:"), "{log:?}");
}

#[test]
fn failures_of_servers_and_names_are_told_to_the_log() {
    let early = Server::new(|_, stream| {
        use std::io::Write as _;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").unwrap();
        false
    });
    let garbage = Server::fixed("SSH-2.0-OpenSSH\r\n\r\n");
    let silent = Server::new(|_, _| false);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (url, expected) in [
        (early.url("a.test", "/"), "broke off"),
        (garbage.url("a.test", "/"), "invalid http"),
        (silent.url("a.test", "/"), "connection"),
        (format!("http://a.test:{nobody}/"), "refused"),
        ("http://unknown.invalid.test.example/".into(), "no such name"),
    ] {
        let world = World::new();
        let access = &["network:http://*.test:*", "network:http://*.example"];
        let policy = granting(&[private("*.test"), public("*.example")]);
        let plugin = world.plugin(access, &[get(&url)], policy);
        let error = plugin.call(HOOK, about()).unwrap_err();
        assert!(error.to_string().contains("Unavailable"), "{error}");
        let log = world.log.take();
        assert!(log[0].to_lowercase().contains(expected), "{url}: {log:?}");
        assert!(world.audit.take()[0].contains(" failed "));
    }
}

#[test]
fn a_chunked_body_comes_back_whole_and_bytes_stay_bytes() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nx: y\r\n\r\n";
    let server = Server::fixed(chunked);
    let reply = World::new().send(ALL, &[get(&server.url("a.test", "/"))]).unwrap();
    assert!(reply.ends_with(r#""body":"abcde"}"#), "{reply}");

    let server = Server::fixed(*b"HTTP/1.1 200 OK\r\nx: \xff\r\ncontent-length: 2\r\n\r\n\xff\0");
    let reply = World::new().send(ALL, &[get(&server.url("a.test", "/"))]).unwrap();
    assert!(
        reply.contains("[\"x\",\"\u{fffd}\"]") && reply.ends_with(r#""body":[255,0]}"#),
        "{reply}"
    );
}

#[test]
fn without_a_transport_no_plugin_is_loaded_that_wants_one() {
    let engine = World::new().builder().build().unwrap();
    let wasm = sender(ALL, &[get("http://a.test")]);
    let error = cpex_wasmi::Plugin::load(&engine, &wasm, granting(&[private("*.test")]));
    let error = error.err().unwrap();
    assert!(error.to_string().contains("EngineBuilder::http_client"), "{error}");
    // And with one, not without the grant.
    let engine = World::new().builder().http_client().build().unwrap();
    let error = cpex_wasmi::Plugin::load(&engine, &wasm, Policy::default()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
}

#[test]
fn one_host_in_two_spellings_is_granted() {
    let world = World::new();
    let engine = world.builder().http_transport(world.client()).build().unwrap();
    for (asked, granted) in [
        ("[::1]", "::1"),
        ("[::ffff:10.0.0.7]", "10.0.0.7"),
        ("10.0.0.7", "0xa.7"),
        ("xn--bcher-kva.example", "bücher.example"),
        ("bücher.example", "*.EXAMPLE"),
        ("*.bücher.example", "*.xn--bcher-kva.example"),
    ] {
        let wasm = sender(&[&format!("network:http://{asked}:*")], &[get("http://a.test/")]);
        let loaded = cpex_wasmi::Plugin::load(&engine, &wasm, granting(&[private(granted)]));
        assert!(loaded.is_ok(), "{asked} {granted}: {:?}", loaded.err());
    }
}

#[test]
fn a_manifest_asks_only_for_what_can_be() {
    let world = World::new();
    let engine = world.builder().http_transport(world.client()).build().unwrap();
    for (line, expected) in [
        ("network:https://10.0.0.256", "the host is `10.0.0.256`, which is not an IPv4 address"),
        ("network:https://a..b", "did you mean `a.b`?"),
        ("network:https://a.example.", "ends with a dot; did you mean `a.example`?"),
        ("network:https://*.com", "name a domain, such as `*.example.com`"),
        (
            "network:GTE https://a",
            "the method is `GTE`, which is not a method; did you mean \
                                   `GET`?",
        ),
        ("network:GET,CONNECT https://a", "the method is `CONNECT`, which is not for plugins"),
        ("network:GET, https://a", "for all methods, leave the methods out"),
        ("fs:read-only:a/../b", "a path with `..` may lead out of what is granted"),
        ("fs:private-scratch:a/*", "`private-scratch` is for a directory"),
    ] {
        let wasm = sender(&[line], &[get("http://a.test/")]);
        let error = cpex_wasmi::Plugin::load(&engine, &wasm, granting(&[private("*.test")]));
        let error = error.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidModule, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.problems().len(), 1, "{error}");
    }
}
