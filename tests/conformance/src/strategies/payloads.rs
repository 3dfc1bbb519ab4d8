//! The payloads that are no messages, and tokens. Tokens are empty: they are in no encoding.

use cpex_wasmi::model::{
    AttenuationConfig, AuthEnforcedBy, DelegationKey, DelegationMode, DelegationPayload,
    DelegationSubject, ElicitationOp, ElicitationOutcomeKind, ElicitationPayload,
    ElicitationStatusKind, IdentityPayload, RawCredentialsExtension, RawDelegatedToken,
    RawInboundToken, Secret, TokenKind,
};
use proptest::prelude::*;
use proptest::sample::select;

use super::security::{client, delegation, subject, workload};
use super::{json_map, list, maybe, text, text_map, time};

/// Raw credentials, without tokens.
pub fn raw_credentials() -> BoxedStrategy<RawCredentialsExtension> {
    let kind = select(vec![
        TokenKind::Jwt,
        TokenKind::Opaque,
        TokenKind::SpiffeJwt,
        TokenKind::Ucan,
        TokenKind::TxnToken,
    ]);
    let inbound = (text(), kind).prop_map(|(source_header, kind)| RawInboundToken {
        token: Secret::default(),
        source_header,
        kind,
    });
    let inbound = prop::collection::btree_map(role(), inbound, 0..3);
    let delegated = prop::collection::vec((key(), minted()), 0..3);
    (inbound, delegated)
        .prop_map(|(inbound_tokens, delegated_tokens)| RawCredentialsExtension {
            inbound_tokens,
            delegated_tokens,
        })
        .boxed()
}

/// A role, by none of its old names.
fn role() -> BoxedStrategy<String> {
    prop_oneof![Just("user".to_owned()), Just("caller_workload".into()), "r[a-z]{1,4}"].boxed()
}

fn mode() -> BoxedStrategy<DelegationMode> {
    select(vec![
        DelegationMode::OnBehalfOfUser,
        DelegationMode::AsClient,
        DelegationMode::AsCallerWorkload,
        DelegationMode::AsThisWorkload,
    ])
    .boxed()
}

fn key() -> BoxedStrategy<DelegationKey> {
    (text(), maybe(text()), maybe(text()), text(), list(), mode())
        .prop_map(|(subject_id, workload_id, client_id, audience, scopes, mode)| DelegationKey {
            subject_id,
            workload_id,
            client_id,
            audience,
            scopes,
            mode,
        })
        .boxed()
}

fn minted() -> BoxedStrategy<RawDelegatedToken> {
    (text(), text(), list(), time())
        .prop_map(|(outbound_header, audience, scopes, expires_at)| RawDelegatedToken {
            token: Secret::default(),
            outbound_header,
            audience,
            scopes,
            expires_at,
        })
        .boxed()
}

/// Credentials that `cpex-core` can write as JSON.
fn inbound_only() -> BoxedStrategy<RawCredentialsExtension> {
    raw_credentials()
        .prop_map(|credentials| RawCredentialsExtension {
            delegated_tokens: Vec::new(),
            ..credentials
        })
        .boxed()
}

/// An identity payload.
pub fn identity() -> BoxedStrategy<IdentityPayload> {
    (
        (text(), maybe(text()), text_map(), maybe(text()), maybe(any::<u16>())),
        (maybe(subject()), maybe(client()), maybe(workload()), maybe(delegation())),
        (maybe(inbound_only()), maybe(time()), json_map()),
    )
        .prop_map(
            |(
                (source, source_header, headers, client_host, client_port),
                (subject, client, caller_workload, delegation),
                (raw_credentials, resolved_at, raw_claims),
            )| IdentityPayload {
                raw_token: Secret::default(),
                source,
                source_header,
                headers,
                client_host,
                client_port,
                subject,
                client,
                caller_workload,
                delegation,
                raw_credentials,
                resolved_at,
                raw_claims,
            },
        )
        .boxed()
}

/// A delegation payload.
pub fn delegation_payload() -> BoxedStrategy<DelegationPayload> {
    let subject = select(vec![
        DelegationSubject::User,
        DelegationSubject::Client,
        DelegationSubject::CallerWorkload,
        DelegationSubject::ThisWorkload,
    ]);
    let enforced =
        select(vec![AuthEnforcedBy::Caller, AuthEnforcedBy::Target, AuthEnforcedBy::Both]);
    let attenuation = (list(), maybe(text()), list(), maybe(any::<u64>())).prop_map(
        |(capabilities, resource_template, actions, ttl_seconds)| AttenuationConfig {
            capabilities,
            resource_template,
            actions,
            ttl_seconds,
        },
    );
    (
        (maybe(role()), subject, text(), text(), maybe(text()), list()),
        (maybe(text()), enforced, maybe(attenuation), maybe(minted())),
        (maybe(delegation()), maybe(mode()), maybe(time()), json_map()),
    )
        .prop_map(
            |(
                (actor_role, subject, target_name, target_type, target_audience, permissions),
                (trust_domain, auth_enforced_by, route_attenuation, delegated_token),
                (delegation_update, delegation_mode, minted_at, metadata),
            )| DelegationPayload {
                bearer_token: Secret::default(),
                actor_token: Secret::default(),
                actor_role,
                subject,
                target_name,
                target_type,
                target_audience,
                required_permissions: permissions,
                trust_domain,
                auth_enforced_by,
                route_attenuation,
                delegated_token,
                delegation_update,
                delegation_mode,
                minted_at,
                metadata,
            },
        )
        .boxed()
}

/// An elicitation payload.
pub fn elicitation() -> BoxedStrategy<ElicitationPayload> {
    let operation =
        select(vec![ElicitationOp::Dispatch, ElicitationOp::Check, ElicitationOp::Validate]);
    let status = select(vec![
        ElicitationStatusKind::Pending,
        ElicitationStatusKind::Resolved,
        ElicitationStatusKind::Expired,
    ]);
    let outcome = select(vec![ElicitationOutcomeKind::Approved, ElicitationOutcomeKind::Denied]);
    let asked = (maybe(text()), maybe(text()), maybe(text()), maybe(text()), maybe(text()));
    let answer = (maybe(text()), maybe(status), maybe(outcome), maybe(text()), maybe(text()));
    let rest = (maybe(text()), maybe(any::<bool>()), maybe(text()), json_map());
    ((operation, text(), text()), asked, answer, rest)
        .prop_map(
            |(
                (operation, kind, from),
                (elicitation_id, purpose, scope, timeout, channel),
                (id, status, outcome, approver, intent_id),
                (expires_at, valid, reason, metadata),
            )| ElicitationPayload {
                operation,
                elicitation_id,
                kind,
                from,
                purpose,
                scope,
                timeout,
                channel,
                id,
                status,
                outcome,
                approver,
                intent_id,
                expires_at,
                valid,
                reason,
                metadata,
            },
        )
        .boxed()
}
