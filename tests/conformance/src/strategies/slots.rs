use cpex_wasmi::model::{
    AgentExtension, CompletionExtension, ConversationContext, Extensions, FrameworkExtension,
    HttpExtension, LLMExtension, MCPExtension, MetaExtension, PromptMetadata, ProvenanceExtension,
    RequestExtension, ResourceMetadata, SecurityExtension, StopReason, TokenUsage, ToolMetadata,
};
use proptest::prelude::*;
use serde_json::Value as Json;

use super::payloads::raw_credentials;
use super::security::{client, constraint, data, delegation, objects, subject, workload};
use super::{json, json_map, list, maybe, text, text_map, texts};

pub(crate) fn agent() -> BoxedStrategy<AgentExtension> {
    let conversation = (prop::collection::vec(json(), 0..3), maybe(text()), list())
        .prop_map(|(history, summary, topics)| ConversationContext { history, summary, topics });
    (
        (maybe(text()), maybe(text()), maybe(text()), maybe(any::<u32>())),
        (maybe(text()), maybe(text()), maybe(conversation.boxed())),
    )
        .prop_map(
            |(
                (input, session_id, conversation_id, turn),
                (agent_id, parent_agent_id, conversation),
            )| AgentExtension {
                input,
                session_id,
                conversation_id,
                turn,
                agent_id,
                parent_agent_id,
                conversation,
            },
        )
        .boxed()
}

/// A JSON value that is not `null`, which reads back as nothing where it is optional.
pub(crate) fn schema() -> BoxedStrategy<Json> {
    json().prop_filter("null is nothing", |json| !json.is_null()).boxed()
}

pub(crate) fn mcp() -> BoxedStrategy<MCPExtension> {
    let tool = (
        (text(), maybe(text()), maybe(text()), maybe(schema())),
        (maybe(schema()), maybe(text()), maybe(text()), json_map()),
    )
        .prop_map(
            |(
                (name, title, description, input_schema),
                (output_schema, server_id, namespace, annotations),
            )| ToolMetadata {
                name,
                title,
                description,
                input_schema,
                output_schema,
                server_id,
                namespace,
                annotations,
            },
        )
        .boxed();
    let resource =
        (text(), maybe(text()), maybe(text()), maybe(text()), maybe(text()), json_map())
            .prop_map(|(uri, name, description, mime_type, server_id, annotations)| {
                ResourceMetadata { uri, name, description, mime_type, server_id, annotations }
            })
            .boxed();
    let arguments = prop::collection::vec(json(), 0..3);
    let prompt = (text(), maybe(text()), maybe(arguments), maybe(text()), json_map())
        .prop_map(|(name, description, arguments, server_id, annotations)| PromptMetadata {
            name,
            description,
            arguments,
            server_id,
            annotations,
        })
        .boxed();
    (maybe(tool), maybe(resource), maybe(prompt))
        .prop_map(|(tool, resource, prompt)| MCPExtension { tool, resource, prompt })
        .boxed()
}

pub(crate) fn completion() -> BoxedStrategy<CompletionExtension> {
    let stop_reason = prop::sample::select(vec![
        StopReason::End,
        StopReason::Return,
        StopReason::Call,
        StopReason::MaxTokens,
        StopReason::StopSequence,
    ]);
    let tokens =
        any::<(u32, u32, u32)>().prop_map(|(input_tokens, output_tokens, total_tokens)| {
            TokenUsage { input_tokens, output_tokens, total_tokens }
        });
    (
        (maybe(stop_reason), maybe(tokens), maybe(text())),
        (maybe(text()), maybe(text()), maybe(any::<u64>())),
    )
        .prop_map(|((stop_reason, tokens, model), (raw_format, created_at, latency_ms))| {
            CompletionExtension { stop_reason, tokens, model, raw_format, created_at, latency_ms }
        })
        .boxed()
}

pub(crate) fn provenance() -> BoxedStrategy<ProvenanceExtension> {
    (maybe(text()), maybe(text()), maybe(text()))
        .prop_map(|(source, message_id, parent_id)| ProvenanceExtension {
            source,
            message_id,
            parent_id,
        })
        .boxed()
}

pub(crate) fn llm() -> BoxedStrategy<LLMExtension> {
    (maybe(text()), maybe(text()), list())
        .prop_map(|(model_id, provider, capabilities)| LLMExtension {
            model_id,
            provider,
            capabilities,
        })
        .boxed()
}

pub(crate) fn framework() -> BoxedStrategy<FrameworkExtension> {
    (maybe(text()), maybe(text()), maybe(text()), maybe(text()), json_map())
        .prop_map(|(framework, framework_version, node_id, graph_id, metadata)| {
            FrameworkExtension { framework, framework_version, node_id, graph_id, metadata }
        })
        .boxed()
}

/// Extensions with any of the slots.
pub fn extensions() -> BoxedStrategy<Extensions> {
    let security = (
        (texts(), maybe(text()), maybe(subject()), maybe(client())),
        (maybe(workload()), maybe(workload()), maybe(text()), objects(), data()),
    )
        .prop_map(
            |(
                (labels, classification, subject, client),
                (caller_workload, this_workload, auth_method, objects, data),
            )| SecurityExtension {
                labels,
                classification,
                subject,
                client,
                caller_workload,
                this_workload,
                auth_method,
                objects,
                data,
            },
        );
    let http = (text_map(), text_map(), maybe(text()), maybe(text()), maybe(text()), maybe(text()))
        .prop_map(|(request_headers, response_headers, method, path, host, scheme)| {
            HttpExtension { request_headers, response_headers, method, path, host, scheme }
        });
    let request = (maybe(text()), maybe(text()), maybe(text()), maybe(text()), maybe(text()))
        .prop_map(|(environment, request_id, timestamp, trace_id, span_id)| RequestExtension {
            environment,
            request_id,
            timestamp,
            trace_id,
            span_id,
        });
    let meta = (maybe(text()), maybe(text()), texts(), maybe(text()), text_map()).prop_map(
        |(entity_type, entity_name, tags, scope, properties)| MetaExtension {
            entity_type,
            entity_name,
            tags,
            scope,
            properties,
        },
    );
    (
        (maybe(request), maybe(http), maybe(security), maybe(meta), maybe(json_map())),
        (maybe(agent()), maybe(delegation()), maybe(constraint()), maybe(mcp())),
        (maybe(completion()), maybe(provenance()), maybe(llm()), maybe(framework())),
        maybe(raw_credentials()),
    )
        .prop_map(
            |(
                (request, http, security, meta, custom),
                (agent, delegation, candidate_constraint, mcp),
                (completion, provenance, llm, framework),
                raw_credentials,
            )| Extensions {
                request,
                agent,
                http,
                security,
                candidate_constraint,
                delegation,
                raw_credentials,
                mcp,
                completion,
                provenance,
                llm,
                framework,
                meta,
                custom,
            },
        )
        .boxed()
}
