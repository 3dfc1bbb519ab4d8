use std::collections::BTreeMap;

use cpex_wasmi::model::{
    AuthorizationDetail, CandidateConstraintExtension, ClientExtension, DataPolicy,
    DelegationExtension, DelegationHop, ObjectSecurityProfile, OnEmpty, RetentionPolicy,
    SubjectExtension, SubjectType, WorkloadIdentity,
};
use proptest::prelude::*;

use super::{json, json_map, list, maybe, text, text_map, texts, time};

pub(crate) fn subject() -> BoxedStrategy<SubjectExtension> {
    let subject_type = prop::sample::select(vec![
        SubjectType::User,
        SubjectType::Agent,
        SubjectType::Service,
        SubjectType::System,
    ]);
    (maybe(text()), maybe(subject_type), texts(), texts(), texts(), text_map())
        .prop_map(|(id, subject_type, roles, permissions, teams, claims)| SubjectExtension {
            id,
            subject_type,
            roles,
            permissions,
            teams,
            claims,
        })
        .boxed()
}

pub(crate) fn client() -> BoxedStrategy<ClientExtension> {
    let trust = prop_oneof![Just("first_party".to_owned()), Just("internal".into()), text()];
    ((text(), maybe(text()), trust), (list(), list(), list(), list(), list(), json_map()))
        .prop_map(
            |(
                (client_id, client_name, trust_level),
                (authorized_scopes, authorized_audiences, roles, permissions, teams, claims),
            )| ClientExtension {
                client_id,
                client_name,
                trust_level,
                authorized_scopes,
                authorized_audiences,
                roles,
                permissions,
                teams,
                claims,
            },
        )
        .boxed()
}

pub(crate) fn workload() -> BoxedStrategy<WorkloadIdentity> {
    (maybe(text()), maybe(text()), maybe(time()), maybe(text()), list(), maybe(text()))
        .prop_map(|(spiffe_id, trust_domain, attested_at, attestor, selectors, client_id)| {
            WorkloadIdentity {
                spiffe_id,
                trust_domain,
                attested_at,
                attestor,
                selectors,
                client_id,
            }
        })
        .boxed()
}

pub(crate) fn objects() -> BoxedStrategy<BTreeMap<String, ObjectSecurityProfile>> {
    let object = (maybe(text()), list(), maybe(text()), list()).prop_map(
        |(managed_by, permissions, trust_domain, data_scope)| ObjectSecurityProfile {
            managed_by,
            permissions,
            trust_domain,
            data_scope,
        },
    );
    prop::collection::btree_map(text(), object, 0..3).boxed()
}

pub(crate) fn data() -> BoxedStrategy<BTreeMap<String, DataPolicy>> {
    let retention = (maybe(any::<u64>()), text(), maybe(text())).prop_map(
        |(max_age_seconds, policy, delete_after)| RetentionPolicy {
            max_age_seconds,
            policy,
            delete_after,
        },
    );
    let policy = (list(), maybe(list()), list(), maybe(retention)).prop_map(
        |(apply_labels, allowed_actions, denied_actions, retention)| DataPolicy {
            apply_labels,
            allowed_actions,
            denied_actions,
            retention,
        },
    );
    prop::collection::btree_map(text(), policy, 0..3).boxed()
}

pub(crate) fn delegation() -> BoxedStrategy<DelegationExtension> {
    // Members of their own names, beside those that every detail has.
    let extra = prop::collection::btree_map("x_[a-z]{1,3}", json(), 0..3);
    let detail = (
        (text(), maybe(list()), maybe(list()), maybe(list())),
        (maybe(text()), maybe(list()), extra),
    )
        .prop_map(
            |((detail_type, locations, actions, datatypes), (identifier, privileges, extra))| {
                AuthorizationDetail {
                    detail_type,
                    locations,
                    actions,
                    datatypes,
                    identifier,
                    privileges,
                    extra,
                }
            },
        )
        .boxed();
    let strategy = prop_oneof![Just("token_exchange".to_owned()), Just("ucan".into()), text()];
    let subject_type = prop::sample::select(vec![SubjectType::User, SubjectType::Agent]);
    let hop = (
        (text(), maybe(subject_type), maybe(text()), list()),
        (prop::collection::vec(detail, 0..2), time(), maybe(any::<u64>())),
        (maybe(strategy), any::<bool>()),
    )
        .prop_map(
            |(
                (subject_id, subject_type, audience, scopes_granted),
                (authorization_details, timestamp, ttl_seconds),
                (strategy, from_cache),
            )| DelegationHop {
                subject_id,
                subject_type,
                audience,
                scopes_granted,
                authorization_details,
                timestamp,
                ttl_seconds,
                strategy,
                from_cache,
            },
        )
        .boxed();
    (
        (prop::collection::vec(hop, 0..3), any::<u32>(), maybe(text())),
        (maybe(text()), any::<bool>(), prop::num::f64::NORMAL),
    )
        .prop_map(
            |((chain, depth, origin_subject_id), (actor_subject_id, delegated, age_seconds))| {
                DelegationExtension {
                    chain,
                    depth,
                    origin_subject_id,
                    actor_subject_id,
                    delegated,
                    age_seconds,
                }
            },
        )
        .boxed()
}

pub(crate) fn constraint() -> BoxedStrategy<CandidateConstraintExtension> {
    (
        (maybe(list()), list(), maybe(list()), maybe(list())),
        (list(), text_map(), prop::sample::select(vec![OnEmpty::Deny, OnEmpty::Fallback])),
    )
        .prop_map(
            |(
                (allow_models, deny_models, allow_regions, allow_sites),
                (max_cost_tiers, custom, on_empty),
            )| CandidateConstraintExtension {
                allow_models,
                deny_models,
                allow_regions,
                allow_sites,
                max_cost_tiers,
                custom,
                on_empty,
            },
        )
        .boxed()
}
