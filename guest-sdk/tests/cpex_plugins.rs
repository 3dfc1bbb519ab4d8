//! Plugins written as for CPEX, run natively against the host's rules.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    missing_docs
)]

mod cpex_common;

use cpex_common::plugin_type;
use cpex_wasmi_guest::cpex::{
    CmfHook, HookHandler, MessagePayload, Plugin, PluginConfig, PluginContext, PluginError,
    PluginResult, PluginViolation, cpex_plugin,
};
use cpex_wasmi_guest::testing::{Harness, Request};
use serde_json::json;

const HOOK: &str = "cmf.tool_pre_invoke";

mod guard {
    use super::*;

    plugin_type!(Guard, |plugin, payload, extensions, ctx| {
        let Some(security) = &extensions.security else { return PluginResult::allow() };
        let may = security.subject.as_ref().is_some_and(|who| who.roles.contains("hr_admin"));
        let Some(call) = payload.message.get_tool_calls().first().copied() else {
            return PluginResult::allow();
        };
        if security.has_label("pii") && !may {
            let violation = PluginViolation::new("pii_access", format!("not {}", call.name))
                .with_description("ask your manager")
                .with_details([("tool".into(), json!(call.name)), ("n".into(), json!(1))].into())
                .with_proto_error_code(-32_000);
            return PluginResult::deny(violation);
        }
        PluginResult::allow()
    });

    cpex_plugin! {
        name: "guard",
        capabilities: ["read_labels", "read_roles"],
        plugin: Guard = Guard::new,
        hooks: { "cmf.tool_pre_invoke" => CmfHook, "cmf.tool_post_invoke" => CmfHook },
    }

    #[test]
    fn it_denies_with_all_that_it_says() {
        let mut harness = Harness::new(&PLUGIN).grant_all();
        let request = Request::tool_call("get_pay").label("PII").subject("alice");
        let outcome = harness.call(HOOK, request.clone().role("engineer")).unwrap();
        let violation = outcome.decision.violation().unwrap();
        assert_eq!((&*violation.code, &*violation.reason), ("pii_access", "not get_pay"));
        assert_eq!(violation.description.as_deref(), Some("ask your manager"));
        assert_eq!(violation.details.len(), 2);
        assert_eq!(violation.proto_error_code, Some(-32_000));

        assert!(harness.call(HOOK, request.role("hr_admin")).unwrap().decision.is_allow());
        let other = Request::tool_call("search");
        assert!(harness.call("cmf.tool_post_invoke", other).unwrap().decision.is_allow());
    }

    #[test]
    fn what_is_not_granted_is_no_empty_answer() {
        let failure = Harness::new(&PLUGIN).call(HOOK, Request::tool_call("a")).unwrap_err();
        assert_eq!(failure.code(), "capability_denied");
    }
}

mod telemetry {
    use super::*;
    use cpex_wasmi_guest::cpex::count;

    plugin_type!(Reporter, |plugin, payload, extensions, ctx| {
        count("texts.seen", 2);
        count("not a name", 1);
        let mut result = PluginResult::allow();
        result.metadata = Some(match payload.message.get_tool_calls()[0].name.as_str() {
            "object" => json!({ "rules": ["a"], "long": { "n": 1.5 }, "no\nkey": 1 }),
            _ => json!("plain"),
        });
        if payload.message.get_tool_calls()[0].name == "deny" {
            result.continue_processing = false;
        }
        result
    });

    cpex_plugin! {
        name: "reporter",
        plugin: Reporter = Reporter::new,
        hooks: { "cmf.tool_pre_invoke" => CmfHook },
    }

    #[test]
    fn metadata_and_counters_reach_the_host() {
        let mut harness = Harness::new(&PLUGIN);
        let told = harness.call(HOOK, Request::tool_call("object")).unwrap().telemetry;
        assert_eq!(told.metrics, [("texts.seen".to_owned(), 2)].into());
        let metadata = serde_json::to_value(&told.metadata).unwrap();
        assert_eq!(metadata, json!({ "rules": ["a"], "long": { "n": 1.5 } }));
        let log: Vec<_> = harness.take_log().into_iter().map(|line| line.message).collect();
        let name = "the metric `not a name` was refused: InvalidArgument";
        assert_eq!(log, [name, "the metadata `no\\nkey` was refused: InvalidArgument"]);

        for tool in ["text", "deny"] {
            let outcome = harness.call(HOOK, Request::tool_call(tool)).unwrap();
            assert_eq!(outcome.decision.is_allow(), tool == "text");
            assert_eq!(outcome.telemetry.metadata["value"], "plain");
        }
    }
}

mod config {
    use super::*;

    struct Configured {
        config: PluginConfig,
        limit: u64,
    }

    fn configured(config: PluginConfig) -> Result<Configured, Box<PluginError>> {
        assert_eq!((&*config.name, &*config.kind), ("configured", "wasm"));
        assert_eq!(config.hooks, [HOOK]);
        assert_eq!(config.description.as_deref(), Some("limits"));
        assert!(config.capabilities.contains("read_labels") && config.capabilities.len() == 1);
        let settings = config.config.clone().unwrap_or_default();
        let limit = settings.get("limit").and_then(serde_json::Value::as_u64);
        match limit {
            Some(limit) => Ok(Configured { config, limit }),
            None => Err(PluginError::Config { message: "a limit is missing".into() }.boxed()),
        }
    }

    #[async_trait::async_trait]
    impl Plugin for Configured {
        fn config(&self) -> &PluginConfig {
            &self.config
        }

        async fn initialize(&self) -> Result<(), Box<PluginError>> {
            if self.limit > 10 {
                return Err(Box::new(PluginError::Execution {
                    plugin_name: self.config.name.clone(),
                    message: "too much".into(),
                    source: None,
                    code: None,
                    details: Default::default(),
                    proto_error_code: None,
                }));
            }
            if self.limit == 10 {
                std::future::pending::<()>().await;
            }
            Ok(())
        }

        async fn shutdown(&self) -> Result<(), Box<PluginError>> {
            match self.limit {
                8 => Err(PluginError::Config { message: "eight is not enough".into() }.boxed()),
                9 => std::future::pending().await,
                _ => Ok(()),
            }
        }
    }

    impl HookHandler<CmfHook> for Configured {
        async fn handle(
            &self,
            _: &MessagePayload,
            _: &Extensions,
            _: &mut PluginContext,
        ) -> PluginResult<MessagePayload> {
            PluginResult::deny(PluginViolation::new("limit", self.limit.to_string()))
        }
    }

    cpex_plugin! {
        hooks: { "cmf.tool_pre_invoke" => CmfHook },
        plugin: Configured = configured,
        name: "configured",
        description: "limits",
        capabilities: ["read_labels"],
        config_schema: r#"{"type":"object"}"#,
    }

    #[test]
    fn the_configuration_is_the_operator_s() {
        let mut harness = Harness::new(&PLUGIN).grant_all().config("limit", 7);
        let outcome = harness.call(HOOK, Request::tool_call("a")).unwrap();
        assert_eq!(outcome.decision.violation().unwrap().reason, "7");
    }

    #[test]
    fn a_plugin_that_is_not_ready_is_not_called() {
        for (limit, expected) in [
            (json!("no number"), "configuration error: a limit is missing"),
            (json!(11), "plugin 'configured' failed: too much"),
            (json!(10), "a plugin cannot wait"),
        ] {
            let mut harness = Harness::new(&PLUGIN).grant_all().config("limit", limit);
            let failure = harness.call(HOOK, Request::tool_call("a")).unwrap_err();
            assert_eq!(failure.code(), "plugin_failed");
            assert!(failure.to_string().contains(expected), "{failure}");
        }
    }

    #[test]
    fn a_plugin_ends_as_it_says() {
        for (limit, expected) in
            [(7, None), (8, Some("eight is not enough")), (9, Some("a plugin cannot wait"))]
        {
            let mut harness = Harness::new(&PLUGIN).grant_all().config("limit", limit);
            harness.call(HOOK, Request::tool_call("a")).unwrap();
            let failure = harness.shutdown().err();
            assert_eq!(failure.as_ref().map(|it| it.code()), expected.map(|_| "plugin_failed"));
            let words = failure.map(|it| it.to_string()).unwrap_or_default();
            assert!(words.contains(expected.unwrap_or_default()), "{words}");
        }
    }
}

mod waiting {
    use super::*;

    plugin_type!(Waiting, |plugin, payload, extensions, ctx| {
        std::future::pending::<()>().await;
        PluginResult::allow()
    });

    cpex_plugin! {
        name: "waiting",
        plugin: Waiting = Waiting::new,
        hooks: { "cmf.tool_pre_invoke" => CmfHook },
    }

    #[test]
    fn a_plugin_that_waits_gives_up() {
        let mut harness = Harness::new(&PLUGIN);
        let failure = harness.call(HOOK, Request::tool_call("a")).unwrap_err();
        assert_eq!(failure.code(), "plugin_failed");
        assert!(failure.to_string().contains("a plugin cannot wait"), "{failure}");
    }
}

mod unlisted {
    use super::*;
    use cpex_wasmi_guest::cpex::{Channel, ContentPart, Role};
    use cpex_wasmi_guest::testing::{Payload, model};

    plugin_type!(Unlisted, |plugin, payload, extensions, ctx| {
        let message = &payload.message;
        let found = match plugin.config.config.as_ref().and_then(|config| config["look"].as_str()) {
            Some("calls") => message.get_tool_calls().iter().any(|call| call.name == "get_pay"),
            Some("results") => message.get_tool_results().iter().any(|result| result.is_error),
            Some("texts") => message.get_text_content() == "secret plans",
            Some("thoughts") => message.get_thinking_content().as_deref() == Some("hm"),
            Some("content") => {
                let is_secret = |part: &ContentPart| match part {
                    ContentPart::Text { text } => text == " plans",
                    _ => false,
                };
                message.content.len() == 5 && message.content.iter().any(is_secret)
            }
            Some("head and calls") => {
                message.role == Role::Tool && message.get_tool_calls().len() == 1
            }
            Some("head") => (message.role, message.channel) == (Role::Tool, Some(Channel::Final)),
            Some("state") => ctx.get_global("seen").is_some(),
            _ => false,
        };
        match found {
            true => PluginResult::deny(PluginViolation::new("found", "no")),
            false => PluginResult::allow(),
        }
    });

    cpex_plugin! {
        name: "unlisted",
        plugin: Unlisted = Unlisted::new,
        hooks: { "cmf.tool_pre_invoke" => CmfHook },
    }

    fn request() -> Request {
        let result = model::ToolResult { is_error: true, ..Default::default() };
        let mut request = Request::tool_call("get_pay")
            .part(model::ContentPart::Text { text: "secret".into() })
            .part(model::ContentPart::ToolResult { content: result })
            .part(model::ContentPart::Thinking { text: "hm".into() })
            .part(model::ContentPart::Text { text: " plans".into() });
        let Payload::Message(payload) = &mut request.payload else { unreachable!() };
        payload.message.role = model::Role::Tool;
        payload.message.channel = Some(model::Channel::Final);
        request.context.global_state.insert("seen".into(), json!(1));
        request
    }

    #[test]
    fn a_handler_finds_all_that_it_looks_at() {
        for look in ["calls", "results", "texts", "thoughts", "content", "head", "state"] {
            let mut harness = Harness::new(&PLUGIN).config("look", look);
            let outcome = harness.call(HOOK, request()).unwrap();
            assert_eq!(outcome.decision.violation().unwrap().code, "found", "{look}");
        }
    }

    #[test]
    fn a_handler_that_looks_at_nothing_fetches_nothing() {
        let outcome = Harness::new(&PLUGIN).call(HOOK, request()).unwrap();
        assert_eq!((outcome.receipt.host_calls, outcome.receipt.bytes_read), (0, 0));
    }

    #[test]
    fn a_look_at_the_role_fetches_no_content() {
        let mut request = request();
        let text = model::ContentPart::Text { text: "long".repeat(10_000) };
        let Payload::Message(payload) = &mut request.payload else { unreachable!() };
        payload.message.content.push(text);
        for (look, most) in [("head", 32), ("head and calls", 64)] {
            let mut harness = Harness::new(&PLUGIN).config("look", look);
            let outcome = harness.call(HOOK, request.clone()).unwrap();
            assert!(!outcome.decision.is_allow());
            assert!(outcome.receipt.bytes_read < most, "{look}: {:?}", outcome.receipt);
        }
    }

    #[test]
    fn a_hook_without_a_message_has_no_empty_message() {
        let payload = Payload::Identity(Box::new(model::IdentityPayload::new("t", "bearer")));
        let mut harness = Harness::new(&PLUGIN).config("look", "content");
        let failure = harness.call(HOOK, Request::new(payload)).unwrap_err();
        assert!(
            failure.to_string().contains("payload of this hook has no such field"),
            "{failure}"
        );
    }
}

mod kept {
    use super::*;
    use std::sync::Mutex;

    static KEPT: Mutex<Vec<MessagePayload>> = Mutex::new(Vec::new());

    plugin_type!(Kept, |plugin, payload, extensions, ctx| {
        let mut kept = KEPT.lock().unwrap();
        kept.push(payload.clone());
        let names = kept.iter().map(|payload| payload.message.get_tool_calls()[0].name.clone());
        PluginResult::deny(PluginViolation::new("kept", names.collect::<String>()))
    });

    cpex_plugin! {
        name: "kept",
        plugin: Kept = Kept::new,
        hooks: { "cmf.tool_pre_invoke" => CmfHook },
    }

    #[test]
    fn a_message_that_is_kept_stays_that_of_its_call() {
        let mut harness = Harness::new(&PLUGIN);
        harness.call(HOOK, Request::tool_call("a")).unwrap();
        let outcome = harness.call(HOOK, Request::tool_call("b")).unwrap();
        assert_eq!(outcome.decision.violation().unwrap().reason, "ab");
    }
}

mod told {
    use super::*;
    use cpex_wasmi_guest::cpex::hook;

    plugin_type!(Told, |plugin, payload, extensions, ctx| {
        PluginResult::deny(PluginViolation::new("told", hook()))
    });

    cpex_plugin! {
        name: "told",
        plugin: Told = Told::new,
        hooks: { "cmf.tool_pre_invoke" => CmfHook, "cmf.llm_input" => CmfHook },
    }

    #[test]
    fn a_handler_is_told_its_hook() {
        let mut harness = Harness::new(&PLUGIN);
        for hook in [HOOK, "cmf.llm_input"] {
            let outcome = harness.call(hook, Request::tool_call("a")).unwrap();
            assert_eq!(outcome.decision.violation().unwrap().reason, hook);
        }
    }
}
