//! Plugins in `cpex-core`'s own pipeline: from YAML through its `PluginManager`, on a multi-threaded
//! and on a single-threaded runtime.
//!
//! The files that name no engine are run in praxis-policy too: see `tests/pipeline_praxis`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

/// The engine under test.
mod upstream {
    pub(crate) use std::borrow::Cow;

    pub(crate) use cpex_core::manager::PluginManager;
    pub(crate) use cpex_core::*;
    pub(crate) use cpex_wasmi::cpex as adapter;

    /// A configuration for this engine.
    pub(crate) fn configured(yaml: &str) -> Cow<'_, str> {
        yaml.into()
    }

    /// More levels of messages in messages than a plugin is given, and fewer than the engine can take.
    pub(crate) const DEEP: usize = 1000;

    /// True if a hook is one of the engine's.
    pub(crate) fn knows(_: &str) -> bool {
        true
    }

    /// True if the engine has a value for a field.
    pub(crate) fn has(field: cpex_wasmi::abi::Field) -> bool {
        use cpex_wasmi::abi::Field::{HttpStatus, LlmRequest};
        !matches!(field, HttpStatus | LlmRequest)
    }

    /// Fills in what only this engine has.
    pub(crate) fn fill(_: &mut extensions::Extensions) {}

    /// Tells the engine of a hook of the embedder's own.
    pub(crate) fn own_hook(_: &str) {}

    /// The JSON of a minted token, as plugins see it.
    pub(crate) fn seen_token(token: serde_json::Value) -> serde_json::Value {
        token
    }

    /// The name under which a handler of a hook is registered.
    pub(crate) fn hook_type(hook: &'static str) -> &'static str {
        hook
    }
}

#[path = "../common/mod.rs"]
mod common;
mod native;
mod pipeline;
mod script;
#[cfg(feature = "http-client")]
#[path = "../http/server.rs"]
mod server;

mod attacks;
mod concurrency;
mod entries;
mod functions;
#[cfg(feature = "http-client")]
mod http;
mod kinds;
mod lifecycle;
mod loading;
mod logs;
mod mixed;
mod modes;
mod payloads;
mod records;
mod state;
mod tiers;

// Of this engine alone.
mod configurations;
mod docs;
mod overrides;
mod routes;

// As the source of the native plugins calls it.
use native::cpex;
