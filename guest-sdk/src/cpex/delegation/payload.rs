//! The payload of a delegation.

pub use crate::cpex::records::DelegationPayload;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::{AttenuationConfig, AuthEnforcedBy, DelegationSubject, TargetType};
use crate::cpex::extensions::raw_credentials::TokenRole;
use crate::cpex::hooks::payload::record_payload;
use crate::cpex::lazy::LazyMap;

record_payload!(
    DelegationPayload,
    tokens: [bearer_token: PayloadBearerToken, actor_token: PayloadActorToken]
);

impl DelegationPayload {
    /// A token is to be minted from this one, for this target.
    pub fn new(bearer_token: impl Into<String>, target_name: impl Into<String>) -> Self {
        Self {
            bearer_token: bearer_token.into().into(),
            actor_token: String::new().into(),
            actor_role: None,
            subject: DelegationSubject::default(),
            target_name: target_name.into(),
            target_type: TargetType::Tool,
            target_audience: None,
            required_permissions: Vec::new(),
            trust_domain: None,
            auth_enforced_by: AuthEnforcedBy::Caller,
            route_attenuation: None,
            delegated_token: None,
            delegation_update: None,
            delegation_mode: None,
            minted_at: None,
            metadata: LazyMap::new(),
        }
    }

    /// Sets who acts, and the token that says so.
    #[must_use]
    pub fn with_actor(mut self, role: TokenRole, actor_token: impl Into<String>) -> Self {
        self.actor_token = actor_token.into().into();
        self.actor_role = Some(role);
        self
    }

    /// Sets in whose name the token is to be minted.
    #[must_use]
    pub fn with_subject(mut self, subject: DelegationSubject) -> Self {
        self.subject = subject;
        self
    }

    /// Sets what kind of target it is.
    #[must_use]
    pub fn with_target_type(mut self, target_type: TargetType) -> Self {
        self.target_type = target_type;
        self
    }

    /// Sets the target's audience.
    #[must_use]
    pub fn with_target_audience(mut self, audience: impl Into<String>) -> Self {
        self.target_audience = Some(audience.into());
        self
    }

    /// Sets the permissions the target takes.
    #[must_use]
    pub fn with_required_permissions(mut self, permissions: Vec<String>) -> Self {
        self.required_permissions = permissions;
        self
    }

    /// Sets the target's trust domain.
    #[must_use]
    pub fn with_trust_domain(mut self, trust_domain: impl Into<String>) -> Self {
        self.trust_domain = Some(trust_domain.into());
        self
    }

    /// Sets who enforces the permissions.
    #[must_use]
    pub fn with_auth_enforced_by(mut self, enforced_by: AuthEnforcedBy) -> Self {
        self.auth_enforced_by = enforced_by;
        self
    }

    /// Sets what the route takes away from the token.
    #[must_use]
    pub fn with_route_attenuation(mut self, attenuation: AttenuationConfig) -> Self {
        self.route_attenuation = Some(attenuation);
        self
    }

    /// The token to mint from.
    ///
    /// # Panics
    ///
    /// In the sandbox, if the plugin may not read the token.
    pub fn bearer_token(&self) -> &str {
        &self.bearer_token
    }

    /// The token of the actor.
    ///
    /// # Panics
    ///
    /// In the sandbox, if the plugin may not read the token.
    pub fn actor_token(&self) -> &str {
        &self.actor_token
    }

    /// In whose name the token is to be minted.
    pub fn subject(&self) -> &DelegationSubject {
        &self.subject
    }

    /// The subject that acts.
    pub fn actor_role(&self) -> Option<&TokenRole> {
        self.actor_role.as_ref()
    }

    /// True if the caller's workload is the subject or acts.
    pub fn involves_workload(&self) -> bool {
        self.subject == DelegationSubject::CallerWorkload
            || self.actor_role == Some(TokenRole::CallerWorkload)
    }

    /// True if the client is the subject or acts.
    pub fn involves_client(&self) -> bool {
        self.subject == DelegationSubject::Client || self.actor_role == Some(TokenRole::Client)
    }

    /// The target's name.
    pub fn target_name(&self) -> &str {
        &self.target_name
    }

    /// The kind of the target.
    pub fn target_type(&self) -> &TargetType {
        &self.target_type
    }

    /// The target's audience.
    pub fn target_audience(&self) -> Option<&str> {
        self.target_audience.as_deref()
    }

    /// The permissions the target takes.
    pub fn required_permissions(&self) -> &[String] {
        &self.required_permissions
    }

    /// The target's trust domain.
    pub fn trust_domain(&self) -> Option<&str> {
        self.trust_domain.as_deref()
    }

    /// The party that enforces the permissions.
    pub fn auth_enforced_by(&self) -> AuthEnforcedBy {
        self.auth_enforced_by
    }

    /// The permissions that the route takes away from the token.
    pub fn route_attenuation(&self) -> Option<&AttenuationConfig> {
        self.route_attenuation.as_ref()
    }

    /// Takes over what the other has minted.
    pub fn merge(&mut self, other: Self) {
        fn take<T>(own: &mut Option<T>, other: Option<T>) {
            if other.is_some() {
                *own = other;
            }
        }
        take(&mut self.delegated_token, other.delegated_token);
        take(&mut self.delegation_update, other.delegation_update);
        take(&mut self.delegation_mode, other.delegation_mode);
        take(&mut self.minted_at, other.minted_at);
        self.metadata.extend(other.metadata);
    }
}

impl fmt::Debug for DelegationPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DelegationPayload")
            .field("actor_role", &self.actor_role)
            .field("subject", &self.subject)
            .field("target_name", &self.target_name)
            .field("target_type", &self.target_type)
            .field("target_audience", &self.target_audience)
            .field("required_permissions", &self.required_permissions)
            .field("trust_domain", &self.trust_domain)
            .field("auth_enforced_by", &self.auth_enforced_by)
            .field("route_attenuation", &self.route_attenuation)
            .field("delegated_token", &self.delegated_token)
            .field("delegation_update", &self.delegation_update)
            .field("delegation_mode", &self.delegation_mode)
            .field("minted_at", &self.minted_at)
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}
