//! Tiers: extensions that plugins read and change, and the rest unchanged.

use std::collections::BTreeSet;
use std::sync::Arc;

use cpex_wasmi::Capability;
use cpex_wasmi::abi::{Access, Field, Slot, Status, Write};
use serde_json::{Value, json};

use crate::common::boundary::at;
use crate::common::{HOOK, fixture};
use crate::pipeline::{
    Plugins, about_tool, denied, error_codes, extensions, full_extensions, granting, invoke,
    labelled, local_states, on_both, slots, tool_call,
};
use crate::script::{APPEND, Script};
use crate::upstream::executor::PipelineResult;
use crate::upstream::extensions::{
    DelegationExtension, DelegationHop, DelegationStrategy, Extensions,
};

const LABELS: [&str; 2] = ["read_labels", "append_labels"];
const HEADERS: [&str; 2] = ["read_headers", "write_headers"];
const DELEGATION: [&str; 2] = ["read_delegation", "append_delegation"];

/// Runs one plugin, which is granted what it asks for.
async fn run(script: &Script<'_>, capabilities: &[&str], before: Extensions) -> PipelineResult {
    run_with(&script.build(), capabilities, "", before).await
}

async fn run_with(
    wasm: &[u8],
    capabilities: &[&str],
    more: &str,
    before: Extensions,
) -> PipelineResult {
    let plugins = Plugins::new().with("guest.wasm", wasm);
    let yaml = format!("plugins:\n{}", granting("guest", "guest", HOOK, capabilities, more));
    let manager = plugins.start(&yaml).await;
    invoke(&manager, tool_call("pay"), before).await
}

/// The slots that are not the same any more, of a call that was allowed.
fn changed(before: &Extensions, result: &PipelineResult) -> BTreeSet<String> {
    assert!(!result.is_denied(), "{:?}", result.violation);
    assert!(result.errors.is_empty(), "{:?}", result.errors);
    let (before, after) = (slots(before), slots(extensions(result)));
    let names = before.keys().chain(after.keys());
    names.filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

fn only(slot: &str) -> BTreeSet<String> {
    BTreeSet::from([slot.to_owned()])
}

/// Reads a field in a plugin with one capability, tokens not being allowed.
fn opens(capability: Option<Capability>, field: Field) -> Result<(), Status> {
    use Capability::{
        ReadClaims, ReadDelegatedTokens, ReadInboundCredentials, ReadPermissions, ReadRoles,
        ReadSubject, ReadTeams,
    };
    let has = |any: &[Capability]| capability.is_some_and(|one| any.contains(&one));
    let open = match field.info().read {
        Access::Open => true,
        Access::Subject => has(&[ReadSubject, ReadRoles, ReadTeams, ReadClaims, ReadPermissions]),
        Access::Needs(needed) => has(&[needed]),
        Access::Credentials => has(&[ReadInboundCredentials, ReadDelegatedTokens]),
        Access::Token(needed) if has(&[needed]) => return Err(Status::CredentialsDenied),
        Access::Token(_) => false,
        _ => panic!("{field}"),
    };
    if open { Ok(()) } else { Err(Status::CapabilityDenied) }
}

#[test]
fn each_capability_opens_what_it_says_and_nothing_else() {
    on_both(async || {
        for capability in [None].into_iter().chain(Capability::ALL.iter().copied().map(Some)) {
            let reads = capability.and_then(|capability| {
                let (_, read) = capability.name().split_once('_')?;
                // Who may write has to be able to read.
                let read = Capability::from_name(&format!("read_{read}"));
                read.filter(|_| !capability.name().starts_with("read_"))
            });
            let granted: Vec<_> =
                [capability, reads].into_iter().flatten().map(Capability::name).collect();
            let mut script = Script::new(&granted);
            for &field in Field::ALL {
                if matches!(field.info().slot, Slot::Payload | Slot::Context | Slot::Config) {
                    continue;
                }
                script = script.read(at(field));
                let allowed = [capability, reads].map(|one| opens(one, field));
                if !crate::upstream::has(field) && allowed.iter().any(Result::is_ok) {
                    script = script.refused(Status::Absent);
                    continue;
                }
                if let [Err(status), Err(_)] | [Err(status @ Status::CredentialsDenied), _] =
                    allowed
                {
                    script = script.refused(status);
                }
            }
            let before = full_extensions();
            let after = run(&script, &granted, before.clone()).await;
            assert_eq!(changed(&before, &after), BTreeSet::new(), "{capability:?}");
        }
    });
}

#[test]
fn reading_what_is_not_granted_fails_the_call() {
    on_both(async || {
        let script = Script::new(&[]).read(at(Field::SecurityLabels));
        for before in [full_extensions(), labelled(&[]), about_tool("pay"), Extensions::default()] {
            let wasm = script.build();
            let result = run_with(&wasm, &[], "", before.clone()).await;
            assert_eq!(denied(&result), "plugin_error");
            let reason = &result.violation.as_ref().unwrap().reason;
            assert!(reason.contains("capability"), "{reason}");
            let result = run_with(&wasm, &[], "on_error: ignore", before).await;
            assert_eq!(error_codes(&result), ["capability_denied"]);
            assert_eq!(result.errors[0].plugin_name, "guest");
        }
    });
}

#[test]
fn what_a_failed_call_wrote_is_dropped() {
    on_both(async || {
        let script = Script::new(&[])
            .text((Field::Custom, 0, Some("note")), "written")
            .text((Field::ContextLocal, 0, Some("note")), "written")
            .text((Field::ContextGlobal, 0, Some("note")), "written")
            .read(at(Field::Agent));
        let before = full_extensions();
        let result = run_with(&script.build(), &[], "on_error: ignore", before.clone()).await;
        assert_eq!(error_codes(&result), ["capability_denied"]);
        assert_eq!(slots(extensions(&result)), slots(&before));
        assert!(result.context_table.global_state.is_empty());
        assert!(result.context_table.local_states.values().all(|state| state.is_empty()));
    });
}

#[test]
fn labels_are_added_and_never_removed() {
    on_both(async || {
        let script = Script::new(&LABELS)
            .remove((Field::SecurityLabels, 0, Some("PII")))
            .refused(Status::ReadOnly)
            .remove(at(Field::SecurityLabels))
            .refused(Status::ReadOnly)
            .json(at(Field::SecurityLabels), &json!(["only"]))
            .refused(Status::Malformed)
            .json(at(Field::Security), &json!({"labels": []}))
            .refused(Status::ReadOnly)
            .text(at(Field::SecurityLabels), "REVIEWED")
            .text(at(Field::SecurityLabels), "PII");
        let before = full_extensions();
        let result = run(&script, &LABELS, before.clone()).await;
        assert_eq!(changed(&before, &result), only("security"));
        let mut security = slots(&before)["security"].clone();
        security["labels"] = json!(["GDPR", "PII", "REVIEWED"]);
        assert_eq!(slots(extensions(&result))["security"], security);

        // Where there is no slot yet.
        let result = run(&script, &LABELS, Extensions::default()).await;
        let security = extensions(&result).security.as_ref().unwrap();
        assert!(security.has_label("REVIEWED") && security.has_label("PII"));
    });
}

#[test]
fn labels_are_not_added_without_the_capability() {
    on_both(async || {
        for granted in [&[][..], &["read_labels"]] {
            let script = Script::new(granted)
                .text(at(Field::SecurityLabels), "REVIEWED")
                .refused(Status::CapabilityDenied);
            let before = full_extensions();
            let result = run(&script, granted, before.clone()).await;
            assert_eq!(changed(&before, &result), BTreeSet::new());
        }
    });
}

/// A chain whose hops say things that are easily said otherwise.
fn chain() -> DelegationExtension {
    let mut delegation = (**full_extensions().delegation.as_ref().unwrap()).clone();
    for strategy in ["pigeon", "token_exchange", "", "Ucan"] {
        delegation.append_hop(DelegationHop {
            subject_id: format!("by {strategy}"),
            scopes_granted: vec!["z".into(), "a".into()],
            strategy: Some(DelegationStrategy::Custom(strategy.into())),
            ..DelegationHop::default()
        });
    }
    delegation
}

#[test]
fn the_delegation_chain_only_grows() {
    on_both(async || {
        let hop = json!({"subject_id": "agent-9", "strategy": "pigeon", "ttl_seconds": 5});
        let script = Script::new(&DELEGATION)
            .json(at(Field::DelegationHop), &hop)
            .refused(Status::InvalidArgument)
            .text((Field::DelegationHop, 0, Some("/subject_id")), "mallory")
            .refused(Status::InvalidArgument)
            .remove(at(Field::DelegationHop))
            .refused(Status::ReadOnly)
            .json(at(Field::Delegation), &json!({"chain": []}))
            .refused(Status::ReadOnly)
            .json(at(Field::DelegationDepth), &json!(0))
            .refused(Status::ReadOnly)
            .text(at(Field::DelegationOrigin), "mallory")
            .refused(Status::ReadOnly)
            .json((Field::DelegationHop, APPEND, None), &hop)
            .text(at(Field::DelegationActor), "agent-9")
            .json(at(Field::DelegationAge), &json!(1.5));
        let before = Extensions { delegation: Some(Arc::new(chain())), ..full_extensions() };
        let result = run(&script, &DELEGATION, before.clone()).await;
        assert_eq!(changed(&before, &result), only("delegation"));
        let (was, now) = (chain(), extensions(&result).delegation.as_ref().unwrap());
        for (was, now) in was.chain.iter().zip(&now.chain) {
            assert_eq!(format!("{was:?}"), format!("{now:?}"));
        }
        assert_eq!(now.chain.len(), was.chain.len() + 1);
        let added = now.chain.last().unwrap();
        assert_eq!(added.subject_id, "agent-9");
        assert_eq!(added.strategy, Some(DelegationStrategy::Custom("pigeon".into())));
        assert_eq!(added.ttl_seconds, Some(5));
        assert_eq!(now.depth as usize, now.chain.len());
        assert!(now.delegated);
        assert_eq!(now.origin_subject_id, was.origin_subject_id);
        assert_eq!(now.actor_subject_id.as_deref(), Some("agent-9"));
        assert_eq!(now.age_seconds, 1.5);
    });
}

#[test]
fn a_delegation_chain_can_be_begun() {
    on_both(async || {
        let hop = json!({"subject_id": "alice", "strategy": "token_exchange"});
        let script = Script::new(&DELEGATION)
            .json((Field::DelegationHop, APPEND, None), &hop)
            .text(at(Field::DelegationOrigin), "alice");
        let result = run(&script, &DELEGATION, Extensions::default()).await;
        let delegation = extensions(&result).delegation.as_ref().unwrap();
        assert_eq!(delegation.chain[0].strategy, Some(DelegationStrategy::TokenExchange));
        assert_eq!(delegation.origin_subject_id.as_deref(), Some("alice"));
        assert_eq!(delegation.depth, 1);
        assert!(delegation.delegated);
        // Not without the capability.
        for granted in [&[][..], &["read_delegation"]] {
            let script = Script::new(granted)
                .json((Field::DelegationHop, APPEND, None), &hop)
                .refused(Status::CapabilityDenied)
                .text(at(Field::DelegationActor), "mallory")
                .refused(Status::CapabilityDenied);
            let before = full_extensions();
            let result = run(&script, granted, before.clone()).await;
            assert_eq!(changed(&before, &result), BTreeSet::new());
        }
    });
}

#[test]
fn no_grant_makes_a_read_only_field_writable() {
    on_both(async || {
        let all: Vec<_> = Capability::ALL.iter().map(|capability| capability.name()).collect();
        let mut script = Script::new(&all);
        for &field in Field::ALL {
            if field.info().write == Write::Never && field.info().slot != Slot::Payload {
                let whole = at(field);
                let member = (field, 0, Some("/x"));
                for place in [whole, member] {
                    script = script
                        .json(place, &json!({"request_id": "forged"}))
                        .refused(Status::ReadOnly)
                        .remove(place)
                        .refused(Status::ReadOnly);
                }
            }
        }
        let before = full_extensions();
        let result = run(&script, &all, before.clone()).await;
        assert_eq!(changed(&before, &result), BTreeSet::new());
    });
}

#[test]
fn headers_are_merged_and_the_rest_of_the_slot_stays() {
    on_both(async || {
        let script = Script::new(&HEADERS)
            .text((Field::HttpRequestHeaders, 0, Some("x-request")), "replaced")
            .text((Field::HttpRequestHeaders, 0, Some("X-Added")), "new")
            .remove((Field::HttpResponseHeaders, 0, Some("x-RESPONSE")))
            .text(at(Field::HttpPath), "/admin")
            .refused(Status::ReadOnly)
            .text((Field::Http, 0, Some("/method")), "GET")
            .refused(Status::ReadOnly)
            .text((Field::HttpRequestHeaders, 0, Some("X-Evil")), "a\r\nHost: b")
            .refused(Status::Malformed);
        let before = full_extensions();
        let result = run(&script, &HEADERS, before.clone()).await;
        assert_eq!(changed(&before, &result), only("http"));
        let http = extensions(&result).http.as_ref().unwrap();
        assert_eq!(http.get_header("X-Request"), Some("replaced"));
        assert_eq!(http.request_headers.len(), 2);
        assert_eq!(http.get_header("x-added"), Some("new"));
        assert!(http.response_headers.is_empty());
        let mut expected = slots(&before)["http"].clone();
        for member in ["request_headers", "response_headers"] {
            expected[member] = slots(extensions(&result))["http"][member].clone();
        }
        assert_eq!(slots(extensions(&result))["http"], expected);
    });
}

#[test]
fn headers_are_not_written_without_the_capability() {
    on_both(async || {
        for granted in [&[][..], &["read_headers"]] {
            let header = (Field::HttpRequestHeaders, 0, Some("X-Request"));
            let script = Script::new(granted)
                .text(header, "replaced")
                .refused(Status::CapabilityDenied)
                .remove(header)
                .refused(Status::CapabilityDenied);
            let before = full_extensions();
            let result = run(&script, granted, before.clone()).await;
            assert_eq!(changed(&before, &result), BTreeSet::new());

            // Who insists fails, and the request is denied.
            let script = Script::new(granted).text(header, "replaced");
            let result = run(&script, granted, before.clone()).await;
            assert_eq!(denied(&result), "plugin_error");
            assert_eq!(slots(extensions(&result)), slots(&before));
            let result =
                run_with(&script.build(), granted, "on_error: ignore", before.clone()).await;
            assert_eq!(error_codes(&result), ["capability_denied"]);
            assert_eq!(slots(extensions(&result)), slots(&before));
        }
    });
}

#[test]
fn the_fixture_sets_the_header_that_the_operator_chose() {
    on_both(async || {
        let before = full_extensions();
        let more = "config: { header: X-Seen-By, value: policy }";
        let result = run_with(&fixture("header_injector"), &HEADERS, more, before.clone()).await;
        assert_eq!(changed(&before, &result), only("http"));
        let http = extensions(&result).http.as_ref().unwrap();
        assert_eq!(http.get_header("x-seen-by"), Some("policy"));
        assert_eq!(http.get_header("x-request"), Some("in"));
        assert_eq!(http.path.as_deref(), Some("/path"));
    });
}

#[test]
fn the_candidate_constraint_takes_its_capability() {
    on_both(async || {
        let granted = ["write_candidate_constraint"];
        let constraint = json!({"allow_regions": ["eu"], "on_empty": "deny"});
        let write = |capabilities| {
            Script::new(capabilities)
                .keep(at(Field::CandidateConstraint), "before")
                .json(at(Field::CandidateConstraint), &constraint)
        };
        let before = full_extensions();
        let result = run(&write(&granted), &granted, before.clone()).await;
        assert_eq!(changed(&before, &result), only("candidate_constraint"));
        let now = extensions(&result).candidate_constraint.as_ref().unwrap();
        assert_eq!(now.allow_regions, Some(vec!["eu".to_owned()]));
        assert!(now.allow_models.is_none() && now.deny_models.is_empty());

        let script = Script::new(&granted).remove(at(Field::CandidateConstraint));
        let result = run(&script, &granted, before.clone()).await;
        assert_eq!(changed(&before, &result), only("candidate_constraint"));
        assert!(extensions(&result).candidate_constraint.is_none());

        // It may be read by all, and changed by who was granted it.
        let script = write(&[])
            .refused(Status::CapabilityDenied)
            .remove(at(Field::CandidateConstraint))
            .refused(Status::CapabilityDenied)
            .text((Field::Custom, 0, Some("note")), "tried");
        let result = run(&script, &[], before.clone()).await;
        assert_eq!(changed(&before, &result), only("custom"));
    });
}

#[test]
fn anybody_writes_to_the_custom_slot() {
    on_both(async || {
        let first = Script::new(&[])
            .text((Field::Custom, 0, Some("first")), "was here")
            .json((Field::Custom, 0, Some("count")), &json!({"n": 1}));
        let second = Script::new(&[])
            .keep((Field::Custom, 0, Some("count")), "seen")
            .json((Field::Custom, 0, Some("count")), &json!({"n": 2}))
            .remove((Field::Custom, 0, Some("anything")));
        let plugins =
            Plugins::new().with("first.wasm", &first.build()).with("second.wasm", &second.build());
        let yaml = ["first", "second"].map(|name| granting(name, name, HOOK, &[], "")).concat();
        let manager = plugins.start(&format!("plugins:\n{yaml}")).await;
        let before = full_extensions();
        let result = invoke(&manager, tool_call("pay"), before.clone()).await;
        assert_eq!(changed(&before, &result), only("custom"));
        let custom = &slots(extensions(&result))["custom"];
        assert_eq!(custom, &json!({"first": "was here", "count": {"n": 2}}));
        let states = local_states(&manager, &result.context_table);
        assert_eq!(states["second"], json!({"seen": {"n": 1}}));
    });
}

#[test]
fn what_a_plugin_does_not_see_comes_through_as_it_was() {
    on_both(async || {
        for capability in Capability::ALL {
            let name = capability.name();
            let mut granted = vec![name];
            for pair in [LABELS, HEADERS, DELEGATION] {
                if pair.contains(&name) {
                    granted = pair.to_vec();
                }
            }
            let before = full_extensions();
            let script = Script::new(&granted).text((Field::Custom, 0, Some("note")), "changed");
            let result = run(&script, &granted, before.clone()).await;
            assert_eq!(changed(&before, &result), only("custom"), "{name}");
        }
    });
}

#[test]
fn a_token_is_only_read_where_the_operator_allows_it() {
    on_both(async || {
        let granted = ["read_inbound_credentials"];
        let inbound = (Field::InboundToken, 0, Some("user"));
        let allowed = "config: { sandbox_policy: { allow_raw_credentials: true } }";
        let before = full_extensions();
        let script = Script::new(&granted)
            .keep_text(inbound, "token")
            .read(at(Field::DelegatedToken))
            .refused(Status::CapabilityDenied)
            .text((Field::Custom, 0, Some("note")), "changed");
        let result = run_with(&script.build(), &granted, allowed, before.clone()).await;
        // Those that it may not see are still there, and none is changed.
        assert_eq!(changed(&before, &result), only("custom"));
        let states: Vec<&Value> = result
            .context_table
            .local_states
            .values()
            .filter_map(|state| state.get("token"))
            .collect();
        assert_eq!(states, ["inbound-user"]);

        let more = "on_error: ignore";
        let result = run_with(&script.build(), &granted, more, before.clone()).await;
        assert_eq!(error_codes(&result), ["access_denied"]);
        assert_eq!(slots(extensions(&result)), slots(&before));
    });
}

#[test]
fn who_may_not_change_anything_changes_nothing() {
    on_both(async || {
        let all: Vec<_> = Capability::ALL.iter().map(|capability| capability.name()).collect();
        let script = Script::new(&all)
            .text(at(Field::SecurityLabels), "REVIEWED")
            .text((Field::HttpRequestHeaders, 0, Some("X-Added")), "new")
            .json((Field::DelegationHop, APPEND, None), &json!({"subject_id": "agent-9"}))
            .json(at(Field::CandidateConstraint), &json!({"deny_models": ["all"]}))
            .text((Field::Custom, 0, Some("note")), "changed")
            .text((Field::ToolCallArguments, 0, Some("note")), "changed")
            .text((Field::ContextGlobal, 0, Some("note")), "changed");
        let before = full_extensions();
        for mode in ["audit", "concurrent", "fire_and_forget"] {
            let more = format!("mode: {mode}");
            let result = run_with(&script.build(), &all, &more, before.clone()).await;
            assert_eq!(changed(&before, &result), BTreeSet::new(), "{mode}");
            assert!(!result.payload_modified);
            assert!(result.context_table.global_state.is_empty());
        }
        let result = run(&script, &all, before.clone()).await;
        let slots = ["candidate_constraint", "custom", "delegation", "http", "security"];
        assert_eq!(changed(&before, &result), slots.map(str::to_owned).into());
        assert!(result.payload_modified);
    });
}
