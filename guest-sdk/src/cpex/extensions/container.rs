//! All slots together.

use alloc::string::String;
use alloc::sync::Arc;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    AgentExtension, CandidateConstraintExtension, CompletionExtension, DelegationExtension,
    FrameworkExtension, Guarded, HttpExtension, LLMExtension, MCPExtension, MetaExtension,
    ProvenanceExtension, RawCredentialsExtension, RequestExtension, SecurityExtension, WriteToken,
};

/// What travels beside a payload, as far as the plugin reads it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Extensions {
    /// Where and when the request was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Arc<RequestExtension>>,
    /// The agent that acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<Arc<AgentExtension>>,
    /// The HTTP request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<Arc<HttpExtension>>,
    /// Labels, classification and principals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security: Option<Arc<SecurityExtension>>,
    /// Which model back ends the request may go to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidate_constraint: Option<Arc<CandidateConstraintExtension>>,
    /// The chain of delegations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegation: Option<Arc<DelegationExtension>>,
    /// Tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_credentials: Option<Arc<RawCredentialsExtension>>,
    /// The MCP entity that is touched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcp: Option<Arc<MCPExtension>>,
    /// The model's completion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion: Option<Arc<CompletionExtension>>,
    /// Where the message comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Arc<ProvenanceExtension>>,
    /// The model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub llm: Option<Arc<LLMExtension>>,
    /// The framework the agent runs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub framework: Option<Arc<FrameworkExtension>>,
    /// What is known of the entity.
    pub meta: Option<Arc<MetaExtension>>,
    /// Anything else, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<Arc<HashMap<String, Value>>>,
    /// There if the plugin may change headers.
    #[serde(skip)]
    pub http_write_token: Option<WriteToken>,
    /// There if the plugin may add labels.
    #[serde(skip)]
    pub labels_write_token: Option<WriteToken>,
    /// There if the plugin may add delegations.
    #[serde(skip)]
    pub delegation_write_token: Option<WriteToken>,
}

impl Extensions {
    /// A copy to change: only what can be changed is copied, the rest is shared.
    // Inlined: see `Incoming`.
    #[inline(always)]
    pub fn cow_copy(&self) -> OwnedExtensions {
        let token = |token: &Option<WriteToken>| token.as_ref().map(|_| WriteToken::new());
        OwnedExtensions {
            request: self.request.clone(),
            agent: self.agent.clone(),
            mcp: self.mcp.clone(),
            completion: self.completion.clone(),
            provenance: self.provenance.clone(),
            llm: self.llm.clone(),
            framework: self.framework.clone(),
            meta: self.meta.clone(),
            raw_credentials: self.raw_credentials.clone(),
            http: self.http.as_deref().cloned().map(Guarded::new),
            security: self.security.as_deref().cloned(),
            candidate_constraint: self.candidate_constraint.as_deref().cloned(),
            delegation: self.delegation.as_deref().cloned(),
            custom: self.custom.as_deref().cloned(),
            http_write_token: token(&self.http_write_token),
            labels_write_token: token(&self.labels_write_token),
            delegation_write_token: token(&self.delegation_write_token),
        }
    }

    /// Whether a copy still has the slots that nobody may change.
    #[inline(always)]
    pub fn validate_immutable(&self, modified: &OwnedExtensions) -> bool {
        fn same<T>(own: &Option<Arc<T>>, modified: &Option<Arc<T>>) -> bool {
            match (own, modified) {
                (Some(own), Some(modified)) => Arc::ptr_eq(own, modified),
                (_, None) => true,
                (None, Some(_)) => false,
            }
        }
        same(&self.request, &modified.request)
            && same(&self.agent, &modified.agent)
            && same(&self.mcp, &modified.mcp)
            && same(&self.completion, &modified.completion)
            && same(&self.provenance, &modified.provenance)
            && same(&self.llm, &modified.llm)
            && same(&self.framework, &modified.framework)
            && same(&self.meta, &modified.meta)
    }
}

/// A copy has no write tokens.
impl Clone for Extensions {
    fn clone(&self) -> Self {
        Self {
            request: self.request.clone(),
            agent: self.agent.clone(),
            http: self.http.clone(),
            security: self.security.clone(),
            candidate_constraint: self.candidate_constraint.clone(),
            delegation: self.delegation.clone(),
            raw_credentials: self.raw_credentials.clone(),
            mcp: self.mcp.clone(),
            completion: self.completion.clone(),
            provenance: self.provenance.clone(),
            llm: self.llm.clone(),
            framework: self.framework.clone(),
            meta: self.meta.clone(),
            custom: self.custom.clone(),
            http_write_token: None,
            labels_write_token: None,
            delegation_write_token: None,
        }
    }
}

/// Extensions to change, made by [`Extensions::cow_copy`].
///
/// What the host takes from it: new labels, changed headers, appended delegations and the
/// candidate constraint, each if the plugin was granted it, and the custom slot. If a slot that
/// nobody may change was changed nonetheless, it takes nothing.
#[derive(Debug)]
pub struct OwnedExtensions {
    /// Where and when the request was made. Not to be changed.
    pub request: Option<Arc<RequestExtension>>,
    /// The agent that acts. Not to be changed.
    pub agent: Option<Arc<AgentExtension>>,
    /// The MCP entity that is touched. Not to be changed.
    pub mcp: Option<Arc<MCPExtension>>,
    /// The model's completion. Not to be changed.
    pub completion: Option<Arc<CompletionExtension>>,
    /// Where the message comes from. Not to be changed.
    pub provenance: Option<Arc<ProvenanceExtension>>,
    /// The model. Not to be changed.
    pub llm: Option<Arc<LLMExtension>>,
    /// The framework the agent runs in. Not to be changed.
    pub framework: Option<Arc<FrameworkExtension>>,
    /// What is known of the entity. Not to be changed.
    pub meta: Option<Arc<MetaExtension>>,
    /// Tokens. The host takes no changes.
    pub raw_credentials: Option<Arc<RawCredentialsExtension>>,
    /// The HTTP request.
    pub http: Option<Guarded<HttpExtension>>,
    /// Labels, classification and principals. Only added labels count.
    pub security: Option<SecurityExtension>,
    /// Which model back ends the request may go to.
    pub candidate_constraint: Option<CandidateConstraintExtension>,
    /// The chain of delegations.
    pub delegation: Option<DelegationExtension>,
    /// Anything else, by name.
    pub custom: Option<HashMap<String, Value>>,
    /// There if the plugin may change headers.
    pub http_write_token: Option<WriteToken>,
    /// There if the plugin may add labels.
    pub labels_write_token: Option<WriteToken>,
    /// There if the plugin may add delegations.
    pub delegation_write_token: Option<WriteToken>,
}
