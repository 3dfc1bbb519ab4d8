//! Functions that plugins call by name: the host's own, and the embedder's.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

#[path = "../common/mod.rs"]
mod common;

#[cfg(all(feature = "exec", target_os = "linux"))]
mod commands;
mod embedder;
mod environment;
mod given_up;
mod once;
mod random;
mod redaction;
mod script;
mod state;
mod time;
