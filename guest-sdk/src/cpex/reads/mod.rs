//! The entries of `reads` in [`cpex_plugin!`](crate::cpex_plugin): the slots and tokens that a plugin is handed.
//!
//! Each is a function that fetches one thing from the host before the handler runs. What a plugin
//! does not list is not fetched, and no code for it is in the module. A path says where the value
//! shows up: `security::labels` is `extensions.security.labels`. What the plugin's capabilities do
//! not open fails the call, but for the whole `security` and `raw_credentials`, which leave it out.
//!
//! | entry | what the handler finds |
//! | --- | --- |
//! | `request`, `agent`, `http`, `security`, … | the slot, whole |
//! | [`security`](mod@security), [`http`](mod@http), … | one field of the slot; the others cannot be looked at |
//! | [`payload`] | a token of the payload |
//! | [`raw_credentials`](mod@raw_credentials) | the tokens of the request |
//!
//! A message and the context have no entry. They are fetched when the handler looks at them, and not before: a
//! [`LazyMessage`](crate::cpex::cmf::LazyMessage) and two [`ContextState`](crate::cpex::ContextState)s. Any other payload is always
//! there.
//!
//! A handler that looks at a slot or field that is not listed does not compile. List the slot whole, or each field
//! that the handler looks at. A copy to change shows slots that are listed whole; to the others a plugin can
//! [add](crate::cpex::extensions::Additions). A [`Token`](crate::cpex::Token) that is not listed fails the call.
//!
//! A whole `security` is what the plugin's capabilities leave of it, as in CPEX: without `read_labels` there are
//! no labels in it. List `security::labels` where the decision hangs on them: that fails the call
//! if it was not granted.
//!
//! A slot that the request does not have is `None`. One that it has is `Some`, even if the field
//! that was read is not there.

pub mod raw_credentials;
mod slots;

pub use slots::*;

use alloc::sync::Arc;

use serde_json::Value;

use super::incoming::{Incoming, slot, value};
use super::lazy::LazyMap;
use crate::raw::Place;
use crate::{Field, Result};

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
    if let Some(custom) = value::<LazyMap<Value>>(Place::of(Field::Custom))? {
        *incoming.custom = custom.encoded().cloned();
        incoming.extensions.custom = Some(Arc::new(custom.into()));
    }
    Ok(())
}
