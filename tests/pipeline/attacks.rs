//! Attempts of a hostile guest, request or configuration.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cpex_wasmi::PayloadType;
use cpex_wasmi::abi::Field;
use serde::{Deserialize, Serialize};
use tokio::runtime::Builder;

use crate::common::{HOOK, guest_with};
use crate::pipeline::{Plugins, denied, extensions, invoke, on_both, payload, tool_call};
use crate::upstream::PluginManager;
use crate::upstream::cmf::{ContentPart, Message, MessagePayload, PromptResult};
use crate::upstream::extensions::raw_credentials::{
    DelegationKey, DelegationMode, RawCredentialsExtension, RawDelegatedToken, RawInboundToken,
    TokenKind, TokenRole,
};
use crate::upstream::extensions::{ClientExtension, Extensions, MetaExtension, SecurityExtension};

/// The configuration of one guest with these capabilities.
fn yaml(capabilities: &str) -> String {
    format!(
        "
plugins:
  - name: guest
    kind: wasm://guest.wasm
    hooks: [{HOOK}]
    capabilities: [{capabilities}]
"
    )
}

/// Manager of one guest whose `cpex_invoke` runs this body; `data` is in its memory from 0.
async fn started(capabilities: &str, data: &str, body: &str) -> Arc<PluginManager> {
    let names: Vec<_> = capabilities.split(", ").filter(|name| !name.is_empty()).collect();
    let wasm = guest_with(
        &names,
        &format!(
            r#"(data (i32.const 0) "{data}")
               (func (export "cpex_invoke") (param i32) (result i32) {body})"#
        ),
    );
    Plugins::new().with("guest.wasm", &wasm).start(&yaml(capabilities)).await
}

fn arguments(payload: &MessagePayload) -> &HashMap<String, serde_json::Value> {
    let ContentPart::ToolCall { content } = &payload.message.content[0] else { panic!() };
    &content.arguments
}

#[test]
fn a_payload_can_be_changed_twice() {
    on_both(async || {
        let field = Field::ToolCallArguments.number();
        let write = |at: u32| {
            format!(
                "(call $write_text (i32.const {field}) (i32.const 0) (i32.const {at}) (i32.const 1)
                   (i32.const {at}) (i32.const 1))"
            )
        };
        let body = format!("(drop {}) {}", write(0), write(1));
        let manager = started("", "ab", &body).await;
        let result = invoke(&manager, tool_call("pay"), Extensions::default()).await;
        assert!(!result.is_denied(), "{:?}", result.violation);
        assert_eq!(arguments(payload(&result)).len(), 2);
    });
}

#[test]
fn a_payload_can_be_read_after_a_write_that_was_refused() {
    on_both(async || {
        let (call, name) = (Field::ToolCall.number(), Field::ToolCallName.number());
        // The first is refused, the second reads three bytes.
        let body = format!(
            "(drop (call $write_text (i32.const {call}) (i32.const 0) (i32.const 0) (i32.const 4)
               (i32.const 0) (i32.const 1)))
             (i32.sub (call $read_text (i32.const {name}) (i32.const 0) (i32.const 0) (i32.const -1)
               (i32.const 64) (i32.const 64)) (i32.const 3))"
        );
        let manager = started("", "/nme", &body).await;
        let result = invoke(&manager, tool_call("pay"), Extensions::default()).await;
        assert!(!result.is_denied(), "{:?}", result.violation);
        assert!(!result.payload_modified);
    });
}

fn credentials() -> Extensions {
    let inbound = RawInboundToken {
        token: "inbound-token".to_string().into(),
        source_header: "Authorization".into(),
        kind: TokenKind::Jwt,
    };
    let key = DelegationKey::new(DelegationMode::AsClient, "aud", vec![]);
    let delegated = RawDelegatedToken::new(
        "delegated-token",
        "Authorization",
        "aud",
        vec![],
        Default::default(),
    );
    let raw = RawCredentialsExtension {
        inbound_tokens: HashMap::from([(TokenRole::User, inbound)]),
        delegated_tokens: HashMap::from([(key, delegated)]),
    };
    Extensions { raw_credentials: Some(Arc::new(raw)), ..Extensions::default() }
}

#[test]
fn credentials_hidden_from_a_plugin_survive_it() {
    on_both(async || {
        let field = Field::Custom.number();
        let body = format!(
            "(call $write_text (i32.const {field}) (i32.const 0) (i32.const 0) (i32.const 1)
               (i32.const 0) (i32.const 1))"
        );
        for capability in ["", "read_inbound_credentials", "read_delegated_tokens"] {
            let manager = started(capability, "a", &body).await;
            let result = invoke(&manager, tool_call("pay"), credentials()).await;
            assert!(!result.is_denied(), "{:?}", result.violation);
            let extensions = extensions(&result);
            assert_eq!(extensions.custom.as_ref().unwrap().len(), 1);
            let raw = extensions.raw_credentials.as_ref().unwrap();
            let left = (raw.inbound_tokens.len(), raw.delegated_tokens.len());
            assert_eq!(left, (1, 1), "with `{capability}`");
        }
    });
}

/// Two roles of the same name have no JSON.
#[test]
fn what_cannot_be_converted_is_not_absent() {
    on_both(async || {
        let mut given = credentials();
        let raw = Arc::get_mut(given.raw_credentials.as_mut().unwrap()).unwrap();
        let token = raw.inbound_tokens.values().next().unwrap().clone();
        raw.inbound_tokens.insert(TokenRole::Custom("user".into()), token);
        let field = Field::RawCredentials.number();
        let pointer = "/inbound_tokens/user";
        let body = format!(
            "(call $contains (i32.const {field}) (i32.const 0) (i32.const 0) (i32.const {}))",
            pointer.len()
        );
        let manager = started("read_inbound_credentials", pointer, &body).await;
        let result = invoke(&manager, tool_call("pay"), given).await;
        assert_eq!(denied(&result), "plugin_error");
    });
}

/// The fuel of one call of a guest that makes this host call and fails.
async fn fuel(capabilities: &str, key: &str, call: &str, given: Extensions) -> u64 {
    let names: Vec<_> = capabilities.split(", ").filter(|name| !name.is_empty()).collect();
    let wasm = guest_with(
        &names,
        &format!(
            r#"(data (i32.const 0) "{key}")
               (func (export "cpex_invoke") (param i32) (result i32)
                 (drop {call}) (i32.const -13))"#
        ),
    );
    let yaml = format!("{}    on_error: ignore\n", yaml(capabilities));
    let manager = Plugins::new().with("guest.wasm", &wasm).start(&yaml).await;
    let result = invoke(&manager, tool_call("pay"), given).await;
    result.errors[0].details["receipt"]["fuel"].as_u64().unwrap()
}

#[test]
fn what_is_converted_or_put_in_order_is_paid_for() {
    let given = |count: usize| {
        let names = || (0..count).map(|number| number.to_string());
        let meta = MetaExtension {
            tags: names().collect(),
            properties: names().map(|name| (name, String::new())).collect(),
            ..MetaExtension::default()
        };
        let client = ClientExtension {
            claims: names().map(|name| (name, true.into())).collect(),
            ..ClientExtension::default()
        };
        let security = SecurityExtension { client: Some(client), ..SecurityExtension::default() };
        Extensions {
            meta: Some(Arc::new(meta)),
            security: Some(Arc::new(security)),
            ..Extensions::default()
        }
    };
    let look = |field: Field, key: &str| {
        let number = field.number();
        format!(
            "(call $contains (i32.const {number}) (i32.const 0) (i32.const 0) (i32.const {}))",
            key.len()
        )
    };
    let whole = |field: Field| {
        let number = field.number();
        format!(
            "(call $read_json (i32.const {number}) (i32.const 0) (i32.const 0) (i32.const -1)
               (i32.const 0) (i32.const 0))"
        )
    };
    let calls = [
        ("/scope", look(Field::Meta, "/scope")),
        ("/classification", look(Field::Security, "/classification")),
        ("", whole(Field::MetaTags)),
        ("", whole(Field::MetaProperties)),
    ];
    on_both(async || {
        for (key, call) in &calls {
            let few = fuel("read_client", key, call, given(10)).await;
            let many = fuel("read_client", key, call, given(1010)).await;
            assert!(many > few + 16_000, "{call}: {few} and {many}");
        }
    });
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Ledger {
    entries: Vec<String>,
}

crate::upstream::impl_plugin_payload!(Ledger);

#[test]
fn a_payload_of_another_type_is_converted_once() {
    on_both(async || {
        let field = Field::Payload.number();
        let look = format!(
            "(drop (call $contains (i32.const {field}) (i32.const 0) (i32.const 0) (i32.const 6)))"
        );
        let wasm = guest_with(
            &[],
            &format!(
                r#"(data (i32.const 0) "/other")
                   (func (export "cpex_invoke") (param i32) (result i32) {} (i32.const 0))"#,
                look.repeat(1000)
            ),
        );
        let plugins = Plugins::new().with("guest.wasm", &wasm);
        let factory = plugins.factory().payload_type(PayloadType::<Ledger>::new("ledger"));
        let manager = plugins.load_with(&yaml(""), &factory, |_| {}).unwrap();
        manager.initialize().await.unwrap();
        let ledger = Ledger { entries: (0..100_000).map(|number| number.to_string()).collect() };
        let start = Instant::now();
        let (result, _) =
            manager.invoke_by_name(HOOK, Box::new(ledger), Extensions::default(), None).await;
        assert!(!result.is_denied(), "{:?}", result.violation);
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    });
}

#[test]
fn messages_nested_without_end_do_not_overflow_the_stack() {
    let field = Field::Payload.number();
    let read = format!(
        "(drop (call $read_json (i32.const {field}) (i32.const 0) (i32.const 0) (i32.const -1)
           (i32.const 0) (i32.const 0))) (i32.const 0)"
    );
    let call = move |levels: usize| {
        let nested = (0..levels).fold(tool_call("pay").message, |inner, _| {
            let content = PromptResult {
                prompt_request_id: String::new(),
                prompt_name: String::new(),
                messages: vec![inner],
                content: None,
                is_error: false,
                error_message: None,
            };
            let content = vec![ContentPart::PromptResult { content }];
            Message { content, ..tool_call("pay").message }
        });
        let read = read.clone();
        let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
            let runtime = Builder::new_current_thread().enable_time().build().unwrap();
            runtime.block_on(async {
                let manager = started("", "", &read).await;
                let payload = MessagePayload { message: nested };
                invoke(&manager, payload, Extensions::default()).await.is_denied()
            })
        });
        thread.unwrap().join().unwrap()
    };
    // As deep as JSON can be, and deeper.
    assert!(!call(25));
    assert!(!call(40));
    assert!(call(41));
    // Cloning and dropping it takes stack too, which is the engine's.
    assert!(call(crate::upstream::DEEP));
}

#[test]
fn a_borrowed_value_that_had_no_room_costs_the_same_again() {
    let read = |function: &str, field: Field, room: usize| {
        format!(
            "(call ${function} (i32.const {}) (i32.const 0) (i32.const 0) (i32.const -1)
               (i32.const 1024) (i32.const {room}))",
            field.number()
        )
    };
    let all = |calls: [&str; 3]| {
        let [first, second, last] = calls;
        format!("(block (result i32) (drop {first}) (drop {second}) {last})")
    };
    // The host forgets the value between the two reads, or not.
    let other = "(call $count (i32.const 0) (i32.const 0))";
    on_both(async || {
        for field in [Field::Payload, Field::ToolCall, Field::ToolCallName] {
            for function in ["read", "read_json"] {
                let (short, long) = (read(function, field, 1), read(function, field, 9999));
                let kept = fuel("", "", &all([other, &short, &long]), Extensions::default()).await;
                let forgotten =
                    fuel("", "", &all([&short, other, &long]), Extensions::default()).await;
                assert_eq!(kept, forgotten, "{function} {field}");
            }
        }
    });
}
