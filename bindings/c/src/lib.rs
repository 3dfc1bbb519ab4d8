//! The C interface of cpex-wasmi, for programs that are not written in Rust.
//!
//! `include/cpex_wasmi.h` is generated from this crate by `scripts/c-header`. Its words are the doc comments here, so
//! that they are written for programmers in C.
//!
//! Safe Rust does the work. Pointers come in by types that say what the header asks of a caller: `Option<&T>` is a
//! handle or null, `Option<Box<T>>` a handle that is given away. The two files with `unsafe` blocks are `raw.rs`,
//! for texts and bytes, and `callback.rs`, for functions of the embedder's. Elsewhere the word stands in
//! `#[unsafe(no_mangle)]` only, and the names all begin with `cpex_wasmi_`.
#![deny(unsafe_code, unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

// The header has them in this order.
mod version;

mod error;
mod raw;
mod receipt;

mod builder;
mod engine;

mod policy;

mod module;

mod plugin;

mod request;

mod outcome;

mod view;

mod callback;

mod answer;

pub mod fields;

mod json;

pub use answer::*;
pub use builder::*;
pub use callback::{
    AuditEvent, AuditFunction, Count, Function, Invocation, LogFunction, LogRecord, Release, Value,
};
pub use engine::*;
pub use error::*;
pub use module::*;
pub use outcome::*;
pub use plugin::*;
pub use policy::*;
pub use raw::{Bytes, Text};
pub use receipt::Receipt;
pub use request::*;
pub use version::*;
pub use view::*;

/// The handles that the header lets threads share.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Engine>();
    shared::<Module>();
    shared::<Policy>();
    shared::<Plugin>();
    shared::<Request>();
    shared::<Outcome>();
    shared::<Error>();
};
