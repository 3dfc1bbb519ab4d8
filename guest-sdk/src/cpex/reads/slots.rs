use alloc::sync::Arc;

use crate::cpex::incoming::{Incoming, map, slot as read};
use crate::{Field, Result};

macro_rules! slots {
    ($($(#[$doc:meta])* $name:ident: $field:ident,)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            ///
            /// The host's status.
            #[inline(always)]
            pub fn $name<P>(incoming: &mut Incoming<P>) -> Result<()> {
                incoming.extensions.$name = read(Field::$field)?;
                Ok(())
            }
        )*
    };
}

slots! {
    /// `extensions.request`, whole.
    request: Request,
    /// `extensions.agent`, whole.
    agent: Agent,
    /// `extensions.http`, whole.
    http: Http,
    /// `extensions.security`, whole, without what the capabilities hide.
    security: Security,
    /// `extensions.candidate_constraint`.
    candidate_constraint: CandidateConstraint,
    /// `extensions.delegation`, whole.
    delegation: Delegation,
    /// `extensions.mcp`.
    mcp: Mcp,
    /// `extensions.completion`, whole.
    completion: Completion,
    /// `extensions.provenance`, whole.
    provenance: Provenance,
    /// `extensions.llm`, whole.
    llm: Llm,
    /// `extensions.framework`, whole.
    framework: Framework,
    /// `extensions.meta`, whole.
    meta: Meta,
}

/// `extensions.raw_credentials`, without the tokens themselves: see
/// [`raw_credentials`](mod@super::raw_credentials).
///
/// # Errors
///
/// The host's status.
#[inline(always)]
pub fn raw_credentials<P>(incoming: &mut Incoming<P>) -> Result<()> {
    let slot = &mut incoming.extensions.raw_credentials;
    if slot.is_none() {
        *slot = read(Field::RawCredentials)?;
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
