//! HTTP requests of plugins: [`HTTP_SEND`](cpex_wasmi_abi::HTTP_SEND).
//!
//! A request goes out if the manifest asks for it and the policy grants it; so does each redirect. To what
//! address, is up to the [`AddressGuard`] that the transport is given along.

#[cfg(feature = "http-client")]
mod client;
mod exchange;
mod outgoing;
#[cfg(feature = "http-client")]
mod resolver;
mod target;
mod transport;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};

use cpex_wasmi_abi::{HttpRequest, Status};

use super::invocation::Used;
use super::{AccessKind, AuditOutcome, Function, Invocation, Reply};
use crate::boundary::Input;

use crate::AddressGuard;
#[cfg(feature = "http-client")]
pub use client::HttpClient;
use exchange::Exchange;
use outgoing::Outgoing;
use target::{NoTarget, Target, untold};
pub use transport::{
    HttpTransport, ResponseBody, SendFuture, TransportError, TransportRequest, TransportResponse,
};

/// The usage of one call of a plugin.
#[derive(Debug, Default)]
pub(crate) struct HttpUsage {
    /// Requests that were sent.
    requests: AtomicU64,
    /// Lines about requests in the plugin's log.
    lines: AtomicU64,
}

impl HttpUsage {
    /// Takes one of so many requests, if there is one left.
    fn request(&self, most: u64) -> bool {
        take(&self.requests, most)
    }

    /// Takes one line of the log, if there is one left: a plugin could fail over and over.
    fn line(&self) -> bool {
        take(&self.lines, MAX_LINES)
    }
}

/// The charge for comparing a URL with one rule, in bytes. A rule has a host, schemes, methods and ports, so it costs more
/// than a rule for a name (`NAME_RULE_BYTES`).
const URL_RULE_BYTES: usize = 256;

/// The most lines about requests that one call puts into the log.
const MAX_LINES: u64 = 32;

fn take(used: &AtomicU64, most: u64) -> bool {
    let one_more = |used: u64| (used < most).then(|| used.saturating_add(1));
    used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
}

/// The function that sends requests.
pub(crate) struct HttpSend(pub(crate) Arc<dyn HttpTransport>);

impl Function for HttpSend {
    fn kind(&self) -> AccessKind {
        AccessKind::Network
    }

    fn call(&self, invocation: &mut Invocation<'_>, argument: Input<'_>) -> Reply {
        let request: HttpRequest = match argument.record() {
            Ok(request) => request,
            Err(status) => return Reply::Now(Err(status)),
        };
        // To look at the URL and at what is asked for and granted.
        let granted = &invocation.grants.granted;
        let rules = granted.asked.network.len().saturating_add(granted.access.network.len());
        invocation.charge(request.url.len().saturating_add(rules.saturating_mul(URL_RULE_BYTES)));
        let target = Target::parse(&request.url);
        let url = request.url.clone();
        let (request, target) = match (Outgoing::new(request), target) {
            (Ok(request), Ok(target)) => (request, target),
            (Err(wrong), _) => return refused(invocation, &url, wrong),
            (_, Err(NoTarget(wrong))) => return refused(invocation, &url, wrong),
        };
        let clock = invocation.grants.services.clock.as_ref();
        let until = invocation
            .remaining
            .zip(clock)
            .map(|(remaining, clock)| clock.now().saturating_add(remaining));
        let exchange = Exchange {
            transport: self.0.clone(),
            grants: invocation.grants.clone(),
            reporter: invocation.reporter(),
            usage: invocation.usage.http.get_or_insert_default().clone(),
            until,
        };
        let format = argument.format;
        Reply::Later(Box::pin(async move {
            let response = exchange.run(request, target).await;
            response.and_then(|response| format.encode(&response))
        }))
    }
}

/// A request that is invalid.
fn refused(invocation: &mut Invocation<'_>, url: &str, wrong: &str) -> Reply {
    let target = untold(url);
    let reporter = invocation.reporter();
    reporter.report(&Used {
        access: AccessKind::Network,
        operation: "send",
        target: &target,
        outcome: AuditOutcome::Failed,
        bytes_sent: 0,
        bytes_received: 0,
    });
    if invocation.usage.http.get_or_insert_default().line() {
        reporter.warn(&alloc::format!("a request to {target} was not sent: {wrong}"));
    }
    Reply::Now(Err(Status::InvalidArgument))
}
