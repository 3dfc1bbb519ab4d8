//! Tokens, and what is known of them.

use alloc::vec::Vec;
use std::collections::HashMap;

use cpex_core::extensions as theirs;

use super::values::TWICE;
use super::{FromModel, ToModel, Unfit, both_ways, variants};
use crate::model;

both_ways! {
    RawInboundToken { token, source_header, kind }
    RawDelegatedToken { token, outbound_header, audience, scopes, expires_at }
}

variants! {
    TokenKind open { Jwt, Opaque, SpiffeJwt, Ucan, TxnToken }
    DelegationMode open { OnBehalfOfUser, AsClient, AsCallerWorkload, AsThisWorkload }
}

impl ToModel for theirs::RawCredentialsExtension {
    type Model = model::RawCredentialsExtension;

    fn to_model(&self) -> Result<Self::Model, Unfit> {
        let Self { inbound_tokens, delegated_tokens } = self;
        let inbound_tokens =
            inbound_tokens.to_model().map_err(|unfit| unfit.within("inbound_tokens"))?;
        // By way of a map, which puts them in order.
        let delegated_tokens =
            delegated_tokens.to_model().map_err(|unfit| unfit.within("delegated_tokens"))?;
        Ok(Self::Model { inbound_tokens, delegated_tokens: delegated_tokens.into_iter().collect() })
    }
}

impl FromModel<model::RawCredentialsExtension> for theirs::RawCredentialsExtension {
    fn from_model(model: model::RawCredentialsExtension) -> Result<Self, Unfit> {
        let model::RawCredentialsExtension { inbound_tokens, delegated_tokens } = model;
        let inbound_tokens = FromModel::from_model(inbound_tokens)
            .map_err(|unfit| unfit.within("inbound_tokens"))?;
        let delegated_tokens =
            minted(delegated_tokens).map_err(|unfit| unfit.within("delegated_tokens"))?;
        Ok(Self { inbound_tokens, delegated_tokens })
    }
}

type Minted = HashMap<theirs::DelegationKey, theirs::RawDelegatedToken>;

fn minted(pairs: Vec<(model::DelegationKey, model::RawDelegatedToken)>) -> Result<Minted, Unfit> {
    let mut minted = HashMap::with_capacity(pairs.len());
    for (at, (key, token)) in pairs.into_iter().enumerate() {
        let key = theirs::DelegationKey::from_model(key).map_err(|unfit| unfit.within(at))?;
        let token = FromModel::from_model(token).map_err(|unfit| unfit.within(at))?;
        if minted.insert(key, token).is_some() {
            return Err(TWICE);
        }
    }
    Ok(minted)
}

/// Not by [`both_ways!`]: it is `#[non_exhaustive]`.
impl ToModel for theirs::DelegationKey {
    type Model = model::DelegationKey;

    fn to_model(&self) -> Result<model::DelegationKey, Unfit> {
        Ok(model::DelegationKey {
            subject_id: self.subject_id.clone(),
            workload_id: self.workload_id.clone(),
            client_id: self.client_id.clone(),
            audience: self.audience.clone(),
            scopes: self.scopes.clone(),
            mode: self.mode.to_model().map_err(|unfit| unfit.within("mode"))?,
        })
    }
}

impl FromModel<model::DelegationKey> for theirs::DelegationKey {
    fn from_model(model: model::DelegationKey) -> Result<Self, Unfit> {
        let model::DelegationKey { subject_id, workload_id, client_id, audience, scopes, mode } =
            model;
        let mode = FromModel::from_model(mode).map_err(|unfit| unfit.within("mode"))?;
        Ok(Self::new(mode, audience, scopes)
            .with_subject_id(subject_id)
            .with_workload_id(workload_id)
            .with_client_id(client_id))
    }
}
