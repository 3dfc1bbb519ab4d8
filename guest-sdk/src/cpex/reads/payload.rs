//! The tokens of payloads, which cross only by these.
//!
//! Each does nothing for a hook whose payload has no such token. A handler that asks for a token which is not listed
//! fails the call.

use crate::cpex::PluginPayload;
use crate::cpex::delegation::DelegationPayload;
use crate::cpex::identity::IdentityPayload;
use crate::cpex::incoming::Incoming;
use crate::raw::Place;
use crate::{Field, Result};
use alloc::string::String;

/// The token of an [`IdentityPayload`]. Needs `read_inbound_credentials`.
///
/// # Errors
///
/// The host's status.
#[inline(always)]
pub fn raw_token<P: PluginPayload>(incoming: &mut Incoming<P>) -> Result<()> {
    token(incoming, Field::PayloadRawToken, IdentityPayload::set_raw_token)
}

/// The bearer token of a [`DelegationPayload`]. Needs `read_inbound_credentials`.
///
/// # Errors
///
/// The host's status.
#[inline(always)]
pub fn bearer_token<P: PluginPayload>(incoming: &mut Incoming<P>) -> Result<()> {
    token(incoming, Field::PayloadBearerToken, DelegationPayload::set_bearer_token)
}

/// The actor's token of a [`DelegationPayload`]. Needs `read_inbound_credentials`.
///
/// # Errors
///
/// The host's status.
#[inline(always)]
pub fn actor_token<P: PluginPayload>(incoming: &mut Incoming<P>) -> Result<()> {
    token(incoming, Field::PayloadActorToken, DelegationPayload::set_actor_token)
}

#[inline(always)]
fn token<P: PluginPayload, T: PluginPayload>(
    incoming: &mut Incoming<P>,
    field: Field,
    set: impl FnOnce(&mut T, String),
) -> Result<()> {
    if let Some(payload) = incoming.payload.as_any_mut().downcast_mut() {
        set(payload, Place::of(field).text()?.unwrap_or_default());
    }
    Ok(())
}
