//! The request model, field by field.

use alloc::borrow::Cow;
use alloc::boxed::Box;

use cpex_wasmi_abi::model::{
    AgentExtension, CompletionExtension, ContentPart, DelegationExtension, FrameworkExtension,
    HttpExtension, LLMExtension, MessagePayload, MetaExtension, PluginContext, ProvenanceExtension,
    RequestExtension, SecurityExtension, StopReason, SubjectExtension, SubjectType,
};
use cpex_wasmi_abi::{CapabilitySet, Field, Slot};

use super::{Item, View};
use crate::{Payload, Request};

impl View for Request {
    fn item(&self, field: Field, index: usize, visible: CapabilitySet) -> Option<Item<'_>> {
        let extensions = &self.extensions;
        match field.info().slot {
            Slot::Payload => self.payload.item(field, index, visible),
            Slot::Security => extensions.security.as_ref()?.item(field, index, visible),
            Slot::Http => extensions.http.as_ref()?.item(field, index, visible),
            Slot::Request => extensions.request.as_ref()?.item(field, index, visible),
            Slot::Meta => extensions.meta.as_ref()?.item(field, index, visible),
            Slot::Custom => extensions.custom.as_ref().map(Item::JsonMap),
            Slot::Context => self.context.item(field, index, visible),
            Slot::Agent => extensions.agent.as_ref()?.item(field, index, visible),
            Slot::Delegation => extensions.delegation.as_ref()?.item(field, index, visible),
            Slot::CandidateConstraint => extensions.candidate_constraint.as_ref().map(Item::record),
            Slot::Mcp => extensions.mcp.as_ref().map(Item::record),
            Slot::Completion => extensions.completion.as_ref()?.item(field, index, visible),
            Slot::Provenance => extensions.provenance.as_ref()?.item(field, index, visible),
            Slot::Llm => extensions.llm.as_ref()?.item(field, index, visible),
            Slot::Framework => extensions.framework.as_ref()?.item(field, index, visible),
            _ => None,
        }
    }

    fn count(&self, field: Field) -> usize {
        self.payload.count(field)
    }
}

impl View for Payload {
    fn item(&self, field: Field, index: usize, visible: CapabilitySet) -> Option<Item<'_>> {
        match self {
            Self::Message(payload) => payload.item(field, index, visible),
        }
    }

    fn count(&self, field: Field) -> usize {
        match self {
            Self::Message(payload) => payload.count(field),
        }
    }
}

impl View for MessagePayload {
    fn item(&self, field: Field, index: usize, _: CapabilitySet) -> Option<Item<'_>> {
        let message = &self.message;
        let part = || message.content.get(index);
        let call = || message.tool_calls().nth(index);
        let result = || message.tool_results().nth(index);
        Some(match field {
            Field::Payload => Item::record(self),
            Field::MessageSchemaVersion => Item::text(&message.schema_version),
            Field::MessageRole => Item::text(message.role.as_str()),
            Field::MessageChannel => Item::text(message.channel?.as_str()),
            Field::MessageText => Item::Text(joined(message.texts())),
            Field::Part => Item::record(part()?),
            Field::PartType => Item::text(part()?.content_type()),
            Field::PartText => match part()? {
                ContentPart::Text { text } | ContentPart::Thinking { text } => Item::text(text),
                _ => return None,
            },
            Field::ToolCall => Item::record(call()?),
            Field::ToolCallId => Item::text(&call()?.tool_call_id),
            Field::ToolCallName => Item::text(&call()?.name),
            Field::ToolCallNamespace => Item::text(call()?.namespace.as_ref()?),
            Field::ToolCallArguments => Item::JsonMap(&call()?.arguments),
            Field::ToolResult => Item::record(result()?),
            Field::ToolResultCallId => Item::text(&result()?.tool_call_id),
            Field::ToolResultName => Item::text(&result()?.tool_name),
            Field::ToolResultContent => Item::Json(&result()?.content),
            Field::ToolResultIsError => Item::Bool(result()?.is_error),
            _ => return None,
        })
    }

    fn count(&self, field: Field) -> usize {
        let message = &self.message;
        match field {
            Field::Part | Field::PartType | Field::PartText => message.content.len(),
            Field::ToolCall
            | Field::ToolCallId
            | Field::ToolCallName
            | Field::ToolCallNamespace
            | Field::ToolCallArguments => message.tool_calls().count(),
            Field::ToolResult
            | Field::ToolResultCallId
            | Field::ToolResultName
            | Field::ToolResultContent
            | Field::ToolResultIsError => message.tool_results().count(),
            _ => 0,
        }
    }
}

/// The texts in one piece, without a copy where there is only one.
fn joined<'a>(mut texts: impl Iterator<Item = &'a str>) -> Cow<'a, str> {
    let first = Cow::Borrowed(texts.next().unwrap_or_default());
    texts.fold(first, |mut joined, text| {
        joined.to_mut().push_str(text);
        joined
    })
}

impl View for SecurityExtension {
    fn item(&self, field: Field, index: usize, visible: CapabilitySet) -> Option<Item<'_>> {
        Some(match field {
            Field::Security => Item::Record(Box::new(self.visible_to(visible))),
            Field::SecurityLabels => Item::TextSet(&self.labels),
            Field::SecurityClassification => Item::text(self.classification.as_ref()?),
            Field::Subject => Item::Record(Box::new(self.visible_to(visible).subject?)),
            Field::SecurityAuthMethod => Item::text(self.auth_method.as_ref()?),
            Field::SecurityClient => Item::record(self.client.as_ref()?),
            Field::SecurityCallerWorkload => Item::record(self.caller_workload.as_ref()?),
            Field::SecurityThisWorkload => Item::record(self.this_workload.as_ref()?),
            Field::SecurityObjects => Item::record(&self.objects),
            Field::SecurityData => Item::record(&self.data),
            _ => return self.subject.as_ref()?.item(field, index, visible),
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

impl View for PluginContext {
    fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
        match field {
            Field::ContextLocal => Some(Item::JsonMap(&self.local_state)),
            Field::ContextGlobal => Some(Item::JsonMap(&self.global_state)),
            _ => None,
        }
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
    fn item(&self, field: Field, _: usize, _: CapabilitySet) -> Option<Item<'_>> {
        Some(match field {
            Field::Delegation => Item::record(self),
            Field::DelegationDepth => Item::Unsigned(self.depth.into()),
            Field::DelegationOrigin => Item::text(self.origin_subject_id.as_ref()?),
            Field::DelegationActor => Item::text(self.actor_subject_id.as_ref()?),
            Field::Delegated => Item::Bool(self.delegated),
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
