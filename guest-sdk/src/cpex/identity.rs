//! The hook that makes identities of tokens, `identity.resolve`.

pub use crate::cpex::records::{IdentityPayload, TokenSource};

use alloc::string::String;
use core::fmt;
use std::collections::HashMap;

use super::hooks::payload::record_payload;
use super::lazy::LazyMap;
use super::{PluginResult, define_hook};

/// The name of the hook.
pub const HOOK_IDENTITY_RESOLVE: &str = "identity.resolve";

define_hook! {
    /// The hook that makes identities of tokens, `identity.resolve`.
    IdentityHook, "identity.resolve" => {
        payload: IdentityPayload,
        result: PluginResult<IdentityPayload>,
    }
}

record_payload!(IdentityPayload, tokens: [raw_token: PayloadRawToken]);

impl IdentityPayload {
    /// A token of which nothing is known yet.
    pub fn new(raw_token: impl Into<String>, source: TokenSource) -> Self {
        Self {
            raw_token: raw_token.into().into(),
            source,
            source_header: None,
            headers: LazyMap::new(),
            client_host: None,
            client_port: None,
            subject: None,
            client: None,
            caller_workload: None,
            delegation: None,
            raw_credentials: None,
            resolved_at: None,
            raw_claims: LazyMap::new(),
        }
    }

    /// Sets the header that the token came in.
    #[must_use]
    pub fn with_source_header(mut self, header: impl Into<String>) -> Self {
        self.source_header = Some(header.into());
        self
    }

    /// Sets the headers of the request.
    #[must_use]
    pub fn with_headers(mut self, headers: HashMap<String, String>) -> Self {
        self.headers = headers.into();
        self
    }

    /// Sets the host that the request came from.
    #[must_use]
    pub fn with_client_host(mut self, host: impl Into<String>) -> Self {
        self.client_host = Some(host.into());
        self
    }

    /// Sets the port that the request came from.
    #[must_use]
    pub fn with_client_port(mut self, port: u16) -> Self {
        self.client_port = Some(port);
        self
    }

    /// The token.
    ///
    /// # Panics
    ///
    /// In the sandbox, if the plugin may not read the token.
    pub fn raw_token(&self) -> &str {
        &self.raw_token
    }

    /// The place where the token was found.
    pub fn source(&self) -> &TokenSource {
        &self.source
    }

    /// The header that the token came in.
    pub fn source_header(&self) -> Option<&str> {
        self.source_header.as_deref()
    }

    /// The headers of the request.
    pub fn headers(&self) -> &LazyMap<String> {
        &self.headers
    }

    /// The host that the request came from.
    pub fn client_host(&self) -> Option<&str> {
        self.client_host.as_deref()
    }

    /// The port that the request came from.
    pub fn client_port(&self) -> Option<u16> {
        self.client_port
    }

    /// Takes over what the other has made of the token.
    pub fn merge(&mut self, other: Self) {
        fn take<T>(own: &mut Option<T>, other: Option<T>) {
            if other.is_some() {
                *own = other;
            }
        }
        take(&mut self.subject, other.subject);
        take(&mut self.client, other.client);
        take(&mut self.caller_workload, other.caller_workload);
        take(&mut self.delegation, other.delegation);
        take(&mut self.raw_credentials, other.raw_credentials);
        take(&mut self.resolved_at, other.resolved_at);
        self.raw_claims.extend(other.raw_claims);
    }
}

impl fmt::Debug for IdentityPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers carry tokens too.
        f.debug_struct("IdentityPayload")
            .field("source", &self.source)
            .field("source_header", &self.source_header)
            .field("client_host", &self.client_host)
            .field("client_port", &self.client_port)
            .field("subject", &self.subject)
            .field("client", &self.client)
            .field("caller_workload", &self.caller_workload)
            .field("delegation", &self.delegation)
            .field("raw_credentials", &self.raw_credentials)
            .field("resolved_at", &self.resolved_at)
            .field("raw_claims", &self.raw_claims)
            .finish_non_exhaustive()
    }
}
