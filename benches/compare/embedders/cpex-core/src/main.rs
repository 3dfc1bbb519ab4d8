//! Runs a configuration without plugins of a sandbox: `embed-cpex-core CONFIG`.

use std::error::Error;
use std::sync::Arc;
use std::{env, fs};

use cpex_core::cmf::{CmfHook, Message, MessagePayload, Role};
use cpex_core::extensions::Extensions;
use cpex_core::manager::PluginManager;

fn main() -> Result<(), Box<dyn Error>> {
    tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(run())
}

async fn run() -> Result<(), Box<dyn Error>> {
    let config = env::args_os().nth(1).ok_or("usage: embed-cpex-core CONFIG")?;
    let yaml = fs::read_to_string(config)?;
    let manager = Arc::new(PluginManager::default());
    manager.load_config_yaml(&yaml)?;
    manager.initialize().await?;
    let payload = MessagePayload { message: Message::text(Role::User, "hello") };
    let hook = "cmf.tool_pre_invoke";
    let (result, _) =
        manager.invoke_named::<CmfHook>(hook, payload, Extensions::default(), None).await;
    println!("allowed: {}", result.violation.is_none());
    Ok(())
}
