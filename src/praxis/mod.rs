//! Loads plugins for praxis-policy, from the same configuration as any other.
//!
//! A [`WasmFactory`] is registered for the `wasm://` kinds of a configuration; from then on they are
//! plugins like native ones, in the same pipeline:
//!
//! ```
//! use std::sync::Arc;
//!
//! use cpex_wasmi::praxis::WasmFactory;
//! use praxis_policy_core::engine::PolicyEngine;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let yaml = "
//! engine_settings:
//!   dispatch: hooks
//! plugins:
//!   - name: pii-guard
//!     kind: wasm://pii_guard.wasm
//!     hooks: [cmf.tool_pre_invoke]
//!     capabilities: [read_labels, read_roles]
//! ";
//! let engine = Arc::new(PolicyEngine::default());
//! WasmFactory::new("fixtures")?.register(&engine, yaml)?;
//! engine.load_config_yaml(yaml)?;
//! # Ok(())
//! # }
//! ```
//!
//! The modules are those that run under cpex-core, in the module `cpex`. `docs/praxis.md` has what differs, `docs/pipeline.md` the configuration, option by option.

mod carried;
mod claims;
mod configuration;
mod effects;
mod fields;
mod http;
mod lifecycle;
mod records;
mod seen;
#[cfg(feature = "http")]
mod transport;
mod values;

#[allow(clippy::duplicate_mod, reason = "it is compiled for each engine")]
#[path = "../pipeline/adapter/mod.rs"]
mod adapter;

/// The engine's crate, and what differs in it from others.
mod upstream {
    use alloc::string::String;
    use alloc::sync::Arc;
    use alloc::{vec, vec::Vec};

    use super::adapter::payload::CustomType;
    use super::http::HttpType;
    use super::optional;
    use crate::EngineBuilder;
    use crate::config::Dialect;

    pub(super) use praxis_policy_core::engine::PolicyEngine as PipelineEngine;
    pub(super) use praxis_policy_core::{
        cmf, context, delegation, elicitation, error, executor, extensions, factory, hooks,
        identity, plugin, registry,
    };

    pub(super) use super::configuration as config;

    /// The keys of its configuration.
    pub(super) const DIALECT: Dialect = Dialect::PraxisPolicy;

    /// The engine's name in messages.
    pub(super) const NAME: &str = "praxis-policy";

    pub(super) use super::carried::carried;

    /// Has the effects of plugins recorded in the engine's log.
    pub(super) fn set_up(engine: EngineBuilder) -> EngineBuilder {
        engine.effects(super::effects::of_call)
    }

    /// The types of payload that only this engine has.
    pub(super) fn payload_types() -> Vec<Arc<dyn CustomType>> {
        vec![Arc::new(HttpType)]
    }

    /// The names of a delegator and a target in a key.
    pub(super) fn key_names(key: &extensions::DelegationKey) -> [Option<String>; 2] {
        [optional::to(&key.delegator_name), optional::to(&key.target_name)]
    }

    /// Gives a key these names.
    pub(super) fn with_names(
        key: extensions::DelegationKey,
        delegator: Option<String>,
        target: Option<String>,
    ) -> extensions::DelegationKey {
        key.with_delegator_name(delegator.unwrap_or_default())
            .with_target_name(target.unwrap_or_default())
    }

    /// The family of hooks that a handler is for. An embedder's own hook may have none.
    pub(super) fn hook_type(hook: &'static str) -> &'static str {
        hooks::lookup_hook_metadata(hook).and_then(|known| known.family).unwrap_or(hook)
    }
}

pub(crate) use values::{flag, optional, prefix};

pub use crate::pipeline::{CallRecord, TELEMETRY_TARGET, TracingSink};
pub use adapter::WasmFactory;
#[cfg(feature = "http")]
pub use transport::EngineTransport;
