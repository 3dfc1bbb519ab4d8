//! Loads plugins for `cpex-core`, from the same configuration as any other.
//!
//! A [`WasmFactory`] is registered for the `wasm://` kinds of a configuration; from then on they are
//! plugins like native ones, in the same pipeline:
//!
//! ```
//! use std::sync::Arc;
//!
//! use cpex_core::manager::PluginManager;
//! use cpex_wasmi::cpex::WasmFactory;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let yaml = "
//! plugins:
//!   - name: pii-guard
//!     kind: wasm://pii_guard.wasm
//!     hooks: [cmf.tool_pre_invoke]
//!     capabilities: [read_labels, read_roles]
//! ";
//! let manager = Arc::new(PluginManager::default());
//! WasmFactory::new("fixtures")?.register(&manager, yaml)?;
//! manager.load_config_yaml(yaml)?;
//! # Ok(())
//! # }
//! ```
//!
//! `docs/cpex.md` has the configuration, option by option.

mod agrees;
mod collections;
mod convert;
mod errors;
mod factory;
mod handler;
mod logs;
mod outcome;
mod payload;
mod plugin;
mod record;
mod telemetry;
mod view;

pub use factory::WasmFactory;
pub use logs::TracingSink;
pub use record::CallRecord;
pub use telemetry::TELEMETRY_TARGET;
