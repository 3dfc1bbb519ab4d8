//! Plugins that send HTTP requests, to a server on this machine: what is allowed and what is not, redirects,
//! limits, waiting.
#![cfg(feature = "http-client")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

#[path = "../common/mod.rs"]
mod common;
mod harness;
mod server;

mod addresses;
mod arguments;
mod bounds;
mod redirects;
mod requests;
mod tls;
mod transports;
mod waiting;
