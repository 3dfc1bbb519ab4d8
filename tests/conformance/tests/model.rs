//! The model is `cpex-core`'s: the same JSON in, the same JSON out, and a plugin sees what a
//! native one would.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet, HashSet};

use cpex_wasmi::abi::codec;
use cpex_wasmi::model::{
    AgentExtension, AudioSource, AuthorizationDetail, CandidateConstraintExtension, Channel,
    ClientExtension, CompletionExtension, ContentPart, ConversationContext, DataPolicy,
    DelegationExtension, DelegationHop, DocumentSource, Extensions, FrameworkExtension,
    HttpExtension, ImageSource, LLMExtension, MCPExtension, Message, MessagePayload, MetaExtension,
    ObjectSecurityProfile, OnEmpty, PluginContext, PromptMetadata, PromptRequest, PromptResult,
    ProvenanceExtension, RequestExtension, Resource, ResourceMetadata, ResourceReference,
    ResourceType, RetentionPolicy, Role, SecurityExtension, StopReason, SubjectExtension,
    SubjectType, TokenUsage, ToolCall, ToolMetadata, ToolResult, VideoSource, WorkloadIdentity,
};
use cpex_wasmi::{Capability, CapabilitySet};
use proptest::prelude::*;
use serde_json::Value;

type Json = Value;

fn to_json(value: &impl serde::Serialize) -> Json {
    sorted(serde_json::to_value(value).unwrap())
}

/// Puts lists of strings in order: sets have none in `cpex-core`.
fn sorted(value: Json) -> Json {
    match value {
        Json::Object(map) => {
            Json::Object(map.into_iter().map(|(key, value)| (key, sorted(value))).collect())
        }
        Json::Array(values) if values.iter().all(Json::is_string) => {
            let mut texts: Vec<_> = values.iter().filter_map(Json::as_str).collect();
            texts.sort_unstable();
            texts.into()
        }
        other => other,
    }
}

fn text() -> BoxedStrategy<String> {
    prop_oneof![Just(String::new()), "[a-zA-Z]{1,6}", "\\PC{0,8}", Just("ключ-键".into())].boxed()
}

fn json() -> BoxedStrategy<Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        prop::num::f64::NORMAL.prop_map(Json::from),
        text().prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map(text(), inner, 0..4)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
    .boxed()
}

fn json_map() -> BoxedStrategy<BTreeMap<String, Json>> {
    prop::collection::btree_map(text(), json(), 0..4).boxed()
}

fn texts() -> BoxedStrategy<BTreeSet<String>> {
    prop::collection::btree_set(text(), 0..4).boxed()
}

fn text_map() -> BoxedStrategy<BTreeMap<String, String>> {
    prop::collection::btree_map(text(), text(), 0..4).boxed()
}

fn maybe<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    prop::option::of(value)
}

fn part() -> BoxedStrategy<ContentPart> {
    prop_oneof![
        text().prop_map(|text| ContentPart::Text { text }),
        text().prop_map(|text| ContentPart::Thinking { text }),
        (text(), text(), json_map(), maybe(text())).prop_map(
            |(tool_call_id, name, arguments, namespace)| ContentPart::ToolCall {
                content: ToolCall { tool_call_id, name, arguments, namespace }
            }
        ),
        (text(), text(), json(), any::<bool>()).prop_map(
            |(tool_call_id, tool_name, content, is_error)| ContentPart::ToolResult {
                content: ToolResult { tool_call_id, tool_name, content, is_error }
            }
        ),
        resource().prop_map(|content| ContentPart::Resource { content }),
        (
            (text(), text(), maybe(text()), resource_type()),
            (maybe(any::<u64>()), maybe(any::<u64>()), maybe(text())),
        )
            .prop_map(
                |(
                    (resource_request_id, uri, name, resource_type),
                    (range_start, range_end, selector),
                )| ContentPart::ResourceRef {
                    content: ResourceReference {
                        resource_request_id,
                        uri,
                        name,
                        resource_type,
                        range_start,
                        range_end,
                        selector,
                    }
                }
            ),
        (text(), text(), json_map(), maybe(text())).prop_map(
            |(prompt_request_id, name, arguments, server_id)| ContentPart::PromptRequest {
                content: PromptRequest { prompt_request_id, name, arguments, server_id }
            }
        ),
        (text(), text(), maybe(text())).prop_map(|(source_type, data, media_type)| {
            ContentPart::Image { content: ImageSource { source_type, data, media_type } }
        }),
        (text(), text(), maybe(text()), maybe(any::<u64>())).prop_map(
            |(source_type, data, media_type, duration_ms)| ContentPart::Video {
                content: VideoSource { source_type, data, media_type, duration_ms }
            }
        ),
        (text(), text(), maybe(text()), maybe(any::<u64>())).prop_map(
            |(source_type, data, media_type, duration_ms)| ContentPart::Audio {
                content: AudioSource { source_type, data, media_type, duration_ms }
            }
        ),
        (text(), text(), maybe(text()), maybe(text())).prop_map(
            |(source_type, data, media_type, title)| ContentPart::Document {
                content: DocumentSource { source_type, data, media_type, title }
            }
        ),
    ]
    .boxed()
}

fn resource_type() -> BoxedStrategy<ResourceType> {
    prop::sample::select(vec![
        ResourceType::File,
        ResourceType::Blob,
        ResourceType::Uri,
        ResourceType::Database,
        ResourceType::Api,
        ResourceType::Memory,
        ResourceType::Artifact,
    ])
    .boxed()
}

fn resource() -> BoxedStrategy<Resource> {
    let blob = prop::collection::vec(any::<u8>(), 0..4);
    (
        (text(), text(), maybe(text()), maybe(text()), resource_type()),
        (maybe(text()), maybe(blob), maybe(text()), maybe(any::<u64>())),
        (json_map(), maybe(text())),
    )
        .prop_map(
            |(
                (resource_request_id, uri, name, description, resource_type),
                (content, blob, mime_type, size_bytes),
                (annotations, version),
            )| Resource {
                resource_request_id,
                uri,
                name,
                description,
                resource_type,
                content,
                blob,
                mime_type,
                size_bytes,
                annotations,
                version,
            },
        )
        .boxed()
}

/// A part that may be a prompt's result, with messages of its own.
fn deep_part() -> BoxedStrategy<ContentPart> {
    part()
        .prop_recursive(3, 8, 2, |inner| {
            let message = (role(), prop::collection::vec(inner, 0..2))
                .prop_map(|(role, content)| Message::with_content(role, content));
            (
                (text(), text(), prop::collection::vec(message, 0..2)),
                (maybe(text()), any::<bool>(), maybe(text())),
            )
                .prop_map(
                    |(
                        (prompt_request_id, prompt_name, messages),
                        (content, is_error, error_message),
                    )| ContentPart::PromptResult {
                        content: PromptResult {
                            prompt_request_id,
                            prompt_name,
                            messages,
                            content,
                            is_error,
                            error_message,
                        },
                    },
                )
        })
        .boxed()
}

fn role() -> BoxedStrategy<Role> {
    prop::sample::select(vec![
        Role::System,
        Role::Developer,
        Role::User,
        Role::Assistant,
        Role::Tool,
    ])
    .boxed()
}

fn payload() -> BoxedStrategy<MessagePayload> {
    let channel =
        prop::sample::select(vec![Channel::Analysis, Channel::Commentary, Channel::Final]);
    (text(), role(), prop::collection::vec(deep_part(), 0..4), maybe(channel))
        .prop_map(|(schema_version, role, content, channel)| MessagePayload {
            message: Message { schema_version, role, content, channel },
        })
        .boxed()
}

fn subject() -> BoxedStrategy<SubjectExtension> {
    let subject_type = prop::sample::select(vec![
        SubjectType::User,
        SubjectType::Agent,
        SubjectType::Service,
        SubjectType::System,
    ]);
    (maybe(text()), maybe(subject_type), texts(), texts(), texts(), text_map())
        .prop_map(|(id, subject_type, roles, permissions, teams, claims)| SubjectExtension {
            id,
            subject_type,
            roles,
            permissions,
            teams,
            claims,
        })
        .boxed()
}

fn list() -> BoxedStrategy<Vec<String>> {
    // In order, as `sorted` puts every list of strings.
    texts().prop_map(|texts| texts.into_iter().collect()).boxed()
}

fn client() -> BoxedStrategy<ClientExtension> {
    let trust = prop_oneof![Just("first_party".to_owned()), Just("internal".into()), text()];
    ((text(), maybe(text()), trust), (list(), list(), list(), list(), list(), json_map()))
        .prop_map(
            |(
                (client_id, client_name, trust_level),
                (authorized_scopes, authorized_audiences, roles, permissions, teams, claims),
            )| ClientExtension {
                client_id,
                client_name,
                trust_level,
                authorized_scopes,
                authorized_audiences,
                roles,
                permissions,
                teams,
                claims,
            },
        )
        .boxed()
}

fn workload() -> BoxedStrategy<WorkloadIdentity> {
    (maybe(text()), maybe(text()), maybe(time()), maybe(text()), list(), maybe(text()))
        .prop_map(|(spiffe_id, trust_domain, attested_at, attestor, selectors, client_id)| {
            WorkloadIdentity {
                spiffe_id,
                trust_domain,
                attested_at,
                attestor,
                selectors,
                client_id,
            }
        })
        .boxed()
}

fn objects() -> BoxedStrategy<BTreeMap<String, ObjectSecurityProfile>> {
    let object = (maybe(text()), list(), maybe(text()), list()).prop_map(
        |(managed_by, permissions, trust_domain, data_scope)| ObjectSecurityProfile {
            managed_by,
            permissions,
            trust_domain,
            data_scope,
        },
    );
    prop::collection::btree_map(text(), object, 0..3).boxed()
}

fn data() -> BoxedStrategy<BTreeMap<String, DataPolicy>> {
    let retention = (maybe(any::<u64>()), text(), maybe(text())).prop_map(
        |(max_age_seconds, policy, delete_after)| RetentionPolicy {
            max_age_seconds,
            policy,
            delete_after,
        },
    );
    let policy = (list(), maybe(list()), list(), maybe(retention)).prop_map(
        |(apply_labels, allowed_actions, denied_actions, retention)| DataPolicy {
            apply_labels,
            allowed_actions,
            denied_actions,
            retention,
        },
    );
    prop::collection::btree_map(text(), policy, 0..3).boxed()
}

fn agent() -> BoxedStrategy<AgentExtension> {
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

/// A moment, as `cpex-core` writes it.
fn time() -> BoxedStrategy<String> {
    prop_oneof![
        Just("2026-01-31T12:00:00Z".to_owned()),
        Just("1999-12-31T23:59:59.123456789Z".into()),
    ]
    .boxed()
}

fn delegation() -> BoxedStrategy<DelegationExtension> {
    // Members of their own names, beside those that every detail has.
    let extra = prop::collection::btree_map("x_[a-z]{1,3}", json(), 0..3);
    let detail = (
        (text(), maybe(list()), maybe(list()), maybe(list())),
        (maybe(text()), maybe(list()), extra),
    )
        .prop_map(
            |((detail_type, locations, actions, datatypes), (identifier, privileges, extra))| {
                AuthorizationDetail {
                    detail_type,
                    locations,
                    actions,
                    datatypes,
                    identifier,
                    privileges,
                    extra,
                }
            },
        )
        .boxed();
    let strategy = prop_oneof![Just("token_exchange".to_owned()), Just("ucan".into()), text()];
    let subject_type = prop::sample::select(vec![SubjectType::User, SubjectType::Agent]);
    let hop = (
        (text(), maybe(subject_type), maybe(text()), list()),
        (prop::collection::vec(detail, 0..2), time(), maybe(any::<u64>())),
        (maybe(strategy), any::<bool>()),
    )
        .prop_map(
            |(
                (subject_id, subject_type, audience, scopes_granted),
                (authorization_details, timestamp, ttl_seconds),
                (strategy, from_cache),
            )| DelegationHop {
                subject_id,
                subject_type,
                audience,
                scopes_granted,
                authorization_details,
                timestamp,
                ttl_seconds,
                strategy,
                from_cache,
            },
        )
        .boxed();
    (
        (prop::collection::vec(hop, 0..3), any::<u32>(), maybe(text())),
        (maybe(text()), any::<bool>(), prop::num::f64::NORMAL),
    )
        .prop_map(
            |((chain, depth, origin_subject_id), (actor_subject_id, delegated, age_seconds))| {
                DelegationExtension {
                    chain,
                    depth,
                    origin_subject_id,
                    actor_subject_id,
                    delegated,
                    age_seconds,
                }
            },
        )
        .boxed()
}

fn constraint() -> BoxedStrategy<CandidateConstraintExtension> {
    (
        (maybe(list()), list(), maybe(list()), maybe(list())),
        (list(), text_map(), prop::sample::select(vec![OnEmpty::Deny, OnEmpty::Fallback])),
    )
        .prop_map(
            |(
                (allow_models, deny_models, allow_regions, allow_sites),
                (max_cost_tiers, custom, on_empty),
            )| CandidateConstraintExtension {
                allow_models,
                deny_models,
                allow_regions,
                allow_sites,
                max_cost_tiers,
                custom,
                on_empty,
            },
        )
        .boxed()
}

/// A JSON value that is not `null`, which reads back as nothing where it is optional.
fn schema() -> BoxedStrategy<Json> {
    json().prop_filter("null is nothing", |json| !json.is_null()).boxed()
}

fn mcp() -> BoxedStrategy<MCPExtension> {
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

fn completion() -> BoxedStrategy<CompletionExtension> {
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

fn provenance() -> BoxedStrategy<ProvenanceExtension> {
    (maybe(text()), maybe(text()), maybe(text()))
        .prop_map(|(source, message_id, parent_id)| ProvenanceExtension {
            source,
            message_id,
            parent_id,
        })
        .boxed()
}

fn llm() -> BoxedStrategy<LLMExtension> {
    (maybe(text()), maybe(text()), list())
        .prop_map(|(model_id, provider, capabilities)| LLMExtension {
            model_id,
            provider,
            capabilities,
        })
        .boxed()
}

fn framework() -> BoxedStrategy<FrameworkExtension> {
    (maybe(text()), maybe(text()), maybe(text()), maybe(text()), json_map())
        .prop_map(|(framework, framework_version, node_id, graph_id, metadata)| {
            FrameworkExtension { framework, framework_version, node_id, graph_id, metadata }
        })
        .boxed()
}

fn extensions() -> BoxedStrategy<Extensions> {
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
    )
        .prop_map(
            |(
                (request, http, security, meta, custom),
                (agent, delegation, candidate_constraint, mcp),
                (completion, provenance, llm, framework),
            )| Extensions {
                request,
                agent,
                http,
                security,
                candidate_constraint,
                delegation,
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

fn capabilities() -> BoxedStrategy<CapabilitySet> {
    prop::collection::vec(prop::sample::select(Capability::ALL.to_vec()), 0..Capability::ALL.len())
        .prop_map(|capabilities| capabilities.into_iter().collect())
        .boxed()
}

proptest! {
    #[test]
    fn payloads_have_cpex_cores_json(payload in payload()) {
        let ours = to_json(&payload);
        let theirs: cpex_core::cmf::MessagePayload = serde_json::from_value(serde_json::to_value(&payload).unwrap()).unwrap();
        prop_assert_eq!(&to_json(&theirs), &ours);
        let back: MessagePayload =
            serde_json::from_value(serde_json::to_value(&theirs).unwrap()).unwrap();
        prop_assert_eq!(back, payload);
    }

    #[test]
    fn extensions_have_cpex_cores_json(extensions in extensions()) {
        let ours = to_json(&extensions);
        let theirs: cpex_core::extensions::Extensions =
            serde_json::from_value(serde_json::to_value(&extensions).unwrap()).unwrap();
        prop_assert_eq!(&to_json(&theirs), &ours);
        let back: Extensions =
            serde_json::from_value(serde_json::to_value(&theirs).unwrap()).unwrap();
        prop_assert_eq!(back, extensions);
    }

    #[test]
    fn contexts_have_cpex_cores_json(local_state in json_map(), global_state in json_map()) {
        let context = PluginContext { local_state, global_state };
        let ours = to_json(&context);
        let theirs: cpex_core::context::PluginContext =
            serde_json::from_value(serde_json::to_value(&context).unwrap()).unwrap();
        prop_assert_eq!(&to_json(&theirs), &ours);
    }

    #[test]
    fn capabilities_hide_what_cpex_core_hides(
        extensions in extensions(),
        capabilities in capabilities(),
    ) {
        let theirs: cpex_core::extensions::Extensions =
            serde_json::from_value(serde_json::to_value(&extensions).unwrap()).unwrap();
        let names: HashSet<String> =
            capabilities.iter().map(|capability| capability.name().to_owned()).collect();
        let filtered = cpex_core::extensions::filter_extensions(&theirs, &names);
        prop_assert_eq!(to_json(&extensions.visible_to(capabilities)), to_json(&filtered));
    }
}

/// Through postcard and back.
fn over_the_wire<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    let mut bytes = Vec::new();
    codec::encode(value, &mut bytes).unwrap();
    codec::decode(&bytes, codec::Bounds::DEFAULT).unwrap()
}

proptest! {
    #[test]
    fn payloads_survive_the_wire(payload in payload()) {
        prop_assert_eq!(over_the_wire(&payload), payload);
    }

    #[test]
    fn extensions_survive_the_wire(extensions in extensions()) {
        prop_assert_eq!(over_the_wire(&extensions), extensions);
    }
}

#[test]
fn capabilities_have_cpex_cores_names() {
    use cpex_core::extensions::Capability as Theirs;
    let theirs = [
        Theirs::ReadSubject,
        Theirs::ReadRoles,
        Theirs::ReadTeams,
        Theirs::ReadClaims,
        Theirs::ReadPermissions,
        Theirs::ReadClient,
        Theirs::ReadWorkload,
        Theirs::ReadAgent,
        Theirs::ReadHeaders,
        Theirs::WriteHeaders,
        Theirs::ReadLabels,
        Theirs::AppendLabels,
        Theirs::ReadDelegation,
        Theirs::AppendDelegation,
        Theirs::ReadInboundCredentials,
        Theirs::ReadDelegatedTokens,
    ];
    for theirs in theirs {
        let Json::String(name) = serde_json::to_value(theirs).unwrap() else { unreachable!() };
        assert!(Capability::from_name(&name).is_some(), "{name} is missing");
    }
}
