//! `fixtures/plugins/cpex_compute`, built with `opt-level = 3`: what a larger module costs to load.

#[path = "../../../../../fixtures/plugins/cpex_compute/src/lib.rs"]
mod cpex_compute;
