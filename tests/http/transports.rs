//! Transports of an embedder's own.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use cpex_wasmi::{
    AddressGuard, EngineBuilder, Error, ErrorKind, HttpTransport, Plugin, ResponseBody, Scheme,
    SendFuture, TransportError, TransportRequest, TransportResponse,
};

use crate::common::HOOK;
use crate::harness::*;

/// Answers each request in the same way, and keeps it.
#[derive(Clone)]
struct Scripted {
    answer: Arc<dyn Fn() -> Result<TransportResponse, TransportError> + Send + Sync>,
    seen: Arc<Mutex<Vec<TransportRequest>>>,
}

impl Scripted {
    fn new(
        answer: impl Fn() -> Result<TransportResponse, TransportError> + Send + Sync + 'static,
    ) -> Self {
        Self { answer: Arc::new(answer), seen: Arc::default() }
    }
}

impl HttpTransport for Scripted {
    fn send(&self, request: TransportRequest) -> SendFuture {
        self.seen.lock().unwrap().push(request);
        let answer = (self.answer)();
        Box::pin(async { answer })
    }
}

fn call(engine: EngineBuilder, transport: &Scripted, url: &str) -> Result<String, Error> {
    let engine = engine.http_transport(transport.clone()).build().unwrap();
    let wasm = sender(&["network:https://*.example:*"], &[get(url)]);
    let mut grant = public("*.example");
    grant.schemes = vec![Scheme::Https];
    reply(Plugin::load(&engine, &wasm, granting(&[grant])).unwrap().call(HOOK, about()))
}

#[test]
fn a_transport_is_given_what_was_decided_about() {
    let transport =
        Scripted::new(|| Ok(TransportResponse::new(200, b"hi".to_vec()).header("X-Y", "z")));
    let reply = call(World::new().builder(), &transport, "https://BÜCHER.example/ä?#x").unwrap();
    assert_eq!(reply, r#"{"status":200,"headers":[["x-y","z"]],"body":"hi"}"#);
    let seen = transport.seen.lock().unwrap();
    assert_eq!(seen[0].url, "https://xn--bcher-kva.example/%C3%A4?");
    assert_eq!((seen[0].host.as_str(), seen[0].port), ("xn--bcher-kva.example", 443));
    assert_eq!(seen[0].guard, AddressGuard::public());
    assert!(seen[0].timeout.is_some());
}

#[test]
fn each_failure_has_its_status() {
    for (error, expected) in [
        (TransportError::AddressDenied, "network"),
        (TransportError::TooLarge, "TooLarge"),
        (TransportError::Failed("it\nrained".into()), "Unavailable"),
    ] {
        let world = World::new();
        let transport = Scripted::new(move || Err(error.clone()));
        let error = call(world.builder(), &transport, "https://a.example/").unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(expected == "network", error.kind() == ErrorKind::NetworkDenied);
        assert_eq!(world.log.take().len(), 1);
    }
}

#[test]
fn a_transport_that_panics_fails_the_request_and_nothing_else() {
    struct Bursting;

    impl ResponseBody for Bursting {
        fn poll_part(
            &mut self,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Vec<u8>, TransportError>>> {
            panic!("the body bursts")
        }
    }

    for transport in [
        Scripted::new(|| panic!("the transport bursts")),
        Scripted::new(|| Ok(TransportResponse::new(200, Bursting))),
    ] {
        let world = World::new();
        let error = call(world.builder(), &transport, "https://a.example/").unwrap_err();
        assert!(error.to_string().contains("Unavailable"), "{error}");
        assert!(world.audit.take()[0].contains(" failed "));
    }
}

#[test]
fn what_a_transport_gives_is_bounded_too() {
    struct Endless;

    impl ResponseBody for Endless {
        fn poll_part(
            &mut self,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Vec<u8>, TransportError>>> {
            Poll::Ready(Some(Ok(vec![0; 1000])))
        }
    }

    let many = || {
        let response = TransportResponse::new(200, Vec::new());
        (0..200).fold(response, |response, _| response.header("a", "b"))
    };
    for transport in [
        Scripted::new(|| Ok(TransportResponse::new(200, Endless))),
        Scripted::new(move || Ok(many())),
    ] {
        let error = call(World::new().builder(), &transport, "https://a.example/").unwrap_err();
        assert!(error.to_string().contains("TooLarge"), "{error}");
    }
}
