//! Sandboxed plugins in praxis-policy: the steps of a policy name them. It prints what each of them did and cost.
//!
//! ```console
//! $ cargo praxis
//! ```
//!
//! With `cpex` 0.3.1 in the place of `praxis-policy`, only the names of the crates are others: see `examples/facade`.

use std::error::Error;
use std::sync::Arc;

use cpex_wasmi::praxis::{CallRecord, WasmFactory};
use praxis_policy::praxis_policy_core::cmf::{
    CmfHook, ContentPart, Message, MessagePayload, Role, ToolCall,
};
use praxis_policy::praxis_policy_core::extensions::{
    Extensions, HttpExtension, MetaExtension, SecurityExtension, SubjectExtension,
};
use praxis_policy::{AplOptions, PolicyEngine, register_apl};
use serde_json::{Value, json};

const PLUGINS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
const CONFIG: &str = include_str!("praxis.yaml");

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let engine = Arc::new(PolicyEngine::default());
    register_apl(&engine, AplOptions::in_process());
    WasmFactory::new(PLUGINS)?.on_call(print).register(&engine, CONFIG)?;
    engine.load_config_yaml(CONFIG)?;
    engine.initialize().await?;

    let salary = json!({ "employee": 42, "ssn": "123-45-6789" });
    call(&engine, "engineer", "get_salary", &salary).await;
    call(&engine, "hr_admin", "get_salary", &salary).await;
    call(&engine, "engineer", "search", &json!({ "query": "holidays in May" })).await;

    engine.shutdown().await;
    Ok(())
}

/// Prints what a plugin did, and what it cost.
fn print(call: &CallRecord<'_>) {
    let did = match call.result {
        Ok(decision) if decision.is_allow() => "allows".to_owned(),
        Ok(_) => "denies".to_owned(),
        Err(error) => format!("fails: {}", error.code()),
    };
    let changed = call.changed.join(", ");
    let changes = if changed.is_empty() { changed } else { format!(", changes {changed}") };
    println!("  {:<10} {:>6} fuel  {did}{changes}", call.plugin, call.receipt.fuel);
}

/// One tool call, with the policy before it.
async fn call(engine: &PolicyEngine, role: &str, tool: &str, arguments: &Value) {
    println!("{role} calls {tool} {arguments}");
    let content = ToolCall {
        tool_call_id: "call-1".into(),
        name: tool.into(),
        arguments: arguments.as_object().cloned().into_iter().flatten().collect(),
        namespace: None,
    };
    let message = Message::with_content(Role::Assistant, vec![ContentPart::ToolCall { content }]);
    let hook = "cmf.tool_pre_invoke";
    let invoked =
        engine.invoke_named::<CmfHook>(hook, MessagePayload { message }, request(role, tool), None);
    let (result, _background) = invoked.await;
    if let Some(violation) = &result.violation {
        println!("  => denied: {}, {}\n", violation.code, violation.reason);
        return;
    }
    let payload = result.modified_payload.as_ref();
    let payload = payload.and_then(|payload| payload.as_any().downcast_ref::<MessagePayload>());
    let calls = payload.map(|payload| payload.message.get_tool_calls()).unwrap_or_default();
    for call in calls {
        // In the order of their names.
        println!("  -> {} {}", call.name, json!(call.arguments));
    }
    let extensions = result.modified_extensions.unwrap_or_default();
    let checked = extensions.http.as_ref().and_then(|http| http.get_request_header("x-checked-by"));
    println!("     x-checked-by: {}\n", checked.unwrap_or("-"));
}

/// The caller, and the tool that the policy has a route for.
fn request(role: &str, tool: &str) -> Extensions {
    let subject = SubjectExtension { roles: [role.into()].into(), ..Default::default() };
    let mut security = SecurityExtension { subject: Some(subject), ..Default::default() };
    if tool == "get_salary" {
        security.add_label("PII");
    }
    let meta = MetaExtension {
        entity_type: Some("tool".into()),
        entity_name: Some(tool.into()),
        ..Default::default()
    };
    Extensions {
        security: Some(Arc::new(security)),
        meta: Some(Arc::new(meta)),
        http: Some(Arc::new(HttpExtension::default())),
        ..Default::default()
    }
}
