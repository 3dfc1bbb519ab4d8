//! Plugins in `cpex-core`'s own pipeline: from YAML through its `PluginManager`, on a multi-threaded
//! and on a single-threaded runtime.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

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
mod configurations;
mod docs;
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
mod routes;
mod tiers;
mod upstream;

// As the source of the native plugins calls it.
use native::cpex;
