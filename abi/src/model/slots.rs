//! The slots that only tell where a request comes from and what it is about.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{JsonMap, json, serialize_both};

/// The agent that acts.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct AgentExtension {
    /// What the agent was given.
    pub input: Option<String>,
    /// The session it acts in.
    pub session_id: Option<String>,
    /// The conversation it acts in.
    pub conversation_id: Option<String>,
    /// Which turn of the conversation it is.
    pub turn: Option<u32>,
    /// The agent's identifier.
    pub agent_id: Option<String>,
    /// The identifier of the agent that called it.
    pub parent_agent_id: Option<String>,
    /// The conversation so far.
    pub conversation: Option<ConversationContext>,
}

serialize_both!(AgentExtension {
    input as optional,
    session_id as optional,
    conversation_id as optional,
    turn as optional,
    agent_id as optional,
    parent_agent_id as optional,
    conversation as optional,
});

/// A conversation so far.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ConversationContext {
    /// Earlier messages, as the framework keeps them.
    #[serde(deserialize_with = "json::list")]
    pub history: Vec<serde_json::Value>,
    /// What it is about, in short.
    pub summary: Option<String>,
    /// What it is about, in single words.
    pub topics: Vec<String>,
}

serialize_both!(ConversationContext { history as json_list, summary as optional, topics });

/// The MCP entity that is touched.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct MCPExtension {
    /// The tool.
    pub tool: Option<ToolMetadata>,
    /// The resource.
    pub resource: Option<ResourceMetadata>,
    /// The prompt.
    pub prompt: Option<PromptMetadata>,
}

serialize_both!(MCPExtension { tool as optional, resource as optional, prompt as optional });

/// What an MCP server says about a tool.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct ToolMetadata {
    /// Its name.
    pub name: String,
    /// Its name for people.
    #[serde(default)]
    pub title: Option<String>,
    /// What it does.
    #[serde(default)]
    pub description: Option<String>,
    /// The schema of its arguments.
    #[serde(default, deserialize_with = "json::optional")]
    pub input_schema: Option<serde_json::Value>,
    /// The schema of its results.
    #[serde(default, deserialize_with = "json::optional")]
    pub output_schema: Option<serde_json::Value>,
    /// The server it is on.
    #[serde(default)]
    pub server_id: Option<String>,
    /// Its namespace.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Anything else, by name.
    #[serde(default, deserialize_with = "json::map")]
    pub annotations: JsonMap,
}

serialize_both!(ToolMetadata {
    name,
    title as optional,
    description as optional,
    input_schema as optional_json,
    output_schema as optional_json,
    server_id as optional,
    namespace as optional,
    annotations as json_map,
});

/// What an MCP server says about a resource.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct ResourceMetadata {
    /// Its URI.
    pub uri: String,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// What it is.
    #[serde(default)]
    pub description: Option<String>,
    /// The MIME type of its content.
    #[serde(default)]
    pub mime_type: Option<String>,
    /// The server it is on.
    #[serde(default)]
    pub server_id: Option<String>,
    /// Anything else, by name.
    #[serde(default, deserialize_with = "json::map")]
    pub annotations: JsonMap,
}

serialize_both!(ResourceMetadata {
    uri,
    name as optional,
    description as optional,
    mime_type as optional,
    server_id as optional,
    annotations as json_map,
});

/// What an MCP server says about a prompt.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct PromptMetadata {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// Its arguments.
    #[serde(default, deserialize_with = "json::optional_list")]
    pub arguments: Option<Vec<serde_json::Value>>,
    /// The server it is on.
    #[serde(default)]
    pub server_id: Option<String>,
    /// Anything else, by name.
    #[serde(default, deserialize_with = "json::map")]
    pub annotations: JsonMap,
}

serialize_both!(PromptMetadata {
    name,
    description as optional,
    arguments as optional_json_list,
    server_id as optional,
    annotations as json_map,
});

/// Why a model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum StopReason {
    End,
    Return,
    Call,
    MaxTokens,
    StopSequence,
}

impl StopReason {
    /// The name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::End => "end",
            Self::Return => "return",
            Self::Call => "call",
            Self::MaxTokens => "max_tokens",
            Self::StopSequence => "stop_sequence",
        }
    }
}

/// How many tokens a completion took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenUsage {
    /// Tokens read.
    pub input_tokens: u32,
    /// Tokens written.
    pub output_tokens: u32,
    /// Both.
    pub total_tokens: u32,
}

/// What is known of a model's completion.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CompletionExtension {
    /// Why it ended.
    pub stop_reason: Option<StopReason>,
    /// What it took.
    pub tokens: Option<TokenUsage>,
    /// The model.
    pub model: Option<String>,
    /// The format it came in.
    pub raw_format: Option<String>,
    /// When it was made.
    pub created_at: Option<String>,
    /// How long it took, in milliseconds.
    pub latency_ms: Option<u64>,
}

serialize_both!(CompletionExtension {
    stop_reason as optional,
    tokens as optional,
    model as optional,
    raw_format as optional,
    created_at as optional,
    latency_ms as optional,
});

/// Where a message comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ProvenanceExtension {
    /// Its source.
    pub source: Option<String>,
    /// Its identifier.
    pub message_id: Option<String>,
    /// The identifier of the message it answers.
    pub parent_id: Option<String>,
}

serialize_both!(ProvenanceExtension {
    source as optional,
    message_id as optional,
    parent_id as optional,
});

/// The model that is used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LLMExtension {
    /// Its identifier.
    pub model_id: Option<String>,
    /// Who runs it.
    pub provider: Option<String>,
    /// What it can do.
    pub capabilities: Vec<String>,
}

serialize_both!(LLMExtension { model_id as optional, provider as optional, capabilities });

/// The framework the agent runs in.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct FrameworkExtension {
    /// Its name.
    pub framework: Option<String>,
    /// Its version.
    pub framework_version: Option<String>,
    /// The node of its graph.
    pub node_id: Option<String>,
    /// Its graph.
    pub graph_id: Option<String>,
    /// Anything else, by name.
    #[serde(deserialize_with = "json::map")]
    pub metadata: JsonMap,
}

serialize_both!(FrameworkExtension {
    framework as optional,
    framework_version as optional,
    node_id as optional,
    graph_id as optional,
    metadata as json_map,
});
