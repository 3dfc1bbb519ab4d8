//! Who and what takes part in a request, as far as security is concerned.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::extensions::visible;
use super::{JsonMap, json, serialize_both};
use crate::{Capability, CapabilitySet};

/// What kind of subject is authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum SubjectType {
    User,
    Agent,
    Service,
    System,
}

impl SubjectType {
    /// The name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Agent => "agent",
            Self::Service => "service",
            Self::System => "system",
        }
    }
}

/// The authenticated subject.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SubjectExtension {
    /// The identifier, such as the `sub` of a token.
    pub id: Option<String>,
    /// What kind of subject it is.
    pub subject_type: Option<SubjectType>,
    /// The assigned roles.
    pub roles: BTreeSet<String>,
    /// The granted permissions.
    pub permissions: BTreeSet<String>,
    /// The team memberships.
    pub teams: BTreeSet<String>,
    /// The claims, by name.
    pub claims: BTreeMap<String, String>,
}

serialize_both!(SubjectExtension {
    id as optional,
    subject_type as optional,
    roles,
    permissions,
    teams,
    claims,
});

impl SubjectExtension {
    /// What a plugin with these capabilities sees, by the rules of `cpex-core`; `None`: nothing.
    #[must_use]
    pub fn visible_to(&self, capabilities: CapabilitySet) -> Option<Self> {
        capabilities.opens_subject().then(|| Self {
            id: self.id.clone(),
            subject_type: self.subject_type,
            roles: visible(&self.roles, capabilities, Capability::ReadRoles),
            permissions: visible(&self.permissions, capabilities, Capability::ReadPermissions),
            teams: visible(&self.teams, capabilities, Capability::ReadTeams),
            claims: visible(&self.claims, capabilities, Capability::ReadClaims),
        })
    }
}

/// The OAuth client that brokers a request.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ClientExtension {
    /// The client's identifier.
    pub client_id: String,
    /// The client's name, for people.
    #[serde(default)]
    pub client_name: Option<String>,
    /// How far the client is trusted: `first_party`, `third_party`, `internal`, or a level of the
    /// operator's own.
    #[serde(default = "third_party")]
    pub trust_level: String,
    /// The scopes the client may ask for.
    #[serde(default)]
    pub authorized_scopes: Vec<String>,
    /// The audiences the client may address.
    #[serde(default)]
    pub authorized_audiences: Vec<String>,
    /// The client's roles.
    #[serde(default)]
    pub roles: Vec<String>,
    /// The client's permissions.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// The client's teams.
    #[serde(default)]
    pub teams: Vec<String>,
    /// The client's claims, by name.
    #[serde(default, deserialize_with = "json::map")]
    pub claims: JsonMap,
}

fn third_party() -> String {
    "third_party".into()
}

impl Default for ClientExtension {
    fn default() -> Self {
        Self {
            client_id: String::new(),
            client_name: None,
            trust_level: third_party(),
            authorized_scopes: Vec::new(),
            authorized_audiences: Vec::new(),
            roles: Vec::new(),
            permissions: Vec::new(),
            teams: Vec::new(),
            claims: JsonMap::new(),
        }
    }
}

serialize_both!(ClientExtension {
    client_id,
    client_name as optional,
    trust_level,
    authorized_scopes as list,
    authorized_audiences as list,
    roles as list,
    permissions as list,
    teams as list,
    claims as json_map_or_none,
});

/// An attested workload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct WorkloadIdentity {
    /// The SPIFFE identifier.
    pub spiffe_id: Option<String>,
    /// The trust domain.
    pub trust_domain: Option<String>,
    /// When it was attested, as RFC 3339 has it.
    pub attested_at: Option<String>,
    /// Who attested it.
    pub attestor: Option<String>,
    /// The workload's selectors.
    pub selectors: Vec<String>,
    /// The OAuth client that the workload is too.
    pub client_id: Option<String>,
}

serialize_both!(WorkloadIdentity {
    spiffe_id as optional,
    trust_domain as optional,
    attested_at as optional,
    attestor as optional,
    selectors as list,
    client_id as optional,
});

/// What is known of a managed object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ObjectSecurityProfile {
    /// Who manages it.
    pub managed_by: Option<String>,
    /// The permissions it takes.
    pub permissions: Vec<String>,
    /// Its trust domain.
    pub trust_domain: Option<String>,
    /// The data it is about.
    pub data_scope: Vec<String>,
}

serialize_both!(ObjectSecurityProfile {
    managed_by as optional,
    permissions,
    trust_domain as optional,
    data_scope,
});

/// What may be done with a data element.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct DataPolicy {
    /// The labels that it brings.
    pub apply_labels: Vec<String>,
    /// What may be done with it; `None`: anything.
    pub allowed_actions: Option<Vec<String>>,
    /// What may not be done with it.
    pub denied_actions: Vec<String>,
    /// How long it is kept.
    pub retention: Option<RetentionPolicy>,
}

serialize_both!(DataPolicy {
    apply_labels,
    allowed_actions as optional,
    denied_actions,
    retention as optional,
});

/// How long data is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RetentionPolicy {
    /// For how many seconds, at most.
    pub max_age_seconds: Option<u64>,
    /// By which policy.
    pub policy: String,
    /// When it is deleted.
    pub delete_after: Option<String>,
}

serialize_both!(RetentionPolicy {
    max_age_seconds as optional,
    policy,
    delete_after as optional,
});
