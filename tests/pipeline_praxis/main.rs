//! Plugins in the pipeline of praxis-policy: the tests of `tests/pipeline` over its `PolicyEngine`, and those of what
//! only it has.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

/// The engine under test.
mod upstream {
    pub(crate) use std::borrow::Cow;

    pub(crate) use cpex_wasmi::praxis as adapter;
    pub(crate) use praxis_policy_core::engine::PolicyEngine as PluginManager;
    pub(crate) use praxis_policy_core::*;

    /// A configuration for this engine, of one in which plugins are called for the hooks that they list.
    pub(crate) fn configured(yaml: &str) -> Cow<'_, str> {
        const SETTINGS: &str = "engine_settings: { dispatch: hooks";
        if yaml.contains("engine_settings") {
            yaml.into()
        } else if yaml.contains("plugin_settings: {") {
            yaml.replace("plugin_settings: {", &format!("{SETTINGS}, ")).into()
        } else {
            format!("{}\n{SETTINGS} }}\n", yaml.trim_end()).into()
        }
    }

    /// More levels of messages in messages than a plugin is given, and fewer than the engine can take.
    pub(crate) const DEEP: usize = 200;

    /// True if a hook is one of the engine's.
    pub(crate) fn knows(hook: &str) -> bool {
        hooks::lookup_hook_metadata(hook).is_some()
    }

    /// True if the engine has a value for a field.
    pub(crate) fn has(_: cpex_wasmi::abi::Field) -> bool {
        true
    }

    /// Fills in what only this engine has.
    pub(crate) fn fill(extensions: &mut extensions::Extensions) {
        let body = serde_json::json!({"model": "m"});
        extensions.llm_request = Some(extensions::LlmRequestDocument::new(body));
        if let Some(http) = &mut extensions.http {
            std::sync::Arc::make_mut(http).status = Some(200);
        }
    }

    /// Tells the engine of a hook of the embedder's own.
    pub(crate) fn own_hook(hook: &str) {
        hooks::register_hook_metadata(hook, hooks::HookMetadata::permissive());
    }

    /// The JSON of a minted token, as plugins see it: without the usual prefix.
    pub(crate) fn seen_token(mut token: serde_json::Value) -> serde_json::Value {
        assert_eq!(token.as_object_mut().unwrap().remove("outbound_prefix").unwrap(), "Bearer ");
        token
    }

    /// The name under which a handler of a hook is registered.
    pub(crate) fn hook_type(hook: &'static str) -> &'static str {
        hooks::lookup_hook_metadata(hook).unwrap().family.unwrap()
    }
}

#[path = "../common/mod.rs"]
mod common;
#[path = "../pipeline/native.rs"]
mod native;
#[path = "../pipeline/pipeline.rs"]
mod pipeline;
#[path = "../pipeline/script.rs"]
mod script;
#[cfg(feature = "http-client")]
#[path = "../http/server.rs"]
mod server;

#[path = "../pipeline/attacks.rs"]
mod attacks;
#[path = "../pipeline/concurrency.rs"]
mod concurrency;
#[path = "../pipeline/entries.rs"]
mod entries;
#[path = "../pipeline/functions.rs"]
mod functions;
#[cfg(feature = "http-client")]
#[path = "../pipeline/http.rs"]
mod http;
#[path = "../pipeline/kinds.rs"]
mod kinds;
#[path = "../pipeline/lifecycle.rs"]
mod lifecycle;
#[path = "../pipeline/loading.rs"]
mod loading;
#[path = "../pipeline/logs.rs"]
mod logs;
#[path = "../pipeline/mixed.rs"]
mod mixed;
#[path = "../pipeline/modes.rs"]
mod modes;
#[path = "../pipeline/payloads.rs"]
mod payloads;
#[path = "../pipeline/records.rs"]
mod records;
#[path = "../pipeline/state.rs"]
mod state;
#[path = "../pipeline/tiers.rs"]
mod tiers;

#[cfg(all(feature = "http-client", feature = "exec", feature = "wasi"))]
mod audit;
#[cfg(all(feature = "http-client", feature = "exec", feature = "wasi"))]
#[allow(dead_code, reason = "it has more than is called here")]
#[path = "../functions/script.rs"]
mod calls;
#[cfg(all(feature = "http-client", feature = "exec", feature = "wasi"))]
mod effects;
#[cfg(all(feature = "http-client", feature = "exec", feature = "wasi"))]
mod file_effects;
mod markers;
mod own;
mod policy;
#[cfg(all(feature = "http-client", feature = "exec", feature = "wasi"))]
mod transport;
#[cfg(all(feature = "http-client", feature = "exec", feature = "wasi"))]
#[allow(
    dead_code,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "it is written for another test, and has more than is called here"
)]
#[path = "../wasi/script.rs"]
mod wasi_script;

// As the source of the native plugins calls it.
use native::cpex;
