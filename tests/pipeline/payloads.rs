//! Messages with all their parts, and payloads of an embedder's own.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use cpex_wasmi::PayloadType;
use cpex_wasmi::abi::{Field, Status};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::common::HOOK;
use crate::common::boundary::at;
use crate::pipeline::{
    Plugins, denied, error_codes, extensions, full_extensions, granting, invoke, local_states,
    on_both, payload, request, slots, tool_call,
};
use crate::script::Script;
use crate::upstream::adapter::WasmFactory;
use crate::upstream::cmf::{CmfHook, MessagePayload};
use crate::upstream::context::PluginContext;
use crate::upstream::extensions::Extensions;
use crate::upstream::hooks::{HookHandler, HookTypeDef, PluginResult};
use crate::upstream::identity::IdentityHook;
use crate::upstream::impl_plugin_payload;
use crate::upstream::plugin::{Plugin, PluginConfig};

use super::kinds::{after, identity, invoke_about, place, scripted};

/// The hooks whose payload is a message.
const MESSAGES: [&str; 10] = [
    "cmf.tool_pre_invoke",
    "cmf.tool_post_invoke",
    "cmf.llm_input",
    "cmf.llm_output",
    "cmf.prompt_pre_invoke",
    "cmf.prompt_post_invoke",
    "cmf.prompt_pre_fetch",
    "cmf.prompt_post_fetch",
    "cmf.resource_pre_fetch",
    "cmf.resource_post_fetch",
];

#[test]
fn all_parts_of_a_message_are_read_and_changed_at_each_hook() {
    on_both(async || {
        let message: MessagePayload = request("full_message");
        let before = serde_json::to_value(&message).unwrap();
        let parts = before["message"]["content"].as_array().unwrap();
        assert_eq!(parts.len(), 12);
        let names: Vec<_> = (0..parts.len()).map(|index| format!("{index:02}")).collect();
        for hook in MESSAGES.into_iter().filter(|hook| crate::upstream::knows(hook)) {
            let mut script = Script::new(&[]).on(hook);
            for (index, name) in (0..).zip(&names) {
                script = script.keep((Field::Part, index, None), name);
            }
            let script = script
                .text(at(Field::PartText), "another text")
                .text((Field::ToolCallArguments, 0, Some("note")), "new")
                .text(at(Field::ResourceContent), "another body")
                .json((Field::PromptRequestArguments, 0, Some("who")), &json!({"name": "world"}))
                .text((Field::PromptResult, 0, Some("/messages/0/content/0/text")), "nested")
                .text((Field::Part, 8, Some("/content/data")), "aW1hZ2U=")
                .json((Field::ResourceRef, 0, Some("/range_end")), &json!(99));
            let manager = scripted(&script, hook, "").await;
            let result =
                invoke_about::<CmfHook>(&manager, hook, message.clone(), Extensions::default())
                    .await;
            let now = serde_json::to_value(after::<MessagePayload>(&result)).unwrap();
            let states = local_states(&manager, &result.context_table);
            let seen: Vec<&Value> = states["guest"].as_object().unwrap().values().collect();
            assert_eq!(seen, parts.iter().collect::<Vec<_>>(), "{hook}");

            let mut expected = before.clone();
            let content = &mut expected["message"]["content"];
            content[0]["text"] = json!("another text");
            content[2]["content"]["arguments"]["note"] = json!("new");
            content[4]["content"]["content"] = json!("another body");
            content[5]["content"]["range_end"] = json!(99);
            content[6]["content"]["arguments"]["who"] = json!({"name": "world"});
            content[7]["content"]["messages"][0]["content"][0]["text"] = json!("nested");
            content[8]["content"]["data"] = json!("aW1hZ2U=");
            assert_eq!(now, expected, "{hook}");
        }
    });
}

#[test]
fn a_payload_can_be_changed_again() {
    on_both(async || {
        let argument = |name| (Field::ToolCallArguments, 0, Some(name));
        let script = Script::new(&[])
            .text(at(Field::ToolCallName), "other")
            .refused(Status::ReadOnly)
            .json((Field::ToolCall, 0, Some("/arguments")), &json!(7))
            .refused(Status::Malformed)
            .json((Field::ToolCall, 1, Some("/arguments")), &json!({}))
            .refused(Status::Absent)
            .keep(at(Field::ToolCallArguments), "before")
            .text(argument("first"), "1")
            .text(argument("second"), "2")
            .keep(at(Field::ToolCallArguments), "between")
            .remove(argument("first"))
            .text((Field::ToolCall, 0, Some("/name")), "refund");
        let manager = scripted(&script, HOOK, "").await;
        let result = invoke(&manager, tool_call("pay"), Extensions::default()).await;
        let call = payload(&result).message.get_tool_calls()[0];
        assert_eq!(call.name, "refund");
        assert_eq!(call.arguments, HashMap::from([("second".into(), json!("2"))]));
        let states = local_states(&manager, &result.context_table);
        let seen = json!({"before": {}, "between": {"first": "1", "second": "2"}});
        assert_eq!(states["guest"], seen);
    });
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Invoice {
    amount: u64,
    items: Vec<Item>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    name: String,
    price: f64,
}

impl_plugin_payload!(Invoice);

struct InvoiceHook;

impl HookTypeDef for InvoiceHook {
    type Payload = Invoice;
    type Result = PluginResult<Invoice>;
    const NAME: &'static str = "acme.invoice";
}

/// Another type of an embedder's own.
#[derive(Clone, Serialize, Deserialize)]
struct Visitor {
    badge: Option<String>,
}

impl_plugin_payload!(Visitor);

struct VisitorHook;

impl HookTypeDef for VisitorHook {
    type Payload = Visitor;
    type Result = PluginResult<Visitor>;
    const NAME: &'static str = "acme.visitor";
}

const INVOICE: PayloadType<Invoice> = PayloadType::new("acme.invoice");
const VISITOR: PayloadType<Visitor> = PayloadType::new("acme.visitor");

fn invoice() -> Invoice {
    let item = |name: &str, price| Item { name: name.into(), price };
    Invoice { amount: 7, items: vec![item("pen", 0.1), item("ink", 1e300)] }
}

/// Doubles an amount, natively.
struct Doubler(PluginConfig);

#[async_trait]
impl Plugin for Doubler {
    fn config(&self) -> &PluginConfig {
        &self.0
    }
}

impl HookHandler<InvoiceHook> for Doubler {
    async fn handle(
        &self,
        invoice: &Invoice,
        _: &Extensions,
        _: &mut PluginContext,
    ) -> PluginResult<Invoice> {
        PluginResult::modify_payload(Invoice {
            amount: invoice.amount.saturating_mul(2),
            ..invoice.clone()
        })
    }
}

#[test]
fn a_payload_of_the_embedders_own_goes_through_as_its_type() {
    on_both(async || {
        let hook = "acme.invoice_review";
        crate::upstream::own_hook(hook);
        let plus = Script::new(&[])
            .on(hook)
            .keep_text(at(Field::PayloadType), "type")
            .keep_text(place("/items/0/name"), "name")
            .keep(place("/items/1/price"), "price")
            .read(place("/items/2"))
            .refused(Status::Absent)
            .text(place("/amount"), "much")
            .refused(Status::Malformed)
            .json(place("/items/0/prize"), &json!(1))
            .refused(Status::Malformed)
            .read(at(Field::MessageRole))
            .refused(Status::WrongPayload)
            .json(place("/amount"), &json!(50))
            .text(place("/items/0/name"), "pencil");
        let check = Script::new(&[]).on(hook).keep(place("/amount"), "amount");
        let plugins =
            Plugins::new().with("plus.wasm", &plus.build()).with("check.wasm", &check.build());
        let yaml = [
            granting("plus", "plus", hook, &[], "priority: 1"),
            granting("check", "check", hook, &[], "priority: 3"),
        ];
        let factory = plugins.factory().payload_type(VISITOR).payload_type(INVOICE);
        let manager = plugins.start_with(&format!("plugins:\n{}", yaml.concat()), &factory).await;
        let config = PluginConfig {
            name: "doubler".into(),
            kind: "native".into(),
            hooks: vec![hook.into()],
            priority: 2,
            ..PluginConfig::default()
        };
        let doubler = Arc::new(Doubler(config.clone()));
        manager.register_handler_for_names::<InvoiceHook, _>(doubler, config, &[hook]).unwrap();

        let result =
            invoke_about::<InvoiceHook>(&manager, hook, invoice(), full_extensions()).await;
        let mut expected = invoice();
        expected.amount = 100;
        expected.items[0].name = "pencil".into();
        assert_eq!(after::<Invoice>(&result), &expected);
        assert_eq!(slots(extensions(&result)), slots(&full_extensions()));
        let states = local_states(&manager, &result.context_table);
        let seen = json!({"type": "acme.invoice", "name": "pen", "price": 1e300});
        assert_eq!(states["plus"], seen);
        assert_eq!(states["check"], json!({"amount": 100}));
    });
}

#[test]
fn payloads_of_several_types_are_told_apart() {
    on_both(async || {
        let hook = "acme.audit";
        crate::upstream::own_hook(hook);
        let script = Script::new(&[]).on(hook).keep_text(at(Field::PayloadType), "type");
        let plugins = Plugins::new().with("guest.wasm", &script.build());
        let factory = plugins.factory().payload_type(INVOICE).payload_type(VISITOR);
        let yaml = format!("plugins:\n{}", granting("guest", "guest", hook, &[], ""));
        let manager = plugins.start_with(&yaml, &factory).await;
        let none = Extensions::default;
        let visitor = Visitor { badge: None };
        let results = [
            invoke_about::<InvoiceHook>(&manager, hook, invoice(), none()).await,
            invoke_about::<VisitorHook>(&manager, hook, visitor, none()).await,
            invoke_about::<CmfHook>(&manager, hook, tool_call("pay"), none()).await,
            invoke_about::<IdentityHook>(&manager, hook, identity("a:b"), none()).await,
        ];
        for (result, name) in
            results.iter().zip(["acme.invoice", "acme.visitor", "message", "identity"])
        {
            assert!(!result.is_denied(), "{:?}", result.violation);
            let states = local_states(&manager, &result.context_table);
            assert_eq!(states["guest"], json!({"type": name}));
        }
    });
}

#[test]
fn a_payload_of_a_type_that_is_not_registered_is_an_error() {
    on_both(async || {
        let hook = "acme.visitor";
        crate::upstream::own_hook(hook);
        // It allows without a look.
        let plugins = Plugins::new().with("guest.wasm", &Script::new(&[]).on(hook).build());
        let factories: [WasmFactory; 2] =
            [plugins.factory(), plugins.factory().payload_type(INVOICE)];
        for factory in factories {
            let visit = async |more: &str| {
                let yaml = format!("plugins:\n{}", granting("guest", "guest", hook, &[], more));
                let manager = plugins.start_with(&yaml, &factory).await;
                let visitor = Visitor { badge: None };
                invoke_about::<VisitorHook>(&manager, hook, visitor, Extensions::default()).await
            };
            let result = visit("").await;
            assert_eq!(denied(&result), "plugin_error");
            let reason = &result.violation.as_ref().unwrap().reason;
            assert!(reason.contains("`WasmFactory::payload_type`"), "{reason}");
            let result = visit("on_error: ignore").await;
            assert_eq!(error_codes(&result), ["invalid_config"]);
        }
    });
}
