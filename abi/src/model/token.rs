use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{
    DelegationExtension, DelegationMode, JsonMap, RawDelegatedToken, Secret, json, serialize_both,
};

/// The payload of `token.delegate`: what a token is wanted for, and the token once it is minted.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct DelegationPayload {
    /// The token that is exchanged.
    #[serde(default)]
    pub bearer_token: Secret,
    /// The token of who acts for its owner.
    #[serde(default)]
    pub actor_token: Secret,
    /// Whose the actor token is: `user`, `client`, `caller_workload`, or a role of the operator's
    /// own.
    #[serde(default)]
    pub actor_role: Option<String>,
    /// Whom the new token is for.
    #[serde(default)]
    pub subject: DelegationSubject,
    /// What is called with the new token.
    pub target_name: String,
    /// What kind of target that is: `tool`, `agent`, `resource`, `service`, or a kind of the
    /// operator's own.
    #[serde(default = "tool")]
    pub target_type: String,
    /// The audience of the new token.
    #[serde(default)]
    pub target_audience: Option<String>,
    /// The permissions that the target wants.
    #[serde(default)]
    pub required_permissions: Vec<String>,
    /// The target's trust domain.
    #[serde(default)]
    pub trust_domain: Option<String>,
    /// Who checks the permissions.
    #[serde(default)]
    pub auth_enforced_by: AuthEnforcedBy,
    /// What the route allows at most.
    #[serde(default)]
    pub route_attenuation: Option<AttenuationConfig>,
    /// The token that was minted.
    #[serde(default)]
    pub delegated_token: Option<RawDelegatedToken>,
    /// The chain of delegations with this one.
    #[serde(default)]
    pub delegation_update: Option<DelegationExtension>,
    /// Whom the new token stands for.
    #[serde(default)]
    pub delegation_mode: Option<DelegationMode>,
    /// When it was minted, as RFC 3339 has it.
    #[serde(default)]
    pub minted_at: Option<String>,
    /// Anything else, by name.
    #[serde(default, deserialize_with = "json::map")]
    pub metadata: JsonMap,
}

fn tool() -> String {
    "tool".into()
}

serialize_both!(DelegationPayload {
    bearer_token as secret,
    actor_token as secret,
    actor_role as optional,
    subject,
    target_name,
    target_type,
    target_audience as optional,
    required_permissions as list,
    trust_domain as optional,
    auth_enforced_by,
    route_attenuation as optional,
    delegated_token as optional,
    delegation_update as optional,
    delegation_mode as optional,
    minted_at as optional,
    metadata as json_map_or_none,
});

impl DelegationPayload {
    /// A token that is wanted for calling a tool, in exchange for this one.
    pub fn new(bearer_token: impl Into<Secret>, target_name: impl Into<String>) -> Self {
        Self {
            bearer_token: bearer_token.into(),
            target_name: target_name.into(),
            target_type: tool(),
            ..Self::default()
        }
    }

    /// Whether all that a plugin is given, and may not change, is the same, but for the tokens.
    pub fn same_input(&self, other: &Self) -> bool {
        self.actor_role == other.actor_role
            && self.subject == other.subject
            && self.target_name == other.target_name
            && self.target_type == other.target_type
            && self.target_audience == other.target_audience
            && self.required_permissions == other.required_permissions
            && self.trust_domain == other.trust_domain
            && self.auth_enforced_by == other.auth_enforced_by
            && self.route_attenuation == other.route_attenuation
    }
}

/// Whom a new token is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum DelegationSubject {
    #[default]
    User,
    Client,
    CallerWorkload,
    ThisWorkload,
}

/// Who checks the permissions of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum AuthEnforcedBy {
    #[default]
    Caller,
    Target,
    Both,
}

/// What a route allows of a delegation at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AttenuationConfig {
    /// The capabilities.
    pub capabilities: Vec<String>,
    /// The resource, as a template.
    pub resource_template: Option<String>,
    /// The actions.
    pub actions: Vec<String>,
    /// For how many seconds.
    pub ttl_seconds: Option<u64>,
}

serialize_both!(AttenuationConfig {
    capabilities as list,
    resource_template as optional,
    actions as list,
    ttl_seconds as optional,
});
