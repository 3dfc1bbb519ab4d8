//! The slots that a plugin only reads.

use cpex_core::extensions as theirs;

use super::{to_model, variants};

to_model! {
    RequestExtension { environment, request_id, timestamp, trace_id, span_id }
    AgentExtension {
        input,
        session_id,
        conversation_id,
        turn,
        agent_id,
        parent_agent_id,
        conversation,
    }
    ConversationContext { history, summary, topics }
    HttpExtension { request_headers, response_headers, method, path, host, scheme }
    MCPExtension { tool, resource, prompt }
    ToolMetadata {
        name,
        title,
        description,
        input_schema,
        output_schema,
        server_id,
        namespace,
        annotations,
    }
    ResourceMetadata { uri, name, description, mime_type, server_id, annotations }
    PromptMetadata { name, description, arguments, server_id, annotations }
    CompletionExtension { stop_reason, tokens, model, raw_format, created_at, latency_ms }
    TokenUsage { input_tokens, output_tokens, total_tokens }
    ProvenanceExtension { source, message_id, parent_id }
    LLMExtension { model_id, provider, capabilities }
    FrameworkExtension { framework, framework_version, node_id, graph_id, metadata }
    MetaExtension { entity_type, entity_name, tags, scope, properties }
}

variants! {
    StopReason { End, Return, Call, MaxTokens, StopSequence }
}
