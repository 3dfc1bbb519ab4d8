//! The payloads that are no messages. What a handler is given cannot be made here, only read.

use cpex_core::delegation::DelegationPayload;
use cpex_core::elicitation::ElicitationPayload;
use cpex_core::identity::IdentityPayload;

use super::{FromModel, ToModel, Unfit, WithResults, to_model, variants};
use crate::model;

mod theirs {
    pub(super) use cpex_core::delegation::{AttenuationConfig, AuthEnforcedBy, DelegationSubject};
    pub(super) use cpex_core::elicitation::{
        ElicitationOp, ElicitationOutcomeKind, ElicitationStatusKind,
    };
}

to_model! {
    AttenuationConfig { capabilities, resource_template, actions, ttl_seconds }
}

variants! {
    DelegationSubject open { User, Client, CallerWorkload, ThisWorkload }
    AuthEnforcedBy open { Caller, Target, Both }
    ElicitationOp { Dispatch, Check, Validate }
    ElicitationStatusKind { Pending, Resolved, Expired }
    ElicitationOutcomeKind { Approved, Denied }
}

/// Implements [`ToModel`] and [`WithResults`] for a payload: what it was given is read through
/// getters, its results are fields.
macro_rules! payloads {
    ($($name:ident { given: { $($given:ident),* $(,)? } results: { $($result:ident),* $(,)? } })*) => {
        $(
            impl ToModel for $name {
                type Model = model::$name;

                fn to_model(&self) -> Result<Self::Model, Unfit> {
                    Ok(model::$name {
                        $($given: self.$given().to_model()
                            .map_err(|unfit| unfit.within(stringify!($given)))?.into(),)*
                        $($result: self.$result.to_model()
                            .map_err(|unfit| unfit.within(stringify!($result)))?,)*
                    })
                }
            }

            impl WithResults for $name {
                fn with_results(&self, changed: Self::Model) -> Result<Self, Unfit> {
                    let model::$name { $($given: _,)* $($result),* } = changed;
                    let mut payload = self.clone();
                    $(payload.$result = FromModel::from_model($result)
                        .map_err(|unfit| unfit.within(stringify!($result)))?;)*
                    Ok(payload)
                }
            }
        )*
    };
}

payloads! {
    IdentityPayload {
        given: { raw_token, source, source_header, headers, client_host, client_port }
        results: {
            subject,
            client,
            caller_workload,
            delegation,
            raw_credentials,
            resolved_at,
            raw_claims,
        }
    }
    DelegationPayload {
        given: {
            bearer_token,
            actor_token,
            actor_role,
            subject,
            target_name,
            target_type,
            target_audience,
            required_permissions,
            trust_domain,
            auth_enforced_by,
            route_attenuation,
        }
        results: { delegated_token, delegation_update, delegation_mode, minted_at, metadata }
    }
    ElicitationPayload {
        given: {
            operation,
            elicitation_id,
            kind,
            from,
            purpose,
            scope,
            timeout,
            channel,
        }
        results: {
            id,
            status,
            outcome,
            approver,
            intent_id,
            expires_at,
            valid,
            reason,
            metadata,
        }
    }
}
