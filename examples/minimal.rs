//! The first program of `docs/cpex.md`: one plugin, two calls.
//!
//! ```console
//! $ cargo minimal
//! ```

use std::error::Error;
use std::sync::Arc;

use cpex_core::cmf::{CmfHook, ContentPart, Message, MessagePayload, Role, ToolCall};
use cpex_core::extensions::{Extensions, SecurityExtension, SubjectExtension};
use cpex_core::manager::PluginManager;
use cpex_wasmi::cpex::WasmFactory;

const YAML: &str = "
plugins:
  - name: pii-guard
    kind: wasm://pii_guard.wasm
    hooks: [cmf.tool_pre_invoke]
    capabilities: [read_labels, read_roles]
";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let manager = Arc::new(PluginManager::default());
    WasmFactory::new("fixtures")?.register(&manager, YAML)?; // the directory of `pii_guard.wasm`
    manager.load_config_yaml(YAML)?;
    manager.initialize().await?;

    for role in ["engineer", "hr_admin"] {
        let call = ToolCall {
            tool_call_id: "call-1".into(),
            name: "get_salary".into(),
            arguments: [("employee".into(), 42.into())].into(),
            namespace: None,
        };
        let call = ContentPart::ToolCall { content: call };
        let payload =
            MessagePayload { message: Message::with_content(Role::Assistant, vec![call]) };
        let subject = SubjectExtension { roles: [role.into()].into(), ..Default::default() };
        let mut security = SecurityExtension { subject: Some(subject), ..Default::default() };
        security.add_label("PII");
        let extensions = Extensions { security: Some(Arc::new(security)), ..Default::default() };

        let hook = "cmf.tool_pre_invoke";
        let invoked = manager.invoke_named::<CmfHook>(hook, payload, extensions, None);
        let (result, _background) = invoked.await;
        match &result.violation {
            None => println!("{role}: allowed"),
            Some(violation) => println!("{role}: denied, {}", violation.code),
        }
    }
    manager.shutdown().await;
    Ok(())
}
