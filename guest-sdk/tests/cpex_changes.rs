//! Changes by plugins in the cpex style, run natively against the host's rules.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    missing_docs
)]

mod cpex_common;

use cpex_common::plugin_type;
use cpex_wasmi_guest::cpex::extensions::{CandidateConstraintExtension, RequestExtension};
use cpex_wasmi_guest::cpex::{
    CmfHook, ContentPart, HookHandler, MessagePayload, Plugin, PluginConfig, PluginContext,
    PluginResult, PluginViolation, cpex_plugin,
};
use cpex_wasmi_guest::testing::{Harness, Payload, Request, model};
use serde_json::json;

const HOOK: &str = "cmf.tool_pre_invoke";

mod headers {
    use super::*;

    plugin_type!(Headers, |plugin, payload, extensions, ctx| {
        let mut modified = extensions.cow_copy();
        let token = modified.http_write_token.as_ref().unwrap();
        let http = modified.http.as_mut().unwrap().write(token);
        assert!(http.has_header("X-TRACE") && !http.add_request_header("x-Trace", "other"));
        http.set_header("X-Checked", "yes");
        http.set_response_header("X-Kept", "changed");
        assert_eq!(http.remove_request_header("x-internal").as_deref(), Some("secret"));
        // Not a header, so not the plugin's to change.
        http.method = Some("DELETE".into());
        PluginResult::modify_extensions(modified)
    });

    cpex_plugin! {
        name: "headers",
        capabilities: ["read_headers", "write_headers"],
        plugin: Headers = Headers::new,
        hooks: { "cmf.tool_pre_invoke" => CmfHook },
    }

    #[test]
    fn only_what_changed_in_headers_is_written() {
        let mut request =
            Request::tool_call("a").header("X-Trace", "t-1").header("X-Internal", "secret");
        let http = request.extensions.http.as_mut().unwrap();
        http.method = Some("GET".into());
        http.response_headers.insert("X-Kept".into(), "old".into());
        let outcome = Harness::new(&PLUGIN).grant_all().call(HOOK, request).unwrap();
        let http = outcome.changes.http.unwrap();
        let header = |name: &str| http.request_headers.get(name).map(String::as_str);
        assert_eq!(header("X-Checked"), Some("yes"));
        assert_eq!(header("X-Trace"), Some("t-1"));
        assert_eq!(header("X-Internal"), None);
        assert_eq!(http.response_headers["X-Kept"], "changed");
        assert_eq!(http.method.as_deref(), Some("GET"));
        // Two new values and one removal, beside which slots there are, the slot and its two maps.
        assert_eq!(outcome.receipt.host_calls, 7);
    }
}

mod redactor {
    use super::*;

    plugin_type!(Redactor, |plugin, payload, extensions, ctx| {
        let mut changed = payload.clone();
        for part in &mut changed.message.content {
            match part {
                ContentPart::ToolCall { content } => {
                    content.arguments.insert("ssn".into(), json!("***"));
                }
                ContentPart::Text { text } => *text = text.replace("secret", "***"),
                _ => {}
            }
        }
        PluginResult::modify_payload(changed)
    });

    cpex_plugin! {
        name: "redactor",
        plugin: Redactor = Redactor::new,
        hooks: { "cmf.tool_pre_invoke" => CmfHook },
    }

    #[test]
    fn it_gives_back_another_payload() {
        let text = model::ContentPart::Text { text: "the secret".into() };
        let request = Request::tool_call("a").argument("ssn", "123").argument("n", 4).part(text);
        let outcome = Harness::new(&PLUGIN).call(HOOK, request).unwrap();
        let Some(Payload::Message(payload)) = outcome.changes.payload else { panic!("no payload") };
        let call = payload.message.tool_calls().next().unwrap();
        assert_eq!((&call.arguments["ssn"], &call.arguments["n"]), (&json!("***"), &json!(4)));
        assert_eq!(payload.message.texts().collect::<Vec<_>>(), ["the ***"]);
    }
}

mod returned {
    use super::*;

    plugin_type!(Returned, |plugin, payload, extensions, ctx| {
        // Both are fetched by themselves, and the rest must not get lost.
        assert!(payload.message.get_text_content() == "hello" && payload.message.is_tool_call());
        PluginResult::modify_payload(payload.clone())
    });

    cpex_plugin! {
        name: "returned",
        plugin: Returned = Returned::new,
        hooks: { "cmf.tool_pre_invoke" => CmfHook },
    }

    #[test]
    fn a_message_given_back_keeps_parts_nobody_looked_at() {
        let text = model::ContentPart::Text { text: "hello".into() };
        let request = Request::tool_call("a").argument("n", 1).part(text);
        let outcome = Harness::new(&PLUGIN).call(HOOK, request.clone()).unwrap();
        assert_eq!(outcome.changes.payload, Some(request.payload));
    }
}

mod labeler {
    use super::*;

    plugin_type!(Labeler, |plugin, payload, extensions, ctx| {
        assert!(extensions.http_write_token.is_none());
        let mut modified = extensions.cow_copy();
        assert!(modified.labels_write_token.is_some());
        modified.security.get_or_insert_default().add_label("PROCESSED");
        // Not granted; CPEX leaves it out without a word.
        modified.delegation.get_or_insert_default().append_hop(Default::default());
        // Open to all.
        modified.custom.get_or_insert_default().insert("seen".into(), json!({ "by": [1] }));
        PluginResult::modify_extensions(modified)
    });

    cpex_plugin! {
        name: "labeler",
        capabilities: ["read_labels", "append_labels"],
        plugin: Labeler = Labeler::new,
        hooks: { "cmf.tool_pre_invoke" => CmfHook },
    }

    #[test]
    fn labels_and_custom_entries_are_added() {
        let request = Request::tool_call("a").label("PII").custom("kept", 1);
        let outcome = Harness::new(&PLUGIN).grant_all().call(HOOK, request).unwrap();
        assert_eq!(outcome.changes.labels.unwrap(), ["PII", "PROCESSED"].map(Into::into).into());
        let custom = outcome.changes.custom.unwrap();
        assert_eq!((&custom["kept"], &custom["seen"]), (&json!(1), &json!({ "by": [1] })));
        assert!(outcome.changes.delegation.is_none());
    }
}

mod tamperer {
    use super::*;

    plugin_type!(Tamperer, |plugin, payload, extensions, ctx| {
        let mut modified = extensions.cow_copy();
        modified.custom.get_or_insert_default().insert("seen".into(), json!(true));
        match plugin.config.config.as_ref().and_then(|config| config["how"].as_str()) {
            Some("immutable") => modified.request = Some(RequestExtension::default().into()),
            Some("label") => modified.security = Some(Default::default()),
            Some("constraint") => {
                let constraint = CandidateConstraintExtension::default();
                modified.candidate_constraint = Some(constraint.into());
            }
            _ => {}
        }
        PluginResult::modify_extensions(modified)
    });

    cpex_plugin! {
        name: "tamperer",
        capabilities: ["read_labels", "append_labels"],
        plugin: Tamperer = Tamperer::new,
        hooks: { "cmf.tool_pre_invoke" => CmfHook },
    }

    #[test]
    fn whoever_changes_what_he_must_not_changes_nothing() {
        let request = Request::tool_call("a").label("PII");
        for how in ["immutable", "label", "constraint"] {
            let mut harness = Harness::new(&PLUGIN).grant_all().config("how", how);
            let outcome = harness.call(HOOK, request.clone()).unwrap();
            assert!(outcome.decision.is_allow());
            assert!(outcome.changes.is_empty(), "{how}");
            assert_eq!(harness.take_log().len(), 1);
        }
        let mut harness = Harness::new(&PLUGIN).grant_all();
        assert!(harness.call(HOOK, request).unwrap().changes.custom.is_some());
    }
}

mod context {
    use super::*;

    plugin_type!(Counter, |plugin, payload, extensions, ctx| {
        let calls = ctx.get_local("calls").and_then(serde_json::Value::as_u64).unwrap_or_default();
        ctx.set_local("calls", json!(calls + 1));
        ctx.local_state.remove("old");
        ctx.set_global("who", json!(plugin.config.name));
        if calls > 2 {
            return PluginResult {
                violation: None,
                ..PluginResult::deny(PluginViolation::new("", ""))
            };
        }
        PluginResult::allow()
    });

    cpex_plugin! {
        name: "counter",
        plugin: Counter = Counter::new,
        hooks: { "cmf.tool_pre_invoke" => CmfHook },
    }

    fn request(calls: u64) -> Request {
        let mut context = model::PluginContext::default();
        context.local_state.insert("calls".into(), json!(calls));
        context.local_state.insert("old".into(), json!(1));
        context.local_state.insert("same".into(), json!([1.5, -1, null]));
        context.global_state.insert("others".into(), json!(true));
        Request::tool_call("a").context(context)
    }

    #[test]
    fn entries_are_added_changed_and_removed() {
        let outcome = Harness::new(&PLUGIN).call(HOOK, request(1)).unwrap();
        let local = outcome.changes.local_state.unwrap();
        assert_eq!(json!(local), json!({ "calls": 2, "same": [1.5, -1, null] }));
        let global = outcome.changes.global_state.unwrap();
        assert_eq!(json!(global), json!({ "others": true, "who": "counter" }));
        // One to read, and three that change something.
        assert_eq!(outcome.receipt.host_calls, 4);
    }

    #[test]
    fn a_denial_without_a_violation_denies_and_changes_nothing() {
        let outcome = Harness::new(&PLUGIN).call(HOOK, request(3)).unwrap();
        assert_eq!(outcome.decision.violation().unwrap().code, "denied");
        assert!(outcome.changes.is_empty());
    }
}

mod starter {
    use super::*;

    plugin_type!(Starter, |plugin, payload, extensions, ctx| {
        match ctx.global_state.len() {
            // One that is removed, one that stays.
            2 => drop(ctx.global_state.remove("old")),
            // A context in place of the one that was given.
            _ => *ctx = PluginContext::with_global_state([("new".to_owned(), json!(1))].into()),
        }
        PluginResult::allow()
    });

    cpex_plugin! {
        name: "starter",
        plugin: Starter = Starter::new,
        hooks: { "cmf.tool_pre_invoke" => CmfHook },
    }

    fn global_state(before: serde_json::Value) -> serde_json::Value {
        let global_state = serde_json::from_value(before).unwrap();
        let context = model::PluginContext { global_state, ..Default::default() };
        let request = Request::tool_call("a").context(context);
        json!(Harness::new(&PLUGIN).call(HOOK, request).unwrap().changes.global_state.unwrap())
    }

    #[test]
    fn a_context_can_be_emptied_and_replaced() {
        assert_eq!(global_state(json!({ "kept": 1, "old": 2 })), json!({ "kept": 1 }));
        assert_eq!(global_state(json!({ "old": 2 })), json!({ "new": 1 }));
    }
}

mod blind_labeler {
    use super::*;

    plugin_type!(Blind, |plugin, payload, extensions, ctx| {
        let mut modified = extensions.cow_copy();
        match modified.security.as_mut() {
            Some(security) => {
                security.add_label("SEEN");
                PluginResult::modify_extensions(modified)
            }
            None => PluginResult::allow(),
        }
    });

    cpex_plugin! {
        name: "blind",
        capabilities: ["append_labels"],
        plugin: Blind = Blind::new,
        hooks: { "cmf.tool_pre_invoke" => CmfHook },
    }

    #[test]
    fn labels_can_be_added_without_reading_them() {
        let mut harness = Harness::new(&PLUGIN).grant_all();
        let outcome = harness.call(HOOK, Request::tool_call("a").label("PII")).unwrap();
        assert_eq!(outcome.changes.labels.unwrap(), ["PII", "SEEN"].map(Into::into).into());
        assert!(harness.call(HOOK, Request::tool_call("a")).unwrap().changes.is_empty());
    }
}
