//! The tokens of a request.

use alloc::string::String;

use crate::items::Indexed;
use crate::raw::Place;
use crate::{Field, Items, RawCredentials, Result};

impl RawCredentials {
    /// The token that came with the request, by its owner: `user`, `client`, `caller_workload`,
    /// or a role of the operator's own.
    ///
    /// # Errors
    ///
    /// The host's status; a missing token is `None`.
    pub fn inbound_token(self, role: &str) -> Result<Option<String>> {
        Place::of(Field::InboundToken).entry(role).text()
    }

    /// The tokens minted for the request. The purpose of each stands in
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
