//! The adapter of an engine: a factory, a handler for each hook, views of the engine's types and the way back.
//!
//! It is compiled once for each engine. `upstream` has what differs between them, under one name.

use super::upstream;

mod agrees;
mod collections;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "for tests")]
mod convert_tests;
mod credentials;
mod errors;
mod factory;
mod handler;
mod outcome;
pub(super) mod payload;
pub(super) mod plugin;
mod records;
pub(super) mod view;

pub use factory::WasmFactory;
