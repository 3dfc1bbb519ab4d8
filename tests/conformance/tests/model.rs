//! The model is `cpex-core`'s: the same JSON in, the same JSON out, and a plugin sees what a
//! native one would.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use cpex_wasmi::model::{
    Channel, ClientExtension, ContentPart, DataPolicy, Extensions, HttpExtension, Message,
    MessagePayload, MetaExtension, ObjectSecurityProfile, PluginContext, RequestExtension,
    RetentionPolicy, Role, SecurityExtension, SubjectExtension, SubjectType, ToolCall, ToolResult,
    WorkloadIdentity,
};
use cpex_wasmi::{Capability, CapabilitySet};
use proptest::prelude::*;
use serde_json::Value;

type Json = Value;

fn to_json(value: &impl serde::Serialize) -> Json {
    sorted(serde_json::to_value(value).unwrap())
}

/// Puts lists of strings in order: sets have none in `cpex-core`.
fn sorted(value: Json) -> Json {
    match value {
        Json::Object(map) => {
            Json::Object(map.into_iter().map(|(key, value)| (key, sorted(value))).collect())
        }
        Json::Array(values) if values.iter().all(Json::is_string) => {
            let mut texts: Vec<_> = values.iter().filter_map(Json::as_str).collect();
            texts.sort_unstable();
            texts.into()
        }
        other => other,
    }
}

fn text() -> BoxedStrategy<String> {
    prop_oneof![Just(String::new()), "[a-zA-Z]{1,6}", "\\PC{0,8}", Just("ключ-键".into())].boxed()
}

fn json() -> BoxedStrategy<Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        prop::num::f64::NORMAL.prop_map(Json::from),
        text().prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map(text(), inner, 0..4)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
    .boxed()
}

fn json_map() -> BoxedStrategy<BTreeMap<String, Json>> {
    prop::collection::btree_map(text(), json(), 0..4).boxed()
}

fn texts() -> BoxedStrategy<BTreeSet<String>> {
    prop::collection::btree_set(text(), 0..4).boxed()
}

fn text_map() -> BoxedStrategy<BTreeMap<String, String>> {
    prop::collection::btree_map(text(), text(), 0..4).boxed()
}

fn maybe<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    prop::option::of(value)
}

fn part() -> BoxedStrategy<ContentPart> {
    prop_oneof![
        text().prop_map(|text| ContentPart::Text { text }),
        (text(), text(), json_map(), maybe(text())).prop_map(
            |(tool_call_id, name, arguments, namespace)| ContentPart::ToolCall {
                content: ToolCall { tool_call_id, name, arguments, namespace }
            }
        ),
        (text(), text(), json(), any::<bool>()).prop_map(
            |(tool_call_id, tool_name, content, is_error)| ContentPart::ToolResult {
                content: ToolResult { tool_call_id, tool_name, content, is_error }
            }
        ),
    ]
    .boxed()
}

fn payload() -> BoxedStrategy<MessagePayload> {
    let role = prop::sample::select(vec![
        Role::System,
        Role::Developer,
        Role::User,
        Role::Assistant,
        Role::Tool,
    ]);
    let channel =
        prop::sample::select(vec![Channel::Analysis, Channel::Commentary, Channel::Final]);
    (text(), role, prop::collection::vec(part(), 0..4), maybe(channel))
        .prop_map(|(schema_version, role, content, channel)| MessagePayload {
            message: Message { schema_version, role, content, channel },
        })
        .boxed()
}

fn subject() -> BoxedStrategy<SubjectExtension> {
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

fn list() -> BoxedStrategy<Vec<String>> {
    // In order, as `sorted` puts every list of strings.
    texts().prop_map(|texts| texts.into_iter().collect()).boxed()
}

fn client() -> BoxedStrategy<ClientExtension> {
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

fn workload() -> BoxedStrategy<WorkloadIdentity> {
    let time = prop_oneof![
        Just("2026-01-31T12:00:00Z".to_owned()),
        Just("1999-12-31T23:59:59.123456789Z".into()),
    ];
    (maybe(text()), maybe(text()), maybe(time), maybe(text()), list(), maybe(text()))
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

fn objects() -> BoxedStrategy<BTreeMap<String, ObjectSecurityProfile>> {
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

fn data() -> BoxedStrategy<BTreeMap<String, DataPolicy>> {
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

fn extensions() -> BoxedStrategy<Extensions> {
    let security = (
        (texts(), maybe(text()), maybe(subject()), maybe(client())),
        (maybe(workload()), maybe(workload()), maybe(text()), objects(), data()),
    )
        .prop_map(
            |(
                (labels, classification, subject, client),
                (caller_workload, this_workload, auth_method, objects, data),
            )| SecurityExtension {
                labels,
                classification,
                subject,
                client,
                caller_workload,
                this_workload,
                auth_method,
                objects,
                data,
            },
        );
    let http = (text_map(), text_map(), maybe(text()), maybe(text()), maybe(text()), maybe(text()))
        .prop_map(|(request_headers, response_headers, method, path, host, scheme)| {
            HttpExtension { request_headers, response_headers, method, path, host, scheme }
        });
    let request = (maybe(text()), maybe(text()), maybe(text()), maybe(text()), maybe(text()))
        .prop_map(|(environment, request_id, timestamp, trace_id, span_id)| RequestExtension {
            environment,
            request_id,
            timestamp,
            trace_id,
            span_id,
        });
    let meta = (maybe(text()), maybe(text()), texts(), maybe(text()), text_map()).prop_map(
        |(entity_type, entity_name, tags, scope, properties)| MetaExtension {
            entity_type,
            entity_name,
            tags,
            scope,
            properties,
        },
    );
    (maybe(request), maybe(http), maybe(security), maybe(meta), maybe(json_map()))
        .prop_map(|(request, http, security, meta, custom)| Extensions {
            request,
            http,
            security,
            meta,
            custom,
        })
        .boxed()
}

fn capabilities() -> BoxedStrategy<CapabilitySet> {
    prop::collection::vec(prop::sample::select(Capability::ALL.to_vec()), 0..Capability::ALL.len())
        .prop_map(|capabilities| capabilities.into_iter().collect())
        .boxed()
}

proptest! {
    #[test]
    fn payloads_have_cpex_cores_json(payload in payload()) {
        let ours = to_json(&payload);
        let theirs: cpex_core::cmf::MessagePayload = serde_json::from_value(serde_json::to_value(&payload).unwrap()).unwrap();
        prop_assert_eq!(&to_json(&theirs), &ours);
        let back: MessagePayload =
            serde_json::from_value(serde_json::to_value(&theirs).unwrap()).unwrap();
        prop_assert_eq!(back, payload);
    }

    #[test]
    fn extensions_have_cpex_cores_json(extensions in extensions()) {
        let ours = to_json(&extensions);
        let theirs: cpex_core::extensions::Extensions =
            serde_json::from_value(serde_json::to_value(&extensions).unwrap()).unwrap();
        prop_assert_eq!(&to_json(&theirs), &ours);
        let back: Extensions =
            serde_json::from_value(serde_json::to_value(&theirs).unwrap()).unwrap();
        prop_assert_eq!(back, extensions);
    }

    #[test]
    fn contexts_have_cpex_cores_json(local_state in json_map(), global_state in json_map()) {
        let context = PluginContext { local_state, global_state };
        let ours = to_json(&context);
        let theirs: cpex_core::context::PluginContext =
            serde_json::from_value(serde_json::to_value(&context).unwrap()).unwrap();
        prop_assert_eq!(&to_json(&theirs), &ours);
    }

    #[test]
    fn capabilities_hide_what_cpex_core_hides(
        extensions in extensions(),
        capabilities in capabilities(),
    ) {
        let theirs: cpex_core::extensions::Extensions =
            serde_json::from_value(serde_json::to_value(&extensions).unwrap()).unwrap();
        let names: HashSet<String> =
            capabilities.iter().map(|capability| capability.name().to_owned()).collect();
        let filtered = cpex_core::extensions::filter_extensions(&theirs, &names);
        prop_assert_eq!(to_json(&extensions.visible_to(capabilities)), to_json(&filtered));
    }
}

#[test]
fn capabilities_have_cpex_cores_names() {
    use cpex_core::extensions::Capability as Theirs;
    let theirs = [
        Theirs::ReadSubject,
        Theirs::ReadRoles,
        Theirs::ReadTeams,
        Theirs::ReadClaims,
        Theirs::ReadPermissions,
        Theirs::ReadClient,
        Theirs::ReadWorkload,
        Theirs::ReadAgent,
        Theirs::ReadHeaders,
        Theirs::WriteHeaders,
        Theirs::ReadLabels,
        Theirs::AppendLabels,
        Theirs::ReadDelegation,
        Theirs::AppendDelegation,
        Theirs::ReadInboundCredentials,
        Theirs::ReadDelegatedTokens,
    ];
    for theirs in theirs {
        let Json::String(name) = serde_json::to_value(theirs).unwrap() else { unreachable!() };
        assert!(Capability::from_name(&name).is_some(), "{name} is missing");
    }
}
