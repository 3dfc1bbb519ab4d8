//! A value of every type of CPEX's, and their JSON.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::{Extensions, OrderHook, cpex_core};
use chrono::{DateTime, Utc};
use cpex_core::cmf::*;
use cpex_core::context::PluginContext;
use cpex_core::delegation::*;
use cpex_core::elicitation::*;
use cpex_core::error::{PluginError, PluginViolation};
use cpex_core::extensions::*;
use cpex_core::hooks::HookTypeDef;
use cpex_core::identity::{HOOK_IDENTITY_RESOLVE, IdentityPayload, TokenSource};
use cpex_core::plugin::{OnError, PluginConfig, PluginMode};
use serde_json::{Value, json};

pub fn config() -> PluginConfig {
    PluginConfig {
        name: "everything".into(),
        kind: "builtin".into(),
        description: None,
        author: None,
        version: None,
        hooks: vec![HOOK_IDENTITY_RESOLVE.into(), OrderHook::NAME.into()],
        mode: PluginMode::Sequential,
        priority: 1,
        on_error: OnError::Fail,
        capabilities: HashSet::from(["read_labels".to_string()]).into(),
        tags: vec![],
        conditions: vec![],
        config: Some(json!({ "a": 1 })),
    }
}

pub fn time() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

pub fn message() -> Message {
    let mut message = Message::with_content(
        Role::Assistant,
        vec![
            ContentPart::Text { text: "t".into() },
            ContentPart::Thinking { text: "h".into() },
            ContentPart::ToolCall {
                content: ToolCall {
                    tool_call_id: "1".into(),
                    name: "n".into(),
                    arguments: HashMap::from([("a".to_string(), json!(1))]).into(),
                    namespace: None,
                },
            },
            ContentPart::ToolResult {
                content: ToolResult {
                    tool_call_id: "1".into(),
                    tool_name: "n".into(),
                    content: Value::Null,
                    is_error: false,
                },
            },
            ContentPart::Resource {
                content: Resource {
                    uri: "u".into(),
                    resource_type: ResourceType::Blob,
                    blob: Some(vec![1]),
                    ..Default::default()
                },
            },
            ContentPart::ResourceRef {
                content: ResourceReference {
                    resource_request_id: "1".into(),
                    uri: "v".into(),
                    name: None,
                    resource_type: ResourceType::File,
                    range_start: Some(1),
                    range_end: None,
                    selector: None,
                },
            },
            ContentPart::PromptRequest {
                content: PromptRequest {
                    prompt_request_id: "1".into(),
                    name: "p".into(),
                    arguments: HashMap::new().into(),
                    server_id: None,
                },
            },
            ContentPart::PromptResult {
                content: PromptResult {
                    prompt_request_id: "1".into(),
                    prompt_name: "p".into(),
                    messages: vec![Message::text(Role::User, "x")],
                    content: None,
                    is_error: false,
                    error_message: None,
                },
            },
            ContentPart::Image {
                content: ImageSource {
                    source_type: "url".into(),
                    data: "d".into(),
                    media_type: None,
                },
            },
            ContentPart::Video {
                content: VideoSource {
                    source_type: "url".into(),
                    data: "d".into(),
                    media_type: None,
                    duration_ms: Some(1),
                },
            },
            ContentPart::Audio {
                content: AudioSource {
                    source_type: "url".into(),
                    data: "d".into(),
                    media_type: None,
                    duration_ms: None,
                },
            },
            ContentPart::Document {
                content: DocumentSource {
                    source_type: "url".into(),
                    data: "d".into(),
                    media_type: None,
                    title: Some("t".into()),
                },
            },
        ],
    );
    message.channel = Some(Channel::Final);
    let calls: Vec<&ToolCall> = message.get_tool_calls();
    let results: Vec<&ToolResult> = message.get_tool_results();
    assert_eq!((calls.len(), results.len()), (1, 1));
    assert_eq!(
        (message.get_text_content().as_str(), message.get_thinking_content()),
        ("t", Some("h".to_string()))
    );
    assert!(message.is_tool_result() && message.has_resources());
    assert_eq!(message.get_all_resource_uris(), ["u", "v"]);
    assert!(message.get_resources()[0].is_embedded());
    assert_eq!(message.get_resources()[0].get_text_content(), None);
    assert_eq!(message.get_resource_refs().len(), 1);
    assert_eq!(message.get_prompt_requests().len() + message.get_prompt_results().len(), 2);
    message
}

pub fn extensions() -> Extensions {
    let mut http = HttpExtension::default();
    http.set_request_header("A", "1");
    http.set_response_header("B", "2");
    assert!(http.has_header("a") && http.get_response_header("b") == Some("2"));
    assert!(http.has_response_header("B") && http.get_request_header("x").is_none());
    assert!(http.add_request_header("C", "3") && http.remove_request_header("c").is_some());
    let mut security = SecurityExtension {
        classification: Some("c".into()),
        subject: Some(SubjectExtension {
            id: Some("alice".into()),
            subject_type: Some(SubjectType::User),
            roles: HashSet::from(["r".to_string()]).into(),
            ..Default::default()
        }),
        client: Some(ClientExtension {
            client_id: "app".into(),
            trust_level: ClientTrustLevel::Custom("odd".into()),
            ..Default::default()
        }),
        caller_workload: Some(WorkloadIdentity { attested_at: Some(time()), ..Default::default() }),
        objects: HashMap::from([("o".to_string(), ObjectSecurityProfile::default())]).into(),
        data: HashMap::from([(
            "d".to_string(),
            DataPolicy { retention: Some(RetentionPolicy::default()), ..Default::default() },
        )])
        .into(),
        ..Default::default()
    };
    security.add_label("PII");
    let labels: &MonotonicSet<String> = &security.labels;
    assert!(security.has_label("pii") && labels.contains(&"PII".to_string()) && labels.len() == 1);
    let mut delegation = DelegationExtension::default();
    delegation.append_hop(DelegationHop {
        subject_id: "a".into(),
        authorization_details: vec![AuthorizationDetail {
            detail_type: "t".into(),
            extra: BTreeMap::from([("x".to_string(), json!(true))]),
            ..Default::default()
        }],
        timestamp: time(),
        strategy: Some(DelegationStrategy::Passthrough),
        ..Default::default()
    });
    assert!(delegation.delegated && delegation.depth == 1);
    assert!(CandidateConstraintExtension::default().is_empty());
    let mut extensions = Extensions::default();
    extensions.request = Some(
        Arc::new(RequestExtension { request_id: Some("r".into()), ..Default::default() }).into(),
    );
    extensions.agent = Some(
        Arc::new(AgentExtension {
            turn: Some(1),
            conversation: Some(ConversationContext::default()),
            ..Default::default()
        })
        .into(),
    );
    extensions.http = Some(Arc::new(http).into());
    extensions.security = Some(Arc::new(security).into());
    extensions.candidate_constraint = Some(
        Arc::new(CandidateConstraintExtension {
            deny_models: vec!["m".into()],
            on_empty: OnEmpty::Fallback,
            ..Default::default()
        })
        .into(),
    );
    extensions.delegation = Some(Arc::new(delegation).into());
    extensions.raw_credentials = Some(Arc::new(credentials()).into());
    extensions.mcp = Some(
        Arc::new(MCPExtension {
            tool: Some(ToolMetadata { name: "t".into(), ..Default::default() }),
            resource: Some(ResourceMetadata::default()),
            prompt: Some(PromptMetadata::default()),
        })
        .into(),
    );
    extensions.completion = Some(
        Arc::new(CompletionExtension {
            stop_reason: Some(StopReason::End),
            tokens: Some(TokenUsage { input_tokens: 1, output_tokens: 2, total_tokens: 3 }),
            ..Default::default()
        })
        .into(),
    );
    extensions.provenance = Some(Arc::new(ProvenanceExtension::default()).into());
    extensions.llm = Some(Arc::new(LLMExtension::default()).into());
    extensions.framework = Some(Arc::new(FrameworkExtension::default()).into());
    extensions.meta = Some(
        Arc::new(MetaExtension {
            tags: HashSet::from(["t".to_string()]).into(),
            ..Default::default()
        })
        .into(),
    );
    extensions.custom = Some(Arc::new(HashMap::from([("c".to_string(), json!([1]))])).into());
    extensions
}

pub fn credentials() -> RawCredentialsExtension {
    let inbound = RawInboundToken::new("tok", "authorization", TokenKind::Jwt);
    let key = DelegationKey::new(DelegationMode::AsClient, "aud", vec!["s".into()])
        .with_subject_id("alice")
        .with_client_id(Some("app".into()))
        .with_workload_id(None);
    let minted = RawDelegatedToken::new("tok", "authorization", "aud", vec![], time());
    let mut credentials = RawCredentialsExtension {
        inbound_tokens: HashMap::from([(TokenRole::User, inbound)]),
        ..Default::default()
    };
    credentials.delegated_tokens.insert(key.clone(), minted);
    assert_eq!(credentials.delegated_tokens[&key].token.as_str(), "tok");
    credentials.delegated_tokens.clear();
    credentials
}

pub fn identity() -> IdentityPayload {
    let mut payload = IdentityPayload::new("tok", TokenSource::ApiKey)
        .with_source_header("x-api-key")
        .with_headers(HashMap::from([("a".to_string(), "b".to_string())]))
        .with_client_host("h")
        .with_client_port(1);
    assert_eq!((payload.raw_token(), payload.source()), ("tok", &TokenSource::ApiKey));
    assert_eq!((payload.source_header(), payload.client_host()), (Some("x-api-key"), Some("h")));
    assert_eq!((payload.headers().len(), payload.client_port()), (1, Some(1)));
    payload.subject = Some(SubjectExtension::default());
    payload.raw_credentials = Some(credentials());
    payload.resolved_at = Some(time());
    payload.raw_claims.insert("iss".into(), json!("me"));
    payload
}

pub fn delegation() -> DelegationPayload {
    let mut payload = DelegationPayload::new("tok", "search")
        .with_actor(TokenRole::Custom("robot".into()), "act")
        .with_subject(DelegationSubject::CallerWorkload)
        .with_target_type(TargetType::Agent)
        .with_target_audience("aud")
        .with_required_permissions(vec!["p".into()])
        .with_trust_domain("td")
        .with_auth_enforced_by(AuthEnforcedBy::Both)
        .with_route_attenuation(AttenuationConfig { ttl_seconds: Some(1), ..Default::default() });
    assert_eq!(
        DelegationSubject::from_config_str("gateway"),
        Some(DelegationSubject::ThisWorkload)
    );
    assert_eq!(DelegationSubject::Client.inbound_role(), Some(TokenRole::Client));
    assert_eq!(DelegationSubject::User.default_mode(), DelegationMode::OnBehalfOfUser);
    assert_eq!((payload.target_name(), payload.trust_domain()), ("search", Some("td")));
    payload.delegated_token = Some(RawDelegatedToken::new("t", "h", "a", vec![], time()));
    payload.delegation_mode = Some(DelegationMode::AsThisWorkload);
    payload.minted_at = Some(time());
    let mut merged = payload.clone();
    merged.merge(payload);
    merged
}

pub fn elicitation() -> ElicitationPayload {
    let payload = ElicitationPayload::new(ElicitationOp::Dispatch, "approval", "manager")
        .with_elicitation_id("e")
        .with_purpose("p")
        .with_scope("s")
        .with_timeout("1h")
        .with_channel("mail");
    assert_eq!(
        (payload.kind(), payload.from(), payload.scope()),
        ("approval", "manager", Some("s"))
    );
    assert_eq!((payload.purpose(), payload.timeout()), (Some("p"), Some("1h")));
    assert_eq!((payload.channel(), payload.elicitation_id()), (Some("mail"), Some("e")));
    payload
}

/// The JSON of everything.
pub fn everything() -> Value {
    json!({
        "config": config(),
        "message": MessagePayload { message: message().into() },
        "extensions": extensions(),
        "identity": identity(),
        "delegation": delegation(),
        "elicitation": elicitation(),
        "context": PluginContext::new(),
        "violation": PluginViolation::new("a", "b").with_proto_error_code(3),
        "errors": [
            PluginError::UnknownHook { hook_type: "h".into() }.to_string(),
            PluginError::Timeout { plugin_name: "p".into(), timeout_ms: 3, proto_error_code: None }
                .to_string(),
            PluginMode::FireAndForget.to_string(),
            PluginViolation::new("a", "b").to_string(),
        ],
    })
}
