//! A plugin that is initialised once, and one that is for each call, come to the same.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

#[path = "../common/mod.rs"]
mod common;

mod equal;
mod once;
