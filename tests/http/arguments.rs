//! Arguments that are none, or that want to be read as something else.

use cpex_wasmi::abi::{Field, HTTP_SEND, HostFunction, HttpRequest, NO_KEY, Status, codec};
use cpex_wasmi::model::IdentityPayload;
use cpex_wasmi::testing::Session;
use cpex_wasmi::{Capability, Manifest, Request};

use crate::common::HOOK;
use crate::harness::*;
use crate::server::{Server, response};

/// A session of a plugin that may send anything to `*.test`.
fn session(world: &World) -> Session {
    let mut manifest = Manifest::new("guest", "1.0.0");
    manifest.hooks.push(HOOK.into());
    manifest.access.push("network:http://*.test:*".into());
    let engine = world.builder().http_transport(world.client()).build().unwrap();
    let mut session = Session::on(&engine, &manifest, granting(&[private("*.test")])).unwrap();
    session.start(HOOK, about()).unwrap();
    session
}

/// The answer of `http.send` to these bytes.
fn send(session: &mut Session, function: HostFunction, argument: &[u8]) -> Result<i32, Status> {
    let mut memory = HTTP_SEND.as_bytes().to_vec();
    let start = u32::try_from(memory.len()).unwrap();
    let len = u32::try_from(argument.len()).unwrap();
    memory.extend_from_slice(argument);
    let args = [0, start, start, len, 0, 0];
    let answer = session.dispatch(function, &args, &mut memory).unwrap();
    Status::from_code(answer).map_or(Ok(answer), Err)
}

#[test]
fn bytes_that_are_no_request_are_refused() {
    let server = Server::text("hi");
    let world = World::new();
    let mut session = session(&world);
    let request = HttpRequest {
        method: "GET".into(),
        url: server.url("a.test", "/"),
        headers: vec![("a".into(), "b".into())],
        body: vec![1, 2],
    };
    let mut good = Vec::new();
    codec::encode(&request, &mut good).unwrap();
    for len in 0..good.len() {
        assert_eq!(
            send(&mut session, HostFunction::Call, &good[..len]),
            Err(Status::Malformed),
            "{len}"
        );
    }
    let mut longer = good.clone();
    longer.push(0);
    assert_eq!(send(&mut session, HostFunction::Call, &longer), Err(Status::Malformed));
    // A claim of more than there is.
    for claim in [&[0xff, 0xff, 0xff, 0xff, 0x0f][..], &[3, b'G', b'E', b'T', 0xff, 0xff, 0x7f]] {
        assert!(send(&mut session, HostFunction::Call, claim).is_err());
    }
    let headers = vec![(String::new(), String::new()); 100_000];
    let mut many = Vec::new();
    codec::encode(&HttpRequest { headers, ..request }, &mut many).unwrap();
    assert_eq!(send(&mut session, HostFunction::Call, &many), Err(Status::TooLarge));
    for json in [
        "",
        "{}",
        "[]",
        r#"{"method":"GET","url":1}"#,
        r#"{"method":"GET","method":"GET","url":"x"}"#,
    ] {
        let answer = send(&mut session, HostFunction::CallJson, json.as_bytes());
        assert_eq!(answer, Err(Status::Malformed), "{json}");
    }
    assert_eq!(server.connections(), 0);
    assert!(send(&mut session, HostFunction::Call, &good).is_ok());
}

#[test]
fn urls_that_are_none_are_refused() {
    let world = World::new();
    let mut session = session(&world);
    let long = format!("http://a.test/{}", "x".repeat(9000));
    for url in [
        "",
        "/",
        "a.test",
        "//a.test/",
        "http:",
        "http://",
        "http:///",
        "http://:80/",
        "http://a.test:0/",
        "http://a.test:65536/",
        "http://a.test:x/",
        "http://user@a.test/",
        "http://:secret@a.test/",
        "http://evil.example@a.test/",
        "http://a.test\\@evil.example/",
        "http:\\\\a.test/",
        "http://a.test /",
        " http://a.test/",
        "http://a.test/\r\nx: y",
        "ht\ntp://a.test/",
        "http://a\0.test/",
        "http://a.test./",
        "http://127.0.0.1./",
        "http://127.0.0.1.:80/",
        "http://127.1./",
        "http://0x7f000001./",
        "http://127.0.0.1%2e/",
        "http://127.0.0.1。/",
        "http:127.0.0.1./",
        "http://a..test/",
        "http://.test/",
        "http://a%00.test/",
        "http://a%2f.test/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://1.2.3.4.5/",
        "http://256.0.0.1/",
        "file:///etc/passwd",
        "ftp://a.test/",
        "gopher://a.test/",
        "data:text/plain,x",
        "unix:/var/run/docker.sock",
        &long,
    ] {
        let answer = send(&mut session, HostFunction::CallJson, get(url).as_bytes());
        assert_eq!(answer, Err(Status::InvalidArgument), "{url:?}");
    }
    assert_eq!(world.looked_up.take(), [""; 0]);
    let told = world.audit.take();
    assert!(told.iter().all(|line| line.ends_with(" failed 0 0")), "{told:?}");
    assert!(!told.concat().contains("user") && !told.concat().contains("secret"), "{told:?}");
    // However often it fails, there is an end to what is logged.
    assert_eq!(world.log.take().len(), 32);
}

#[test]
fn ambiguous_headers_and_methods_are_refused() {
    let server = Server::text("hi");
    let world = World::new();
    let mut session = session(&world);
    let mut try_with = |method: &str, name: &str, value: &str| {
        let request = HttpRequest {
            method: method.into(),
            url: server.url("a.test", "/"),
            headers: vec![(name.into(), value.into())],
            body: Vec::new(),
        };
        send(&mut session, HostFunction::CallJson, json(&request).as_bytes())
    };
    for (method, name, value) in [
        ("GET / HTTP/1.1\r\nx: y\r\n\r\nGET", "a", "b"),
        ("CONNECT", "a", "b"),
        ("TRACE", "a", "b"),
        ("", "a", "b"),
        ("GET", "a\r\nb", "c"),
        ("GET", "a", "b\r\nc: d"),
        ("GET", "a", "b\0"),
        ("GET", "Host", "evil.test"),
        ("GET", "Content-Length", "5"),
        ("GET", "Transfer-Encoding", "chunked"),
        ("GET", "Connection", "upgrade"),
        ("GET", "X-HTTP-Method-Override", "DELETE"),
        ("GET", "X_HTTP_Method_Override", "DELETE"),
        ("GET", "Content_Length", "5"),
        ("GET", "Transfer.Encoding", "chunked"),
        ("GET", "X-Forwarded-Host", "evil.test"),
        ("GET", "Forwarded", "host=evil.test"),
        ("GET", "Proxy-Authorization", "x"),
    ] {
        let answer = try_with(method, name, value);
        assert_eq!(answer, Err(Status::InvalidArgument), "{method:?} {name:?} {value:?}");
    }
    assert!(try_with("GET", "a", "b").is_ok());
    assert_eq!(server.received().len(), 1);
}

#[test]
fn a_token_in_a_url_is_told_to_nobody() {
    const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.payload.signature";
    let server = Server::by_path(|path| match path.strip_prefix("/to/") {
        Some(token) => response("302 Found", &format!("location: /back/{token}\r\n"), ""),
        None => response("200 OK", "", "there"),
    });
    let mut manifest = Manifest::new("guest", "1.0.0");
    manifest.hooks.push("identity.resolve".into());
    manifest.access.push("network:http://*.test:*".into());
    let world = World::new();
    let engine = world.builder().http_transport(world.client()).build().unwrap();
    let policy = granting(&[private("*.test")])
        .grant([Capability::ReadInboundCredentials])
        .allow_raw_credentials();
    let mut session = Session::on(&engine, &manifest, policy).unwrap();
    let request = Request::new(IdentityPayload::new(TOKEN, "bearer"));
    session.start("identity.resolve", request).unwrap();
    let mut memory = vec![0; 256];
    let args = [Field::PayloadRawToken.number(), 0, 0, NO_KEY, 0, 256];
    let read = session.dispatch(HostFunction::ReadText, &args, &mut memory).unwrap();
    assert_eq!(
        usize::try_from(read).unwrap_or_default(),
        TOKEN.len(),
        "{:?}",
        Status::from_code(read)
    );
    for path in ["to", "ends/without/\\"] {
        let url = server.url("a.test", &format!("/{path}/{TOKEN}"));
        let _ = send(&mut session, HostFunction::CallJson, get(&url).as_bytes());
    }
    assert!(server.received()[1].line.contains(TOKEN));
    let told = world.audit.take();
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|line| line.contains("/[redacted]")), "{told:?}");
    let log = world.log.take();
    assert!(log.len() == 1 && log[0].contains("/[redacted]"), "{log:?}");
}
