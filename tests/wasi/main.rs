//! Modules that import WASI preview 1: what they get of the system, and what they do not.
#![cfg(all(unix, feature = "wasi"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod bounds;
#[path = "../common/mod.rs"]
mod common;
mod files;
mod output;
mod patterns;
mod plugins;
mod pointers;
mod script;
mod slashes;
mod system;
