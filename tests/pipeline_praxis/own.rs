//! Hooks and values that only praxis-policy has, as plugins see and leave them.

use std::sync::Arc;

use cpex_wasmi::Capability;
use cpex_wasmi::abi::{Field, Status};
use serde_json::{Value, json};

use crate::common::boundary::at;
use crate::common::{HOOK, guest_for};
use crate::kinds::{after, invoke_about, place};
use crate::pipeline::*;
use crate::script::Script;
use crate::upstream::PluginManager;
use crate::upstream::delegation::{DelegationPayload, TokenDelegateHook};
use crate::upstream::elicitation::{ElicitationHook, ElicitationOp, ElicitationPayload};
use crate::upstream::extensions::raw_credentials::{
    DelegationKey, DelegationMode, RawCredentialsExtension, RawDelegatedToken,
};
use crate::upstream::extensions::{
    Extensions, HttpExtension, LlmRequestDocument, SecurityExtension, SubjectExtension,
};
use crate::upstream::http_hook::{HttpHook, HttpPayload};
use crate::upstream::identity::{IdentityHook, IdentityPayload, TokenSource};

/// An engine with one plugin that makes these calls.
async fn scripted(script: &Script<'_>, hook: &str, capabilities: &[&str]) -> Arc<PluginManager> {
    let plugins = Plugins::new().with("guest.wasm", &script.build());
    plugins
        .start(&format!("plugins:\n{}", granting("guest", "guest", hook, capabilities, "")))
        .await
}

fn http(status: Option<u16>) -> Extensions {
    let mut http = HttpExtension { status, ..HttpExtension::default() };
    http.method = Some("GET".into());
    http.response_headers.insert("server".into(), "x/1.0".into());
    Extensions { http: Some(Arc::new(http)), ..Extensions::default() }
}

#[test]
fn plugins_see_http_requests_and_their_responses() {
    on_both(async || {
        for (hook, status) in [("http.request", None), ("http.response", Some(503))] {
            let capabilities = ["read_headers", "write_headers"];
            let script = Script::new(&capabilities)
                .on(hook)
                .keep(at(Field::PayloadType), "type")
                .keep(at(Field::Payload), "payload")
                .keep(at(Field::HttpMethod), "method")
                .json((Field::Payload, 0, Some("/body")), &json!("x"))
                .refused(Status::Malformed)
                .remove((Field::HttpResponseHeaders, 0, Some("server")));
            let script = match status {
                Some(_) => script
                    .keep(at(Field::HttpStatus), "status")
                    .keep((Field::Http, 0, Some("/status")), "in_record"),
                None => script.read(at(Field::HttpStatus)).refused(Status::Absent),
            };
            let engine = scripted(&script, hook, &capabilities).await;
            let (result, _) =
                engine.invoke_named::<HttpHook>(hook, HttpPayload, http(status), None).await;
            assert!(!result.is_denied(), "{:?}", result.violation);
            let mut expected = json!({"type": "http", "payload": {}, "method": "GET"});
            if let Some(status) = status {
                expected["status"] = status.into();
                expected["in_record"] = status.into();
            }
            assert_eq!(local_states(&engine, &result.context_table)["guest"], expected);
            let http = extensions(&result).http.as_ref().unwrap();
            assert!(http.response_headers.is_empty());
            assert_eq!(http.status, status);
        }
    });
}

fn with_claims(claims: Value) -> SubjectExtension {
    let Value::Object(claims) = claims else { panic!("claims are an object") };
    let claims = claims.into_iter().collect();
    SubjectExtension { id: Some("alice".into()), claims, ..SubjectExtension::default() }
}

#[test]
fn claims_are_read_as_texts_and_as_values() {
    on_both(async || {
        let script = Script::new(&["read_claims"])
            .keep(at(Field::SubjectClaims), "texts")
            .keep(at(Field::SubjectClaimValues), "values")
            .keep((Field::SubjectClaimValues, 0, Some("groups")), "groups")
            .keep_text((Field::SubjectClaims, 0, Some("groups")), "groups_text")
            .keep((Field::Subject, 0, Some("/claim_values/age")), "age");
        let engine = scripted(&script, HOOK, &["read_claims"]).await;
        let subject = with_claims(json!({"iss": "idp", "groups": ["a", "b"], "age": 7}));
        let security = SecurityExtension { subject: Some(subject), ..SecurityExtension::default() };
        let request = Extensions { security: Some(Arc::new(security)), ..Extensions::default() };
        let result = invoke(&engine, tool_call("pay"), request).await;
        assert!(!result.is_denied(), "{:?}", result.violation);
        assert_eq!(
            local_states(&engine, &result.context_table)["guest"],
            json!({
                "texts": {"iss": "idp", "groups": r#"["a","b"]"#, "age": "7"},
                "values": {"groups": ["a", "b"], "age": 7},
                "groups": ["a", "b"],
                "groups_text": r#"["a","b"]"#,
                "age": 7,
            })
        );
    });
}

#[test]
fn claims_stay_values_where_a_plugin_resolves_the_rest() {
    on_both(async || {
        let hook = "identity.resolve";
        let script = Script::new(&[])
            .on(hook)
            .json(place("/subject/claims/iss"), &json!("other"))
            .json(place("/subject/claim_values/admin"), &json!(false))
            .text(place("/subject/id"), "bob");
        let engine = scripted(&script, hook, &[]).await;
        let mut payload = IdentityPayload::new("token", TokenSource::Bearer);
        payload.subject = Some(with_claims(json!({"iss": "idp", "groups": ["a"], "age": 7})));
        let result =
            invoke_about::<IdentityHook>(&engine, hook, payload, Extensions::default()).await;
        let subject = after::<IdentityPayload>(&result).subject.as_ref().unwrap();
        assert_eq!(subject.id.as_deref(), Some("bob"));
        let expected = json!({"iss": "other", "groups": ["a"], "age": 7, "admin": false});
        assert_eq!(json!(subject.claims), expected);
    });
}

#[test]
fn a_parsed_model_request_takes_a_capability() {
    on_both(async || {
        let body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
        let request = || Extensions {
            llm_request: Some(LlmRequestDocument::new(body.clone())),
            ..Extensions::default()
        };
        let hook = "cmf.llm_input";
        let capability = ["read_llm_request"];
        let script = Script::new(&capability)
            .on(hook)
            .keep(at(Field::LlmRequest), "whole")
            .keep_text((Field::LlmRequest, 0, Some("/messages/0/content")), "content")
            .json(at(Field::LlmRequest), &json!({}))
            .refused(Status::ReadOnly);
        let engine = scripted(&script, hook, &capability).await;
        let result = invoke_hook(&engine, hook, tool_call("pay"), request(), None).await;
        let states = local_states(&engine, &result.context_table);
        assert_eq!(states["guest"], json!({"whole": body, "content": "hi"}));
        let left = extensions(&result).llm_request.as_ref().unwrap();
        assert_eq!(left.value(), &body);

        let script =
            Script::new(&[]).on(hook).read(at(Field::LlmRequest)).refused(Status::CapabilityDenied);
        let engine = scripted(&script, hook, &[]).await;
        let result = invoke_hook(&engine, hook, tool_call("pay"), request(), None).await;
        assert!(!result.is_denied(), "{:?}", result.violation);
    });
}

/// A minted token with a prefix of its own.
fn minted() -> RawDelegatedToken {
    RawDelegatedToken::new("tok", "X-Api-Key", "hr", vec![], chrono::DateTime::UNIX_EPOCH)
        .with_outbound_prefix("Key ")
}

#[test]
fn prefixes_and_names_of_tokens_are_kept_and_stated() {
    on_both(async || {
        let hook = "token.delegate";
        let seen = Script::new(&[])
            .on(hook)
            .keep_text(place("/delegated_token/outbound_prefix"), "prefix")
            .keep_text(place("/delegator_name"), "delegator")
            .text(place("/delegator_name"), "another")
            .refused(Status::ReadOnly)
            .json(place("/metadata"), &json!({"note": "seen"}));
        let engine = scripted(&seen, hook, &[]).await;
        let mut payload = DelegationPayload::new("bearer", "get_salary").with_delegator_name("d1");
        payload.delegated_token = Some(minted());
        let result =
            invoke_about::<TokenDelegateHook>(&engine, hook, payload.clone(), labelled(&[])).await;
        let now: &DelegationPayload = after(&result);
        let states = local_states(&engine, &result.context_table);
        assert_eq!(states["guest"], json!({"prefix": "Key ", "delegator": "d1"}));
        assert_eq!(now.metadata["note"], "seen");
        assert_eq!(now.delegator_name(), "d1");
        let token = now.delegated_token.as_ref().unwrap();
        assert_eq!((&**token.token, &*token.outbound_prefix), ("tok", "Key "));

        let states = Script::new(&[]).on(hook).text(place("/delegated_token/outbound_prefix"), "");
        let engine = scripted(&states, hook, &[]).await;
        let result = invoke_about::<TokenDelegateHook>(&engine, hook, payload, labelled(&[])).await;
        let now: &DelegationPayload = after(&result);
        assert_eq!(now.delegated_token.as_ref().unwrap().outbound_prefix, "");
    });
}

#[test]
fn tokens_of_an_identity_keep_their_names() {
    on_both(async || {
        let hook = "identity.resolve";
        let script = Script::new(&[])
            .on(hook)
            .keep(place("/raw_credentials/delegated_tokens/0/0/target_name"), "target")
            .text(place("/subject/id"), "bob");
        let engine = scripted(&script, hook, &[]).await;
        let key = DelegationKey::new(DelegationMode::AsClient, "hr", vec![])
            .with_target_name("get_salary")
            .with_delegator_name("d1");
        let mut credentials = RawCredentialsExtension::default();
        credentials.delegated_tokens.insert(key, minted());
        let mut payload = IdentityPayload::new("token", TokenSource::Bearer);
        payload.subject = Some(SubjectExtension::default());
        payload.raw_credentials = Some(credentials);
        let result =
            invoke_about::<IdentityHook>(&engine, hook, payload, Extensions::default()).await;
        let states = local_states(&engine, &result.context_table);
        assert_eq!(states["guest"], json!({"target": "get_salary"}));
        let now = after::<IdentityPayload>(&result).raw_credentials.as_ref().unwrap();
        let (key, token) = now.delegated_tokens.iter().next().unwrap();
        assert_eq!((&*key.target_name, &*key.delegator_name), ("get_salary", "d1"));
        assert_eq!((&**token.token, &*token.outbound_prefix), ("tok", "Key "));
    });
}

#[test]
fn a_question_is_bound_to_its_route_and_tool() {
    on_both(async || {
        let hook = "elicit";
        let script = Script::new(&[])
            .on(hook)
            .keep_text(place("/route_key"), "route")
            .keep_text(place("/tool"), "tool")
            .keep_text(place("/requester"), "requester")
            .keep(place("/peek"), "peek")
            .text(place("/tool"), "another")
            .refused(Status::ReadOnly)
            .text(place("/reason"), "asked");
        let engine = scripted(&script, hook, &[]).await;
        let payload = ElicitationPayload::new(ElicitationOp::Check, "approval", "manager")
            .with_binding("tool:pay", "pay", "alice")
            .with_peek(true);
        let result =
            invoke_about::<ElicitationHook>(&engine, hook, payload, Extensions::default()).await;
        let states = local_states(&engine, &result.context_table);
        let expected =
            json!({"route": "tool:pay", "tool": "pay", "requester": "alice", "peek": true});
        assert_eq!(states["guest"], expected);
        let now: &ElicitationPayload = after(&result);
        assert_eq!(now.reason.as_deref(), Some("asked"));
        assert_eq!((now.route_key(), now.tool(), now.requester()), ("tool:pay", "pay", "alice"));
        assert!(now.peek());
    });
}

/// A plugin that reads its payload whole, in postcard, and hands it back.
fn echo(hook: &str) -> Vec<u8> {
    let at = format!(
        "(i32.const {}) (i32.const 0) (i32.const 0) (i32.const -1)",
        Field::Payload.number()
    );
    guest_for(
        &[hook],
        &format!(
            r#"(func (export "cpex_invoke") (param i32) (result i32) (local $len i32)
                 (local.set $len (call $read {at} (i32.const 4096) (i32.const 32768)))
                 (if (i32.lt_s (local.get $len) (i32.const 0)) (then (return (local.get $len))))
                 (call $write {at} (i32.const 4096) (local.get $len)))"#
        ),
    )
}

async fn echoing(hook: &str) -> Arc<PluginManager> {
    let plugins = Plugins::new().with("guest.wasm", &echo(hook));
    plugins.start(&format!("plugins:\n{}", granting("guest", "guest", hook, &[], ""))).await
}

#[test]
fn a_payload_handed_back_in_postcard_is_what_it_was() {
    on_both(async || {
        let key = DelegationKey::new(DelegationMode::AsClient, "hr", vec![])
            .with_target_name("get_salary")
            .with_delegator_name("d1");
        let mut credentials = RawCredentialsExtension::default();
        credentials.delegated_tokens.insert(key, minted());
        let mut identity = IdentityPayload::new("token", TokenSource::Bearer);
        identity.subject = Some(with_claims(json!({"iss": "idp", "groups": ["a"], "age": 7})));
        identity.raw_credentials = Some(credentials);
        let engine = echoing("identity.resolve").await;
        let request = (identity.clone(), Extensions::default());
        let result =
            invoke_about::<IdentityHook>(&engine, "identity.resolve", request.0, request.1).await;
        assert!(result.payload_modified);
        let now: &IdentityPayload = after(&result);
        assert_eq!(json!(now), json!(identity));
        let tokens = &now.raw_credentials.as_ref().unwrap().delegated_tokens;
        assert_eq!(&**tokens.values().next().unwrap().token, "tok");

        let mut delegation = DelegationPayload::new("bearer", "pay").with_delegator_name("d1");
        delegation.delegated_token = Some(minted());
        let engine = echoing("token.delegate").await;
        let request = (delegation.clone(), Extensions::default());
        let result =
            invoke_about::<TokenDelegateHook>(&engine, "token.delegate", request.0, request.1)
                .await;
        assert_eq!(json!(after::<DelegationPayload>(&result)), json!(delegation));

        let question = ElicitationPayload::new(ElicitationOp::Check, "approval", "manager")
            .with_binding("tool:pay", "pay", "alice")
            .with_peek(true);
        let engine = echoing("elicit").await;
        let request = (question.clone(), Extensions::default());
        let result = invoke_about::<ElicitationHook>(&engine, "elicit", request.0, request.1).await;
        assert_eq!(json!(after::<ElicitationPayload>(&result)), json!(question));
    });
}

#[test]
fn each_slot_is_read_as_the_engine_writes_it() {
    let fields = [
        ("agent", Field::Agent),
        ("candidate_constraint", Field::CandidateConstraint),
        ("completion", Field::Completion),
        ("custom", Field::Custom),
        ("delegation", Field::Delegation),
        ("framework", Field::Framework),
        ("http", Field::Http),
        ("llm", Field::Llm),
        ("mcp", Field::Mcp),
        ("meta", Field::Meta),
        ("provenance", Field::Provenance),
        ("request", Field::Request),
        ("security", Field::Security),
    ];
    let capabilities: Vec<_> = Capability::ALL.iter().copied().map(Capability::name).collect();
    let script = fields
        .into_iter()
        .fold(Script::new(&capabilities), |script, (name, field)| script.keep(at(field), name));
    on_both(async || {
        let engine = scripted(&script, HOOK, &capabilities).await;
        let before = full_extensions();
        let result = invoke(&engine, tool_call("pay"), before.clone()).await;
        assert!(!result.is_denied(), "{:?}", result.violation);
        let seen = &local_states(&engine, &result.context_table)["guest"];
        let mut written = slots(&before);
        // The tokens are in no JSON, and this slot neither.
        written.remove("raw_credentials");
        assert_eq!(written.len(), fields.len());
        for (name, slot) in written {
            assert_eq!(sorted(seen[&name].clone()), sorted(slot), "{name}");
        }
    });
}

/// A value with its lists in order: sets have none in the engine.
fn sorted(mut value: Value) -> Value {
    match &mut value {
        Value::Array(items) => {
            let mut all: Vec<_> = items.drain(..).map(sorted).collect();
            all.sort_by_key(Value::to_string);
            *items = all;
        }
        Value::Object(map) => {
            for item in map.values_mut() {
                *item = sorted(item.take());
            }
        }
        _ => {}
    }
    value
}
