//! Names that take long to be looked up.

use tokio::runtime::{Builder, Runtime};

use super::*;

/// Takes for ever, but for one name.
fn resolve(name: &str) -> io::Result<Vec<IpAddr>> {
    if name == "quick.test" {
        return Ok([[127, 0, 0, 1].into()].into());
    }
    loop {
        std::thread::park();
    }
}

fn request(plugin_number: u64, host: &str) -> TransportRequest {
    TransportRequest {
        plugin: "guest".into(),
        plugin_number,
        method: "GET".into(),
        url: alloc::format!("http://{host}:1/"),
        host: host.into(),
        port: 1,
        headers: Vec::new(),
        body: Vec::new(),
        guard: AddressGuard::any(),
        timeout: Some(Duration::from_secs(60)),
        max_response_bytes: 1000,
    }
}

fn client(runtime: &Runtime, resolve: fn(&str) -> io::Result<Vec<IpAddr>>) -> HttpClient {
    let given = HttpClient::with_runtime(runtime.handle().clone()).unwrap();
    let ClientInner { runtime: given, tls, .. } = &*given.0;
    HttpClient::with(given.again(), Lookup::blocking(resolve), tls.clone(), true)
}

#[test]
fn plugins_with_slow_names_hold_up_no_other() {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let client = client(&runtime, resolve);
    runtime.block_on(async {
        let send = |plugin, host: &str| tokio::spawn(client.send(request(plugin, host)));
        let sent: Vec<_> = (0..100_u64)
            .map(|number| send(number % 20, &alloc::format!("{number}.test")))
            .collect();
        tokio::time::sleep(Duration::from_millis(50)).await;
        // There is nobody at that port.
        let quick = send(20, "quick.test").await.unwrap();
        assert!(matches!(quick, Err(TransportError::Failed(why)) if why.contains("onnect")));
        assert!(sent.iter().all(|sending| !sending.is_finished()));
    });
    runtime.shutdown_background();
}

/// A server that answers each request after some time.
fn slow_server() -> u16 {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                while stream.read(&mut [0; 4096]).is_ok_and(|len| len > 0) {
                    std::thread::sleep(Duration::from_millis(10));
                    if stream.write_all(answer).is_err() {
                        break;
                    }
                }
            });
        }
    });
    port
}

static LOOKED_UP: core::sync::atomic::AtomicUsize = core::sync::atomic::AtomicUsize::new(0);

/// Takes for ever, but for the first time.
fn resolve_once(_: &str) -> io::Result<Vec<IpAddr>> {
    while LOOKED_UP.fetch_add(1, core::sync::atomic::Ordering::Relaxed) > 0 {
        std::thread::park();
    }
    Ok([[127, 0, 0, 1].into()].into())
}

/// A request that is sent over a connection which got free has hyper go on with one of its own.
#[test]
fn names_are_resolved_only_for_requests_under_way() {
    let port = slow_server();
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let client = client(&runtime, resolve_once);
    runtime.block_on(async {
        let send = || {
            let url = alloc::format!("http://host.test:{port}/");
            tokio::spawn(client.send(TransportRequest { url, port, ..request(0, "host.test") }))
        };
        send().await.unwrap().unwrap();
        for _ in 0..20 {
            let (one, other) = (send(), send());
            one.await.unwrap().unwrap();
            other.await.unwrap().unwrap();
        }
        // The connection itself, and those whose names are being looked up, which cannot be stopped.
        let alive = || runtime.metrics().num_alive_tasks();
        for _ in 0..100 {
            if alive() < 10 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{} tasks go on", alive());
    });
    runtime.shutdown_background();
}
