//! Hostile plugins: each case by its name, with what comes of it.
//!
//! `harness::check` looks at all of them alike. Cases of their own are elsewhere: malformed modules
//! in `tests/wat.rs` and `tests/loading.rs`, what work costs in `tests/costs.rs`, the host's own
//! stack in `tests/stack.rs`, tokens in `tests/credentials.rs` and `tests/wiped.rs`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

#[path = "../common/mod.rs"]
mod common;

mod allocated;
mod binary;
mod export;
mod harness;

mod boundary;
mod floods;
mod functions;
mod isolation;
mod loading;
mod modules;
mod running;
#[cfg(feature = "text")]
mod schemas;
mod secrets;
#[cfg(feature = "crypto")]
mod signatures;
#[cfg(feature = "text")]
mod texts;
mod unpaid;
mod values;
mod work;
