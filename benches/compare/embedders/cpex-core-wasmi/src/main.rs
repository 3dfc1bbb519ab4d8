//! Runs a configuration with plugins of a folder: `embed-cpex-core-wasmi CONFIG PLUGINS`.

use std::error::Error;
use std::sync::Arc;
use std::{env, fs};

use cpex_core::cmf::{CmfHook, Message, MessagePayload, Role};
use cpex_core::extensions::Extensions;
use cpex_core::manager::PluginManager;
use cpex_wasmi::cpex::WasmFactory;

fn main() -> Result<(), Box<dyn Error>> {
    tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(run())
}

async fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    let (Some(config), Some(plugins)) = (arguments.next(), arguments.next()) else {
        return Err("usage: embed-cpex-core-wasmi CONFIG PLUGINS".into());
    };
    let yaml = fs::read_to_string(config)?;
    let manager = Arc::new(PluginManager::default());
    WasmFactory::new(plugins)?.register(&manager, &yaml)?;
    manager.load_config_yaml(&yaml)?;
    manager.initialize().await?;
    let payload = MessagePayload { message: Message::text(Role::User, "hello") };
    let hook = "cmf.tool_pre_invoke";
    let (result, _) =
        manager.invoke_named::<CmfHook>(hook, payload, Extensions::default(), None).await;
    println!("allowed: {}", result.violation.is_none());
    Ok(())
}
