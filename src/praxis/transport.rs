//! Requests of plugins by the engine's own transport.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::{Future, poll_fn};
use core::net::IpAddr;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::{Mutex, PoisonError};

use praxis_policy_core::host::{HostServices, HttpRequestError};
use praxis_policy_core::http::{HttpRequest, HttpResponse, HttpTransportError};
use praxis_policy_core::http_retry::RetryPolicy;

use super::carried::outbox;
use crate::{HttpTransport, SendFuture, TransportError, TransportRequest, TransportResponse};

/// Sends plugins' requests by the transport that the embedder installed in the engine (`PolicyEngine::set_http_transport`).
///
/// The operator grants it with the capability `perform_http` in the plugin's entry, beside `allowed_network`. Each request is
/// authorized by the engine as it is made, for one call of one plugin, or for its initialisation.
///
/// The address that a name leads to is checked by the engine's transport, and not by `allow_private` of the grant.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use cpex_wasmi::Engine;
/// use cpex_wasmi::praxis::{EngineTransport, WasmFactory};
///
/// let engine = Engine::builder().http_transport(EngineTransport);
/// let factory = WasmFactory::with_engine("fixtures", engine)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct EngineTransport;

/// A request, and its response once it is there.
struct Exchange {
    request: Option<HttpRequest>,
    response: Option<Result<HttpResponse, HttpRequestError>>,
}

type Shared = Arc<Mutex<Exchange>>;

/// The requests of a call that wait to be sent.
#[derive(Default)]
pub(super) struct Requests(Mutex<Vec<Shared>>);

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

type Sending<'e> =
    Pin<Box<dyn Future<Output = Result<HttpResponse, HttpRequestError>> + Send + 'e>>;

/// Sends the requests of one call, by what the engine lent for it.
pub(super) struct Sender<'e> {
    services: &'e dyn HostServices,
    under_way: Vec<(Shared, Sending<'e>)>,
}

impl<'e> Sender<'e> {
    pub(super) fn new(services: &'e dyn HostServices) -> Self {
        Self { services, under_way: Vec::new() }
    }

    /// Goes on sending. True if there is a response.
    pub(super) fn poll(&mut self, requests: &Requests, context: &mut Context<'_>) -> bool {
        for exchange in core::mem::take(&mut *lock(&requests.0)) {
            let request = lock(&exchange).request.take();
            if let Some(request) = request {
                // A plugin's request is not repeated: it alone knows whether that is safe.
                let sending = self.services.http_request(request, RetryPolicy::none());
                self.under_way.push((exchange, sending));
            }
        }
        let mut answered = false;
        self.under_way.retain_mut(|(exchange, sending)| {
            // Nobody waits for it any longer.
            if Arc::strong_count(exchange) == 1 {
                return false;
            }
            let Poll::Ready(response) = sending.as_mut().poll(context) else { return true };
            lock(exchange).response = Some(response);
            answered = true;
            false
        });
        answered
    }
}

impl HttpTransport for EngineTransport {
    fn send(&self, request: TransportRequest) -> SendFuture {
        let exchange = of_engine(request).map(|request| {
            Arc::new(Mutex::new(Exchange { request: Some(request), response: None }))
        });
        let known = outbox();
        Box::pin(async move {
            let exchange = exchange?;
            let Some(outbox) = known else {
                return Err(failed("there is no transport while a plugin is shut down"));
            };
            lock(&outbox.requests.0).push(exchange.clone());
            // It is looked at again as soon as there is a response, in the same task.
            let response = poll_fn(|_| match lock(&exchange).response.take() {
                Some(response) => Poll::Ready(response),
                None => Poll::Pending,
            });
            response.await.map(of_plugins).map_err(|error| wrong(&error))
        })
    }
}

/// The request, as the engine takes it.
fn of_engine(request: TransportRequest) -> Result<HttpRequest, TransportError> {
    let host = request.host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = host.parse::<IpAddr>()
        && !request.guard.permits(address)
    {
        return Err(TransportError::AddressDenied);
    }
    let method = request.method.parse().map_err(|_| failed("the method is not known"))?;
    let mut sent = HttpRequest::new(method, request.url).body(request.body.into());
    for (at, (name, value)) in request.headers.iter().enumerate() {
        if request.headers.iter().take(at).any(|(other, _)| other == name) {
            return Err(failed(&format!("the header `{name}` stands twice")));
        }
        sent = sent.header(name, value).map_err(|error| failed(&error.to_string()))?;
    }
    if let Some(timeout) = request.timeout {
        sent = sent.timeout(timeout);
    }
    let limit = usize::try_from(request.max_response_bytes).unwrap_or(usize::MAX);
    Ok(sent.max_response_bytes(limit))
}

/// The response, as plugins get it.
fn of_plugins(response: HttpResponse) -> TransportResponse {
    let headers = response.headers.iter();
    let headers: Vec<_> =
        headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
    let start = TransportResponse::new(response.status, response.body.to_vec());
    headers.into_iter().fold(start, |response, (name, value)| response.header(name, value))
}

fn wrong(error: &HttpRequestError) -> TransportError {
    match error {
        HttpRequestError::Transport(HttpTransportError::ResponseTooLarge { .. }) => {
            TransportError::TooLarge
        }
        HttpRequestError::Transport(HttpTransportError::Rejected(_)) => {
            TransportError::AddressDenied
        }
        other => failed(&other.to_string()),
    }
}

fn failed(why: &str) -> TransportError {
    TransportError::Failed(String::from(why))
}
