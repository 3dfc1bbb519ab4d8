//! What a plugin implements for a hook, and what it is handed.

mod macros;
pub mod payload;
pub mod trait_def;

pub use payload::PluginPayload;
pub use trait_def::{HookHandler, HookTypeDef, PluginResult};
