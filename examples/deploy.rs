//! The program of `docs/tutorial.md`: plugins from a configuration, one call, one answer.
//!
//! ```console
//! $ cargo run --example deploy --features cpex-core --ignore-rust-version
//! ```

use std::error::Error;
use std::fs::read_to_string;
use std::sync::Arc;

use cpex_core::cmf::{CmfHook, MessagePayload};
use cpex_core::extensions::Extensions;
use cpex_core::manager::PluginManager;
use cpex_wasmi::cpex::WasmFactory;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let yaml = read_to_string("plugins.yaml")?;
    let manager = Arc::new(PluginManager::default());
    WasmFactory::new("plugins")?.register(&manager, &yaml)?; // before the configuration is loaded
    manager.load_config_yaml(&yaml)?;
    manager.initialize().await?;

    let payload: MessagePayload = serde_json::from_str(&read_to_string("request.json")?)?;
    let hook = "cmf.tool_pre_invoke";
    let invoked = manager.invoke_named::<CmfHook>(hook, payload, Extensions::default(), None);
    let (result, _background) = invoked.await;
    match &result.violation {
        None => println!("allowed"),
        Some(violation) => println!("denied, {}: {}", violation.code, violation.reason),
    }
    manager.shutdown().await;
    Ok(())
}
