use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::String;

use serde::Deserialize;

use super::{
    ClientExtension, DelegationExtension, JsonMap, RawCredentialsExtension, Secret,
    SubjectExtension, WorkloadIdentity, json, serialize_both,
};

/// The payload of `identity.resolve`: a token to be made sense of, and what has been made of it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct IdentityPayload {
    /// The token that came with the request.
    #[serde(default)]
    pub raw_token: Secret,
    /// How it came: `bearer`, `user_token`, `mtls`, `spiffe_jwt_svid`, `api_key`, or a way of the
    /// operator's own.
    pub source: String,
    /// The header it came in.
    #[serde(default)]
    pub source_header: Option<String>,
    /// The request's headers, by name.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The address of the peer.
    #[serde(default)]
    pub client_host: Option<String>,
    /// The port of the peer.
    #[serde(default)]
    pub client_port: Option<u16>,
    /// The subject that was found.
    #[serde(default)]
    pub subject: Option<SubjectExtension>,
    /// The OAuth client that was found.
    #[serde(default)]
    pub client: Option<ClientExtension>,
    /// The calling workload that was found.
    #[serde(default)]
    pub caller_workload: Option<WorkloadIdentity>,
    /// The chain of delegations that was found.
    #[serde(default)]
    pub delegation: Option<DelegationExtension>,
    /// The tokens to be kept for later hooks.
    #[serde(default)]
    pub raw_credentials: Option<RawCredentialsExtension>,
    /// When the identity was resolved, as RFC 3339 has it.
    #[serde(default)]
    pub resolved_at: Option<String>,
    /// The claims as the token has them, by name.
    #[serde(default, deserialize_with = "json::map")]
    pub raw_claims: JsonMap,
}

serialize_both!(IdentityPayload {
    raw_token as secret,
    source,
    source_header as optional,
    headers as list,
    client_host as optional,
    client_port as optional,
    subject as optional,
    client as optional,
    caller_workload as optional,
    delegation as optional,
    raw_credentials as optional,
    resolved_at as optional,
    raw_claims as json_map_or_none,
});

impl IdentityPayload {
    /// A token that came in this way, of which nothing is known yet.
    pub fn new(raw_token: impl Into<Secret>, source: impl Into<String>) -> Self {
        Self { raw_token: raw_token.into(), source: source.into(), ..Self::default() }
    }

    /// The payload as a plugin is given it: with `[redacted]` where its token stands in a header.
    pub fn without_token_in_headers(&self) -> Cow<'_, Self> {
        match self.headers_without_token() {
            Cow::Borrowed(_) => Cow::Borrowed(self),
            Cow::Owned(headers) => Cow::Owned(Self { headers, ..self.clone() }),
        }
    }

    /// The headers as a plugin is given them.
    pub fn headers_without_token(&self) -> Cow<'_, BTreeMap<String, String>> {
        let token = self.raw_token.expose();
        if token.is_empty() || !self.headers.values().any(|value| value.contains(token)) {
            return Cow::Borrowed(&self.headers);
        }
        let shown =
            |(name, value): (&String, &String)| (name.clone(), value.replace(token, "[redacted]"));
        Cow::Owned(self.headers.iter().map(shown).collect())
    }

    /// Whether all that a plugin is given, and may not change, is the same, but for the token.
    pub fn same_input(&self, other: &Self) -> bool {
        self.source == other.source
            && self.source_header == other.source_header
            && self.headers == other.headers
            && self.client_host == other.client_host
            && self.client_port == other.client_port
    }
}
