//! Allocations of a call of a pooled plugin: not at all, unless the plugin denies, changes something
//! or reads a record.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]

#[allow(dead_code, reason = "the peak is for others")]
#[path = "hostile/allocated.rs"]
mod allocated;
mod common;

use std::sync::Arc;

use allocated::counted;
use common::{HOOK, fixture, load, trusting};
use cpex_wasmi::Request;

/// State of the first calls that serves later ones: an instance, a stack, room for what is read.
const WARM: usize = 3;

/// A tool call by somebody who may see what it is about.
fn request() -> Arc<Request> {
    let request = Request::tool_call("get_compensation").argument("employee_id", 42);
    Arc::new(request.label("PII").subject("alice").role("hr_admin").header("X-Request-Id", "4711"))
}

fn allocations_of_a_call(name: &str) -> usize {
    let plugin = load(&fixture(name), trusting().pooled(2));
    let request = request();
    let call = || plugin.call(HOOK, request.clone()).unwrap();
    for _ in 0..WARM {
        assert!(call().decision.is_allow());
    }
    counted(call).1
}

#[test]
fn a_call_allocates_nothing_of_its_own() {
    assert_eq!(allocations_of_a_call("noop"), 0);
    assert_eq!(allocations_of_a_call("pii_guard"), 0);
}

/// So that the zeros above mean something.
#[test]
fn a_call_that_changes_something_allocates() {
    assert!(allocations_of_a_call("labeler") > 0);
}

#[cfg(feature = "cpex-core")]
mod handler {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use cpex_core::cmf::{ContentPart, Message, MessagePayload, Role, ToolCall};
    use cpex_core::context::PluginContext;
    use cpex_core::extensions::{Extensions, SecurityExtension, SubjectExtension};
    use cpex_core::factory::PluginFactory;
    use cpex_core::plugin::PluginConfig;
    use cpex_wasmi::cpex::WasmFactory;

    use super::*;

    /// The cost of `AnyHookHandler` itself: the future of `async_trait`, and the result whose type is
    /// erased.
    const OF_THE_TRAIT: usize = 2;

    fn extensions() -> Extensions {
        let mut security = SecurityExtension::default();
        security.add_label("PII");
        security.subject = Some(SubjectExtension {
            id: Some("alice".into()),
            roles: ["hr_admin".to_owned()].into(),
            ..SubjectExtension::default()
        });
        Extensions { security: Some(Arc::new(security)), ..Extensions::default() }
    }

    fn payload() -> MessagePayload {
        let content = ToolCall {
            tool_call_id: "call-1".into(),
            name: "get_compensation".into(),
            arguments: [("employee_id".to_owned(), 42.into())].into(),
            namespace: None,
        };
        MessagePayload {
            message: Message {
                schema_version: "2.0".into(),
                role: Role::Assistant,
                content: vec![ContentPart::ToolCall { content }],
                channel: None,
            },
        }
    }

    fn allocations_of_an_invocation(name: &str) -> usize {
        let capabilities = ["read_labels", "read_subject", "read_roles"].map(str::to_owned);
        let config = PluginConfig {
            name: name.into(),
            kind: format!("wasm://{name}.wasm"),
            hooks: vec![HOOK.into()],
            capabilities: capabilities.into_iter().collect(),
            config: Some(serde_json::json!({ "sandbox_policy": { "isolation": "pooled" } })),
            ..PluginConfig::default()
        };
        let made = WasmFactory::new("fixtures").unwrap().create(&config).unwrap();
        let handler = made.handlers.into_iter().next().unwrap().1;
        let (payload, extensions) = (payload(), extensions());
        let mut context = PluginContext::new();
        let mut invoke = || {
            let mut call = pin!(handler.invoke(&payload, &extensions, &mut context));
            match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(result) => result.unwrap(),
                Poll::Pending => unreachable!("the call ends within its first slice"),
            }
        };
        for _ in 0..WARM {
            invoke();
        }
        counted(invoke).1
    }

    #[test]
    fn an_invocation_allocates_what_the_trait_takes_and_no_more() {
        assert_eq!(allocations_of_an_invocation("noop"), OF_THE_TRAIT);
        assert_eq!(allocations_of_an_invocation("pii_guard"), OF_THE_TRAIT);
    }
}
