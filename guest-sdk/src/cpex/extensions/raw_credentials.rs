//! Tokens that came with a request, and tokens minted for it.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

use crate::cpex::wire::{Reader, Wire, open_enum, plain_enum, put_number, record, sort, to_bytes};

open_enum! {
    /// Whose token it is.
    pub enum TokenRole {
        User = "user",
        Client = "client",
        CallerWorkload = "caller_workload" | "workload",
    }
}

plain_enum! {
    /// What kind of token it is.
    #[non_exhaustive]
    pub enum TokenKind {
        Jwt = "jwt",
        Opaque = "opaque",
        SpiffeJwt = "spiffe_jwt",
        Ucan = "ucan",
        TxnToken = "txn_token",
    }
}

plain_enum! {
    /// In whose name a token was minted.
    #[non_exhaustive]
    #[derive(Hash)]
    pub enum DelegationMode {
        OnBehalfOfUser = "on_behalf_of_user",
        AsClient = "as_client",
        AsCallerWorkload = "as_caller_workload",
        AsThisWorkload = "as_this_workload" | "as_gateway",
    }
}

record! {
    /// A token that came with a request.
    pub struct RawInboundToken {
        /// The token. It is wiped when it is dropped, and in no JSON.
        #[serde(skip)]
        pub token: Zeroizing<String>,
        /// The header it came in.
        pub source_header: String,
        /// What kind of token it is.
        pub kind: TokenKind,
    }
}

impl RawInboundToken {
    /// A token that came in this header.
    pub fn new(
        token: impl Into<String>,
        source_header: impl Into<String>,
        kind: TokenKind,
    ) -> Self {
        Self { token: Zeroizing::new(token.into()), source_header: source_header.into(), kind }
    }
}

impl fmt::Debug for RawInboundToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawInboundToken")
            .field("source_header", &self.source_header)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

record! {
    /// What a minted token is for.
    #[non_exhaustive]
    #[derive(Debug, PartialEq, Eq, Hash)]
    pub struct DelegationKey {
        /// The subject it speaks for.
        pub subject_id: String,
        /// The workload it speaks for.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub workload_id: Option<String>,
        /// The client it speaks for.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub client_id: Option<String>,
        /// Whom it is for.
        pub audience: String,
        /// What it allows, as OAuth scopes.
        pub scopes: Vec<String>,
        /// In whose name it was minted.
        pub mode: DelegationMode,
    }
}

impl DelegationKey {
    /// The key of a token for nobody in particular.
    pub fn new(mode: DelegationMode, audience: impl Into<String>, scopes: Vec<String>) -> Self {
        Self {
            subject_id: String::new(),
            workload_id: None,
            client_id: None,
            audience: audience.into(),
            scopes,
            mode,
        }
    }

    /// Sets the subject.
    #[must_use]
    pub fn with_subject_id(mut self, subject_id: impl Into<String>) -> Self {
        self.subject_id = subject_id.into();
        self
    }

    /// Sets the workload.
    #[must_use]
    pub fn with_workload_id(mut self, workload_id: Option<String>) -> Self {
        self.workload_id = workload_id;
        self
    }

    /// Sets the client.
    #[must_use]
    pub fn with_client_id(mut self, client_id: Option<String>) -> Self {
        self.client_id = client_id;
        self
    }
}

record! {
    /// A token that was minted for a request.
    pub struct RawDelegatedToken {
        /// The token. It is wiped when it is dropped, and in no JSON.
        #[serde(skip)]
        pub token: Zeroizing<String>,
        /// The header it goes out in.
        pub outbound_header: String,
        /// Whom it is for.
        pub audience: String,
        /// What it allows, as OAuth scopes.
        pub scopes: Vec<String>,
        /// When it is no longer valid.
        pub expires_at: DateTime<Utc>,
    }
}

impl RawDelegatedToken {
    /// A token that goes out in this header.
    pub fn new(
        token: impl Into<String>,
        outbound_header: impl Into<String>,
        audience: impl Into<String>,
        scopes: Vec<String>,
        expires_at: DateTime<Utc>,
    ) -> Self {
        Self {
            token: Zeroizing::new(token.into()),
            outbound_header: outbound_header.into(),
            audience: audience.into(),
            scopes,
            expires_at,
        }
    }
}

impl fmt::Debug for RawDelegatedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawDelegatedToken")
            .field("outbound_header", &self.outbound_header)
            .field("audience", &self.audience)
            .field("scopes", &self.scopes)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

record! {
    /// The credentials that travel with a request.
    #[derive(Debug, Default)]
    pub struct RawCredentialsExtension {
        /// The tokens that came with the request, by whose they are.
        #[serde(default)]
        pub inbound_tokens: HashMap<TokenRole, RawInboundToken>,
        /// The tokens minted for the request, by what they are for.
        #[serde(default)]
        pub delegated_tokens: HashMap<DelegationKey, RawDelegatedToken>,
    }
}

impl Wire for HashMap<DelegationKey, RawDelegatedToken> {
    fn read(reader: &mut Reader<'_>) -> Self {
        let mut map = Self::new();
        for _ in 0..reader.len() {
            let key = DelegationKey::read(reader);
            map.insert(key, RawDelegatedToken::read(reader));
        }
        map
    }

    fn write(&self, out: &mut Vec<u8>) {
        let mut entries: Vec<_> = self.iter().map(|(key, token)| (to_bytes(key), token)).collect();
        sort(&mut entries, |a, b| a.0 < b.0);
        put_number(out, entries.len() as u64);
        for (key, token) in entries {
            out.extend(key);
            token.write(out);
        }
    }
}
