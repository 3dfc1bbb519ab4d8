//! One request of a plugin's, with the redirects that follow.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::poll_fn;
use core::time::Duration;

use cpex_wasmi_abi::{HttpResponse, Status};

use super::outgoing::Outgoing;
use super::target::Target;
use super::{
    AddressGuard, HttpTransport, HttpUsage, TransportError, TransportRequest, TransportResponse,
};
use crate::system::Grants;
use crate::system::effects::{Course, OpenEffect, went};
use crate::system::invocation::{Reporter, Used};
use crate::system::{AccessKind, AuditOutcome};

/// The most redirects that are followed.
const MAX_REDIRECTS: usize = 5;

/// The most headers of a response.
const MAX_RESPONSE_HEADERS: usize = 128;

pub(super) struct Exchange {
    pub(super) transport: Arc<dyn HttpTransport>,
    pub(super) grants: Arc<Grants>,
    pub(super) reporter: Reporter,
    /// The usage of the plugin's call.
    pub(super) usage: Arc<HttpUsage>,
    /// When the deadline is, by the engine's clock.
    pub(super) until: Option<Duration>,
}

impl Exchange {
    /// Sends the request and follows redirects; each is held to the rules as the request is.
    pub(super) async fn run(
        self,
        mut request: Outgoing,
        mut target: Target,
    ) -> Result<HttpResponse, Status> {
        let mut redirects = 0_usize;
        loop {
            let mut hop = Hop::new(&self, &request, &target);
            let response = self.send(&request, &target, &mut hop).await;
            let response = response.map_err(|failure| hop.failed(failure))?;
            let Some(location) = location(&response) else {
                return match self.receive(response, &mut hop).await {
                    Ok(response) => {
                        hop.done();
                        Ok(response)
                    }
                    Err(failure) => Err(hop.failed(failure)),
                };
            };
            let next = target.join(&location);
            hop.done();
            redirects = redirects.saturating_add(1);
            let failed = |reason: &str| {
                self.warn(&format!("{} {target} redirects {reason}", request.method));
                Status::Unavailable
            };
            if redirects > MAX_REDIRECTS {
                return Err(failed("once too often"));
            }
            let next = next.map_err(|wrong| failed(&format!("to a URL of which {}", wrong.0)))?;
            request.redirected(response.status, target.same_origin(&next));
            target = next;
        }
    }

    /// Sends one request, if it may be sent, and gives the response without its body.
    async fn send(
        &self,
        request: &Outgoing,
        target: &Target,
        hop: &mut Hop<'_>,
    ) -> Result<TransportResponse, Failure> {
        let limits = &self.grants.limits;
        let bytes = request.bytes(target.url());
        if bytes > limits.http_request_bytes {
            return Err(Failure::new(
                Status::TooLarge,
                "the request is larger than `max_http_request_bytes`",
            ));
        }
        let guard = self.allowed(request, target)?;
        if !self.usage.request(limits.http_requests) {
            let reason = "the plugin has sent as many as `max_http_requests` allows";
            return Err(Failure::new(Status::QuotaExceeded, reason));
        }
        let recorded = self.reporter.announce(AccessKind::Network, &hop.method, &hop.target).await;
        hop.effect = recorded.map_err(|status| {
            Failure::new(status, "it could not be recorded in the log of external effects")
        })?;
        hop.sent = bytes;
        went(&mut hop.effect, Course::Unknown);
        let sending = self.transport.send(TransportRequest {
            plugin: self.grants.plugin.clone(),
            plugin_number: self.grants.number,
            method: request.method.as_str().into(),
            url: target.url().into(),
            host: target.host().into(),
            port: target.port(),
            headers: request.headers.clone(),
            body: request.body.clone(),
            guard,
            timeout: self.remaining(),
            max_response_bytes: limits.http_response_bytes,
        });
        let response = sending.await;
        match &response {
            Ok(_) | Err(TransportError::TooLarge) => went(&mut hop.effect, Course::Done),
            Err(TransportError::AddressDenied) => went(&mut hop.effect, Course::NotBegun),
            Err(_) => {}
        }
        let response = response?;
        for (name, value) in &response.headers {
            hop.received(name.len().saturating_add(value.len()));
        }
        if response.headers.len() > MAX_RESPONSE_HEADERS {
            return Err(Failure::new(Status::TooLarge, "the response has too many headers"));
        }
        hop.bounded()?;
        Ok(response)
    }

    fn allowed(&self, request: &Outgoing, target: &Target) -> Result<AddressGuard, Failure> {
        let guard = target.allowed(&request.method, &self.grants.granted);
        guard.ok_or_else(|| {
            let reason = "the manifest does not ask for it, or the policy does not grant it";
            Failure::new(Status::AccessDenied, reason)
        })
    }

    /// Reads the body, and no more of it than a response may have.
    async fn receive(
        &self,
        response: TransportResponse,
        hop: &mut Hop<'_>,
    ) -> Result<HttpResponse, Failure> {
        let TransportResponse { status, headers, body: mut parts } = response;
        let mut body = Vec::new();
        while let Some(part) = poll_fn(|context| parts.poll_part(context)).await {
            let part = part?;
            hop.received(part.len());
            hop.bounded()?;
            if body.is_empty() {
                body = part;
            } else {
                body.extend_from_slice(&part);
            }
        }
        let text = |value: Vec<u8>| match String::from_utf8(value) {
            Ok(value) => value,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        };
        let header = |(name, value): (String, Vec<u8>)| (name.to_ascii_lowercase(), text(value));
        Ok(HttpResponse { status, headers: headers.into_iter().map(header).collect(), body })
    }

    fn warn(&self, line: &str) {
        if self.usage.line() {
            self.reporter.warn(line);
        }
    }

    /// The time left to the plugin's call.
    fn remaining(&self) -> Option<Duration> {
        let now = self.grants.services.clock.as_ref()?.now();
        self.until.map(|until| until.saturating_sub(now))
    }
}

/// The redirect of a response, if it has one.
fn location(response: &TransportResponse) -> Option<String> {
    if ![301, 302, 303, 307, 308].contains(&response.status) {
        return None;
    }
    let found = response.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("location"));
    found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
}

/// A request without a response: a status for the plugin, and words for its log.
struct Failure {
    status: Status,
    reason: String,
}

impl Failure {
    fn new(status: Status, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into() }
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::AddressDenied => Self::new(
                Status::AccessDenied,
                "its host has no public address, and no grant for it has `allow_private: true`",
            ),
            TransportError::TooLarge => Self::new(Status::TooLarge, "the response is too large"),
            TransportError::Failed(reason) => Self::new(Status::Unavailable, reason),
        }
    }
}

/// One request on its way. What came of it is reported once: also if the plugin's call ends first.
struct Hop<'a> {
    exchange: &'a Exchange,
    method: String,
    target: String,
    outcome: AuditOutcome,
    sent: u64,
    received: u64,
    effect: Option<OpenEffect>,
}

impl<'a> Hop<'a> {
    fn new(exchange: &'a Exchange, request: &Outgoing, target: &Target) -> Self {
        Self {
            exchange,
            method: request.method.as_str().into(),
            target: target.to_string(),
            outcome: AuditOutcome::Failed,
            sent: 0,
            received: 0,
            effect: None,
        }
    }

    fn received(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.received = self.received.saturating_add(bytes);
    }

    fn bounded(&self) -> Result<(), Failure> {
        if self.received <= self.exchange.grants.limits.http_response_bytes {
            return Ok(());
        }
        let reason = "the response is larger than `max_http_response_bytes`";
        Err(Failure::new(Status::TooLarge, reason))
    }

    fn done(&mut self) {
        self.outcome = AuditOutcome::Allowed;
    }

    /// The status for the plugin. Its log is told why.
    fn failed(&mut self, failure: Failure) -> Status {
        let Failure { status, reason } = failure;
        if status == Status::AccessDenied {
            self.outcome = AuditOutcome::Denied;
        }
        let line = format!("{} {} failed: {reason}", self.method, self.target);
        self.exchange.warn(&line);
        status
    }
}

impl Drop for Hop<'_> {
    fn drop(&mut self) {
        self.exchange.reporter.report(&Used {
            access: AccessKind::Network,
            operation: &self.method,
            target: &self.target,
            outcome: self.outcome,
            bytes_sent: self.sent,
            bytes_received: self.received,
        });
        if let Some(effect) = &mut self.effect {
            effect.moved(self.sent, self.received);
        }
    }
}
