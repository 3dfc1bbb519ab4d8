//! `fixtures/plugins/known_compute`, built with `opt-level = 3`: what a larger module costs to load.

#[path = "../../../../../fixtures/plugins/known_compute/src/lib.rs"]
mod known_compute;
