//! Tokens do not cross with the rest, so that what comes back without one keeps the one it had:
//! if all that is known of it is what it was. Nor does what only JSON has, in postcard.

use alloc::collections::BTreeMap;

use cpex_wasmi_abi::model::{
    DelegationKey, RawCredentialsExtension, RawDelegatedToken, RawInboundToken, Secret,
    SubjectExtension,
};

/// The charge for a search for one token or claim, in bytes.
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
        by_key.insert(without_names(key), (key, token));
        by_key.insert(key.clone(), (key, token));
    }
    for (key, new) in &mut new.delegated_tokens {
        if let Some((old_key, old)) = by_key.get(key) {
            key.clone_from(old_key);
            keep_delegated(new, old);
        }
    }
}

/// A key as postcard has it.
fn without_names(key: &DelegationKey) -> DelegationKey {
    DelegationKey { delegator_name: None, target_name: None, ..key.clone() }
}

pub(super) fn keep_delegated(new: &mut RawDelegatedToken, old: &RawDelegatedToken) {
    let RawDelegatedToken { token, outbound_header, audience, scopes, expires_at, outbound_prefix } =
        old;
    let same = new.outbound_header == *outbound_header
        && new.audience == *audience
        && new.scopes == *scopes
        && new.expires_at == *expires_at;
    keep(&mut new.token, token, same);
    if same && new.outbound_prefix.is_none() {
        new.outbound_prefix.clone_from(outbound_prefix);
    }
}

/// Keeps the values of claims whose texts are what they were.
pub(super) fn keep_claims(
    new: &mut Option<SubjectExtension>,
    old: &Option<SubjectExtension>,
    worked: &mut usize,
) {
    let (Some(new), Some(old)) = (new, old) else { return };
    *worked = worked.saturating_add(old.claim_values.len().saturating_mul(LOOK_UP));
    for (name, value) in &old.claim_values {
        let text = old.claims.get(name);
        if text.is_some() && new.claims.get(name) == text && !new.claim_values.contains_key(name) {
            new.claim_values.insert(name.clone(), value.clone());
        }
    }
}

fn keep(new: &mut Secret, old: &Secret, same: bool) {
    if same && new.is_empty() {
        new.clone_from(old);
    }
}
