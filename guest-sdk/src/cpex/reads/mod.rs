//! What a plugin can ask to be handed: the entries of `reads` in
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
//! | [`message`] | parts of a message, cheaper than all of it |
//! | `request`, `agent`, `http`, `security`, … | the slot, whole |
//! | [`security`](mod@security), [`http`](mod@http), … | one field of the slot; the others are empty |
//! | [`context`] | what the plugin, and all plugins, keep for the request |
//!
//! A slot that the request does not have is `None`. One that it has is `Some`, even if the field
//! that was read is not there.

pub mod context;
mod fields;
pub mod message;
mod parts;
pub mod payload;
pub mod raw_credentials;
pub mod security;
mod slots;

pub use parts::*;
pub use slots::*;

use super::PluginPayload;
use super::incoming::Incoming;
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

fn whole<P: PluginPayload>() -> Result<Option<P>> {
    Place::of(Field::Payload).bytes()?.map(|bytes| P::from_wire(&bytes)).transpose()
}
