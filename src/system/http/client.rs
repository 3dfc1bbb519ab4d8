//! The transport that comes with the host.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::error::Error as _;
use core::future::Future;
use core::net::IpAddr;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use http_body_util::Full;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::{Request, Response, Uri};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::resolver::{Guarded, LOOKUP_THREADS, Lookup, Refused, sending_for};
use super::{
    AddressGuard, HttpTransport, ResponseBody, SendFuture, TransportError, TransportRequest,
    TransportResponse,
};
use crate::system::runtime::ClientRuntime;
use crate::{Error, ErrorKind};

/// The largest start of a response, its status and headers, in bytes.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// The most headers of a response.
const MAX_HEADERS: usize = 128;

/// The number of connections to a host that are kept for later requests, and the time.
const MAX_IDLE: usize = 8;
const IDLE_TIME: Duration = Duration::from_secs(30);
/// To how many hosts, or ports of them, connections are kept: there may be any number below one that is
/// granted.
const MAX_KEPT_HOSTS: usize = 64;

/// An HTTP client for plugins: HTTP/1.1, with TLS by rustls, on hyper. Cheap to clone.
///
/// It runs on a thread of its own, with a tokio runtime, which the first request starts; or on a runtime
/// of the embedder's ([`with_runtime`](Self::with_runtime)). Either way a call waits for it without blocking the thread of an
/// executor, whichever that is.
///
/// A name is resolved as the system does, unless another [`resolver`](Self::with_resolver) is set: up to 64 at once
/// and 4 for one plugin, half of them for plugins that have none resolved yet. Addresses that the request's
/// guard does not permit are left out, and a connection is made to one of the others, as it is. Connections are
/// kept for later requests, eight to each of 64 hosts and ports at most, those for plugins that may go to
/// private addresses apart from the others. There are no proxies, also none from the environment; no cookies,
/// no cache, no decompression. TLS trusts the certificates that the system does (`SSL_CERT_FILE` and `SSL_CERT_DIR`
/// name others), as they are when the client is made, or those that it is [given](Self::with_root_certificates).
#[derive(Clone)]
pub struct HttpClient(Arc<ClientInner>);

struct ClientInner {
    runtime: ClientRuntime,
    public: Connections,
    any: Connections,
    /// To which hosts connections may be kept, and when these were last asked for.
    kept: Mutex<BTreeMap<String, Instant>>,
    lookup: Lookup,
    tls: ClientConfig,
    /// True if there is a certificate to trust.
    trusts: bool,
}

struct Connections {
    kept: HyperClient,
    /// Connections that are closed after one request.
    once: HyperClient,
}

type HyperClient = Client<HttpsConnector<HttpConnector<Guarded>>, Full<Bytes>>;

impl HttpClient {
    /// A client with a thread of its own.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) if TLS cannot be set up.
    pub fn new() -> Result<Self, Error> {
        Self::begun(ClientRuntime::own())
    }

    /// A client on a runtime of the embedder's, which must have both its timers and its I/O enabled, and
    /// go on for as long as plugins are called.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_runtime(runtime: Handle) -> Result<Self, Error> {
        Self::begun(ClientRuntime::Given(runtime))
    }

    /// This client with another resolver of names: a function that is given a name and gives its
    /// addresses. Those that a request's guard does not permit are left out.
    ///
    /// ```
    /// use cpex_wasmi::HttpClient;
    ///
    /// # fn main() -> Result<(), cpex_wasmi::Error> {
    /// let client = HttpClient::new()?.with_resolver(|name| async move {
    ///     match name.as_str() {
    ///         "pdp.internal" => Ok(vec![[10, 20, 0, 7].into()]),
    ///         _ => Err(std::io::ErrorKind::NotFound.into()),
    ///     }
    /// });
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "it gives another client"]
    pub fn with_resolver<F, T>(self, resolve: F) -> Self
    where
        F: Fn(String) -> T + Send + Sync + 'static,
        T: Future<Output = io::Result<Vec<IpAddr>>> + Send + 'static,
    {
        let ClientInner { runtime, tls, trusts, .. } = &*self.0;
        Self::with(runtime.again(), Lookup::by(resolve), tls.clone(), *trusts)
    }

    /// This client, with TLS that trusts these certificates of authorities, in PEM, and no others: such as those
    /// of a company's own.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) if the text has no certificate, or one
    /// that cannot be read.
    pub fn with_root_certificates(self, pem: &[u8]) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(no_certificate)?;
            roots.add(certificate).map_err(no_certificate)?;
        }
        if roots.is_empty() {
            return Err(no_certificate("the text has no certificate"));
        }
        let ClientInner { runtime, lookup, .. } = &*self.0;
        Ok(Self::with(runtime.again(), lookup.clone(), tls(roots)?, true))
    }

    fn begun(runtime: ClientRuntime) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let trusts = !roots.is_empty();
        Ok(Self::with(runtime, Lookup::system(), tls(roots)?, trusts))
    }

    fn with(runtime: ClientRuntime, lookup: Lookup, tls: ClientConfig, trusts: bool) -> Self {
        let connections =
            |guard| connections(Guarded { lookup: lookup.clone(), guard }, tls.clone());
        let public = connections(AddressGuard::public());
        let any = connections(AddressGuard::any());
        let kept = Mutex::default();
        Self(Arc::new(ClientInner { runtime, public, any, kept, lookup, tls, trusts }))
    }
}

impl core::fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("HttpClient").finish_non_exhaustive()
    }
}

fn tls(roots: RootCertStore) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().map_err(Error::internal)?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

fn no_certificate(error: impl core::fmt::Display) -> Error {
    let message = alloc::format!("the certificates cannot be read: {error}");
    Error::new(ErrorKind::InvalidConfig, message)
}

fn connections(resolver: Guarded, tls: ClientConfig) -> Connections {
    let mut http = HttpConnector::new_with_resolver(resolver);
    http.enforce_http(false);
    http.set_nodelay(true);
    let https = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    let pool = |idle| {
        Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIME)
            .pool_max_idle_per_host(idle)
            .http1_max_buf_size(MAX_HEAD_BYTES)
            .http1_max_headers(MAX_HEADERS)
            .build(https.clone())
    };
    Connections { kept: pool(MAX_IDLE), once: pool(0) }
}

impl ClientInner {
    /// True if connections to a host and port may be kept.
    fn keeps(&self, host: &str, port: u16) -> bool {
        let now = Instant::now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // What was kept is looked through once in that time, and closed the next time at the latest.
        kept.retain(|_, asked| now.saturating_duration_since(*asked) < IDLE_TIME.saturating_mul(2));
        let origin = alloc::format!("{host}:{port}");
        let keeps = kept.len() < MAX_KEPT_HOSTS || kept.contains_key(&origin);
        if keeps {
            kept.insert(origin, now);
        }
        keeps
    }

    fn handle(&self) -> Result<Handle, String> {
        self.runtime
            .handle("cpex-wasmi-http", |builder| builder.max_blocking_threads(LOOKUP_THREADS))
    }
}

impl HttpTransport for HttpClient {
    fn send(&self, request: TransportRequest) -> SendFuture {
        let inner = self.0.clone();
        Box::pin(async move {
            let failed = TransportError::Failed;
            let handle = inner.handle().map_err(failed)?;
            let (timeout, plugin) = (request.timeout, request.plugin_number);
            let sending = sending_for(plugin, inner.send(request)?);
            let sent = async move {
                match timeout {
                    None => sending.await,
                    Some(timeout) => match tokio::time::timeout(timeout, sending).await {
                        Ok(sent) => sent,
                        Err(_) => {
                            Err(TransportError::Failed("no answer within the deadline".into()))
                        }
                    },
                }
            };
            let response = match AbortOnDrop(handle.spawn(sent)).await {
                Ok(sent) => sent?,
                Err(error) => return Err(failed(error.to_string())),
            };
            let (head, body) = response.into_parts();
            let headers = head.headers.iter();
            let headers = headers.map(|(name, value)| (name.to_string(), value.as_bytes().into()));
            Ok(TransportResponse {
                status: head.status.as_u16(),
                headers: headers.collect(),
                body: Box::new(Body(body)),
            })
        })
    }
}

impl ClientInner {
    fn send(
        &self,
        request: TransportRequest,
    ) -> Result<
        impl Future<Output = Result<Response<Incoming>, TransportError>> + use<>,
        TransportError,
    > {
        let TransportRequest { method, url, host, port, headers, body, guard, .. } = request;
        let wrong = |what: String| TransportError::Failed(what);
        let uri: Uri = url.parse().map_err(|_| wrong("the URL is not for HTTP".into()))?;
        let secure = uri.scheme_str() == Some("https");
        // What was decided about is what is connected to, should the two readers of URLs ever differ.
        let own_port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        if uri.host() != Some(host.as_str()) || own_port != port {
            return Err(wrong("the URL can be read in two ways".into()));
        }
        if secure && !self.trusts {
            return Err(wrong("there is no certificate on this machine to trust".into()));
        }
        // Addresses in URLs are not resolved.
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if bare.parse().is_ok_and(|address: IpAddr| !guard.permits(address)) {
            return Err(TransportError::AddressDenied);
        }
        let mut built = Request::builder().method(method.as_str()).uri(uri);
        for (name, value) in &headers {
            built = built.header(name, value);
        }
        let request = built.body(Full::from(body)).map_err(|error| wrong(error.to_string()))?;
        let connections = if guard == AddressGuard::any() { &self.any } else { &self.public };
        let keeps = self.keeps(&host, port);
        let connections = if keeps { &connections.kept } else { &connections.once };
        let response = connections.request(request);
        Ok(async move { response.await.map_err(|error| of_client(&error)) })
    }
}

/// The error, with each cause of it.
fn of_client(error: &hyper_util::client::legacy::Error) -> TransportError {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.is::<Refused>() {
            return TransportError::AddressDenied;
        }
        // hyper tells servers only by a method of its own.
        let head = cause.downcast_ref().is_some_and(hyper::Error::is_parse);
        if head && cause.to_string().contains("too large") {
            return TransportError::TooLarge;
        }
        words.push_str(": ");
        words.push_str(&cause.to_string());
        source = cause.source();
    }
    TransportError::Failed(words)
}

/// A task that is aborted once nobody waits for it.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Future for AbortOnDrop<T> {
    type Output = Result<T, tokio::task::JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Body(Incoming);

impl ResponseBody for Body {
    fn poll_part(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Vec<u8>, TransportError>>> {
        loop {
            return match Pin::new(&mut self.0).poll_frame(context) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(None) => Poll::Ready(None),
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(part) => Poll::Ready(Some(Ok(part.into()))),
                    // Trailers.
                    Err(_) => continue,
                },
                Poll::Ready(Some(Err(error))) => {
                    let words = alloc::format!("the response broke off: {error}");
                    Poll::Ready(Some(Err(TransportError::Failed(words))))
                }
            };
        }
    }
}

#[cfg(test)]
mod tests;
