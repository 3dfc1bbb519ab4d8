//! The slots of which single fields are read.

use super::fields::{fields, nested};

/// One field of the HTTP slot at a time.
pub mod http {
    super::fields! { http: Http {
        request_headers: HttpRequestHeaders,
        response_headers: HttpResponseHeaders,
        method: HttpMethod as option,
        path: HttpPath as option,
        host: HttpHost as option,
        scheme: HttpScheme as option,
    } }
}

/// One field of the request slot at a time.
pub mod request {
    super::fields! { request: Request {
        environment: RequestEnvironment as option,
        request_id: RequestId as option,
        timestamp: RequestTimestamp as option,
        trace_id: RequestTraceId as option,
        span_id: RequestSpanId as option,
    } }
}

/// One field of the meta slot at a time.
pub mod meta {
    super::fields! { meta: Meta {
        entity_type: MetaEntityType as option,
        entity_name: MetaEntityName as option,
        tags: MetaTags,
        scope: MetaScope as option,
        properties: MetaProperties,
    } }
}

/// One field of the agent slot at a time.
pub mod agent {
    super::fields! { agent: Agent {
        input: AgentInput as option,
        session_id: AgentSessionId as option,
        conversation_id: AgentConversationId as option,
        turn: AgentTurn as option,
        agent_id: AgentId as option,
        parent_agent_id: AgentParentId as option,
        conversation: AgentConversation as option,
    } }
}

/// One field of the delegation slot at a time.
pub mod delegation {
    super::fields! { delegation: Delegation {
        depth: DelegationDepth,
        origin_subject_id: DelegationOrigin as option,
        actor_subject_id: DelegationActor as option,
        delegated: Delegated,
        age_seconds: DelegationAge,
    } }
}

/// One field of the completion slot at a time.
pub mod completion {
    super::fields! { completion: Completion {
        stop_reason: CompletionStopReason as name,
        model: CompletionModel as option,
        latency_ms: CompletionLatency as option,
    } }
}

/// One field of the provenance slot at a time.
pub mod provenance {
    super::fields! { provenance: Provenance {
        source: ProvenanceSource as option,
        message_id: ProvenanceMessageId as option,
        parent_id: ProvenanceParentId as option,
    } }
}

/// One field of the LLM slot at a time.
pub mod llm {
    super::fields! { llm: Llm {
        model_id: LlmModelId as option,
        provider: LlmProvider as option,
    } }
}

/// One field of the framework slot at a time.
pub mod framework {
    super::fields! { framework: Framework {
        framework: FrameworkName as option,
        framework_version: FrameworkVersion as option,
        node_id: FrameworkNodeId as option,
        graph_id: FrameworkGraphId as option,
        metadata: FrameworkMetadata,
    } }
}

/// One field of the MCP slot at a time.
pub mod mcp {
    /// One field of the tool at a time.
    pub mod tool {
        super::super::nested! { mcp: Mcp, tool: McpToolName {
            name: McpToolName,
            server_id: McpToolServerId as option,
            input_schema: McpToolInputSchema as option,
            output_schema: McpToolOutputSchema as option,
        } }
    }

    /// One field of the resource at a time.
    pub mod resource {
        super::super::nested! { mcp: Mcp, resource: McpResourceUri {
            uri: McpResourceUri,
            server_id: McpResourceServerId as option,
        } }
    }

    /// One field of the prompt at a time.
    pub mod prompt {
        super::super::nested! { mcp: Mcp, prompt: McpPromptName {
            name: McpPromptName,
            server_id: McpPromptServerId as option,
        } }
    }
}
