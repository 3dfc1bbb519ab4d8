//! Stores of state: what each of them does, and what each is by itself.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

#[path = "../common/mod.rs"]
mod common;
mod memory;
#[cfg(all(feature = "state-redis", unix))]
mod redis;
mod suite;
