//! Views of tokens.

use alloc::string::String;

use crate::items::Indexed;
use crate::raw::Place;
use crate::{Field, Items, Record, Result};

/// The raw credentials slot: the request's tokens.
///
/// Facts about them take `read_inbound_credentials` or `read_delegated_tokens`; the tokens
/// themselves take `allow_raw_credentials: true` in the operator's policy too, else reading them
/// gives [`Status::CredentialsDenied`](crate::Status::CredentialsDenied).
#[derive(Clone, Copy, Debug)]
pub struct RawCredentials(());

impl RawCredentials {
    pub(crate) const VIEW: Self = Self(());

    /// Facts about the tokens, by pointer: `/inbound_tokens/user/source_header`.
    pub const fn record(self) -> Record {
        Record::of(Field::RawCredentials)
    }

    /// The token that came with the request, by whose it is: `user`, `client`, `caller_workload`,
    /// or a role of the operator's own.
    ///
    /// # Errors
    ///
    /// The host's status; a missing token is `None`.
    pub fn inbound_token(self, role: &str) -> Result<Option<String>> {
        Place::of(Field::InboundToken).entry(role).text()
    }

    /// The tokens minted for the request. What each is for stands in
    /// [`record`](Self::record) at `/delegated_tokens`, in the same order.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn delegated_tokens(self) -> Result<Items<DelegatedToken>> {
        Items::of(Field::DelegatedToken)
    }
}

/// A token minted for the request.
#[derive(Clone, Copy, Debug)]
pub struct DelegatedToken {
    index: u32,
}

impl Indexed for DelegatedToken {
    fn new(index: u32) -> Self {
        Self { index }
    }
}

impl DelegatedToken {
    /// The token.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn token(self) -> Result<String> {
        Place::of(Field::DelegatedToken).at(self.index).required_text()
    }
}
