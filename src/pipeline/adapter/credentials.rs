//! Tokens, and what is known of them.

use alloc::vec::Vec;
use std::collections::HashMap;

use super::upstream::extensions as theirs;
use super::upstream::{key_names, with_names};
use crate::model;
use crate::pipeline::convert::{FromModel, ToModel, Unfit, from, to};
use crate::pipeline::values::TWICE;

impl ToModel for theirs::RawCredentialsExtension {
    type Model = model::RawCredentialsExtension;

    fn to_model(&self) -> Result<Self::Model, Unfit> {
        let Self { inbound_tokens, delegated_tokens } = self;
        let inbound_tokens = to(inbound_tokens, "inbound_tokens")?;
        // By way of a map, which puts them in order.
        let delegated_tokens = to(delegated_tokens, "delegated_tokens")?;
        Ok(Self::Model { inbound_tokens, delegated_tokens: delegated_tokens.into_iter().collect() })
    }
}

impl FromModel<model::RawCredentialsExtension> for theirs::RawCredentialsExtension {
    fn from_model(model: model::RawCredentialsExtension) -> Result<Self, Unfit> {
        let model::RawCredentialsExtension { inbound_tokens, delegated_tokens } = model;
        let inbound_tokens = from(inbound_tokens, "inbound_tokens")?;
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

/// By hand: it is `#[non_exhaustive]`, so that its members cannot be listed.
impl ToModel for theirs::DelegationKey {
    type Model = model::DelegationKey;

    fn to_model(&self) -> Result<model::DelegationKey, Unfit> {
        let [delegator_name, target_name] = key_names(self);
        Ok(model::DelegationKey {
            subject_id: self.subject_id.clone(),
            workload_id: self.workload_id.clone(),
            client_id: self.client_id.clone(),
            audience: self.audience.clone(),
            scopes: self.scopes.clone(),
            mode: to(&self.mode, "mode")?,
            delegator_name,
            target_name,
        })
    }
}

impl FromModel<model::DelegationKey> for theirs::DelegationKey {
    fn from_model(model: model::DelegationKey) -> Result<Self, Unfit> {
        let model::DelegationKey {
            subject_id,
            workload_id,
            client_id,
            audience,
            scopes,
            mode,
            delegator_name,
            target_name,
        } = model;
        let mode = from(mode, "mode")?;
        let key = Self::new(mode, audience, scopes)
            .with_subject_id(subject_id)
            .with_workload_id(workload_id)
            .with_client_id(client_id);
        Ok(with_names(key, delegator_name, target_name))
    }
}
