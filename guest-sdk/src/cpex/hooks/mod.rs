//! The handler that a plugin implements for a hook, and its arguments.

mod macros;
pub mod payload;
pub mod trait_def;

pub use payload::PluginPayload;
pub use trait_def::{HookHandler, HookTypeDef, PluginResult};
