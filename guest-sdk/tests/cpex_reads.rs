//! The values that each entry of `reads` hands to a plugin.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    missing_docs
)]

mod cpex_common;

use cpex_common::plugin_type;
use cpex_wasmi_guest::cpex::extensions::{StopReason, SubjectType};
use cpex_wasmi_guest::cpex::{
    Channel, CmfHook, HookHandler, MessagePayload, Plugin, PluginConfig, PluginContext,
    PluginResult, Role, cpex_plugin,
};
use cpex_wasmi_guest::testing::{Harness, Request, model};
use serde_json::json;

const HOOK: &str = "cmf.tool_pre_invoke";

fn request() -> Request {
    let extensions = json!({
        "request": { "request_id": "r-1", "environment": "prod" },
        "agent": { "agent_id": "bot", "turn": 3, "conversation": { "topics": ["pay"] } },
        "http": { "request_headers": { "X-A": "1" }, "method": "GET" },
        "security": {
            "labels": ["PII"],
            "classification": "secret",
            "subject": {
                "id": "alice", "subject_type": "user", "roles": ["admin"], "teams": ["blue"],
                "claims": { "iss": "me" }
            },
            "client": { "client_id": "app", "trust_level": "internal" },
            "caller_workload": {
                "spiffe_id": "spiffe://a/b", "attested_at": "2026-01-02T03:04:05Z"
            },
            "data": { "ssn": { "apply_labels": ["PII"] } }
        },
        "mcp": { "tool": { "name": "search", "input_schema": { "type": "object" } } },
        "completion": { "stop_reason": "max_tokens", "latency_ms": 12 },
        "llm": { "model_id": "m" },
        "meta": { "entity_type": "tool", "tags": ["a", "b"] }
    });
    let mut request = Request::tool_call("a").argument("n", 1);
    request.extensions = serde_json::from_value(extensions).unwrap();
    request
}

mod fields {
    use super::*;

    plugin_type!(Fields, |plugin, payload, extensions, ctx| {
        let message = &payload.message;
        assert_eq!((message.role, message.channel), (Role::Assistant, Some(Channel::Final)));
        assert_eq!(message.get_tool_calls()[0].arguments["n"], 1);
        assert_eq!(message.get_tool_results()[0].content, json!([1]));
        assert_eq!(message.content.len(), 4);
        let Extensions { request, agent, http, security, mcp, completion, .. } = extensions;
        let request = request.as_ref().unwrap();
        assert_eq!(request.request_id.as_deref(), Some("r-1"));
        let agent = agent.as_ref().unwrap();
        assert_eq!(agent.turn, Some(3));
        assert_eq!(agent.conversation.as_ref().unwrap().topics, ["pay"]);
        let http = http.as_ref().unwrap();
        // The slot is there, the field is not.
        assert!(http.path.is_none());
        let security = security.as_ref().unwrap();
        assert!(security.has_label("pii"));
        let subject = security.subject.as_ref().unwrap();
        assert_eq!(subject.subject_type, Some(SubjectType::User));
        assert!(subject.roles.contains("admin"));
        assert!(subject.permissions.is_empty() && subject.claims["iss"] == "me");
        let workload = security.caller_workload.as_ref().unwrap();
        assert_eq!(workload.spiffe_id.as_deref(), Some("spiffe://a/b"));
        assert_eq!(workload.attested_at.unwrap().timestamp(), 1_767_323_045);
        assert!(security.this_workload.is_none());
        assert_eq!(security.client.as_ref().unwrap().client_id, "app");
        assert_eq!(security.data["ssn"].apply_labels, ["PII"]);
        let tool = mcp.as_ref().unwrap().tool.as_ref().unwrap();
        assert_eq!(tool.input_schema, Some(json!({ "type": "object" })));
        assert!(mcp.as_ref().unwrap().prompt.is_none());
        let completion = completion.as_ref().unwrap();
        assert_eq!(completion.stop_reason, Some(StopReason::MaxTokens));
        assert_eq!(completion.latency_ms, Some(12));
        // The request has no such slots.
        assert!(extensions.provenance.is_none() && extensions.framework.is_none());
        PluginResult::allow()
    });

    cpex_plugin! {
        name: "fields",
        capabilities: [
            "read_agent", "read_headers", "read_labels", "read_subject", "read_roles",
            "read_permissions", "read_claims", "read_client", "read_workload",
        ],
        plugin: Fields = Fields::new,
        reads: [
            request::request_id, agent::turn, agent::conversation, http::path, security::labels,
            security::subject::subject_type, security::subject::roles,
            security::subject::permissions, security::subject::claims, security::caller_workload,
            security::this_workload, security::client::client_id, security::data,
            mcp::tool::input_schema, mcp::prompt::name, completion::stop_reason,
            completion::latency_ms, provenance::source, framework::metadata,
        ],
        hooks: { "cmf.tool_pre_invoke" => CmfHook },
    }

    #[test]
    fn one_field_at_a_time() {
        let result = model::ContentPart::ToolResult {
            content: model::ToolResult { content: json!([1]), ..Default::default() },
        };
        let text = model::ContentPart::Text { text: "hi".into() };
        let thought = model::ContentPart::Thinking { text: "hm".into() };
        let mut request = request().part(result).part(thought).part(text);
        let cpex_wasmi::Payload::Message(payload) = &mut request.payload else { unreachable!() };
        payload.message.channel = Some(model::Channel::Final);
        Harness::new(&PLUGIN).grant_all().call(HOOK, request).unwrap();
    }
}

mod whole {
    use super::*;

    plugin_type!(Whole, |plugin, payload, extensions, ctx| {
        let security = extensions.security.as_ref().unwrap();
        // Not granted, so not there.
        assert!(security.labels.is_empty() && security.subject.is_none());
        assert_eq!(security.classification.as_deref(), Some("secret"));
        assert!(extensions.meta.as_ref().unwrap().tags.contains("b"));
        assert_eq!(extensions.llm.as_ref().unwrap().model_id.as_deref(), Some("m"));
        assert!(extensions.completion.is_some() && extensions.mcp.is_some());
        assert!(extensions.custom.is_none() && extensions.provenance.is_none());
        assert!(payload.message.is_tool_call());
        PluginResult::allow()
    });

    cpex_plugin! {
        name: "whole",
        plugin: Whole = Whole::new,
        // In any order; what is whole stays whole.
        reads: [security, meta, llm, completion, mcp, custom, provenance],
        hooks: { "cmf.tool_pre_invoke" => CmfHook },
    }

    #[test]
    fn whole_slots_are_without_what_was_not_granted() {
        Harness::new(&PLUGIN).grant_all().call(HOOK, request()).unwrap();
    }
}
