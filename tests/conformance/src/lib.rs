//! Helpers of the tests: arbitrary values of the request model.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "for tests")]

pub mod strategies;

pub use cpex_wasmi_arbitrary::{seen, sorted, to_json, unseen};
