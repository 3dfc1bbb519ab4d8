//! The slots of the request model, field by field.

use alloc::boxed::Box;

use cpex_wasmi_abi::model::{
    AgentExtension, ClientExtension, CompletionExtension, DelegationExtension, FrameworkExtension,
    HttpExtension, LLMExtension, MCPExtension, MetaExtension, ProvenanceExtension,
    RawCredentialsExtension, RequestExtension, SecurityExtension, StopReason, SubjectExtension,
    SubjectType, WorkloadIdentity,
};
use cpex_wasmi_abi::{Capability, CapabilitySet, Field, Slot};

use super::{Item, View};
use crate::Request;

// The slots that a plugin cannot change. What it can change is looked up in what it made of it.
impl View for Request {
    fn item(&self, field: Field, index: usize, visible: CapabilitySet) -> Option<Item<'_>> {
        let extensions = &self.extensions;
        match field.info().slot {
            Slot::Request => extensions.request.as_ref()?.item(field, index, visible),
            Slot::Meta => extensions.meta.as_ref()?.item(field, index, visible),
            Slot::Agent => extensions.agent.as_ref()?.item(field, index, visible),
            Slot::RawCredentials => {
                extensions.raw_credentials.as_ref()?.item(field, index, visible)
            }
            Slot::Mcp => extensions.mcp.as_ref()?.item(field, index, visible),
            Slot::Completion => extensions.completion.as_ref()?.item(field, index, visible),
            Slot::Provenance => extensions.provenance.as_ref()?.item(field, index, visible),
            Slot::Llm => extensions.llm.as_ref()?.item(field, index, visible),
            Slot::Framework => extensions.framework.as_ref()?.item(field, index, visible),
            _ => None,
        }
    }

    fn count(&self, field: Field) -> usize {
        match field {
            Field::DelegatedToken => {
                let credentials = self.extensions.raw_credentials.as_ref();
                credentials.map_or(0, |credentials| credentials.delegated_tokens.len())
            }
            _ => 0,
        }
    }
}

impl View for SecurityExtension {
    fn item(&self, field: Field, index: usize, visible: CapabilitySet) -> Option<Item<'_>> {
        Some(match field {
            Field::Security => Item::Record(Box::new(self.visible_to(visible))),
            Field::SecurityLabels => Item::TextSet(&self.labels),
            Field::SecurityClassification => Item::text(self.classification.as_ref()?),
            Field::Subject => Item::Record(Box::new(self.subject.as_ref()?.visible_to(visible)?)),
            Field::SecurityAuthMethod => Item::text(self.auth_method.as_ref()?),
            Field::SecurityClient => Item::record(self.client.as_ref()?),
            Field::ClientId | Field::ClientTrustLevel => {
                return self.client.as_ref()?.item(field, index, visible);
            }
            Field::SecurityCallerWorkload => Item::record(self.caller_workload.as_ref()?),
            Field::CallerWorkloadSpiffeId => spiffe_id(self.caller_workload.as_ref())?,
            Field::SecurityThisWorkload => Item::record(self.this_workload.as_ref()?),
            Field::ThisWorkloadSpiffeId => spiffe_id(self.this_workload.as_ref())?,
            Field::SecurityObjects => Item::record(&self.objects),
            Field::SecurityData => Item::record(&self.data),
            _ => return self.subject.as_ref()?.item(field, index, visible),
        })
    }
}

fn spiffe_id(workload: Option<&WorkloadIdentity>) -> Option<Item<'_>> {
    Some(Item::text(workload?.spiffe_id.as_ref()?))
}

impl View for ClientExtension {
    fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
        Some(match field {
            Field::ClientId => Item::text(&self.client_id),
            Field::ClientTrustLevel => Item::text(&self.trust_level),
            _ => return None,
        })
    }
}

impl View for SubjectExtension {
    fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
        Some(match field {
            Field::SubjectId => Item::text(self.id.as_ref()?),
            Field::SubjectType => Item::text(self.subject_type.map(SubjectType::as_str)?),
            Field::SubjectRoles => Item::TextSet(&self.roles),
            Field::SubjectPermissions => Item::TextSet(&self.permissions),
            Field::SubjectTeams => Item::TextSet(&self.teams),
            Field::SubjectClaims => Item::TextMap(&self.claims),
            _ => return None,
        })
    }
}

impl View for HttpExtension {
    fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
        Some(match field {
            Field::Http => Item::record(self),
            Field::HttpRequestHeaders => Item::TextMap(&self.request_headers),
            Field::HttpResponseHeaders => Item::TextMap(&self.response_headers),
            Field::HttpMethod => Item::text(self.method.as_ref()?),
            Field::HttpPath => Item::text(self.path.as_ref()?),
            Field::HttpHost => Item::text(self.host.as_ref()?),
            Field::HttpScheme => Item::text(self.scheme.as_ref()?),
            _ => return None,
        })
    }
}

impl View for RequestExtension {
    fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
        Some(match field {
            Field::Request => Item::record(self),
            Field::RequestEnvironment => Item::text(self.environment.as_ref()?),
            Field::RequestId => Item::text(self.request_id.as_ref()?),
            Field::RequestTimestamp => Item::text(self.timestamp.as_ref()?),
            Field::RequestTraceId => Item::text(self.trace_id.as_ref()?),
            Field::RequestSpanId => Item::text(self.span_id.as_ref()?),
            _ => return None,
        })
    }
}

impl View for MetaExtension {
    fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
        Some(match field {
            Field::Meta => Item::record(self),
            Field::MetaEntityType => Item::text(self.entity_type.as_ref()?),
            Field::MetaEntityName => Item::text(self.entity_name.as_ref()?),
            Field::MetaTags => Item::TextSet(&self.tags),
            Field::MetaScope => Item::text(self.scope.as_ref()?),
            Field::MetaProperties => Item::TextMap(&self.properties),
            _ => return None,
        })
    }
}

impl View for AgentExtension {
    fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
        Some(match field {
            Field::Agent => Item::record(self),
            Field::AgentInput => Item::text(self.input.as_ref()?),
            Field::AgentSessionId => Item::text(self.session_id.as_ref()?),
            Field::AgentConversationId => Item::text(self.conversation_id.as_ref()?),
            Field::AgentTurn => Item::Unsigned(self.turn?.into()),
            Field::AgentId => Item::text(self.agent_id.as_ref()?),
            Field::AgentParentId => Item::text(self.parent_agent_id.as_ref()?),
            Field::AgentConversation => Item::record(self.conversation.as_ref()?),
            _ => return None,
        })
    }
}

impl View for DelegationExtension {
    fn item(&self, field: Field, index: usize, _: CapabilitySet) -> Option<Item<'_>> {
        Some(match field {
            Field::Delegation => Item::record(self),
            Field::DelegationDepth => Item::Unsigned(self.depth.into()),
            Field::DelegationOrigin => Item::text(self.origin_subject_id.as_ref()?),
            Field::DelegationActor => Item::text(self.actor_subject_id.as_ref()?),
            Field::Delegated => Item::Bool(self.delegated),
            Field::DelegationAge => Item::Float(self.age_seconds),
            Field::DelegationHop => Item::record(self.chain.get(index)?),
            _ => return None,
        })
    }
}

impl View for CompletionExtension {
    fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
        Some(match field {
            Field::Completion => Item::record(self),
            Field::CompletionStopReason => Item::text(self.stop_reason.map(StopReason::as_str)?),
            Field::CompletionModel => Item::text(self.model.as_ref()?),
            Field::CompletionLatency => Item::Unsigned(self.latency_ms?),
            _ => return None,
        })
    }
}

impl View for ProvenanceExtension {
    fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
        Some(match field {
            Field::Provenance => Item::record(self),
            Field::ProvenanceSource => Item::text(self.source.as_ref()?),
            Field::ProvenanceMessageId => Item::text(self.message_id.as_ref()?),
            Field::ProvenanceParentId => Item::text(self.parent_id.as_ref()?),
            _ => return None,
        })
    }
}

impl View for LLMExtension {
    fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
        Some(match field {
            Field::Llm => Item::record(self),
            Field::LlmModelId => Item::text(self.model_id.as_ref()?),
            Field::LlmProvider => Item::text(self.provider.as_ref()?),
            _ => return None,
        })
    }
}

impl View for FrameworkExtension {
    fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
        Some(match field {
            Field::Framework => Item::record(self),
            Field::FrameworkName => Item::text(self.framework.as_ref()?),
            Field::FrameworkVersion => Item::text(self.framework_version.as_ref()?),
            Field::FrameworkNodeId => Item::text(self.node_id.as_ref()?),
            Field::FrameworkGraphId => Item::text(self.graph_id.as_ref()?),
            Field::FrameworkMetadata => Item::JsonMap(&self.metadata),
            _ => return None,
        })
    }
}

impl View for MCPExtension {
    fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
        let (tool, resource) = (self.tool.as_ref(), self.resource.as_ref());
        let prompt = self.prompt.as_ref();
        Some(match field {
            Field::Mcp => Item::record(self),
            Field::McpToolName => Item::text(&tool?.name),
            Field::McpToolServerId => Item::text(tool?.server_id.as_ref()?),
            Field::McpToolInputSchema => Item::json_value(tool?.input_schema.as_ref()?),
            Field::McpToolOutputSchema => Item::json_value(tool?.output_schema.as_ref()?),
            Field::McpResourceUri => Item::text(&resource?.uri),
            Field::McpResourceServerId => Item::text(resource?.server_id.as_ref()?),
            Field::McpPromptName => Item::text(&prompt?.name),
            Field::McpPromptServerId => Item::text(prompt?.server_id.as_ref()?),
            _ => return None,
        })
    }
}

impl View for RawCredentialsExtension {
    fn item(&self, field: Field, index: usize, visible: CapabilitySet) -> Option<Item<'_>> {
        Some(match field {
            Field::RawCredentials => Item::Record(Box::new(self.visible_to(visible)?)),
            Field::InboundToken if visible.contains(Capability::ReadInboundCredentials) => {
                Item::TextMap(&self.inbound_tokens)
            }
            Field::DelegatedToken if visible.contains(Capability::ReadDelegatedTokens) => {
                Item::text(self.delegated_tokens.get(index)?.1.token.expose())
            }
            _ => return None,
        })
    }
}
