//! A server that takes its time.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cpex_wasmi::{ErrorKind, HttpClient, Plugin};
use tokio::runtime::{Builder, Runtime};

use crate::common::HOOK;
use crate::harness::*;
use crate::server::{Received, Server};

const ALL: &[&str] = &["network:http://*.test:*"];

/// Never answers.
fn hanging() -> Server {
    Server::new(|_, _| true)
}

/// A plugin with a short deadline.
fn hasty(world: &World, server: &Server) -> Plugin {
    let policy = granting_with(&[private("*.test")], |limits| {
        limits.deadline = Some(Duration::from_millis(200));
    });
    world.plugin(ALL, &[get(&server.url("a.test", "/"))], policy)
}

fn single(time: bool) -> Runtime {
    let mut builder = Builder::new_current_thread();
    if time {
        builder.enable_all();
    }
    builder.build().unwrap()
}

#[test]
fn a_server_that_never_answers_is_a_timeout() {
    let server = hanging();
    let world = World::new();
    let plugin = hasty(&world, &server);
    assert_eq!(plugin.call(HOOK, about()).unwrap_err().kind(), ErrorKind::Timeout);
    server.wait_closed();
    // Whatever runtime there is.
    for runtime in [single(true), single(false)] {
        let result = runtime.block_on(plugin.call_async(HOOK, about()));
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Timeout);
        server.wait_closed();
    }
    let told = world.audit.take();
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|line| line.contains(" failed ")), "{told:?}");
}

#[test]
fn a_body_that_trickles_ends_with_the_deadline() {
    let server = Server::new(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n");
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(10));
        }
        true
    });
    let world = World::new();
    let plugin = hasty(&world, &server);
    assert_eq!(plugin.call(HOOK, about()).unwrap_err().kind(), ErrorKind::Timeout);
    let result = single(true).block_on(plugin.call_async(HOOK, about()));
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Timeout);
    server.wait_closed();
}

#[test]
fn other_tasks_of_the_only_thread_go_on_while_a_plugin_waits() {
    let server = hanging();
    let plugin = hasty(&World::new(), &server);
    let ticks = Arc::new(AtomicU64::new(0));
    single(true).block_on(async {
        let count = Arc::clone(&ticks);
        let ticking = tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(5)).await;
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        let error = plugin.call_async(HOOK, about()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        ticking.abort();
    });
    assert!(ticks.load(Ordering::Relaxed) >= 2);
}

#[test]
fn a_call_that_is_given_up_takes_its_request_with_it() {
    let (told, hears) = std::sync::mpsc::channel();
    let told = std::sync::Mutex::new(told);
    let server = Server::new(move |_: &Received, _| told.lock().unwrap().send(()).is_ok());
    let world = World::new();
    let policy = granting_with(&[private("*.test")], |limits| limits.deadline = None);
    let plugin = world.plugin(ALL, &[get(&server.url("a.test", "/"))], policy);
    single(true).block_on(async {
        let call = plugin.call_async(HOOK, about());
        let asked = tokio::task::spawn_blocking(move || hears.recv().unwrap());
        tokio::select! {
            result = call => panic!("{:?}", result.map(drop)),
            asked = asked => asked.unwrap(),
        }
    });
    server.wait_closed();
    assert!(world.audit.take()[0].contains(" failed "));
}

#[test]
fn a_client_can_share_the_runtime_of_the_embedder() {
    let server = Server::text("hi");
    let world = World::new();
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let client = HttpClient::with_runtime(runtime.handle().clone())
        .unwrap()
        .with_resolver(|_| async { Ok(vec![[127, 0, 0, 1].into()]) });
    let engine = world.builder().http_transport(client).build().unwrap();
    let wasm = sender(ALL, &[get(&server.url("a.test", "/"))]);
    let plugin = Plugin::load(&engine, &wasm, granting(&[private("*.test")])).unwrap();
    assert!(reply(plugin.call(HOOK, about())).is_ok());
    assert!(reply(runtime.block_on(plugin.call_async(HOOK, about()))).is_ok());
}

#[test]
fn many_plugins_wait_on_one_thread() {
    let server = Server::new(|_, stream| {
        std::thread::sleep(Duration::from_millis(50));
        stream.write_all(crate::server::response("200 OK", "", "late").as_bytes()).is_ok()
    });
    let plugin = World::new().plugin(
        ALL,
        &[get(&server.url("a.test", "/"))],
        granting(&[private("*.test")]),
    );
    single(true).block_on(async {
        let calls: Vec<_> = (0..20)
            .map(|_| {
                let plugin = plugin.clone();
                tokio::spawn(async move { plugin.call_async(HOOK, about()).await })
            })
            .collect();
        for call in calls {
            assert!(reply(call.await.unwrap()).unwrap().contains("late"));
        }
    });
    assert_eq!(server.received().len(), 20);
}
