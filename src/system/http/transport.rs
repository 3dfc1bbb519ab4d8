//! The transport that an embedder implements to send requests.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use super::AddressGuard;

/// Sends HTTP requests for plugins
/// ([`EngineBuilder::http_transport`](crate::EngineBuilder::http_transport)).
///
/// The check of a request comes before: a transport sends what it is given, but to no address
/// that the request's guard does not [permit](AddressGuard::permits). It follows no redirects, keeps no
/// cookies, adds no credentials, and takes no proxy from the environment unless the embedder means it to.
///
/// ```
/// use cpex_wasmi::{HttpTransport, SendFuture, TransportRequest, TransportResponse};
///
/// /// Answers from memory, for tests.
/// struct Canned;
///
/// impl HttpTransport for Canned {
///     fn send(&self, request: TransportRequest) -> SendFuture {
///         let known = request.url == "https://pdp.example/v1/decision";
///         let (status, body) = if known { (200, "allow") } else { (404, "") };
///         Box::pin(async move { Ok(TransportResponse::new(status, body.to_owned().into_bytes())) })
///     }
/// }
///
/// # fn main() -> Result<(), cpex_wasmi::Error> {
/// let engine = cpex_wasmi::Engine::builder().http_transport(Canned).build()?;
/// # Ok(())
/// # }
/// ```
pub trait HttpTransport: Send + Sync {
    /// Sends a request, and is ready with the response's status and headers. It is called on the thread
    /// that the plugin runs on, and must not block it; the future is polled there too, and dropped when the
    /// call ends early, which should abort the request.
    fn send(&self, request: TransportRequest) -> SendFuture;
}

/// A response that is not there yet.
pub type SendFuture =
    Pin<Box<dyn Future<Output = Result<TransportResponse, TransportError>> + Send>>;

/// A request for an [`HttpTransport`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TransportRequest {
    /// The name of the plugin that it is for.
    pub plugin: String,
    /// The identifier of that plugin, among others of its name.
    pub(crate) plugin_number: u64,
    /// The method, in upper case.
    pub method: String,
    /// The URL: absolute, of HTTP or HTTPS, in ASCII, without user name, password and fragment.
    pub url: String,
    /// The URL's host, as it stands there: an IPv6 address in brackets. The request goes to this one and no
    /// other, whatever else may be read from the URL.
    pub host: String,
    /// The port it goes to.
    pub port: u16,
    /// Names, in lower case, and values of headers. `host`, and what frames the body, are the transport's.
    pub headers: Vec<(String, String)>,
    /// The body; empty: none.
    pub body: Vec<u8>,
    /// The addresses that the request may go to.
    pub guard: AddressGuard,
    /// The time left to the plugin's call, if it has a deadline. The request is dropped then.
    pub timeout: Option<Duration>,
    /// The most bytes of the response's headers and body together. It is watched over while the body
    /// comes in; a transport need not read more of the headers.
    pub max_response_bytes: u64,
}

/// A response from an [`HttpTransport`].
#[non_exhaustive]
pub struct TransportResponse {
    /// The status, such as 200.
    pub status: u16,
    /// Names and values of headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, which is read as long as it is not too long.
    pub body: Box<dyn ResponseBody>,
}

impl TransportResponse {
    /// A response without headers.
    pub fn new(status: u16, body: impl ResponseBody + 'static) -> Self {
        Self { status, headers: Vec::new(), body: Box::new(body) }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// A response's body, as it comes in.
pub trait ResponseBody: Send {
    /// The next part of it; `None` at its end.
    fn poll_part(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Vec<u8>, TransportError>>>;
}

/// A body that is there already.
impl ResponseBody for Vec<u8> {
    fn poll_part(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Vec<u8>, TransportError>>> {
        let part = core::mem::take(self);
        Poll::Ready((!part.is_empty()).then_some(Ok(part)))
    }
}

/// An error of a request that got no response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportError {
    /// The host has no address that the guard permits.
    AddressDenied,
    /// The response's headers are too large.
    TooLarge,
    /// Anything else, in words for the plugin's log: they must not hold secrets.
    Failed(String),
}
