//! A sandboxed plugin beside the built-in ones of `cpex` 0.3.1, which is the only crate of the engine that is named here.

use std::error::Error;
use std::sync::Arc;

use cpex::praxis_policy_core::extensions::{MetaExtension, SecurityExtension, SubjectExtension};
use cpex::prelude::{CmfHook, ContentPart, Extensions, Message, MessagePayload, Role, ToolCall};
use cpex::{PolicyEngine, install_builtins};
use cpex_wasmi::praxis::WasmFactory;

const PLUGINS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures");

const CONFIG: &str = "
plugins:
  - name: pii-guard
    kind: wasm://pii_guard.wasm
    hooks: [cmf.tool_pre_invoke]
    capabilities: [read_labels, read_roles]
routes:
  - tool: get_salary
    authorization: { pre_invocation: ['run(pii-guard)'] }
";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let engine = Arc::new(PolicyEngine::default());
    install_builtins(&engine);
    WasmFactory::new(PLUGINS)?.register(&engine, CONFIG)?;
    engine.load_config_yaml(CONFIG)?;
    engine.initialize().await?;

    for role in ["engineer", "hr_admin"] {
        let content = ToolCall {
            tool_call_id: "call-1".into(),
            name: "get_salary".into(),
            arguments: [("employee".into(), 42.into())].into(),
            namespace: None,
        };
        let content = vec![ContentPart::ToolCall { content }];
        let payload = MessagePayload { message: Message::with_content(Role::Assistant, content) };
        let invoked =
            engine.invoke_named::<CmfHook>("cmf.tool_pre_invoke", payload, request(role), None);
        let (result, _background) = invoked.await;
        match &result.violation {
            None => println!("{role}: allowed"),
            Some(violation) => println!("{role}: denied, {}", violation.code),
        }
    }
    engine.shutdown().await;
    Ok(())
}

/// A caller with a role, personal data, and the tool that the policy has a route for.
fn request(role: &str) -> Extensions {
    let subject = SubjectExtension { roles: [role.into()].into(), ..Default::default() };
    let mut security = SecurityExtension { subject: Some(subject), ..Default::default() };
    security.add_label("PII");
    let meta = MetaExtension {
        entity_type: Some("tool".into()),
        entity_name: Some("get_salary".into()),
        ..Default::default()
    };
    Extensions {
        security: Some(Arc::new(security)),
        meta: Some(Arc::new(meta)),
        ..Default::default()
    }
}
