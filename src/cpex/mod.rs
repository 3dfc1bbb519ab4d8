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
//! Each call can be told of, with what it cost:
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use cpex_wasmi::cpex::WasmFactory;
//!
//! let factory = WasmFactory::new("fixtures")?.on_call(|call| {
//!     let ended = match call.result {
//!         Ok(decision) if decision.is_allow() => "allow",
//!         Ok(_) => "deny",
//!         Err(error) => error.code(),
//!     };
//!     println!("{} {}: {ended}, {} fuel", call.plugin, call.hook, call.receipt.fuel);
//! });
//! # Ok(())
//! # }
//! ```
//!
//! `docs/cpex.md` has what is of cpex-core alone, `docs/pipeline.md` the configuration, option by option.

mod fields;
mod lifecycle;
mod records;

#[allow(clippy::duplicate_mod, reason = "it is compiled for each engine")]
#[path = "../pipeline/adapter/mod.rs"]
mod adapter;

/// The engine's crate, and what differs in it from others.
mod upstream {
    use alloc::string::String;
    use alloc::sync::Arc;
    use alloc::vec::Vec;

    use super::adapter::payload::CustomType;
    use crate::EngineBuilder;
    use crate::config::Dialect;

    pub(super) use cpex_core::manager::PluginManager as PipelineEngine;
    pub(super) use cpex_core::{
        cmf, context, delegation, elicitation, error, executor, extensions, factory, hooks,
        identity, plugin, registry,
    };

    /// The engine's configuration.
    pub(super) mod config {
        pub(in crate::cpex) use cpex_core::config::{CpexConfig as Config, parse_config as parse};
        pub(in crate::cpex) use serde_json::to_value as as_value;
    }

    /// The keys of its configuration.
    pub(super) const DIALECT: Dialect = Dialect::CpexCore;

    /// The engine's name in messages.
    pub(super) const NAME: &str = "cpex-core";

    /// Runs a call. The engine lends it nothing else.
    pub(super) async fn carried<T>(_: &extensions::Extensions, call: impl Future<Output = T>) -> T {
        call.await
    }

    /// Sets up what the engine keeps. It keeps no log of effects.
    pub(super) const fn set_up(engine: EngineBuilder) -> EngineBuilder {
        engine
    }

    /// The types of payload that only this engine has.
    pub(super) fn payload_types() -> Vec<Arc<dyn CustomType>> {
        Vec::new()
    }

    /// The names of a delegator and a target in a key, which has none.
    pub(super) fn key_names(_: &extensions::DelegationKey) -> [Option<String>; 2] {
        [None, None]
    }

    /// Gives a key names, of which it has none.
    pub(super) fn with_names(
        key: extensions::DelegationKey,
        _: Option<String>,
        _: Option<String>,
    ) -> extensions::DelegationKey {
        key
    }

    /// The name under which a handler is found again when its settings are overridden.
    pub(super) const fn hook_type(hook: &'static str) -> &'static str {
        hook
    }
}

pub use crate::pipeline::{CallRecord, TELEMETRY_TARGET, TracingSink};
pub use adapter::WasmFactory;
