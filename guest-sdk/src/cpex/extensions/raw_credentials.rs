//! Tokens that came with a request, and tokens minted for it.

pub use crate::cpex::records::{
    DelegationKey, DelegationMode, RawCredentialsExtension, RawDelegatedToken, RawInboundToken,
    TokenKind, TokenRole,
};

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::slot::{Fetch, whole};
use crate::Field;
use crate::cpex::token::Token;
use crate::cpex::wire::{Name as _, Reader, Wire, put_number, sort, to_bytes};

/// Each token is fetched when a handler looks at it. What the host says about the tokens comes at once.
impl Fetch for RawCredentialsExtension {
    fn fetch() -> Self {
        let Listed { mut inbound, mut delegated } = whole(Field::RawCredentials);
        for (role, entry) in &mut inbound {
            entry.token = Token::at(Field::InboundToken, 0, Some(role.name()));
        }
        for (index, (_, entry)) in (0..).zip(&mut delegated) {
            entry.token = Token::at(Field::DelegatedToken, index, None);
        }
        Self { inbound_tokens: inbound, delegated_tokens: delegated.into_iter().collect() }
    }
}

/// The slot, in the order that the tokens are counted in.
struct Listed {
    inbound: HashMap<TokenRole, RawInboundToken>,
    delegated: Vec<(DelegationKey, RawDelegatedToken)>,
}

impl Wire for Listed {
    fn read(reader: &mut Reader<'_>) -> Self {
        let inbound = Wire::read(reader);
        let len = reader.len();
        let delegated = (0..len).map(|_| (Wire::read(reader), Wire::read(reader))).collect();
        Self { inbound, delegated }
    }

    fn write(&self, _: &mut Vec<u8>) {}
}

impl RawInboundToken {
    /// A token that came in this header.
    pub fn new(
        token: impl Into<String>,
        source_header: impl Into<String>,
        kind: TokenKind,
    ) -> Self {
        Self { token: token.into().into(), source_header: source_header.into(), kind }
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
            token: token.into().into(),
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
