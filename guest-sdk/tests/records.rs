//! The lean views read and change parts, payloads, delegations and tokens.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use cpex_wasmi_guest::prelude::*;
use cpex_wasmi_guest::testing::model::{
    ContentPart, DelegationKey, DelegationMode, IdentityPayload, Message, PromptResult,
    RawCredentialsExtension, RawDelegatedToken, RawInboundToken, Resource, Role, TokenKind,
};
use cpex_wasmi_guest::testing::{Capability, Harness, Payload, Request};

plugin! {
    name: "editor",
    capabilities: [
        "read_delegation", "append_delegation", "write_candidate_constraint",
        "read_inbound_credentials", "read_delegated_tokens",
    ],
    hooks: {
        "cmf.tool_post_invoke" => edit,
        "identity.resolve" => resolve,
        "cmf.llm_input" => forward,
        "cmf.llm_output" => constrain,
    },
}

fn edit(call: &Call) -> Result<Verdict> {
    for resource in call.resources()? {
        if resource.uri_is("file:///secret")? {
            resource.set_content("[hidden]")?;
        }
    }
    for result in call.prompt_results()? {
        let text = "/messages/0/content/0/text";
        if result.record().text_is(text, "secret")? {
            result.record().set_text(text, "[hidden]")?;
        }
    }
    for part in call.message().parts()? {
        if part.text_is("secret")? {
            part.set_text("[hidden]")?;
        }
    }
    for result in call.tool_results()? {
        result.set_error(true)?;
        result.record().set("/content/rows", Value::Array(Vec::new()))?;
    }
    allow()
}

fn resolve(call: &Call) -> Result<Verdict> {
    let payload = call.payload();
    if !payload.kind_is("identity")? {
        return deny("kind", "no identity");
    }
    let Some(token) = payload.raw_token()? else { return deny("none", "no token") };
    if token != "alice-token" {
        return deny("auth.unknown", &["who is ", &token].concat());
    }
    payload.record().set_json("/subject", r#"{"id":"alice","roles":["hr"]}"#)?;
    allow()
}

fn forward(call: &Call) -> Result<Verdict> {
    let credentials = call.raw_credentials();
    let header = credentials.record().text("/inbound_tokens/user/source_header")?;
    call.custom().set_text("header", &header.unwrap_or_default())?;
    call.custom().set_text("token", &credentials.inbound_token("user")?.unwrap_or_default())?;
    for token in credentials.delegated_tokens()? {
        call.custom().set_text("minted", &token.token()?)?;
    }
    allow()
}

fn constrain(call: &Call) -> Result<Verdict> {
    let delegation = call.delegation();
    delegation.append_hop_json(r#"{"subject_id":"agent","audience":"hr"}"#)?;
    delegation.set_actor("agent")?;
    let hop = delegation.hops()?.last().unwrap();
    if !hop.record().text_is("/audience", "hr")? {
        return deny("hop", "not there");
    }
    let constraint = call.candidate_constraint();
    if !constraint.clear()? {
        constraint.replace_json(r#"{"deny_models":["a"]}"#)?;
        constraint.set("/deny_models", Value::Array(vec!["b".into()]))?;
    }
    allow()
}

fn harness() -> Harness {
    let policy = Harness::new(&PLUGIN).grant_all().policy().clone();
    Harness::new(&PLUGIN).under(policy.allow_raw_credentials())
}

#[test]
fn parts_are_edited_where_they_are() {
    let resource = |uri: &str| ContentPart::Resource {
        content: Resource { uri: uri.into(), content: Some("x".into()), ..Resource::default() },
    };
    let prompt = PromptResult {
        messages: vec![Message::text(Role::User, "secret")],
        ..PromptResult::default()
    };
    let request = Request::tool_result("t", serde_json::json!({"rows": [1]}))
        .part(resource("file:///open"))
        .part(resource("file:///secret"))
        .part(ContentPart::PromptResult { content: prompt })
        .part(ContentPart::Text { text: "secret".into() });
    let outcome = harness().call("cmf.tool_post_invoke", request).unwrap();
    let json = serde_json::to_value(outcome.changes.payload.unwrap()).unwrap();
    let content = |pointer: &str| json.pointer(&format!("/message/content{pointer}")).unwrap();
    assert_eq!(content("/0/content/is_error"), true);
    assert_eq!(content("/0/content/content/rows"), &serde_json::json!([]));
    assert_eq!(content("/1/content/content"), "x");
    assert_eq!(content("/2/content/content"), "[hidden]");
    assert_eq!(content("/3/content/messages/0/content/0/text"), "[hidden]");
    assert_eq!(content("/4/text"), "[hidden]");
}

#[test]
fn an_identity_is_resolved_from_its_token() {
    let call = |token: &str| {
        let request = Request::new(IdentityPayload::new(token, "bearer"));
        harness().call("identity.resolve", request).unwrap()
    };
    let Some(Payload::Identity(identity)) = call("alice-token").changes.payload else { panic!() };
    assert_eq!(identity.subject.unwrap().id.as_deref(), Some("alice"));
    // The token that it says it does not know is not in what it says.
    let denied = call("mallory-token");
    assert_eq!(denied.decision.violation().unwrap().reason, "who is [redacted]");
}

#[test]
fn tokens_are_read_where_the_operator_allows_it() {
    let inbound = RawInboundToken {
        token: "inbound".into(),
        source_header: "Authorization".into(),
        kind: TokenKind::Opaque,
    };
    let key = DelegationKey {
        subject_id: "alice".into(),
        workload_id: None,
        client_id: None,
        audience: "hr".into(),
        scopes: Vec::new(),
        mode: DelegationMode::AsClient,
        delegator_name: None,
        target_name: None,
    };
    let minted = RawDelegatedToken {
        token: "minted".into(),
        outbound_header: "Authorization".into(),
        audience: "hr".into(),
        scopes: Vec::new(),
        expires_at: "2030-01-01T00:00:00Z".into(),
        outbound_prefix: None,
    };
    let mut request = Request::text(Role::User, "hi");
    request.extensions.raw_credentials = Some(RawCredentialsExtension {
        inbound_tokens: [("user".to_owned(), inbound)].into(),
        delegated_tokens: vec![(key, minted)],
    });
    let custom = harness().call("cmf.llm_input", request.clone()).unwrap().changes.custom.unwrap();
    assert_eq!((&custom["header"], &custom["token"]), (&"Authorization".into(), &"inbound".into()));
    assert_eq!(custom["minted"], "minted");
    let refused = Harness::new(&PLUGIN)
        .grant(Capability::ALL.iter().copied())
        .call("cmf.llm_input", request)
        .unwrap_err();
    assert_eq!(refused.code(), "access_denied");
}

#[test]
fn delegations_grow_and_constraints_are_set_and_cleared() {
    let mut request = Request::text(Role::User, "hi");
    let changes = harness().call("cmf.llm_output", request.clone()).unwrap().changes;
    request.apply(changes);
    let delegation = request.extensions.delegation.as_ref().unwrap();
    assert_eq!((delegation.depth, delegation.chain[0].subject_id.as_str()), (1, "agent"));
    assert_eq!(delegation.actor_subject_id.as_deref(), Some("agent"));
    let constraint = request.extensions.candidate_constraint.as_ref().unwrap();
    assert_eq!(constraint.deny_models, ["b"]);
    let changes = harness().call("cmf.llm_output", request).unwrap().changes;
    assert_eq!(changes.candidate_constraint, Some(None));
}
