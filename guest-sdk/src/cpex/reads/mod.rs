//! The entries of `reads`, which say what a plugin is handed, in
//! [`cpex_plugin!`](crate::cpex_plugin).
//!
//! Each is a function that fetches one thing from the host before the handler runs. What a plugin
//! does not list is not fetched, and no code for it is in the module. A path says where the value
//! shows up: `security::labels` is `extensions.security.labels`. What the plugin's capabilities do
//! not open fails the call, but for the whole `security` and `raw_credentials`, which leave it out.
//!
//! | entry | what the handler finds |
//! | --- | --- |
//! | [`payload()`] | the payload |
//! | [`no_payload()`] | an empty message: for a handler that does not look at the payload |
//! | [`message`] | parts of a message, cheaper than all of it |
//! | `request`, `agent`, `http`, `security`, … | the slot, whole |
//! | [`security`](mod@security), [`http`](mod@http), … | one field of the slot; the others cannot be looked at |
//! | [`context`] | what the plugin, and all plugins, keep for the request |
//!
//! A handler that looks at a slot or field that is not listed does not compile, nor does a list that says nothing
//! of the payload. List the slot whole, or each field that the handler looks at. A copy to change shows slots that are
//! listed whole; to the others a plugin can [add](crate::cpex::extensions::Additions). A whole `security` is what the plugin's capabilities leave of it, as in CPEX: without `read_labels` there are
//! no labels in it. List `security::labels` where the decision hangs on them: that fails the call
//! if it was not granted.
//!
//! A slot that the request does not have is `None`. One that it has is `Some`, even if the field
//! that was read is not there.

pub mod context;
pub mod message;
pub mod payload;
pub mod raw_credentials;
mod slots;

pub use slots::*;

use alloc::sync::Arc;

use super::PluginPayload;
use super::incoming::{Incoming, map, slot};
use crate::raw::Place;
use crate::{Field, Result};

/// The payload, whole. A handler that gives back another one needs it.
///
/// Tokens are not part of it: see [`payload`](mod@payload).
///
/// # Errors
///
/// The host's status.
#[inline(always)]
pub fn payload<P: PluginPayload>(incoming: &mut Incoming<P>) -> Result<()> {
    if !incoming.whole {
        *incoming.payload = whole()?;
        incoming.whole = incoming.payload.is_some();
    }
    Ok(())
}

/// Nothing of the payload: the handler does not look at it. It finds an empty message.
///
/// # Errors
///
/// None.
#[inline(always)]
pub const fn no_payload<P>(_: &mut Incoming<P>) -> Result<()> {
    Ok(())
}

fn whole<P: PluginPayload>() -> Result<Option<P>> {
    Place::of(Field::Payload).bytes()?.map(|bytes| P::from_wire(&bytes)).transpose()
}

/// `extensions.raw_credentials`, without the tokens themselves: see
/// [`raw_credentials`](mod@raw_credentials).
///
/// # Errors
///
/// The host's status.
#[inline(always)]
pub fn raw_credentials<P>(incoming: &mut Incoming<P>) -> Result<()> {
    let there = &mut incoming.extensions.raw_credentials;
    if there.is_none() {
        *there = slot(Field::RawCredentials)?;
    }
    Ok(())
}

/// `extensions.custom`.
///
/// # Errors
///
/// The host's status.
#[inline(always)]
pub fn custom<P>(incoming: &mut Incoming<P>) -> Result<()> {
    if let Some((custom, bytes)) = map(Field::Custom)? {
        incoming.extensions.custom = Some(Arc::new(custom));
        incoming.before.custom = bytes;
    }
    Ok(())
}
