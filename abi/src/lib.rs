//! The boundary between a CPEX policy plugin and the host that runs it.
//!
//! Everything both sides must agree on is here and only here:
//!
//! - [`Field`]: each value a plugin can read or write, with its number, shape and the capability it
//!   needs, generated from the description in `abi/model` and `abi/fields.toml`;
//! - [`HostFunction`]: each function a plugin can import, generated from `abi/interface.toml`;
//! - [`Status`]: what a host function answers when it does not answer with a length;
//! - [`Manifest`]: what a plugin says about itself in the custom section [`Manifest::SECTION`];
//! - [`codec`]: postcard with bounds, for bytes that come from the other side;
//! - [`HttpRequest`] and [`HttpResponse`]: argument and result of the function [`HTTP_SEND`];
//! - [`visible`] and [`suggest`]: text of the other side's for people, and misspelt names;
//! - [`Value`]: a JSON value on the wire, and (feature `model`) [`model`]: the request itself.
//!
//! The crate is `no_std` with `alloc` and has no unsafe code. `docs/abi.md` in the repository is
//! the specification; its tables are generated from the tables here.
//!
//! # Crate features
//!
//! | feature | default | what it adds |
//! | --- | --- | --- |
//! | `model` | no | the request types in [`model`]; brings `serde_json` |
//! | `std` | no | nothing of its own; turns on `std` in the dependencies |
#![no_std]
#![forbid(unsafe_code)]
// Nothing that a guest gives may panic the host; an exception says why it cannot.
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::allow_attributes_without_reason
)]

extern crate alloc;

mod access_kind;
mod access_request;
mod bytes;
mod capability;
pub mod codec;
mod command;
pub mod digest;
pub mod encoding;
mod field;
mod function;
mod hooks;
mod http;
mod manifest;
#[cfg(feature = "model")]
pub mod model;
pub mod pattern;
pub mod public_suffix;
mod schema;
pub mod signature;
mod state;
mod stateful;
mod status;
pub mod suggest;
mod system;
mod text;
mod token;
mod url;
mod value;
mod violation;

pub use access_kind::AccessKind;
pub use access_request::{AccessRequest, is_function_name, is_function_pattern};
pub use capability::{Capability, CapabilitySet};
pub use command::{COMMAND_RUN, Command, CommandOutput};
pub use field::{Access, Field, FieldInfo, Shape, Slot, Write};
pub use function::{FunctionInfo, HostFunction, Param};
pub use hooks::KNOWN_HOOKS;
pub use http::{HTTP_SEND, HttpRequest, HttpResponse};
pub use manifest::{AbiVersion, Manifest, ManifestError, StaticManifest};
pub use schema::SchemaFault;
pub use state::{
    MAX_STATE_KEY_BYTES, MAX_STATE_TTL_MS, STATE_COMPARE_AND_SET, STATE_EXPIRE, STATE_GET,
    STATE_INCREMENT, STATE_REMOVE, STATE_SET, StateCompareAndSet, StateExpire, StateIncrement,
    StateSet, StateValue,
};
pub use stateful::Stateful;
pub use status::Status;
pub use system::{CLOCK_NOW, ENV_GET, MAX_RANDOM_BYTES, RANDOM_BYTES, RANDOM_SALT, SALT_BYTES};
pub use text::{quoted, visible, yaml_scalar};
pub use token::{TokenFault, TokenRules};
pub use url::UrlParts;
pub use value::Value;
pub use violation::Violation;

/// The version of this ABI: a host accepts plugins of the same major and of any minor up to its own.
pub const ABI_VERSION: AbiVersion = AbiVersion { major: 1, minor: 1 };

/// The name of the module that a plugin imports the host functions from.
pub const IMPORT_MODULE: &str = "cpex";

/// The name of the exported function that handles a hook: `cpex_invoke(hook: i32) -> i32`, where
/// `hook` is the position of the hook in the manifest's list.
///
/// It returns [`VERDICT_ALLOW`], [`VERDICT_DENY`] or the (negative) code of the [`Status`] the
/// plugin gives up over; anything else is an ABI violation.
pub const EXPORT_INVOKE: &str = "cpex_invoke";

/// The name of the optional exported function that runs once when an instance is made:
/// `cpex_init() -> i32`, zero on success.
pub const EXPORT_INIT: &str = "cpex_init";

/// The name of the optional exported function that runs once before an instance that was kept is
/// dropped: `cpex_shutdown() -> i32`, zero on success.
pub const EXPORT_SHUTDOWN: &str = "cpex_shutdown";

/// The name of the optional exported reactor entry, run before [`EXPORT_INIT`]: `_initialize()`.
pub const EXPORT_REACTOR: &str = "_initialize";

/// The name of the exported linear memory.
pub const EXPORT_MEMORY: &str = "memory";

/// The plugin has no objection.
pub const VERDICT_ALLOW: i32 = 0;

/// The plugin denies the operation; it should have said why through `deny`.
pub const VERDICT_DENY: i32 = 1;

/// The key length that stands for "no key" (a key of length 0 is the empty string).
pub const NO_KEY: u32 = u32::MAX;

/// The index that stands for "all of them", for `count` on an indexed field.
pub const NO_INDEX: u32 = u32::MAX;

/// The field number that stands for the plugin's own memory: the key is the input itself, of any bytes and any length.
/// For functions that work on an input, such as `digest`.
pub const MEMORY: u32 = u32::MAX;

/// The severity of a log line, as the first argument of `log`: the order of the `log` crate.
pub mod level {
    /// Something failed.
    pub const ERROR: u32 = 1;
    /// Something looks wrong.
    pub const WARN: u32 = 2;
    /// Something worth knowing happened.
    pub const INFO: u32 = 3;
    /// For the plugin's author.
    pub const DEBUG: u32 = 4;
    /// For the plugin's author, in detail.
    pub const TRACE: u32 = 5;
}
