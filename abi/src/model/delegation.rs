//! How authority came to whoever acts, and what it is limited to.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::de::Error as _;
use serde::ser::{SerializeMap as _, SerializeStruct as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{JsonMap, MapOnWire, Strict, SubjectType, json, serialize_both};

/// The chain of delegations that a request stands on.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct DelegationExtension {
    /// The delegations, oldest first. A plugin can add to them, never remove or change.
    pub chain: Vec<DelegationHop>,
    /// How many there are.
    pub depth: u32,
    /// Who delegated first.
    pub origin_subject_id: Option<String>,
    /// Who acts now.
    pub actor_subject_id: Option<String>,
    /// Whether anything was delegated.
    pub delegated: bool,
    /// How old the delegation is, in seconds.
    pub age_seconds: f64,
}

serialize_both!(DelegationExtension {
    chain,
    depth,
    origin_subject_id as optional,
    actor_subject_id as optional,
    delegated,
    age_seconds,
});

/// One delegation.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct DelegationHop {
    /// Who delegates.
    pub subject_id: String,
    /// What kind of subject that is.
    #[serde(default)]
    pub subject_type: Option<SubjectType>,
    /// Whom the delegation is for.
    #[serde(default)]
    pub audience: Option<String>,
    /// What is delegated, as OAuth scopes.
    #[serde(default)]
    pub scopes_granted: Vec<String>,
    /// What is delegated, in detail.
    #[serde(default)]
    pub authorization_details: Vec<AuthorizationDetail>,
    /// When it was delegated, as RFC 3339 has it.
    #[serde(default = "epoch")]
    pub timestamp: String,
    /// For how many seconds.
    #[serde(default)]
    pub ttl_seconds: Option<u64>,
    /// How: `token_exchange`, `client_credentials`, `spiffe_svid`, `passthrough`, `ucan`,
    /// `transaction_token`, or a way of the operator's own.
    #[serde(default)]
    pub strategy: Option<String>,
    /// Whether it was taken from a cache.
    #[serde(default)]
    pub from_cache: bool,
}

fn epoch() -> String {
    "1970-01-01T00:00:00Z".into()
}

serialize_both!(DelegationHop {
    subject_id,
    subject_type as optional,
    audience as optional,
    scopes_granted,
    authorization_details as list,
    timestamp,
    ttl_seconds as optional,
    strategy as optional,
    from_cache,
});

/// What is delegated, in detail: an authorization detail of RFC 9396.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuthorizationDetail {
    /// What kind of detail it is; `type` in JSON.
    pub detail_type: String,
    /// Where it holds.
    pub locations: Option<Vec<String>>,
    /// What may be done.
    pub actions: Option<Vec<String>>,
    /// With what data.
    pub datatypes: Option<Vec<String>>,
    /// With which resource.
    pub identifier: Option<String>,
    /// With what privileges.
    pub privileges: Option<Vec<String>>,
    /// Anything else, by name; in JSON beside the others.
    pub extra: JsonMap,
}

/// [`AuthorizationDetail`] in postcard: JSON has its extra members beside the others.
#[derive(Deserialize)]
#[serde(remote = "AuthorizationDetail")]
struct DetailOnWire {
    detail_type: String,
    locations: Option<Vec<String>>,
    actions: Option<Vec<String>>,
    datatypes: Option<Vec<String>>,
    identifier: Option<String>,
    privileges: Option<Vec<String>>,
    #[serde(deserialize_with = "json::map")]
    extra: JsonMap,
}

impl Serialize for AuthorizationDetail {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { detail_type, locations, actions, datatypes, identifier, privileges, extra } =
            self;
        if !serializer.is_human_readable() {
            let mut fields = serializer.serialize_struct("AuthorizationDetail", 7)?;
            fields.serialize_field("detail_type", detail_type)?;
            fields.serialize_field("locations", locations)?;
            fields.serialize_field("actions", actions)?;
            fields.serialize_field("datatypes", datatypes)?;
            fields.serialize_field("identifier", identifier)?;
            fields.serialize_field("privileges", privileges)?;
            fields.serialize_field("extra", &MapOnWire(extra))?;
            return fields.end();
        }
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("type", detail_type)?;
        for (name, texts) in [("locations", locations), ("actions", actions)] {
            if let Some(texts) = texts {
                members.serialize_entry(name, texts)?;
            }
        }
        if let Some(datatypes) = datatypes {
            members.serialize_entry("datatypes", datatypes)?;
        }
        if let Some(identifier) = identifier {
            members.serialize_entry("identifier", identifier)?;
        }
        if let Some(privileges) = privileges {
            members.serialize_entry("privileges", privileges)?;
        }
        for (name, value) in extra {
            members.serialize_entry(name, value)?;
        }
        members.end()
    }
}

impl<'de> Deserialize<'de> for AuthorizationDetail {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let Strict(json) = Strict::deserialize(deserializer)?;
            Self::from_json(json).map_err(D::Error::custom)
        } else {
            DetailOnWire::deserialize(deserializer)
        }
    }
}

impl AuthorizationDetail {
    fn from_json(json: serde_json::Value) -> Result<Self, serde_json::Error> {
        let mut extra = JsonMap::deserialize(json)?;
        let detail_type = extra.remove("type");
        let detail_type = detail_type.ok_or_else(|| serde_json::Error::missing_field("type"))?;
        let mut texts = |name| Option::deserialize(extra.remove(name).unwrap_or_default());
        let [locations, actions, datatypes, privileges] =
            [texts("locations")?, texts("actions")?, texts("datatypes")?, texts("privileges")?];
        let identifier = Option::deserialize(extra.remove("identifier").unwrap_or_default())?;
        let detail_type = String::deserialize(detail_type)?;
        Ok(Self { detail_type, locations, actions, datatypes, identifier, privileges, extra })
    }
}

/// What to do if no candidate is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum OnEmpty {
    #[default]
    Deny,
    Fallback,
}

/// Which model back ends a request may go to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CandidateConstraintExtension {
    /// Models that may be used, as patterns; `None`: any.
    pub allow_models: Option<Vec<String>>,
    /// Models that may not be used, as patterns.
    pub deny_models: Vec<String>,
    /// Regions that may be used; `None`: any.
    pub allow_regions: Option<Vec<String>>,
    /// Sites that may be used; `None`: any.
    pub allow_sites: Option<Vec<String>>,
    /// Cost tiers that may not be exceeded.
    pub max_cost_tiers: Vec<String>,
    /// Labels that a back end must have, with their values.
    pub custom: BTreeMap<String, String>,
    /// What to do if none is left.
    pub on_empty: OnEmpty,
}

serialize_both!(CandidateConstraintExtension {
    allow_models as optional,
    deny_models as list,
    allow_regions as optional,
    allow_sites as optional,
    max_cost_tiers as list,
    custom as list,
    on_empty,
});
