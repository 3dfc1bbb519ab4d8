//! The slots that a plugin finds, and what its capabilities hide.
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
        let request = extensions.request.as_ref().unwrap();
        assert_eq!(request.request_id.as_deref(), Some("r-1"));
        let agent = extensions.agent.as_ref().unwrap();
        assert_eq!(agent.turn, Some(3));
        assert_eq!(agent.conversation.as_ref().unwrap().topics, ["pay"]);
        let http = extensions.http.as_ref().unwrap();
        // The slot is there, the field is not.
        assert!(http.path.is_none());
        let security = extensions.security.as_ref().unwrap();
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
        let mcp = extensions.mcp.as_ref().unwrap();
        let tool = mcp.tool.as_ref().unwrap();
        assert_eq!(tool.input_schema, Some(json!({ "type": "object" })));
        assert!(mcp.prompt.is_none());
        let completion = extensions.completion.as_ref().unwrap();
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

mod granted_little {
    use super::*;

    plugin_type!(Little, |plugin, payload, extensions, ctx| {
        let security = extensions.security.as_ref().unwrap();
        assert_eq!(security.classification.as_deref(), Some("secret"));
        // Not granted, so not there.
        assert!(security.subject.is_none() && security.client.is_none());
        assert!(extensions.meta.as_ref().unwrap().tags.contains("b"));
        assert_eq!(extensions.llm.as_ref().unwrap().model_id.as_deref(), Some("m"));
        assert!(extensions.completion.is_some() && extensions.mcp.is_some());
        assert!(extensions.custom.is_none() && extensions.provenance.is_none());
        assert!(payload.message.is_tool_call());
        // What people and JSON are shown has nothing of what is hidden.
        let shown = serde_json::to_value(extensions).unwrap();
        assert_eq!(shown["security"]["labels"], json!([]));
        assert!(shown.get("agent").is_none() && format!("{extensions:?}").contains("NotGranted"));
        if plugin.config.config.is_some() {
            assert!(security.labels.is_empty());
        }
        PluginResult::allow()
    });

    cpex_plugin! {
        name: "little",
        plugin: Little = Little::new,
        hooks: { "cmf.tool_pre_invoke" => CmfHook },
    }

    #[test]
    fn parts_of_slots_that_are_not_granted_are_missing() {
        Harness::new(&PLUGIN).call(HOOK, request()).unwrap();
    }

    #[test]
    fn hidden_labels_fail_the_call_and_do_not_look_empty() {
        let mut harness = Harness::new(&PLUGIN).config("look", true);
        let error = harness.call(HOOK, request()).unwrap_err();
        assert!(error.to_string().contains("it needs the capability"), "{error}");
    }
}

mod hidden {
    use super::*;

    plugin_type!(Hidden, |plugin, payload, extensions, ctx| {
        let security = extensions.security.as_ref().unwrap();
        let subject = security.subject.as_ref().unwrap();
        assert_eq!(subject.id.as_deref(), Some("alice"));
        match plugin.config.config.as_ref().and_then(|config| config["look"].as_str()) {
            Some("roles") => drop(subject.roles.contains("admin")),
            Some("permissions") => drop(subject.permissions.is_empty()),
            Some("claims") => drop(subject.claims.get("iss")),
            Some("set") => drop(subject.roles.iter().count()),
            Some("label") => drop(security.has_label("x")),
            Some("labels") => drop(security.labels.iter().count()),
            _ => assert!(subject.teams.contains("blue")),
        }
        PluginResult::allow()
    });

    cpex_plugin! {
        name: "hidden",
        capabilities: ["read_teams"],
        plugin: Hidden = Hidden::new,
        hooks: { "cmf.tool_pre_invoke" => CmfHook },
    }

    #[test]
    fn each_look_at_a_hidden_set_or_map_fails() {
        Harness::new(&PLUGIN).call(HOOK, request()).unwrap_err();
        Harness::new(&PLUGIN).grant_all().call(HOOK, request()).unwrap();
        for look in ["roles", "permissions", "claims", "set", "label", "labels"] {
            let mut harness = Harness::new(&PLUGIN).grant_all().config("look", look);
            let error = harness.call(HOOK, request()).unwrap_err();
            assert!(error.to_string().contains("it needs the capability"), "{look}: {error}");
        }
    }
}

mod outlives {
    use super::*;
    use cpex_wasmi_guest::cpex::OwnedExtensions;
    use cpex_wasmi_guest::cpex::extensions::{SecurityExtension, Slot};
    use std::sync::Mutex;

    static KEPT: Mutex<Option<Slot<SecurityExtension>>> = Mutex::new(None);
    static COPY: Mutex<Option<OwnedExtensions>> = Mutex::new(None);

    plugin_type!(Keeper, |plugin, payload, extensions, ctx| {
        if plugin.config.config.is_some() {
            let before = COPY.lock().unwrap().replace(extensions.cow_copy());
            // Nothing of it was fetched in its own call.
            let _ = before.is_some_and(|before| before.security.unwrap().classification.is_none());
            return PluginResult::allow();
        }
        let mut kept = KEPT.lock().unwrap();
        match &*kept {
            // The first request's, not this one's.
            Some(security) => assert_eq!(security.classification.as_deref(), Some("secret")),
            None => *kept = extensions.security.clone(),
        }
        PluginResult::allow()
    });

    cpex_plugin! {
        name: "keeper",
        plugin: Keeper = Keeper::new,
        hooks: { "cmf.tool_pre_invoke" => CmfHook },
    }

    #[test]
    fn a_clone_of_a_slot_has_all_of_it() {
        let mut harness = Harness::new(&PLUGIN);
        harness.call(HOOK, request()).unwrap();
        harness.call(HOOK, Request::tool_call("other")).unwrap();
    }

    #[test]
    fn a_copy_of_another_call_is_not_of_this_one() {
        let mut harness = Harness::new(&PLUGIN).config("copy", true);
        harness.call(HOOK, request()).unwrap();
        let error = harness.call(HOOK, request()).unwrap_err();
        assert!(error.to_string().contains("its call is over"), "{error}");
    }
}
