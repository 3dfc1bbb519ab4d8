//! Hooks that are about something else than a message: identities, delegations and elicitations.

use std::collections::HashMap;
use std::sync::Arc;

use cpex_wasmi::abi::{Field, Status};
use cpex_wasmi_conformance::to_json;
use serde_json::json;

use crate::common::HOOK;
use crate::common::boundary::at;
use crate::pipeline::{
    Plugins, denied, error_codes, extensions, full_extensions, granting, invoke, labelled,
    local_states, on_both, request, slots, tool_call,
};
use crate::script::Script;
use crate::upstream::PluginManager;
use crate::upstream::delegation::{
    AttenuationConfig, DelegationPayload, DelegationSubject, TokenDelegateHook,
};
use crate::upstream::elicitation::{
    ElicitationHook, ElicitationOp, ElicitationPayload, ElicitationStatusKind,
};
use crate::upstream::executor::PipelineResult;
use crate::upstream::extensions::raw_credentials::{DelegationMode, TokenRole};
use crate::upstream::extensions::{DelegationStrategy, Extensions};
use crate::upstream::hooks::{HookTypeDef, PluginPayload};
use crate::upstream::identity::{IdentityHook, IdentityPayload, TokenSource};

const RESOLVE: &str = "identity.resolve";
const DELEGATE: &str = "token.delegate";
const TOKENS: &str = "config: { sandbox_policy: { allow_raw_credentials: true } }";

/// A place in the hook's payload.
pub(crate) fn place(pointer: &str) -> (Field, u32, Option<&str>) {
    (Field::Payload, 0, Some(pointer))
}

pub(crate) async fn invoke_about<H: HookTypeDef>(
    manager: &PluginManager,
    hook: &str,
    payload: H::Payload,
    extensions: Extensions,
) -> PipelineResult {
    let (result, tasks) = manager.invoke_named::<H>(hook, payload, extensions, None).await;
    assert!(tasks.wait_for_background_tasks().await.is_empty());
    result
}

/// The payload as the pipeline left it.
pub(crate) fn after<P: PluginPayload>(result: &PipelineResult) -> &P {
    assert!(!result.is_denied(), "{:?}", result.violation);
    assert!(result.errors.is_empty(), "{:?}", result.errors);
    result.modified_payload.as_ref().unwrap().as_any().downcast_ref().unwrap()
}

/// A manager with one plugin that makes these calls.
pub(crate) async fn scripted(script: &Script<'_>, hook: &str, more: &str) -> Arc<PluginManager> {
    let plugins = Plugins::new().with("guest.wasm", &script.build());
    plugins.start(&format!("plugins:\n{}", granting("guest", "guest", hook, &[], more))).await
}

pub(crate) fn identity(token: &str) -> IdentityPayload {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str()), ("host", "a")];
    IdentityPayload::new(token, TokenSource::Custom("magic-link".into()))
        .with_source_header("Authorization")
        .with_headers(headers.map(|(name, value)| (name.into(), value.into())).into())
        .with_client_host("10.0.0.1")
        .with_client_port(443)
}

fn resolver(more: &str) -> String {
    granting("resolver", "cpex_identity", RESOLVE, &["read_inbound_credentials"], more)
}

#[test]
fn a_token_becomes_a_subject_that_later_plugins_see() {
    on_both(async || {
        let claim = Script::new(&[])
            .on(RESOLVE)
            .keep_text(at(Field::PayloadType), "type")
            .keep_text(place("/subject/id"), "who")
            .keep_text(place("/headers/authorization"), "header")
            .text(place("/raw_claims/iss"), "idp")
            .read(at(Field::PayloadRawToken))
            .refused(Status::CapabilityDenied);
        let plugins =
            Plugins::of(&["cpex_identity", "pii_guard"]).with("claim.wasm", &claim.build());
        let yaml = [
            resolver(TOKENS),
            granting("claim", "claim", RESOLVE, &[], ""),
            granting("guard", "pii_guard", HOOK, &["read_labels", "read_roles"], ""),
        ];
        let manager = plugins.start(&format!("plugins:\n{}", yaml.concat())).await;
        for (role, allowed) in [("hr_admin", true), ("engineer", false)] {
            let token = format!("alice:{role},staff");
            let before = identity(&token);
            let result =
                invoke_about::<IdentityHook>(&manager, RESOLVE, before, labelled(&["PII"])).await;
            assert!(result.payload_modified);
            let resolved: &IdentityPayload = after(&result);
            let subject = resolved.subject.as_ref().unwrap();
            assert_eq!(subject.id.as_deref(), Some("alice"));
            assert_eq!(subject.roles, [role.to_owned(), "staff".to_owned()].into());
            assert_eq!(resolved.raw_claims["sub"], "alice");
            assert_eq!(resolved.raw_claims["iss"], "idp");
            // Tokens are where they belong, and what was given is as it was.
            let credentials = resolved.raw_credentials.as_ref().unwrap();
            assert_eq!(*credentials.inbound_tokens[&TokenRole::User].token, token);
            assert_eq!(resolved.raw_token(), token);
            assert_eq!(resolved.headers()["authorization"], format!("Bearer {token}"));
            assert_eq!(resolved.source(), &TokenSource::Custom("magic-link".into()));
            assert_eq!(resolved.source_header(), Some("Authorization"));
            assert_eq!(resolved.client_host(), Some("10.0.0.1"));
            assert_eq!(resolved.client_port(), Some(443));
            // Who may not see the token did not.
            let states = local_states(&manager, &result.context_table);
            let seen = json!({"type": "identity", "who": "alice", "header": "Bearer [redacted]"});
            assert_eq!(states["claim"], seen);

            let extensions = resolved.apply_to_extensions(labelled(&["PII"]));
            let result = invoke(&manager, tool_call("pay"), extensions).await;
            assert_eq!(!result.is_denied(), allowed);
        }
    });
}

#[test]
fn a_token_that_makes_nobody_is_denied() {
    on_both(async || {
        let plugins = Plugins::of(&["cpex_identity"]);
        let manager = plugins.start(&format!("plugins:\n{}", resolver(TOKENS))).await;
        let resolve = async |token: &str| {
            let payload = identity(token);
            invoke_about::<IdentityHook>(&manager, RESOLVE, payload, Extensions::default()).await
        };
        assert_eq!(denied(&resolve("no-such-token").await), "auth.malformed");
        let result = resolve(":admin").await;
        assert_eq!(denied(&result), "auth.anonymous");
        assert!(result.modified_payload.is_none());
        let violation = result.violation.unwrap();
        assert_eq!(violation.reason, "the token names nobody");
        assert_eq!(violation.description.as_deref(), Some("a token is `subject:role,role`"));
        assert_eq!(violation.details, HashMap::from([("source".into(), json!(2))]));
        assert_eq!(violation.proto_error_code, Some(-32001));
        assert_eq!(violation.plugin_name.as_deref(), Some("resolver"));
    });
}

#[test]
fn a_token_is_not_handed_out_without_the_operator() {
    on_both(async || {
        let plugins = Plugins::of(&["cpex_identity"]);
        let resolve = async |more: &str| {
            let manager = plugins.start(&format!("plugins:\n{}", resolver(more))).await;
            let payload = identity("alice:hr");
            invoke_about::<IdentityHook>(&manager, RESOLVE, payload, Extensions::default()).await
        };
        assert_eq!(denied(&resolve("").await), "plugin_error");
        let result = resolve("on_error: ignore").await;
        assert_eq!(error_codes(&result), ["access_denied"]);
        assert!(!result.payload_modified);
    });
}

#[test]
fn what_an_identity_was_made_of_cannot_be_changed() {
    on_both(async || {
        let script = Script::new(&[])
            .on(RESOLVE)
            .text(place("/source"), "bearer")
            .refused(Status::ReadOnly)
            .text(place("/headers/host"), "b")
            .refused(Status::ReadOnly)
            .text(place("/raw_token"), "forged")
            .refused(Status::ReadOnly)
            .json(place("/subject"), &json!({"id": 7}))
            .refused(Status::Malformed)
            .text(place("/subject/roles/0"), "root");
        let manager = scripted(&script, RESOLVE, "").await;
        // With all that there is of one, tokens too.
        let full: IdentityPayload = request("full_identity");
        let mut before = identity("alice:hr");
        before.merge(full);
        before.raw_credentials =
            full_extensions().raw_credentials.map(|credentials| (*credentials).clone());
        let result =
            invoke_about::<IdentityHook>(&manager, RESOLVE, before.clone(), full_extensions())
                .await;
        let now: &IdentityPayload = after(&result);
        let roles = ["root".to_owned(), "role-b".to_owned()].into();
        assert_eq!(now.subject.as_ref().unwrap().roles, roles);
        before.subject = now.subject.clone();
        // Tokens are in no JSON.
        assert_eq!(now.raw_token(), before.raw_token());
        let none = Extensions::default;
        assert_eq!(
            slots(&now.apply_to_extensions(none())),
            slots(&before.apply_to_extensions(none()))
        );
        let rest = |payload: &IdentityPayload| {
            let mut payload = payload.clone();
            payload.raw_credentials = None;
            to_json(&payload)
        };
        assert_eq!(rest(now), rest(&before));
        assert_eq!(slots(extensions(&result)), slots(&full_extensions()));
    });
}

fn attenuator(more: &str) -> String {
    let granted = ["read_inbound_credentials", "read_delegation"];
    granting("attenuator", "cpex_attenuator", DELEGATE, &granted, more)
}

fn delegation(permissions: &[&str]) -> DelegationPayload {
    let permissions = permissions.iter().map(|name| (*name).to_owned()).collect();
    DelegationPayload::new("tok-secret", "get_compensation")
        .with_actor(TokenRole::Custom("batch".into()), "tok-actor")
        .with_subject(DelegationSubject::User)
        .with_target_audience("https://hr")
        .with_required_permissions(permissions)
        .with_route_attenuation(AttenuationConfig {
            capabilities: vec!["read".into(), "list".into()],
            ttl_seconds: Some(60),
            ..AttenuationConfig::default()
        })
}

#[test]
fn a_token_is_minted_for_what_the_route_allows() {
    on_both(async || {
        let plugins = Plugins::of(&["cpex_attenuator"]);
        let manager = plugins.start(&format!("plugins:\n{}", attenuator(TOKENS))).await;
        let delegate = async |permissions: &[&str]| {
            let payload = delegation(permissions);
            invoke_about::<TokenDelegateHook>(&manager, DELEGATE, payload, full_extensions()).await
        };
        assert_eq!(denied(&delegate(&["read", "delete"]).await), "scope_too_wide");

        let result = delegate(&["read"]).await;
        let minted: &DelegationPayload = after(&result);
        let token = minted.delegated_token.as_ref().unwrap();
        assert_eq!(*token.token, "tok-secret~https://hr");
        assert_eq!(token.audience, "https://hr");
        assert_eq!(token.scopes, ["read"]);
        assert_eq!(minted.delegation_mode, Some(DelegationMode::OnBehalfOfUser));
        assert_eq!(minted.metadata["minted_by"], "attenuator");
        let chain = &minted.delegation_update.as_ref().unwrap().chain;
        assert_eq!(chain.len(), 2);
        assert_eq!(chain[0].strategy, Some(DelegationStrategy::Custom("pigeon".into())));
        assert_eq!(chain[1].subject_id, "get_compensation");
        assert_eq!(chain[1].ttl_seconds, Some(60));
        // What it was given is as it was.
        assert_eq!(minted.bearer_token(), "tok-secret");
        assert_eq!(minted.actor_token(), "tok-actor");
        assert_eq!(minted.actor_role(), Some(&TokenRole::Custom("batch".into())));
        assert_eq!(minted.route_attenuation().unwrap().capabilities, ["read", "list"]);

        // The request gets the token beside those that it has.
        let with = minted.apply_to_extensions(full_extensions());
        let credentials = with.raw_credentials.unwrap();
        assert_eq!(credentials.delegated_tokens.len(), 3);
        assert_eq!(credentials.inbound_tokens.len(), 3);
    });
}

#[test]
fn a_minted_token_is_kept_by_who_does_not_see_it() {
    on_both(async || {
        let note = Script::new(&[])
            .on(DELEGATE)
            .text(place("/metadata/note"), "seen")
            .text(place("/target_name"), "delete_everything")
            .refused(Status::ReadOnly)
            .read(at(Field::PayloadBearerToken))
            .refused(Status::CapabilityDenied)
            .keep(place("/delegated_token"), "token");
        let plugins = Plugins::of(&["cpex_attenuator"]).with("note.wasm", &note.build());
        let yaml = [attenuator(TOKENS), granting("note", "note", DELEGATE, &[], "")].concat();
        let manager = plugins.start(&format!("plugins:\n{yaml}")).await;
        let result = invoke_about::<TokenDelegateHook>(
            &manager,
            DELEGATE,
            delegation(&["list"]),
            Extensions::default(),
        )
        .await;
        let minted: &DelegationPayload = after(&result);
        let token = minted.delegated_token.as_ref().unwrap();
        assert_eq!(*token.token, "tok-secret~https://hr");
        assert_eq!(minted.bearer_token(), "tok-secret");
        assert_eq!(minted.actor_token(), "tok-actor");
        assert_eq!(minted.metadata["note"], "seen");
        assert_eq!(minted.metadata["minted_by"], "attenuator");
        let states = local_states(&manager, &result.context_table);
        let seen = crate::upstream::seen_token(serde_json::to_value(token).unwrap());
        assert_eq!(states["note"]["token"], seen);
        assert!(!states.to_string().contains("secret"));
    });
}

#[test]
fn a_person_is_asked_and_what_they_said_is_looked_at() {
    on_both(async || {
        let ask = Script::new(&[])
            .on("elicit")
            .keep_text(at(Field::PayloadType), "type")
            .keep_text(place("/operation"), "operation")
            .keep_text(place("/from"), "from")
            .text(place("/from"), "mallory")
            .refused(Status::ReadOnly)
            .text(place("/kind"), "order")
            .refused(Status::ReadOnly)
            .text(place("/status"), "lost")
            .refused(Status::Malformed)
            .text(place("/status"), "pending")
            .text(place("/id"), "el-9")
            .json(place("/valid"), &json!(false))
            .json(place("/metadata"), &json!({"asked": ["chat", "mail"]}));
        let manager = scripted(&ask, "elicit", "").await;
        for (operation, name) in [
            (ElicitationOp::Dispatch, "dispatch"),
            (ElicitationOp::Check, "check"),
            (ElicitationOp::Validate, "validate"),
        ] {
            let payload = ElicitationPayload::new(operation, "approval", "bob")
                .with_purpose("a raise")
                .with_elicitation_id("el-1");
            let before = serde_json::to_value(&payload).unwrap();
            let result =
                invoke_about::<ElicitationHook>(&manager, "elicit", payload, Extensions::default())
                    .await;
            let now: &ElicitationPayload = after(&result);
            assert_eq!(now.status, Some(ElicitationStatusKind::Pending));
            assert_eq!(now.id.as_deref(), Some("el-9"));
            assert_eq!(now.valid, Some(false));
            assert_eq!(now.metadata["asked"], json!(["chat", "mail"]));
            let now = serde_json::to_value(now).unwrap();
            for given in ["operation", "kind", "from", "purpose", "elicitation_id", "channel"] {
                assert_eq!(now[given], before[given], "{given}");
            }
            let states = local_states(&manager, &result.context_table);
            let seen = json!({"type": "elicitation", "operation": name, "from": "bob"});
            assert_eq!(states["guest"], seen);
        }
    });
}
