//! Changes of a request, allowed and refused.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::boundary::{APPEND, Boundary, at};
use common::trusting;
use cpex_wasmi::abi::{Field, Status};
use cpex_wasmi::model::{
    CandidateConstraintExtension, ContentPart, DelegationExtension, DelegationHop, ImageSource,
    Message, PromptRequest, PromptResult, Resource, ResourceReference, Role,
};
use cpex_wasmi::{Capability, Policy, Request};
use serde_json::{Value, json};

/// A message with a part of each kind that can be edited in place.
fn request() -> Request {
    let nested = Message::text(Role::User, "nested");
    let resource = Resource {
        uri: "file:///a".into(),
        content: Some("body".into()),
        mime_type: Some("text/plain".into()),
        ..Resource::default()
    };
    let prompt = PromptResult {
        prompt_name: "greet".into(),
        messages: vec![nested],
        content: Some("hello".into()),
        ..PromptResult::default()
    };
    Request::tool_call("search")
        .argument("q", "secret")
        .part(ContentPart::Text { text: "one".into() })
        .part(ContentPart::Thinking { text: "two".into() })
        .part(ContentPart::Resource { content: resource })
        .part(ContentPart::ResourceRef {
            content: ResourceReference { uri: "file:///b".into(), ..ResourceReference::default() },
        })
        .part(ContentPart::PromptRequest {
            content: PromptRequest { name: "greet".into(), ..PromptRequest::default() },
        })
        .part(ContentPart::PromptResult { content: prompt })
        .part(ContentPart::Image { content: ImageSource::default() })
        .part(
            Request::tool_result("search", json!({"rows": [1, 2]})).message().unwrap().content[0]
                .clone(),
        )
}

/// The payload after these changes.
fn edited(edit: impl FnOnce(&mut Boundary)) -> Value {
    let mut boundary = Boundary::new(Policy::default(), request());
    edit(&mut boundary);
    let changed = boundary.end(0).changes.payload.unwrap();
    serde_json::to_value(changed).unwrap()
}

/// The payload of the request, with another value at `pointer`.
fn expected(pointer: &str, value: Value) -> Value {
    let mut payload = serde_json::to_value(request().payload).unwrap();
    *payload.pointer_mut(pointer).unwrap() = value;
    payload
}

#[test]
fn each_part_of_a_message_can_be_edited_in_place() {
    let content = |position: usize, rest: &str| format!("/message/content/{position}{rest}");
    let set_text = |field, index, text| {
        edited(|boundary| boundary.write_text((field, index, None), text).unwrap())
    };
    let argument = edited(|boundary| {
        boundary.write_text((Field::ToolCallArguments, 0, Some("q")), "***").unwrap();
    });
    assert_eq!(argument, expected(&content(0, "/content/arguments/q"), "***".into()));
    let text = set_text(Field::PartText, 1, "***");
    assert_eq!(text, expected(&content(1, "/text"), "***".into()));
    let thinking = set_text(Field::PartText, 2, "***");
    assert_eq!(thinking, expected(&content(2, "/text"), "***".into()));
    let body = set_text(Field::ResourceContent, 0, "***");
    assert_eq!(body, expected(&content(3, "/content/content"), "***".into()));
    let prompt = set_text(Field::PromptResultContent, 0, "***");
    assert_eq!(prompt, expected(&content(6, "/content/content"), "***".into()));
    let failed = set_text(Field::ToolResultIsError, 0, "true");
    assert_eq!(failed, expected(&content(8, "/content/is_error"), true.into()));
    let result = edited(|boundary| {
        boundary.write_json(at(Field::ToolResultContent), &json!({"rows": []})).unwrap();
    });
    assert_eq!(result, expected(&content(8, "/content/content"), json!({"rows": []})));
    let row = edited(|boundary| {
        boundary.write_json((Field::ToolResultContent, 0, Some("/rows/1")), &json!(null)).unwrap();
    });
    assert_eq!(row, expected(&content(8, "/content/content/rows/1"), Value::Null));
}

#[test]
fn a_message_of_a_prompt_can_be_edited_by_pointer() {
    let pointer = "/messages/0/content/0/text";
    let after = edited(|boundary| {
        boundary.write_text((Field::PromptResult, 0, Some(pointer)), "***").unwrap();
        // A plugin reads what it wrote.
        assert_eq!(boundary.text((Field::PromptResult, 0, Some(pointer))).unwrap(), "***");
    });
    let place = format!("/message/content/6/content{pointer}");
    assert_eq!(after, expected(&place, "***".into()));
    // The same place, from the payload and from the part.
    assert_eq!(
        after,
        edited(|boundary| {
            boundary.write_text((Field::Payload, 0, Some(&place)), "***").unwrap();
        })
    );
    assert_eq!(
        after,
        edited(|boundary| {
            let pointer = format!("/content{pointer}");
            boundary.write_text((Field::Part, 6, Some(&pointer)), "***").unwrap();
        })
    );
}

#[test]
fn a_part_can_be_replaced_whole_but_only_by_a_part() {
    let after = edited(|boundary| {
        let part = json!({"content_type": "text", "text": "gone"});
        boundary.write_json((Field::Part, 7, None), &part).unwrap();
        let call = json!({"tool_call_id": "x", "name": "y", "arguments": {}});
        boundary.write_json(at(Field::ToolCall), &call).unwrap();
        assert_eq!(boundary.write_json(at(Field::ToolCall), &json!(1)), Err(Status::Malformed));
        assert_eq!(boundary.write_json((Field::ToolCall, 1, None), &call), Err(Status::Absent));
    });
    assert_eq!(after["message"]["content"][7]["text"], "gone");
    assert_eq!(after["message"]["content"][0]["content"]["name"], "y");
}

#[test]
fn a_pointer_that_leads_nowhere_changes_nothing() {
    let mut boundary = Boundary::new(Policy::default(), request());
    let mut write = |field, index, pointer: &str, value: Value| {
        boundary.write_json((field, index, Some(pointer)), &value)
    };
    assert_eq!(write(Field::ToolCall, 0, "/nope/there", 1.into()), Err(Status::Absent));
    assert_eq!(write(Field::ToolCall, 0, "name", "x".into()), Err(Status::InvalidArgument));
    assert_eq!(write(Field::ToolCall, 0, "/name/0", "x".into()), Err(Status::Absent));
    assert_eq!(write(Field::ToolCall, 0, "/name", 1.into()), Err(Status::Malformed));
    assert_eq!(write(Field::Payload, 0, "/message/content/99", 1.into()), Err(Status::Absent));
    assert_eq!(write(Field::Payload, 0, "/message/content/01", 1.into()), Err(Status::Absent));
    assert_eq!(write(Field::PartText, 1, "/text", "x".into()), Err(Status::InvalidArgument));
    assert_eq!(write(Field::PartText, 3, "", "x".into()), Err(Status::Absent));
    assert!(boundary.end(0).changes.is_empty());
}

fn hop(subject: &str) -> Value {
    json!({"subject_id": subject, "scopes_granted": ["read"]})
}

fn delegated() -> Request {
    let mut request = request();
    let first: DelegationHop = serde_json::from_value(hop("alice")).unwrap();
    request.extensions.delegation = Some(DelegationExtension {
        chain: vec![first],
        depth: 1,
        delegated: true,
        origin_subject_id: Some("alice".into()),
        ..DelegationExtension::default()
    });
    request
}

#[test]
fn the_delegation_chain_only_grows() {
    let mut boundary = Boundary::new(trusting(), delegated());
    boundary.write_json((Field::DelegationHop, APPEND, None), &hop("agent")).unwrap();
    assert_eq!(boundary.count(Field::DelegationHop, APPEND), Ok(2));
    let second = (Field::DelegationHop, 1, Some("/subject_id"));
    assert_eq!(boundary.text(second).unwrap(), "agent");
    // Neither by index, nor whole, nor by removing.
    let first = (Field::DelegationHop, 0, None);
    assert_eq!(boundary.write_json(first, &hop("mallory")), Err(Status::InvalidArgument));
    assert_eq!(boundary.write_json(second, &json!("mallory")), Err(Status::InvalidArgument));
    assert_eq!(boundary.write_json(at(Field::Delegation), &json!({})), Err(Status::ReadOnly));
    assert_eq!(boundary.remove(at(Field::DelegationHop)), Err(Status::ReadOnly));
    assert_eq!(boundary.write_text(at(Field::DelegationOrigin), "mallory"), Err(Status::ReadOnly));
    boundary.write_text(at(Field::DelegationActor), "agent").unwrap();
    boundary.write_text(at(Field::DelegationAge), "2.5").unwrap();
    assert_eq!(boundary.write_text(at(Field::DelegationAge), "NaN"), Err(Status::Malformed));

    let mut after = delegated();
    after.apply(boundary.end(0).changes);
    let delegation = after.extensions.delegation.unwrap();
    let chain: Vec<_> = delegation.chain.iter().map(|hop| hop.subject_id.as_str()).collect();
    assert_eq!(chain, ["alice", "agent"]);
    assert_eq!((delegation.depth, delegation.delegated), (2, true));
    assert_eq!(delegation.origin_subject_id.as_deref(), Some("alice"));
    assert_eq!(delegation.actor_subject_id.as_deref(), Some("agent"));
    assert!((delegation.age_seconds - 2.5).abs() < f64::EPSILON);
}

#[test]
fn an_origin_can_be_given_where_there_is_none() {
    let mut boundary = Boundary::new(trusting(), request());
    boundary.write_text(at(Field::DelegationOrigin), "alice").unwrap();
    assert_eq!(boundary.write_text(at(Field::DelegationOrigin), "bob"), Err(Status::ReadOnly));
    let delegation = boundary.end(0).changes.delegation.unwrap();
    assert_eq!(delegation.origin_subject_id.as_deref(), Some("alice"));
}

#[test]
fn a_candidate_constraint_is_written_only_with_its_capability() {
    let constraint = json!({"deny_models": ["gpt-*"], "on_empty": "fallback"});
    let mut boundary = Boundary::new(trusting(), request());
    boundary.write_json(at(Field::CandidateConstraint), &constraint).unwrap();
    let models = (Field::CandidateConstraint, 0, Some("/deny_models/0"));
    boundary.write_text(models, "llama-*").unwrap();
    assert_eq!(boundary.text(models).unwrap(), "llama-*");
    let set = boundary.end(0).changes.candidate_constraint.unwrap().unwrap();
    assert_eq!(set.deny_models, ["llama-*"]);

    let mut request = request();
    request.extensions.candidate_constraint = Some(CandidateConstraintExtension::default());
    let mut boundary = Boundary::new(trusting(), request.clone());
    assert_eq!(boundary.remove(at(Field::CandidateConstraint)), Ok(true));
    assert_eq!(boundary.remove(at(Field::CandidateConstraint)), Ok(false));
    assert_eq!(boundary.json(at(Field::CandidateConstraint)), Err(Status::Absent));
    let mut after = request.clone();
    after.apply(boundary.end(0).changes);
    assert_eq!(after.extensions.candidate_constraint, None);

    let mut boundary = Boundary::new(Policy::default(), request);
    let refused = Err(Status::CapabilityDenied);
    assert_eq!(boundary.write_json(at(Field::CandidateConstraint), &constraint), refused);
    assert_eq!(boundary.remove(at(Field::CandidateConstraint)), Err(Status::CapabilityDenied));
}

#[test]
fn a_read_only_slot_cannot_be_changed() {
    let mut boundary = Boundary::new(trusting(), delegated());
    for field in Field::ALL {
        let immutable = matches!(
            field.path().split('.').next(),
            Some(
                "request"
                    | "agent"
                    | "mcp"
                    | "completion"
                    | "provenance"
                    | "llm"
                    | "framework"
                    | "meta"
                    | "raw_credentials"
                    | "config"
            )
        );
        if immutable {
            for key in [None, Some("x"), Some("/x")] {
                let refused = boundary.write_json((*field, 0, key), &json!("x"));
                assert_eq!(refused, Err(Status::ReadOnly), "{field}");
                assert_eq!(boundary.remove((*field, 0, key)), Err(Status::ReadOnly), "{field}");
            }
        }
    }
    assert!(boundary.end(0).changes.is_empty());
}

#[test]
fn who_may_append_need_not_be_able_to_read() {
    let policy = Policy::default().grant([Capability::AppendDelegation]);
    let mut boundary = Boundary::new(policy, delegated());
    boundary.write_json((Field::DelegationHop, APPEND, None), &hop("agent")).unwrap();
    assert_eq!(boundary.json(at(Field::Delegation)), Err(Status::CapabilityDenied));
    assert_eq!(boundary.end(0).changes.delegation.unwrap().chain.len(), 2);
}
