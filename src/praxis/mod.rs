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
//! The modules are those that run under cpex-core, in the module `cpex`. `docs/praxis.md` has what differs.

pub(crate) mod claims;
mod configuration;
mod fields;
mod http;
mod records;
mod seen;

#[allow(clippy::duplicate_mod, reason = "it is compiled for each engine")]
#[path = "../pipeline/adapter/mod.rs"]
mod adapter;

/// The engine's crate, and what differs in it from others.
mod upstream {
    use alloc::sync::Arc;
    use alloc::{vec, vec::Vec};

    use super::adapter::payload::CustomType;
    use super::claims;
    use super::http::HttpType;
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

    /// The types of payload that only this engine has.
    pub(super) fn payload_types() -> Vec<Arc<dyn CustomType>> {
        vec![Arc::new(HttpType)]
    }

    /// Keeps claims as they were, where a plugin left them. They are JSON values, and texts for plugins.
    pub(super) fn keep_claims(
        now: &mut identity::IdentityPayload,
        before: &identity::IdentityPayload,
    ) {
        if let (Some(now), Some(before)) = (&mut now.subject, &before.subject) {
            claims::restore(&mut now.claims, &before.claims);
        }
    }

    /// The family of hooks that a handler is for. An embedder's own hook may have none.
    pub(super) fn hook_type(hook: &'static str) -> &'static str {
        hooks::lookup_hook_metadata(hook).and_then(|known| known.family).unwrap_or(hook)
    }
}

pub use crate::pipeline::{CallRecord, TELEMETRY_TARGET, TracingSink};
pub use adapter::WasmFactory;

/// The prefix of a minted token in its header, where the plugin does not say another.
pub(crate) const BEARER: &str = "Bearer ";
