use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;

use serde::Deserialize;

use super::credentials::RawCredentialsExtension;
use super::delegation::{CandidateConstraintExtension, DelegationExtension};
use super::principal::{
    ClientExtension, DataPolicy, ObjectSecurityProfile, SubjectExtension, WorkloadIdentity,
};
use super::slots::{
    AgentExtension, CompletionExtension, FrameworkExtension, LLMExtension, MCPExtension,
    ProvenanceExtension,
};
use super::{JsonMap, json, serialize_both};
use crate::{Capability, CapabilitySet};

/// Labels, classification and the principals of a request.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SecurityExtension {
    /// The security labels. A plugin can add to them, never remove.
    pub labels: BTreeSet<String>,
    /// The data classification.
    pub classification: Option<String>,
    /// The authenticated subject.
    pub subject: Option<SubjectExtension>,
    /// The application that brokers the request.
    pub client: Option<ClientExtension>,
    /// The attested workload that the request came from.
    pub caller_workload: Option<WorkloadIdentity>,
    /// Our own attested workload.
    pub this_workload: Option<WorkloadIdentity>,
    /// How the subject was authenticated.
    pub auth_method: Option<String>,
    /// What is known of managed objects, by name.
    pub objects: BTreeMap<String, ObjectSecurityProfile>,
    /// What may be done with data elements, by name.
    pub data: BTreeMap<String, DataPolicy>,
}

serialize_both!(SecurityExtension {
    labels,
    classification as optional,
    subject as optional,
    client as optional,
    caller_workload as optional,
    this_workload as optional,
    auth_method as optional,
    objects,
    data,
});

impl SecurityExtension {
    /// Whether there is such a label, whatever its case.
    pub fn has_label(&self, label: &str) -> bool {
        let label = label.to_lowercase();
        self.labels.iter().any(|other| other.to_lowercase() == label)
    }

    /// What a plugin with these capabilities sees, by the rules of `cpex-core`.
    #[must_use]
    pub fn visible_to(&self, capabilities: CapabilitySet) -> Self {
        Self {
            labels: visible(&self.labels, capabilities, Capability::ReadLabels),
            classification: self.classification.clone(),
            subject: self.subject.as_ref().and_then(|subject| subject.visible_to(capabilities)),
            client: visible(&self.client, capabilities, Capability::ReadClient),
            caller_workload: visible(&self.caller_workload, capabilities, Capability::ReadWorkload),
            this_workload: visible(&self.this_workload, capabilities, Capability::ReadWorkload),
            auth_method: self.auth_method.clone(),
            objects: self.objects.clone(),
            data: self.data.clone(),
        }
    }
}

pub(super) fn visible<T: Clone + Default>(
    value: &T,
    granted: CapabilitySet,
    needed: Capability,
) -> T {
    if granted.contains(needed) { value.clone() } else { T::default() }
}

/// The HTTP request, and what is known of its response.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct HttpExtension {
    /// The request headers, by name. Look-ups ignore case.
    pub request_headers: BTreeMap<String, String>,
    /// The response headers, by name. Look-ups ignore case.
    pub response_headers: BTreeMap<String, String>,
    /// The request method.
    pub method: Option<String>,
    /// The request path.
    pub path: Option<String>,
    /// The host the request is for.
    pub host: Option<String>,
    /// The URL scheme.
    pub scheme: Option<String>,
}

serialize_both!(HttpExtension {
    request_headers,
    response_headers,
    method as optional,
    path as optional,
    host as optional,
    scheme as optional,
});

/// Where and when a request was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RequestExtension {
    /// The environment it runs in.
    pub environment: Option<String>,
    /// Its identifier.
    pub request_id: Option<String>,
    /// When it came.
    pub timestamp: Option<String>,
    /// The identifier of its distributed trace.
    pub trace_id: Option<String>,
    /// The identifier of its span in the trace.
    pub span_id: Option<String>,
}

serialize_both!(RequestExtension {
    environment as optional,
    request_id as optional,
    timestamp as optional,
    trace_id as optional,
    span_id as optional,
});

/// What the operator's routes know of the entity that is touched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct MetaExtension {
    /// The kind of entity.
    pub entity_type: Option<String>,
    /// The entity's name.
    pub entity_name: Option<String>,
    /// The entity's tags.
    pub tags: BTreeSet<String>,
    /// The scope it lives in.
    pub scope: Option<String>,
    /// Its properties, by name.
    pub properties: BTreeMap<String, String>,
}

// CPEX writes this slot's missing values as `null`.
serialize_both!(MetaExtension { entity_type, entity_name, tags, scope, properties });

/// The typed slots that travel beside a payload.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Extensions {
    /// Where and when the request was made.
    pub request: Option<RequestExtension>,
    /// The agent that acts.
    pub agent: Option<AgentExtension>,
    /// The HTTP request.
    pub http: Option<HttpExtension>,
    /// Labels, classification and principals.
    pub security: Option<SecurityExtension>,
    /// Which model back ends the request may go to.
    pub candidate_constraint: Option<CandidateConstraintExtension>,
    /// The chain of delegations.
    pub delegation: Option<DelegationExtension>,
    /// The tokens of the request.
    pub raw_credentials: Option<RawCredentialsExtension>,
    /// The MCP entity that is touched.
    pub mcp: Option<MCPExtension>,
    /// The model's completion.
    pub completion: Option<CompletionExtension>,
    /// Where the message comes from.
    pub provenance: Option<ProvenanceExtension>,
    /// The model.
    pub llm: Option<LLMExtension>,
    /// The framework the agent runs in.
    pub framework: Option<FrameworkExtension>,
    /// What is known of the entity.
    pub meta: Option<MetaExtension>,
    /// Anything else, by name.
    #[serde(deserialize_with = "optional_map")]
    pub custom: Option<JsonMap>,
}

fn optional_map<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<JsonMap>, D::Error> {
    #[derive(Deserialize)]
    struct Map(#[serde(deserialize_with = "json::map")] JsonMap);
    Ok(Option::<Map>::deserialize(deserializer)?.map(|Map(map)| map))
}

serialize_both!(Extensions {
    request as optional,
    agent as optional,
    http as optional,
    security as optional,
    candidate_constraint as optional,
    delegation as optional,
    raw_credentials as optional,
    mcp as optional,
    completion as optional,
    provenance as optional,
    llm as optional,
    framework as optional,
    meta,
    custom as optional_json_map,
});

impl Extensions {
    /// What a plugin with these capabilities sees, by the rules of `cpex-core`.
    #[must_use]
    pub fn visible_to(&self, capabilities: CapabilitySet) -> Self {
        Self {
            request: self.request.clone(),
            agent: visible(&self.agent, capabilities, Capability::ReadAgent),
            http: visible(&self.http, capabilities, Capability::ReadHeaders),
            security: self.security.as_ref().map(|security| security.visible_to(capabilities)),
            candidate_constraint: self.candidate_constraint.clone(),
            delegation: visible(&self.delegation, capabilities, Capability::ReadDelegation),
            raw_credentials: self
                .raw_credentials
                .as_ref()
                .and_then(|credentials| credentials.visible_to(capabilities)),
            mcp: self.mcp.clone(),
            completion: self.completion.clone(),
            provenance: self.provenance.clone(),
            llm: self.llm.clone(),
            framework: self.framework.clone(),
            meta: self.meta.clone(),
            custom: self.custom.clone(),
        }
    }
}
