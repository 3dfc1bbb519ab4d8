//! `fixtures/plugins/known_compute`, for speed instead of size: what a larger module costs to load.

#[path = "../../../../../fixtures/plugins/known_compute/src/lib.rs"]
mod known_compute;
