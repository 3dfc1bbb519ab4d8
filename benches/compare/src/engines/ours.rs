//! cpex-wasmi, by the way operators use it: its factory for `cpex-core`, with a plugin directory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cpex_core::factory::PluginFactory;
use cpex_core::plugin::PluginConfig;
use cpex_core::registry::AnyHookHandler;
use cpex_wasmi::cpex::WasmFactory;
use serde_json::{Value, json};

use super::{Engine, Folder, Isolation, Stored};
use crate::{HOOK, Result};

/// The style of plugins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// They fetch what they touch.
    Lean,
    /// As native ones are written.
    Cpex,
}

pub struct Ours {
    name: &'static str,
    style: Style,
    folder: Folder,
}

impl Ours {
    pub fn new(name: &'static str, style: Style) -> Result<Self> {
        Ok(Self { name, style, folder: Folder::new()? })
    }
}

impl Engine for Ours {
    fn name(&self) -> &'static str {
        self.name
    }

    /// The plugin directory is part of the design: it reads the file, where others have its bytes already.
    fn store(&self, plugin: Vec<u8>) -> Result<Stored> {
        self.folder.store(plugin)
    }

    fn load(&self, plugin: &Stored, isolation: Isolation) -> Result<Arc<dyn AnyHookHandler>> {
        let name = plugin.file()?.file_name().unwrap_or_default().to_string_lossy();
        let isolation = match isolation {
            Isolation::Pristine => "per_call",
            _ => "pooled",
        };
        let sandbox = json!({ "isolation": isolation, "allowed_state": ["calls/*"] });
        let config = json!({ "sandbox_policy": sandbox });
        load(self.folder.path.path(), &name, HOOK, config)
    }

    fn module(&self, policy: &str) -> Option<PathBuf> {
        let prefix = if self.style == Style::Cpex { "cpex_" } else { "" };
        Some(match (self.style, policy) {
            (Style::Lean, "noop" | "compute") | (Style::Cpex, "pii_guard" | "compute") => {
                super::fixtures().join(format!("{prefix}{policy}.wasm"))
            }
            (Style::Lean, _) => super::modules().join(format!("lean_{policy}.wasm")),
            (Style::Cpex, _) => super::modules().join(format!("cpex_{policy}.wasm")),
        })
    }
}

/// Loads a plugin of a directory, as an operator configures it.
pub fn load(
    directory: &Path,
    file: &str,
    hook: &str,
    config: Value,
) -> Result<Arc<dyn AnyHookHandler>> {
    let capabilities = ["read_labels", "read_subject", "read_roles", "read_headers"];
    let config = PluginConfig {
        name: file.to_string(),
        kind: format!("wasm://{file}"),
        hooks: vec![hook.into()],
        capabilities: capabilities.into_iter().map(Into::into).collect(),
        config: Some(config),
        ..PluginConfig::default()
    };
    // A factory keeps what it has translated: a new one has to do it all.
    let made = WasmFactory::new(directory)?.create(&config)?;
    let (_, handler) = made.handlers.into_iter().next().ok_or("the plugin has no hook")?;
    Ok(handler)
}
