//! Write a policy plugin for CPEX in a few lines of Rust, and get a wasm module of a few kilobytes.
//!
//! A plugin is a function per hook. It looks at the request through a [`Call`], which fetches a
//! value from the host when it is asked for and not before, and it returns a [`Verdict`].
//!
//! ```
//! # #![allow(unused)]
//! // In a plugin's src/lib.rs, this starts with #![no_std].
//! use cpex_wasmi_guest::prelude::*;
//!
//! plugin! {
//!     name: "pii-guard",
//!     description: "Lets only hr_admin pass personal data to a tool",
//!     capabilities: ["read_labels", "read_roles"],
//!     hooks: { "cmf.tool_pre_invoke" => guard },
//! }
//!
//! fn guard(call: &Call) -> Result<Verdict> {
//!     let security = call.security();
//!     if security.has_label("PII")? && !security.subject().has_role("hr_admin")? {
//!         return deny("pii_access", "only hr_admin may pass personal data");
//!     }
//!     allow()
//! }
//! # fn main() {}
//! ```
//!
//! # What can be read and changed
//!
//! | view | what it shows |
//! | --- | --- |
//! | [`Call::tool_calls`], [`Call::tool_results`], [`Call::message`] | the message |
//! | [`Call::resources`], [`Call::prompt_results`] and so on | the other parts of a message |
//! | [`Call::payload`] | the payload as a whole or by pointer, to read or to replace; identities, delegations, elicitations and an embedder's own types |
//! | [`Call::security`] | labels, classification, subject |
//! | [`Call::http`] | headers, method, path, host, scheme |
//! | [`Call::request`], [`Call::meta`] | where the request comes from, what it touches |
//! | [`Call::raw_credentials`] | tokens, where the operator allows it |
//! | [`Call::agent`], [`Call::delegation`], [`Call::mcp`], [`Call::llm`], [`Call::completion`] and so on | the other slots |
//! | [`Call::custom`], [`Call::local_state`], [`Call::global_state`] | values by name |
//! | [`Call::config`] | the operator's configuration |
//!
//! A value without a method of its own is reached by JSON Pointer, through the `record()` of a view: see
//! [`Record`].
//!
//! A value that is not there is `Ok(None)`. A value the operator did not grant is an [`Error`] with
//! [`Status::CapabilityDenied`], never a silent `None`. A handler gives up over an error with `?`,
//! and the host then treats the call as failed, not as allowed.
//!
//! Changes are made at once, and take effect if the handler allows the operation.
//!
//! # Building
//!
//! ```toml
//! [lib]
//! crate-type = ["cdylib"]
//!
//! [profile.release]
//! # Fewer instructions than "s" or "z", in up to twice the size.
//! opt-level = 3
//! lto = "fat"
//! codegen-units = 1
//! panic = "abort"
//! strip = true
//! ```
//!
//! `RUSTFLAGS="-C link-arg=-zstack-size=16384" cargo build --release --target wasm32-unknown-unknown`
//!
//! # Testing
//!
//! Natively, a plugin is ordinary Rust. [`testing`] runs it against the rules of the real host:
//! capabilities, immutable fields and all.
//!
//! # Crate features
//!
//! | feature | default | what it adds |
//! | --- | --- | --- |
//! | `allocator` | yes | a global allocator of a few hundred bytes, see [`plugin!`] |
//! | `panic-handler` | yes | a panic handler that tells the host message, file and line |
//! | `std` | no | the same for plugins that use `std`, as a panic hook |
//! | `getrandom` | no | random numbers for crates that ask `getrandom` 0.3 or 0.4, with `--cfg getrandom_backend="custom"` |
//! | `getrandom-02` | no | the same for `getrandom` 0.2, without a flag |
//! | `crypto` | no | the module `crypto`: signatures and JSON Web Tokens that the host verifies |
//! | `cpex` | no | the module `cpex`: CPEX's own plugin traits and types; implies `std` |
//!
//! A plugin that uses `std` depends on this crate with `features = ["std"]`, which leaves out the panic handler: without
//! it, rustc finds a `duplicate lang item` for wasm. With `default-features = false` as well, it has the allocator of
//! `std`, which gives memory back in any order. It is built for `wasm32-unknown-unknown`, where `std` has
//! no files, variables, clock or output, or for `wasm32-wasip1`, where it has, as far as they are asked for
//! and granted: the host needs its feature `wasi` for that.
//!
//! A plugin that was written for CPEX itself compiles against the module `cpex` as it is, but for
//! its `use` lines; see there how it is registered.
#![no_std]

extern crate alloc;
#[cfg(any(feature = "std", not(target_arch = "wasm32")))]
extern crate std;

#[cfg(all(doctest, feature = "cpex"))]
#[doc = include_str!("../../docs/plugins.md")]
mod guide {}

mod call;
pub mod codec;
#[cfg(feature = "cpex")]
pub mod cpex;
mod credentials;
#[cfg(feature = "crypto")]
pub mod crypto;
mod digits;
pub mod hash;
mod http;
mod input;
mod items;
mod log;
mod map;
#[cfg(not(target_arch = "wasm32"))]
mod native;
pub mod net;
mod patterns;
mod payload;
mod plugin;
pub mod prelude;
mod prepared;
pub mod raw;
mod record;
pub mod regex;
mod result;
pub mod schema;
mod set;
mod slots;
pub mod state;
pub mod system;
mod tool;
mod value;
mod verdict;
mod views;
#[cfg(target_arch = "wasm32")]
mod wasm;

#[cfg(not(target_arch = "wasm32"))]
use native as sys;
#[cfg(target_arch = "wasm32")]
use wasm as sys;

#[cfg(not(target_arch = "wasm32"))]
pub use native::testing;

pub use call::Call;
pub use credentials::DelegatedToken;
pub use digits::{decimal, hex};
pub use http::Headers;
pub use items::Items;
pub use map::{JsonMap, TextMap};
pub use patterns::{Found, Patterns, Searchable};
pub use plugin::{Handler, Init, PluginDef, Shutdown};
pub use prepared::Prepared;
pub use record::Record;
pub use result::{Error, Result};
pub use set::TextSet;
pub use value::from_value;
pub use verdict::{Verdict, allow, deny, deny_with};
pub use views::*;

pub use cpex_wasmi_abi::{Capability, Field, Status, Value, Violation};

/// The items that the macros expand to. Not for use by hand.
#[doc(hidden)]
pub mod rt {
    pub use crate::log::{line, line_of};
    pub use crate::plugin::{
        access_is_known, capabilities_are_known, initialise, invoke, shut_down,
    };
    pub use cpex_wasmi_abi::pattern::{list, list_len};
    pub use cpex_wasmi_abi::{Stateful, StaticManifest};
}
