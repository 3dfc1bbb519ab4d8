//! Conversions there and back, over random values.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec;
use core::fmt::Debug;

use chrono::{DateTime, Utc};
use cpex_wasmi_conformance::strategies::{self, text};
use cpex_wasmi_conformance::to_json as json_of;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::upstream::{cmf, delegation, elicitation, extensions, identity};
use crate::model;
use crate::pipeline::convert::{FromModel, ToModel, WithResults};

/// One of theirs, by way of JSON.
fn theirs<T: DeserializeOwned>(ours: &impl Serialize) -> T {
    serde_json::from_value(serde_json::to_value(ours).unwrap()).unwrap()
}

/// The JSON of a value, without members that only one engine has, and writes though they are empty.
fn to_json(value: &impl Serialize) -> Value {
    let mut json = json_of(value);
    leave_out(&mut json);
    json
}

fn leave_out(json: &mut Value) {
    match json {
        Value::Object(map) => {
            let is_key = map.contains_key("scopes") && map.contains_key("mode");
            map.retain(|name, value| match name.as_str() {
                "outbound_prefix" => value != "Bearer ",
                "delegator_name" | "route_key" | "tool" | "requester" => value != "",
                "target_name" if is_key => value != "",
                "peek" => value != false,
                _ => true,
            });
            if let Some(tokens) =
                map.get_mut("delegated_tokens").filter(|tokens| **tokens == json!([]))
            {
                *tokens = json!({});
            }
            map.values_mut().for_each(leave_out);
        }
        Value::Array(items) => items.iter_mut().for_each(leave_out),
        _ => {}
    }
}

/// `theirs` becomes `ours`, with the same JSON.
fn becomes<T>(theirs: &T, ours: &T::Model) -> Result<(), TestCaseError>
where
    T: ToModel<Model: Serialize + Debug + PartialEq> + Serialize,
{
    let model = theirs.to_model().unwrap();
    prop_assert_eq!(&model, ours);
    prop_assert_eq!(to_json(&model), to_json(theirs));
    Ok(())
}

/// `theirs` becomes `ours`, and `ours` becomes `theirs`.
fn both_ways<T>(theirs: &T, ours: &T::Model) -> Result<(), TestCaseError>
where
    T: ToModel<Model: Serialize + Debug + PartialEq + Clone> + FromModel<T::Model> + Serialize,
{
    becomes(theirs, ours)?;
    let back = T::from_model(ours.clone()).unwrap();
    prop_assert_eq!(to_json(&back), to_json(theirs));
    becomes(&back, ours)
}

/// `both_ways`, for what may be missing.
fn both_ways_if_there<T>(theirs: Option<&T>, ours: Option<&T::Model>) -> Result<(), TestCaseError>
where
    T: ToModel<Model: Serialize + Debug + PartialEq + Clone> + FromModel<T::Model> + Serialize,
{
    prop_assert_eq!(theirs.is_some(), ours.is_some());
    theirs.zip(ours).map_or(Ok(()), |(theirs, ours)| both_ways(theirs, ours))
}

/// Gives each credential a token of its own, and delegated ones an order.
fn with_tokens(mut ours: model::RawCredentialsExtension) -> model::RawCredentialsExtension {
    for (role, token) in &mut ours.inbound_tokens {
        token.token = format!("inbound of {role}").into();
    }
    ours.delegated_tokens.sort_by(|(key, _), (other, _)| key.cmp(other));
    ours.delegated_tokens.dedup_by(|(key, _), (other, _)| key == other);
    for (at, (_, token)) in ours.delegated_tokens.iter_mut().enumerate() {
        token.token = format!("minted {at}").into();
    }
    ours
}

/// Theirs with the same tokens, which no JSON has.
fn their_credentials(ours: &model::RawCredentialsExtension) -> extensions::RawCredentialsExtension {
    let inbound = ours.inbound_tokens.iter().map(|(role, token)| {
        let mut inbound: extensions::RawInboundToken = theirs(token);
        inbound.token = Zeroizing::new(token.token.expose().to_owned());
        (theirs(role), inbound)
    });
    let delegated =
        ours.delegated_tokens.iter().map(|(key, token)| (theirs(key), their_minted(token)));
    extensions::RawCredentialsExtension {
        inbound_tokens: inbound.collect(),
        delegated_tokens: delegated.collect(),
    }
}

fn their_minted(ours: &model::RawDelegatedToken) -> extensions::RawDelegatedToken {
    let mut minted: extensions::RawDelegatedToken = theirs(ours);
    minted.token = Zeroizing::new(ours.token.expose().to_owned());
    minted
}

/// Identities, with tokens.
fn identity() -> impl Strategy<Value = model::IdentityPayload> {
    strategies::identity().prop_map(|ours| model::IdentityPayload {
        raw_token: "raw".into(),
        raw_credentials: ours.raw_credentials.map(with_tokens),
        ..ours
    })
}

fn their_identity(ours: &model::IdentityPayload) -> identity::IdentityPayload {
    let read: identity::IdentityPayload = theirs(ours);
    let mut payload =
        identity::IdentityPayload::new(ours.raw_token.expose(), read.source().clone())
            .with_headers(read.headers().clone());
    if let Some(header) = read.source_header() {
        payload = payload.with_source_header(header);
    }
    if let Some(host) = read.client_host() {
        payload = payload.with_client_host(host);
    }
    if let Some(port) = read.client_port() {
        payload = payload.with_client_port(port);
    }
    payload.merge(read);
    payload.raw_credentials = ours.raw_credentials.as_ref().map(their_credentials);
    payload
}

/// Delegations, with tokens.
fn delegation() -> impl Strategy<Value = model::DelegationPayload> {
    strategies::delegation_payload().prop_map(|mut ours| {
        ours.bearer_token = "bearer".into();
        if ours.actor_role.is_some() {
            ours.actor_token = "actor".into();
        }
        if let Some(minted) = &mut ours.delegated_token {
            minted.token = "minted".into();
        }
        ours
    })
}

fn their_delegation(ours: &model::DelegationPayload) -> delegation::DelegationPayload {
    let read: delegation::DelegationPayload = theirs(ours);
    let mut payload =
        delegation::DelegationPayload::new(ours.bearer_token.expose(), read.target_name())
            .with_subject(read.subject().clone())
            .with_target_type(read.target_type().clone())
            .with_required_permissions(read.required_permissions().to_vec())
            .with_auth_enforced_by(read.auth_enforced_by());
    if let Some(role) = read.actor_role() {
        payload = payload.with_actor(role.clone(), ours.actor_token.expose());
    }
    if let Some(audience) = read.target_audience() {
        payload = payload.with_target_audience(audience);
    }
    if let Some(domain) = read.trust_domain() {
        payload = payload.with_trust_domain(domain);
    }
    if let Some(attenuation) = read.route_attenuation() {
        payload = payload.with_route_attenuation(attenuation.clone());
    }
    payload.merge(read);
    payload.delegated_token = ours.delegated_token.as_ref().map(their_minted);
    payload
}

proptest! {
    #[test]
    fn messages(ours in strategies::payload()) {
        both_ways::<cmf::MessagePayload>(&theirs(&ours), &ours)?;
    }

    #[test]
    fn credentials(ours in strategies::raw_credentials()) {
        let ours = with_tokens(ours);
        let theirs = their_credentials(&ours);
        prop_assert_eq!(&theirs.to_model().unwrap(), &ours);
        let back = extensions::RawCredentialsExtension::from_model(ours.clone()).unwrap();
        prop_assert_eq!(&back.to_model().unwrap(), &ours);
        prop_assert_eq!(to_json(&back.inbound_tokens), to_json(&theirs.inbound_tokens));
        for (key, token) in &theirs.delegated_tokens {
            prop_assert_eq!(to_json(&back.delegated_tokens[key]), to_json(token));
        }
    }

    #[test]
    fn slots(ours in strategies::extensions()) {
        let ours = model::Extensions { raw_credentials: None, ..ours };
        let theirs: extensions::Extensions = theirs(&ours);
        let model = model::Extensions {
            request: theirs.request.to_model().unwrap(),
            agent: theirs.agent.to_model().unwrap(),
            http: theirs.http.to_model().unwrap(),
            security: theirs.security.to_model().unwrap(),
            candidate_constraint: theirs.candidate_constraint.to_model().unwrap(),
            delegation: theirs.delegation.to_model().unwrap(),
            raw_credentials: theirs.raw_credentials.to_model().unwrap(),
            mcp: theirs.mcp.to_model().unwrap(),
            completion: theirs.completion.to_model().unwrap(),
            provenance: theirs.provenance.to_model().unwrap(),
            llm: theirs.llm.to_model().unwrap(),
            framework: theirs.framework.to_model().unwrap(),
            meta: theirs.meta.to_model().unwrap(),
            custom: theirs.custom.to_model().unwrap(),
            llm_request: None,
        };
        prop_assert_eq!(&model, &ours);
        prop_assert_eq!(to_json(&model), to_json(&theirs));
    }

    #[test]
    fn slots_that_plugins_write(ours in strategies::extensions()) {
        let theirs: extensions::Extensions =
            theirs(&model::Extensions { raw_credentials: None, ..ours.clone() });
        both_ways_if_there(theirs.delegation.as_deref(), ours.delegation.as_ref())?;
        both_ways_if_there(
            theirs.candidate_constraint.as_deref(),
            ours.candidate_constraint.as_ref(),
        )?;
        if let (Some(theirs), Some(ours)) = (&theirs.security, &ours.security) {
            both_ways_if_there(theirs.subject.as_ref(), ours.subject.as_ref())?;
            both_ways_if_there(theirs.client.as_ref(), ours.client.as_ref())?;
            both_ways_if_there(theirs.caller_workload.as_ref(), ours.caller_workload.as_ref())?;
        }
    }

    #[test]
    fn identities(ours in identity(), changed in identity()) {
        let theirs = their_identity(&ours);
        becomes(&theirs, &ours)?;
        let expected = model::IdentityPayload {
            raw_token: ours.raw_token,
            source: ours.source,
            source_header: ours.source_header,
            headers: ours.headers,
            client_host: ours.client_host,
            client_port: ours.client_port,
            ..changed.clone()
        };
        becomes(&theirs.with_results(changed).unwrap(), &expected)?;
    }

    #[test]
    fn delegations(ours in delegation(), changed in delegation()) {
        let theirs = their_delegation(&ours);
        becomes(&theirs, &ours)?;
        let expected = model::DelegationPayload {
            delegated_token: changed.delegated_token.clone(),
            delegation_update: changed.delegation_update.clone(),
            delegation_mode: changed.delegation_mode,
            minted_at: changed.minted_at.clone(),
            metadata: changed.metadata.clone(),
            ..ours
        };
        becomes(&theirs.with_results(changed).unwrap(), &expected)?;
    }

    #[test]
    fn elicitations(ours in strategies::elicitation(), changed in strategies::elicitation()) {
        let theirs: elicitation::ElicitationPayload = theirs(&ours);
        becomes(&theirs, &ours)?;
        let expected = model::ElicitationPayload {
            operation: ours.operation,
            elicitation_id: ours.elicitation_id,
            kind: ours.kind,
            from: ours.from,
            purpose: ours.purpose,
            scope: ours.scope,
            timeout: ours.timeout,
            channel: ours.channel,
            ..changed.clone()
        };
        becomes(&theirs.with_results(changed).unwrap(), &expected)?;
    }

    #[test]
    fn times(seconds: i64, nanos in 0..2_000_000_000_u32) {
        for seconds in [seconds, seconds % 10_000_000_000_000] {
            if let Some(time) = DateTime::<Utc>::from_timestamp(seconds, nanos) {
                both_ways(&time, &serde_json::from_value(to_json(&time)).unwrap())?;
            }
        }
    }

    #[test]
    fn kinds_of_the_operators_own(text in text()) {
        both_ways::<delegation::TargetType>(&theirs(&text), &text)?;
        both_ways::<extensions::ClientTrustLevel>(&theirs(&text), &text)?;
        both_ways::<extensions::DelegationStrategy>(&theirs(&text), &text)?;
        both_ways::<extensions::TokenRole>(&theirs(&text), &text)?;
        both_ways::<identity::TokenSource>(&theirs(&text), &text)?;
    }
}

#[test]
fn known_kinds_are_not_custom() {
    use extensions::TokenRole;
    let role = |text: &str| TokenRole::from_model(text.into()).unwrap();
    assert_eq!(role("user"), TokenRole::User);
    assert_eq!(role("caller_workload"), TokenRole::CallerWorkload);
    assert_eq!(role("workload"), TokenRole::CallerWorkload);
    assert_eq!(role("User"), TokenRole::Custom("User".into()));
    assert_eq!(TokenRole::CallerWorkload.to_model().unwrap(), "caller_workload");
    let target = delegation::TargetType::from_model("agent".into()).unwrap();
    assert_eq!(target, delegation::TargetType::Agent);
    let source = identity::TokenSource::from_model("spiffe_jwt_svid".into()).unwrap();
    assert_eq!(source, identity::TokenSource::SpiffeJwtSvid);
    let trust = extensions::ClientTrustLevel::from_model("third_party".into()).unwrap();
    assert_eq!(trust, extensions::ClientTrustLevel::ThirdParty);
    let strategy = extensions::DelegationStrategy::from_model("token_exchange".into()).unwrap();
    assert_eq!(strategy, extensions::DelegationStrategy::TokenExchange);
}

fn inbound(token: &str) -> model::RawInboundToken {
    model::RawInboundToken {
        token: token.into(),
        source_header: String::new(),
        kind: model::TokenKind::Jwt,
    }
}

fn minted(expires_at: &str) -> model::RawDelegatedToken {
    model::RawDelegatedToken {
        token: "eyJ.token".into(),
        outbound_header: String::new(),
        audience: String::new(),
        scopes: vec![],
        expires_at: expires_at.into(),
        outbound_prefix: None,
    }
}

fn key() -> model::DelegationKey {
    model::DelegationKey {
        subject_id: String::new(),
        workload_id: None,
        client_id: None,
        audience: String::new(),
        scopes: vec![],
        mode: model::DelegationMode::AsClient,
        delegator_name: None,
        target_name: None,
    }
}

#[test]
fn what_does_not_fit_is_named_and_not_repeated() {
    let unfit = |model: model::IdentityPayload| {
        let payload = identity::IdentityPayload::new("", identity::TokenSource::Bearer);
        payload.with_results(model).unwrap_err().to_string()
    };
    let credentials = |raw_credentials| model::IdentityPayload {
        raw_credentials: Some(raw_credentials),
        ..Default::default()
    };
    let hops = ["1970-01-01T00:00:00Z", "eyJ.token"].map(|timestamp| model::DelegationHop {
        timestamp: timestamp.into(),
        ..extensions::DelegationHop::default().to_model().unwrap()
    });
    let delegation = model::DelegationExtension { chain: hops.into(), ..Default::default() };
    assert_eq!(
        unfit(model::IdentityPayload { delegation: Some(delegation), ..Default::default() }),
        "/delegation/chain/1/timestamp: is not a time in the form of RFC 3339"
    );
    let late = model::RawCredentialsExtension {
        delegated_tokens: vec![(key(), minted("eyJ.token"))],
        ..Default::default()
    };
    assert_eq!(
        unfit(credentials(late)),
        "/raw_credentials/delegated_tokens/0/expires_at: is not a time in the form of RFC 3339"
    );
    let twice = model::RawCredentialsExtension {
        delegated_tokens: vec![(key(), minted("1970-01-01T00:00:00Z")); 2],
        ..Default::default()
    };
    assert_eq!(unfit(credentials(twice)), "/raw_credentials/delegated_tokens: has a key twice");
    // Two names of one role.
    let roles = ["workload", "caller_workload"].map(|role| (role.into(), inbound("eyJ.token")));
    let two = model::RawCredentialsExtension { inbound_tokens: roles.into(), ..Default::default() };
    assert_eq!(unfit(credentials(two)), "/raw_credentials/inbound_tokens: has a key twice");
}

#[test]
fn roles_of_one_name_are_not_mixed_up() {
    use extensions::TokenRole::{Custom, User};
    let inbound = |token| extensions::RawInboundToken::new(token, "", extensions::TokenKind::Jwt);
    let credentials = extensions::RawCredentialsExtension {
        inbound_tokens: [(User, inbound("1")), (Custom("user".into()), inbound("2"))].into(),
        ..Default::default()
    };
    let unfit = credentials.to_model().unwrap_err().to_string();
    assert_eq!(unfit, "/inbound_tokens: has a key twice");
}
