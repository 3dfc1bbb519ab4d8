//! One value of each of the engine's types, with every field filled.
//!
//! Structures are written out in full: a field that is added upstream does not compile here. `complete!` adds those that
//! only one engine has. Structures that cannot be (their fields are private) are looked at by what `Debug` shows of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::upstream::cmf::{
    AudioSource, Channel, ContentPart, DocumentSource, ImageSource, Message, MessagePayload,
    PromptRequest, PromptResult, Resource, ResourceReference, ResourceType, Role, ToolCall,
    ToolResult, VideoSource,
};
use crate::upstream::delegation::{
    AttenuationConfig, AuthEnforcedBy, DelegationPayload, DelegationSubject, TargetType,
};
use crate::upstream::elicitation::{
    ElicitationOp, ElicitationOutcomeKind, ElicitationPayload, ElicitationStatusKind,
};
use crate::upstream::extensions::raw_credentials::{DelegationMode, TokenKind, TokenRole};
use crate::upstream::extensions::routing::OnEmpty;
use crate::upstream::extensions::security::{
    ClientTrustLevel, DataPolicy, ObjectSecurityProfile, RetentionPolicy, SubjectType,
};
use crate::upstream::extensions::{
    AgentExtension, AuthorizationDetail, CandidateConstraintExtension, ClientExtension,
    CompletionExtension, ConversationContext, DelegationExtension, DelegationHop,
    DelegationStrategy, Extensions, FrameworkExtension, HttpExtension, LLMExtension, MCPExtension,
    MetaExtension, MonotonicSet, PromptMetadata, ProvenanceExtension, RawCredentialsExtension,
    RawDelegatedToken, RawInboundToken, RequestExtension, ResourceMetadata, SecurityExtension,
    StopReason, SubjectExtension, TokenUsage, ToolMetadata, WorkloadIdentity,
};
use crate::upstream::identity::{IdentityPayload, TokenSource};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::upstream;

fn s(text: &str) -> String {
    text.into()
}

fn o(text: &str) -> Option<String> {
    Some(text.into())
}

fn l(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| s(text)).collect()
}

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 123_456_789).unwrap()
}

fn map<T>(name: &str, value: T) -> HashMap<String, T> {
    [(s(name), value)].into()
}

fn values(name: &str) -> HashMap<String, Value> {
    map(name, json!({"n": [1, -2, 0.5, null, true, u64::MAX, i64::MIN], "/~": {"": name}}))
}

pub fn message() -> MessagePayload {
    let inner = Message {
        schema_version: s("1.9"),
        role: Role::Assistant,
        content: vec![ContentPart::Text { text: s("nested text") }],
        channel: Some(Channel::Analysis),
    };
    let content = vec![
        ContentPart::Text { text: s("a text") },
        ContentPart::Thinking { text: s("a thought") },
        ContentPart::ToolCall {
            content: ToolCall {
                tool_call_id: s("call-1"),
                name: s("search"),
                arguments: values("q"),
                namespace: o("ns"),
            },
        },
        ContentPart::ToolResult {
            content: ToolResult {
                tool_call_id: s("call-2"),
                tool_name: s("found"),
                content: json!({"rows": [{"id": 7}]}),
                is_error: true,
            },
        },
        ContentPart::Resource {
            content: Resource {
                resource_request_id: s("res-1"),
                uri: s("file:///a"),
                name: o("a"),
                description: o("an a"),
                resource_type: ResourceType::Artifact,
                content: o("body"),
                blob: Some(vec![0, 255]),
                mime_type: o("text/plain"),
                size_bytes: Some(4),
                annotations: values("note"),
                version: o("v1"),
            },
        },
        ContentPart::ResourceRef {
            content: ResourceReference {
                resource_request_id: s("res-2"),
                uri: s("file:///b"),
                name: o("b"),
                resource_type: ResourceType::Database,
                range_start: Some(11),
                range_end: Some(12),
                selector: o("row"),
            },
        },
        ContentPart::PromptRequest {
            content: PromptRequest {
                prompt_request_id: s("pr-1"),
                name: s("greet"),
                arguments: values("who"),
                server_id: o("srv-1"),
            },
        },
        ContentPart::PromptResult {
            content: PromptResult {
                prompt_request_id: s("pr-2"),
                prompt_name: s("greeted"),
                messages: vec![inner],
                content: o("hello"),
                is_error: true,
                error_message: o("no"),
            },
        },
        ContentPart::Image {
            content: ImageSource { source_type: s("url"), data: s("i"), media_type: o("image/x") },
        },
        ContentPart::Video {
            content: VideoSource {
                source_type: s("base64"),
                data: s("v"),
                media_type: o("video/x"),
                duration_ms: Some(21),
            },
        },
        ContentPart::Audio {
            content: AudioSource {
                source_type: s("url"),
                data: s("s"),
                media_type: o("audio/x"),
                duration_ms: Some(22),
            },
        },
        ContentPart::Document {
            content: DocumentSource {
                source_type: s("url"),
                data: s("d"),
                media_type: o("application/x"),
                title: o("title"),
            },
        },
    ];
    assert_eq!(content.iter().map(kind).max(), Some(11), "a part of each kind");
    MessagePayload {
        message: Message {
            schema_version: s("2.1"),
            role: Role::Tool,
            content,
            channel: Some(Channel::Final),
        },
    }
}

/// A new kind of part does not compile here.
fn kind(part: &ContentPart) -> u8 {
    match part {
        ContentPart::Text { text: _ } => 0,
        ContentPart::Thinking { text: _ } => 1,
        ContentPart::ToolCall { content: _ } => 2,
        ContentPart::ToolResult { content: _ } => 3,
        ContentPart::Resource { content: _ } => 4,
        ContentPart::ResourceRef { content: _ } => 5,
        ContentPart::PromptRequest { content: _ } => 6,
        ContentPart::PromptResult { content: _ } => 7,
        ContentPart::Image { content: _ } => 8,
        ContentPart::Video { content: _ } => 9,
        ContentPart::Audio { content: _ } => 10,
        ContentPart::Document { content: _ } => 11,
    }
}

fn subject() -> SubjectExtension {
    SubjectExtension {
        id: o("alice"),
        subject_type: Some(SubjectType::Service),
        roles: [s("role-a"), s("role-b")].into(),
        permissions: [s("perm-a")].into(),
        teams: [s("team-a")].into(),
        claims: upstream::claims(),
    }
}

fn client() -> ClientExtension {
    ClientExtension {
        client_id: s("client-1"),
        client_name: o("The Client"),
        trust_level: ClientTrustLevel::Custom(s("partner")),
        authorized_scopes: l(&["scope-a"]),
        authorized_audiences: l(&["aud-a"]),
        roles: l(&["client-role"]),
        permissions: l(&["client-perm"]),
        teams: l(&["client-team"]),
        claims: values("client-claim"),
    }
}

fn workload(name: &str) -> WorkloadIdentity {
    WorkloadIdentity {
        spiffe_id: o(&format!("spiffe://{name}")),
        trust_domain: o(&format!("{name}.domain")),
        attested_at: Some(time(1_700_000_000)),
        attestor: o(&format!("{name}-attestor")),
        selectors: l(&[&format!("{name}:selector")]),
        client_id: o(&format!("{name}-client")),
    }
}

pub fn delegation() -> DelegationExtension {
    let detail = AuthorizationDetail {
        detail_type: s("account"),
        locations: Some(l(&["loc"])),
        actions: Some(l(&["act"])),
        datatypes: Some(l(&["dat"])),
        identifier: o("ident"),
        privileges: Some(l(&["priv"])),
        extra: BTreeMap::from([(s("limit"), json!({"eur": 5}))]),
    };
    let hop = DelegationHop {
        subject_id: s("agent-1"),
        subject_type: Some(SubjectType::Agent),
        audience: o("hr"),
        scopes_granted: l(&["read"]),
        authorization_details: vec![detail],
        timestamp: time(1_700_000_001),
        ttl_seconds: Some(31),
        strategy: Some(DelegationStrategy::Custom(s("pigeon"))),
        from_cache: true,
    };
    DelegationExtension {
        chain: vec![hop],
        depth: 32,
        origin_subject_id: o("origin"),
        actor_subject_id: o("actor"),
        delegated: true,
        age_seconds: 0.25,
    }
}

fn raw_credentials() -> RawCredentialsExtension {
    let token = RawInboundToken {
        token: s("inbound token").into(),
        source_header: s("Authorization"),
        kind: TokenKind::SpiffeJwt,
    };
    RawCredentialsExtension {
        inbound_tokens: [(TokenRole::CallerWorkload, token)].into(),
        // The engine cannot write any as JSON.
        delegated_tokens: HashMap::new(),
    }
}

pub fn extensions() -> Extensions {
    let security = SecurityExtension {
        labels: MonotonicSet::from_set([s("PII"), s("GDPR")].into()),
        classification: o("secret"),
        subject: Some(subject()),
        client: Some(client()),
        caller_workload: Some(workload("caller")),
        this_workload: Some(workload("this")),
        auth_method: o("mtls"),
        objects: map(
            "object-1",
            ObjectSecurityProfile {
                managed_by: o("manager"),
                permissions: l(&["object-perm"]),
                trust_domain: o("object.domain"),
                data_scope: l(&["object-scope"]),
            },
        ),
        data: map(
            "data-1",
            DataPolicy {
                apply_labels: l(&["applied"]),
                allowed_actions: Some(l(&["allowed"])),
                denied_actions: l(&["denied"]),
                retention: Some(RetentionPolicy {
                    max_age_seconds: Some(33),
                    policy: s("keep"),
                    delete_after: o("2030"),
                }),
            },
        ),
    };
    let mcp = MCPExtension {
        tool: Some(ToolMetadata {
            name: s("tool-1"),
            title: o("The Tool"),
            description: o("does"),
            input_schema: Some(json!({"type": "object"})),
            output_schema: Some(json!({"type": "array"})),
            server_id: o("srv-tool"),
            namespace: o("tool-ns"),
            annotations: values("tool-note"),
        }),
        resource: Some(ResourceMetadata {
            uri: s("res://1"),
            name: o("res"),
            description: o("is"),
            mime_type: o("text/html"),
            server_id: o("srv-res"),
            annotations: values("res-note"),
        }),
        prompt: Some(PromptMetadata {
            name: s("prompt-1"),
            description: o("asks"),
            arguments: Some(vec![json!({"name": "who"})]),
            server_id: o("srv-prompt"),
            annotations: values("prompt-note"),
        }),
    };
    complete!(Extensions {
        request: Some(Arc::new(RequestExtension {
            environment: o("production"),
            request_id: o("req-1"),
            timestamp: o("now"),
            trace_id: o("trace-1"),
            span_id: o("span-1"),
        })),
        agent: Some(Arc::new(AgentExtension {
            input: o("do it"),
            session_id: o("session-1"),
            conversation_id: o("conv-1"),
            turn: Some(41),
            agent_id: o("agent-2"),
            parent_agent_id: o("agent-3"),
            conversation: Some(ConversationContext {
                history: vec![json!({"role": "user"})],
                summary: o("so far"),
                topics: l(&["topic"]),
            }),
        })),
        http: Some(Arc::new(complete!(HttpExtension {
            request_headers: map("X-Request", s("in")),
            response_headers: map("X-Response", s("out")),
            method: o("POST"),
            path: o("/path"),
            host: o("host"),
            scheme: o("https"),
        }))),
        security: Some(Arc::new(security)),
        candidate_constraint: Some(Arc::new(CandidateConstraintExtension {
            allow_models: Some(l(&["model-a"])),
            deny_models: l(&["model-b"]),
            allow_regions: Some(l(&["region-a"])),
            allow_sites: Some(l(&["site-a"])),
            max_cost_tiers: l(&["tier-a"]),
            custom: BTreeMap::from([(s("gpu"), s("yes"))]),
            on_empty: OnEmpty::Fallback,
        })),
        delegation: Some(Arc::new(delegation())),
        raw_credentials: Some(Arc::new(raw_credentials())),
        mcp: Some(Arc::new(mcp)),
        completion: Some(Arc::new(CompletionExtension {
            stop_reason: Some(StopReason::MaxTokens),
            tokens: Some(TokenUsage { input_tokens: 51, output_tokens: 52, total_tokens: 53 }),
            model: o("model-1"),
            raw_format: o("raw"),
            created_at: o("then"),
            latency_ms: Some(54),
        })),
        provenance: Some(Arc::new(ProvenanceExtension {
            source: o("source"),
            message_id: o("msg-1"),
            parent_id: o("msg-0"),
        })),
        llm: Some(Arc::new(LLMExtension {
            model_id: o("llm-1"),
            provider: o("provider"),
            capabilities: l(&["vision"]),
        })),
        framework: Some(Arc::new(FrameworkExtension {
            framework: o("fw"),
            framework_version: o("3.1"),
            node_id: o("node-1"),
            graph_id: o("graph-1"),
            metadata: values("fw-note"),
        })),
        meta: Some(Arc::new(MetaExtension {
            entity_type: o("tool"),
            entity_name: o("search"),
            tags: [s("tag-a")].into(),
            scope: o("scope"),
            properties: map("owner", s("hr")),
        })),
        custom: Some(Arc::new(values("anything"))),
        // These are no data.
        http_write_token: None,
        labels_write_token: None,
        delegation_write_token: None,
    })
}

pub fn identity() -> IdentityPayload {
    let mut payload = IdentityPayload::new("raw token", TokenSource::Custom(s("magic-link")))
        .with_source_header("Authorization")
        .with_headers(map("host", s("a")))
        .with_client_host("10.0.0.1")
        .with_client_port(443);
    payload.subject = Some(subject());
    payload.client = Some(client());
    payload.caller_workload = Some(workload("caller"));
    payload.delegation = Some(delegation());
    payload.raw_credentials = Some(raw_credentials());
    payload.resolved_at = Some(time(1_700_000_002));
    payload.raw_claims = values("sub");
    payload
}

pub fn delegated() -> DelegationPayload {
    let mut payload = DelegationPayload::new("bearer token", "get_compensation")
        .with_actor(TokenRole::Client, "actor token")
        .with_subject(DelegationSubject::CallerWorkload)
        .with_target_type(TargetType::Service)
        .with_target_audience("https://hr")
        .with_required_permissions(l(&["read:compensation"]))
        .with_trust_domain("hr.domain")
        .with_auth_enforced_by(AuthEnforcedBy::Both)
        .with_route_attenuation(AttenuationConfig {
            capabilities: l(&["cap-a"]),
            resource_template: o("hr/{id}"),
            actions: l(&["get"]),
            ttl_seconds: Some(61),
        });
    payload.delegated_token = Some(complete!(RawDelegatedToken {
        token: s("minted token").into(),
        outbound_header: s("X-Token"),
        audience: s("hr"),
        scopes: l(&["read"]),
        expires_at: time(1_700_000_003),
    }));
    payload.delegation_update = Some(delegation());
    payload.delegation_mode = Some(DelegationMode::AsCallerWorkload);
    payload.minted_at = Some(time(1_700_000_004));
    payload.metadata = values("idp");
    upstream::delegated(payload)
}

pub fn elicitation() -> ElicitationPayload {
    let mut payload = ElicitationPayload::new(ElicitationOp::Validate, "approval", "bob")
        .with_elicitation_id("el-1")
        .with_purpose("purpose")
        .with_scope("scope")
        .with_timeout("5m")
        .with_channel("chat");
    payload.id = o("el-2");
    payload.status = Some(ElicitationStatusKind::Resolved);
    payload.outcome = Some(ElicitationOutcomeKind::Approved);
    payload.approver = o("carol");
    payload.intent_id = o("intent-1");
    payload.expires_at = o("2030");
    payload.valid = Some(true);
    payload.reason = o("fine");
    payload.metadata = values("ticket");
    upstream::elicitation(payload)
}
