//! Tokens do not cross with the rest, so that what comes back without one keeps the one it had:
//! if all that is known of it is what it was.

use alloc::collections::BTreeMap;

use cpex_wasmi_abi::model::{RawCredentialsExtension, RawDelegatedToken, RawInboundToken, Secret};

/// The charge for a search for one token, in bytes.
const LOOK_UP: usize = 256;

pub(super) fn keep_inbound(
    new: &mut Option<RawCredentialsExtension>,
    old: &Option<RawCredentialsExtension>,
    worked: &mut usize,
) {
    let (Some(new), Some(old)) = (new, old) else { return };
    for (role, new) in &mut new.inbound_tokens {
        if let Some(old) = old.inbound_tokens.get(role) {
            let RawInboundToken { token, source_header, kind } = old;
            let same = new.source_header == *source_header && new.kind == *kind;
            keep(&mut new.token, token, same);
        }
    }
    let tokens = old.delegated_tokens.len().saturating_add(new.delegated_tokens.len());
    *worked = worked.saturating_add(tokens.saturating_mul(LOOK_UP));
    let mut by_key = BTreeMap::new();
    for (key, token) in &old.delegated_tokens {
        by_key.insert(key, token);
    }
    for (key, new) in &mut new.delegated_tokens {
        if let Some(old) = by_key.get(key) {
            keep_delegated(new, old);
        }
    }
}

pub(super) fn keep_delegated(new: &mut RawDelegatedToken, old: &RawDelegatedToken) {
    let RawDelegatedToken { token, outbound_header, audience, scopes, expires_at } = old;
    let same = new.outbound_header == *outbound_header
        && new.audience == *audience
        && new.scopes == *scopes
        && new.expires_at == *expires_at;
    keep(&mut new.token, token, same);
}

fn keep(new: &mut Secret, old: &Secret, same: bool) {
    if same && new.is_empty() {
        new.clone_from(old);
    }
}
