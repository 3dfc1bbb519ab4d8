//! Sizes and counts.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cpex_wasmi::abi::HttpRequest;
use cpex_wasmi::{Error, Limits};

use crate::common::HOOK;
use crate::harness::*;
use crate::server::{Server, response};

const ALL: &[&str] = &["network:http://*.test:*"];

fn limited(
    world: &World,
    arguments: &[String],
    limit: impl FnOnce(&mut Limits),
) -> Result<String, Error> {
    let policy = granting_with(&[private("*.test")], limit);
    reply(world.plugin(ALL, arguments, policy).call(HOOK, about()))
}

fn failed(result: Result<String, Error>, status: &str) {
    let error = result.unwrap_err();
    assert!(error.to_string().contains(status), "{error}");
}

#[test]
fn a_plugin_sends_no_more_requests_than_it_may() {
    let server = Server::text("hi");
    let request = get(&server.url("a.test", "/"));
    let world = World::new();
    let three = vec![request; 3];
    assert!(limited(&world, &three, |limits| limits.http_requests = 3).is_ok());
    failed(limited(&world, &three, |limits| limits.http_requests = 2), "QuotaExceeded");
    assert_eq!(server.received().len(), 5);
    assert!(world.audit.take()[5].ends_with(" failed 0 0"));
}

/// A plugin that may go to any host below one could have as many as it likes kept otherwise.
#[test]
fn connections_to_many_hosts_are_not_all_kept() {
    let server = Server::text("hi");
    let requests: Vec<_> =
        (0..100).map(|number| get(&server.url(&format!("h{number}.test"), "/"))).collect();
    let policy = granting_with(&[private("*.test")], |limits| limits.http_requests = 100);
    let plugin = World::new().plugin(ALL, &requests, policy);
    reply(plugin.call(HOOK, about())).unwrap();
    assert_eq!(server.connections(), 100);
    for _ in 0..36 {
        server.wait_closed();
    }
    drop(plugin);
}

#[test]
fn a_request_that_is_too_large_is_not_sent() {
    let server = Server::text("hi");
    let url = server.url("a.test", "/");
    let request = HttpRequest {
        method: "POST".into(),
        url: url.clone(),
        headers: vec![("x".into(), "y".repeat(100))],
        body: vec![b'z'; 1000],
    };
    let most = (url.len() + 101 + 1000) as u64;
    let world = World::new();
    let request = [json(&request)];
    assert!(limited(&world, &request, |limits| limits.http_request_bytes = most).is_ok());
    failed(limited(&world, &request, |limits| limits.http_request_bytes = most - 1), "TooLarge");
    assert_eq!(server.received().len(), 1);
}

#[test]
fn a_response_that_is_too_large_is_refused_whatever_of_it_is() {
    let body = Server::text(&"x".repeat(2000));
    let headers = Server::fixed(response("200 OK", &format!("x: {}\r\n", "y".repeat(2000)), ""));
    for server in [body, headers] {
        let request = [get(&server.url("a.test", "/"))];
        let world = World::new();
        let most = 2000 + 1 + "content-length".len() as u64 + 4;
        assert!(limited(&world, &request, |limits| limits.http_response_bytes = most).is_ok());
        failed(limited(&world, &request, |limits| limits.http_response_bytes = 1999), "TooLarge");
        assert!(world.log.take()[0].contains("max_http_response_bytes"));
    }
}

#[test]
fn headers_without_end_are_cut_off() {
    let long = Server::fixed(response("200 OK", &format!("x: {}\r\n", "y".repeat(500_000)), ""));
    let many = Server::fixed(response("200 OK", &"x: y\r\n".repeat(200), ""));
    let endless = Server::new(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream
            .write_all(b"x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n")
            .is_ok()
        {}
        false
    });
    for server in [long, many, endless] {
        failed(World::new().send(ALL, &[get(&server.url("a.test", "/"))]), "TooLarge");
    }
}

/// The rest of a body is not read, let alone kept.
#[test]
fn a_body_without_end_is_cut_off_while_it_comes_in() {
    for head in
        ["transfer-encoding: chunked\r\n\r\n", "content-length: 1000000000000\r\n\r\n", "\r\n"]
    {
        let written = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&written);
        let chunked = head.starts_with("transfer");
        let server = Server::new(move |_, stream| {
            let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}").as_bytes());
            let part = [b'x'; 0x1000];
            let mut chunk = Vec::new();
            if chunked {
                chunk.extend_from_slice(b"1000\r\n");
            }
            chunk.extend_from_slice(&part);
            if chunked {
                chunk.extend_from_slice(b"\r\n");
            }
            while stream.write_all(&chunk).is_ok() {
                count.fetch_add(0x1000, Ordering::Relaxed);
            }
            true
        });
        let world = World::new();
        failed(world.send(ALL, &[get(&server.url("a.test", "/"))]), "TooLarge");
        server.wait_closed();
        // What the system's buffers hold is read by nobody.
        assert!(written.load(Ordering::Relaxed) < 64 << 20);
        let told = world.audit.take();
        let received: u64 = told[0].rsplit(' ').next().unwrap().parse().unwrap();
        assert!((1 << 20..2 << 20).contains(&received), "{told:?}");
    }
}

#[test]
fn a_plugin_pays_for_what_it_sends_and_gets() {
    let small = Server::text("x");
    let large = Server::text(&"x".repeat(100_000));
    let fuel = |server: &Server| {
        let request = [get(&server.url("a.test", "/"))];
        let plugin = World::new().plugin(ALL, &request, granting(&[private("*.test")]));
        plugin.call(HOOK, about()).unwrap().receipt.fuel
    };
    assert!(fuel(&large) - fuel(&small) > 90_000 / 2);
}
