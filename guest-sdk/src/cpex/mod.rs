//! The second style: plugins as they are written for CPEX itself.
//!
//! The traits, types and macros of `cpex-sdk` and `cpex-core` 0.2.3, by their names, so that a file
//! with a plugin compiles for both but for its `use` lines: natively with
//! `use cpex_sdk::{…}` or `use cpex_core::…`, for the sandbox with `use cpex_wasmi_guest::cpex::…`.
//! The modules are named as in `cpex-core`.
//!
//! [`cpex_plugin!`] registers such a plugin, and shows a whole one. Message, slots and context are fetched from the host when a
//! handler looks at them, and nothing else is.
//!
//! # What is different
//!
//! - A plugin cannot wait: a future that is not ready at once fails the call.
//! - [`cpex_plugin!`] defines `Extensions`. A slot that the plugin's capabilities do not open does not compile.
//! - A slot is a [`Slot`](extensions::Slot) in place of an `Arc`, and in a copy an [`OwnedSlot`](extensions::OwnedSlot). They dereference to CPEX's
//!   types, and are made of these by `into`.
//! - The message of a payload is a [`LazyMessage`](cmf::LazyMessage), and the context has two [`ContextState`]s. They are fetched when
//!   the handler looks at them. `MessagePayload { message: message.into() }` compiles for both.
//! - Maps and sets by names are [`LazyMap`]s and [`LazySet`]s, and the content of a message is a [`LazyList`]. They are decoded or
//!   fetched when the handler looks at them. They dereference to CPEX's types, and are made of these by `into`.
//! - A look at a [`Token`], at labels or at the subject's sets that was not granted fails the call.
//! - [`hook()`] tells which hook a handler is called for.
//! - The `metadata` of a result is told to the operator by the names of its members. Counters are [`count`].
//! - Changes that CPEX would drop are dropped here, with a line in the log where it logs one.
//! - A denial without a violation denies.
//! - A payload of the author's own needs serde's `Serialize` and `Deserialize`.
//! - What belongs to CPEX's runtime is not here: manager, executor, pipeline results, factories.
//!
//! # Building
//!
//! As described for [the other style](crate#building), for `wasm32-unknown-unknown`, with
//! `default-features = false, features = ["cpex", "allocator"]`. A module takes tens of kilobytes
//! where one in the other style takes one or a few: it brings the standard library's maps, its
//! panics and `serde_json` with it. What keeps it small:
//!
//! - looking at few slots: each type of record that is looked at is code;
//! - `lto = "fat"`, so that the compiler sees which changes a plugin never makes, and leaves out the
//!   code for them;
//! - `opt-level = "z"`, where size counts more than speed: little more than half the size of 3, and slower;
//! - no formatting of anything but strings.
//!
//! On `wasm32-wasip1`, the standard library itself imports functions of WASI: for the hashing of
//! maps, and for panics.
//!
//! Maps hash with keys of their own, so an instance that is used again may take a little more or
//! less fuel for the same call.

mod apply;
pub mod cmf;
pub mod context;
mod custom;
pub mod delegation;
pub mod elicitation;
pub mod error;
pub mod extensions;
mod fetch;
pub mod hooks;
pub mod identity;
mod known;
pub mod lazy;
pub mod plugin;
mod records;
mod register;
mod run;
mod settings;
mod telemetry;
#[cfg(test)]
mod tests;
mod token;
mod wire;

#[cfg(feature = "crypto")]
pub use crate::crypto;
pub use crate::{codec, hash, net, schema, state};
#[doc(inline)]
pub use crate::{cpex_plugin, define_hook, impl_plugin_payload};

pub use cmf::{
    AudioSource, Channel, CmfHook, ContentPart, ContentType, DocumentSource, ImageSource, Message,
    MessagePayload, PromptRequest, PromptResult, Resource, ResourceReference, ResourceType, Role,
    ToolCall, ToolResult, VideoSource,
};
pub use context::{ContextState, PluginContext, hook};
pub use delegation::{DelegationPayload, TokenDelegateHook};
pub use elicitation::{ElicitationHook, ElicitationPayload};
pub use error::{PluginError, PluginViolation};
pub use extensions::{Guarded, MonotonicSet, OwnedExtensions, WriteToken};
pub use hooks::{HookHandler, HookTypeDef, PluginPayload, PluginResult};
pub use identity::{IdentityHook, IdentityPayload};
pub use lazy::{LazyList, LazyMap, LazySet};
pub use plugin::{OnError, Plugin, PluginCondition, PluginConfig, PluginMode};
pub use settings::settings;
pub use telemetry::count;
pub use token::Token;

/// The items that the macros expand to. Not for use by hand.
#[doc(hidden)]
pub mod rt {
    pub use alloc::vec::Vec;

    pub use super::custom::{custom_from_wire, custom_to_wire};
    pub use super::extensions::granted::{Pick, opens};
    pub use super::records::Granted;
    pub use super::run::{
        Described, Instance, Made, Registered, handle, initialise, make, shut_down,
    };
}
