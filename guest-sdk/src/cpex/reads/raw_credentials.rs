//! The tokens that travel with a request, which cross only by these. Each brings what the host
//! says about the tokens with it.

use alloc::sync::Arc;
use alloc::vec::Vec;
use std::collections::HashMap;

use crate::cpex::extensions::{
    DelegationKey, RawCredentialsExtension, RawDelegatedToken, RawInboundToken, TokenRole,
};
use crate::cpex::incoming::{Incoming, value};
use crate::cpex::wire::{Name as _, Reader, Wire};
use crate::raw::Place;
use crate::{Field, Result};

/// `extensions.raw_credentials.inbound_tokens`, with the tokens. Needs `read_inbound_credentials`.
///
/// # Errors
///
/// The host's status.
#[inline(always)]
pub fn inbound_tokens<P>(incoming: &mut Incoming<P>) -> Result<()> {
    super::raw_credentials(incoming)?;
    let slot = &mut incoming.extensions.raw_credentials;
    *slot = with_inbound(slot.take())?;
    Ok(())
}

/// `extensions.raw_credentials.delegated_tokens`, with the tokens. Needs `read_delegated_tokens`.
///
/// # Errors
///
/// The host's status.
#[inline(always)]
pub fn delegated_tokens<P>(incoming: &mut Incoming<P>) -> Result<()> {
    let slot = &mut incoming.extensions.raw_credentials;
    *slot = with_delegated(slot.take())?;
    Ok(())
}

type Slot = Option<Arc<RawCredentialsExtension>>;

fn with_inbound(mut slot: Slot) -> Result<Slot> {
    if let Some(credentials) = slot.as_mut().and_then(Arc::get_mut) {
        for (role, inbound) in &mut credentials.inbound_tokens {
            if let Some(token) = Place::of(Field::InboundToken).entry(role.name()).text()? {
                inbound.token = token.into();
            }
        }
    }
    Ok(slot)
}

fn with_delegated(slot: Slot) -> Result<Slot> {
    let Some(mut listed) = value::<Listed>(Place::of(Field::RawCredentials))? else {
        return Ok(slot);
    };
    for (index, (_, delegated)) in (0..).zip(&mut listed.delegated_tokens) {
        if let Some(token) = Place::of(Field::DelegatedToken).at(index).text()? {
            delegated.token = token.into();
        }
    }
    // Inbound tokens may be there already, with their tokens.
    let mut slot = slot.unwrap_or_else(|| {
        Arc::new(RawCredentialsExtension {
            inbound_tokens: listed.inbound_tokens,
            ..RawCredentialsExtension::default()
        })
    });
    if let Some(slot) = Arc::get_mut(&mut slot) {
        slot.delegated_tokens = listed.delegated_tokens.into_iter().collect();
    }
    Ok(Some(slot))
}

/// The slot, in the order that the tokens are counted in.
struct Listed {
    inbound_tokens: HashMap<TokenRole, RawInboundToken>,
    delegated_tokens: Vec<(DelegationKey, RawDelegatedToken)>,
}

impl Wire for Listed {
    fn read(reader: &mut Reader<'_>) -> Self {
        let inbound_tokens = Wire::read(reader);
        let len = reader.len();
        let delegated_tokens = (0..len).map(|_| (Wire::read(reader), Wire::read(reader))).collect();
        Self { inbound_tokens, delegated_tokens }
    }

    fn write(&self, _: &mut Vec<u8>) {}
}
