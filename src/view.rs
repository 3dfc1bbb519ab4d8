//! What a plugin reads from: the fields of a request, looked up one at a time.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_abi::model::{
    AgentExtension, CompletionExtension, ContentPart, DelegationExtension, FrameworkExtension,
    HttpExtension, JsonMap, LLMExtension, MapOnWire, MessagePayload, MetaExtension, OnWire,
    PluginContext, ProvenanceExtension, RequestExtension, SecurityExtension, StopReason,
    SubjectExtension, SubjectType,
};
use cpex_wasmi_abi::{CapabilitySet, Field, codec};
use serde::Serialize;

use crate::{Payload, Request};

/// The value of a field, borrowed from where it lives.
pub(crate) enum Item<'a> {
    Text(Cow<'a, str>),
    Bool(bool),
    Unsigned(u64),
    Json(&'a serde_json::Value),
    TextSet(&'a dyn TextSet),
    TextMap(&'a dyn TextMap),
    JsonMap(&'a JsonMap),
    Record(Box<dyn Record + 'a>),
}

/// A set of strings.
pub(crate) trait TextSet {
    fn len(&self) -> usize;
    fn contains(&self, member: &str) -> bool;
    /// The members in sorted order.
    fn sorted(&self) -> Vec<&str>;
    /// The member at this position of the sorted order.
    fn nth(&self, position: usize) -> Option<&str>;
}

impl TextSet for BTreeSet<String> {
    fn len(&self) -> usize {
        self.len()
    }

    fn contains(&self, member: &str) -> bool {
        self.contains(member)
    }

    fn sorted(&self) -> Vec<&str> {
        self.iter().map(String::as_str).collect()
    }

    fn nth(&self, position: usize) -> Option<&str> {
        self.iter().nth(position).map(String::as_str)
    }
}

/// Strings by name.
pub(crate) trait TextMap {
    fn len(&self) -> usize;
    fn get(&self, key: &str) -> Option<&str>;
    /// The entries in the order of their keys.
    fn sorted(&self) -> Vec<(&str, &str)>;
    /// The key at this position of the sorted order.
    fn nth_key(&self, position: usize) -> Option<&str>;
}

impl TextMap for BTreeMap<String, String> {
    fn len(&self) -> usize {
        self.len()
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.get(key).map(String::as_str)
    }

    fn sorted(&self) -> Vec<(&str, &str)> {
        self.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
    }

    fn nth_key(&self, position: usize) -> Option<&str> {
        self.keys().nth(position).map(String::as_str)
    }
}

/// A structure that can be written in both encodings.
pub(crate) trait Record {
    fn postcard(&self, out: &mut Vec<u8>) -> Option<()>;
    fn json(&self) -> Option<Vec<u8>>;
}

impl<T: Serialize> Record for T {
    fn postcard(&self, out: &mut Vec<u8>) -> Option<()> {
        codec::encode(self, out).ok()
    }

    fn json(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(self).ok()
    }
}

impl<'a> Item<'a> {
    fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    fn record(value: &'a impl Serialize) -> Self {
        Self::Record(Box::new(value))
    }

    /// Appends the value as postcard. `None` only if its own `Serialize` fails.
    pub(crate) fn postcard(&self, out: &mut Vec<u8>) -> Option<()> {
        match self {
            Self::Text(text) => codec::encode(&**text, out).ok(),
            Self::Bool(value) => codec::encode(value, out).ok(),
            Self::Unsigned(number) => codec::encode(number, out).ok(),
            Self::Json(value) => codec::encode(&OnWire(value), out).ok(),
            Self::TextSet(set) => codec::encode(&set.sorted(), out).ok(),
            Self::TextMap(map) => codec::encode(&map.sorted(), out).ok(),
            Self::JsonMap(map) => codec::encode(&MapOnWire(map), out).ok(),
            Self::Record(record) => record.postcard(out),
        }
    }

    /// Appends the value as JSON text. `None` only if its own `Serialize` fails.
    pub(crate) fn json(&self, out: &mut Vec<u8>) -> Option<()> {
        let json = match self {
            Self::Text(text) => serde_json::to_vec(&**text).ok(),
            Self::Bool(value) => serde_json::to_vec(value).ok(),
            Self::Unsigned(number) => serde_json::to_vec(number).ok(),
            Self::Json(value) => serde_json::to_vec(value).ok(),
            Self::TextSet(set) => serde_json::to_vec(&set.sorted()).ok(),
            Self::TextMap(map) => {
                serde_json::to_vec(&map.sorted().into_iter().collect::<BTreeMap<_, _>>()).ok()
            }
            Self::JsonMap(map) => serde_json::to_vec(map).ok(),
            Self::Record(record) => record.json(),
        }?;
        out.extend_from_slice(&json);
        Some(())
    }
}

/// Where fields are looked up. `visible` is what the plugin was granted; a field that it may not
/// read at all is never asked for.
pub(crate) trait View {
    /// The value of a field, or `None` if there is none. Of an indexed field, the one at `index`.
    fn item(&self, field: Field, index: usize, visible: CapabilitySet) -> Option<Item<'_>>;

    /// How many there are of an indexed field.
    fn count(&self, _field: Field) -> usize {
        0
    }
}

impl View for Request {
    fn item(&self, field: Field, index: usize, visible: CapabilitySet) -> Option<Item<'_>> {
        use cpex_wasmi_abi::Slot;
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
