//! The context: values kept for the length of a request.

use crate::cpex::incoming::{Incoming, map};
use crate::{Field, Result};

/// `ctx.local_state`: what this plugin keeps. Writing to it takes no reading.
///
/// # Errors
///
/// The host's status.
#[inline(always)]
pub fn local_state<P>(incoming: &mut Incoming<P>) -> Result<()> {
    if let Some((state, bytes)) = map(Field::ContextLocal)? {
        incoming.context.local_state = state;
        incoming.before.local_state = bytes;
    }
    Ok(())
}

/// `ctx.global_state`: what all plugins of the request share. Writing to it takes no reading.
///
/// # Errors
///
/// The host's status.
#[inline(always)]
pub fn global_state<P>(incoming: &mut Incoming<P>) -> Result<()> {
    if let Some((state, bytes)) = map(Field::ContextGlobal)? {
        incoming.context.global_state = state;
        incoming.before.global_state = bytes;
    }
    Ok(())
}
