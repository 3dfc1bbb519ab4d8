//! Redirects are requests like others.

use cpex_wasmi::ErrorKind;
use cpex_wasmi::abi::HttpRequest;

use crate::common::HOOK;
use crate::harness::*;
use crate::server::{Server, response};

const ALL: &[&str] = &["network:http://*.test:*"];

fn to(status: u16, location: &str) -> String {
    response(&format!("{status} Elsewhere"), &format!("Location: {location}\r\n"), "ignored")
}

#[test]
fn a_redirect_is_followed_and_each_hop_told() {
    let server = Server::by_path(|path| match path {
        "/one" => to(302, "two?x=1"),
        "/two?x=1" => to(307, "/three#part"),
        _ => response("200 OK", "", "there"),
    });
    let world = World::new();
    let reply = world.send(ALL, &[get(&server.url("a.test", "/one"))]).unwrap();
    assert!(reply.contains("there"), "{reply}");
    let told = world.audit.take();
    let start = |path| format!("GET {} allowed ", server.url("a.test", path));
    assert!(told[0].starts_with(&start("/one")), "{told:?}");
    assert!(told[1].starts_with(&start("/two?…")), "{told:?}");
    assert!(told[2].starts_with(&start("/three")), "{told:?}");
    assert_eq!(told.len(), 3);
}

#[test]
fn a_redirect_takes_no_credentials_to_another_origin() {
    let there = Server::text("there");
    let location = there.url("b.test", "/");
    let server = Server::by_path(move |_| to(302, &location));
    let request = json(&HttpRequest {
        method: "POST".into(),
        url: server.url("a.test", "/"),
        headers: [("authorization", "a"), ("cookie", "b"), ("content-type", "c"), ("x-d", "d")]
            .map(|(name, value)| (name.into(), value.into()))
            .to_vec(),
        body: b"body".to_vec(),
    });
    World::new().send(ALL, &[request]).unwrap();
    assert_eq!(server.received()[0].header("authorization"), Some("a"));
    let received = &there.received()[0];
    assert_eq!(received.line, "GET / HTTP/1.1");
    for gone in ["authorization", "cookie", "content-type", "content-length"] {
        assert_eq!(received.header(gone), None);
    }
    assert_eq!(received.header("x-d"), Some("d"));
    assert!(received.body.is_empty());
}

#[test]
fn a_redirect_to_what_is_not_granted_is_denied() {
    let secret = Server::text("secret");
    let private_address = format!("http://127.0.0.1:{}/", secret.port);
    let other_host = secret.url("other.example", "/");
    let other_method = secret.url("post-only.test", "/");
    for location in [private_address, other_host, other_method, "https://a.test/".into()] {
        let target = location.clone();
        let server = Server::by_path(move |_| to(303, &target));
        let world = World::new();
        let mut post = private("post-only.test");
        post.methods = vec!["POST".parse().unwrap()];
        let access = &["network:http://a.test:*", "network:POST http://post-only.test:*"];
        let policy = granting(&[private("a.test"), post]);
        let plugin = world.plugin(access, &[get(&server.url("a.test", "/"))], policy);
        let error = plugin.call(HOOK, about()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NetworkDenied, "{location}");
        assert_eq!(secret.connections(), 0, "{location}");
        let told = world.audit.take();
        assert!(told[0].contains(" allowed ") && told[1].ends_with(" denied 0 0"), "{told:?}");
    }
}

#[test]
fn redirects_without_end_end() {
    let server = Server::by_path(|_| to(301, "/again"));
    let world = World::new();
    let error = world.send(ALL, &[get(&server.url("a.test", "/"))]).unwrap_err();
    assert!(error.to_string().contains("Unavailable"), "{error}");
    assert_eq!(server.received().len(), 6);
    assert!(world.log.take()[0].contains("redirects once too often"));
}

#[test]
fn a_redirect_to_nowhere_fails() {
    for location in [
        "http://",
        "ftp://a.test/",
        "http://user:pass@a.test/",
        "http://a..test/",
        "http://127.0.0.1./",
        "//127.0.0.1%2e/",
        "\\\\127.0.0.1。:80/x",
        "javascript:x",
    ] {
        let server = Server::by_path(move |_| to(302, location));
        let world = World::new();
        let error = world.send(ALL, &[get(&server.url("a.test", "/"))]).unwrap_err();
        assert!(error.to_string().contains("Unavailable"), "{location}: {error}");
        assert_eq!(server.received().len(), 1);
    }
    let server = Server::fixed(response("302 Found", "", "stay"));
    let reply = World::new().send(ALL, &[get(&server.url("a.test", "/"))]).unwrap();
    assert!(reply.starts_with(r#"{"status":302"#), "{reply}");
}

#[test]
fn each_redirect_counts_as_a_request() {
    let server = Server::by_path(|path| match path {
        "/" => to(302, "/a"),
        "/a" => to(302, "/b"),
        _ => response("200 OK", "", "there"),
    });
    let request = get(&server.url("a.test", "/"));
    for (most, expected) in [(3, None), (2, Some("QuotaExceeded"))] {
        let policy = granting_with(&[private("*.test")], |limits| limits.http_requests = most);
        let plugin = World::new().plugin(ALL, std::slice::from_ref(&request), policy);
        let result = reply(plugin.call(HOOK, about()));
        match expected {
            None => assert!(result.is_ok()),
            Some(status) => {
                let error = result.unwrap_err();
                assert!(error.to_string().contains(status), "{error}");
            }
        }
        // The next call has as many again.
        assert_eq!(reply(plugin.call(HOOK, about())).is_ok(), expected.is_none());
    }
}
