//! The extension module of the Python package `cpex-wasmi`: [`cpex_wasmi`] with Python's values.
//!
//! A call converts its dicts while it holds the interpreter, and lets go of it while the plugin runs.
#![deny(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::allow_attributes_without_reason
)]

mod awaiting;
mod callables;
mod engine;
mod errors;
mod fork;
mod functions;
mod gate;
mod json;
mod outcome;
mod plugin;
mod records;
mod request;
mod turns;

/// Runs sandboxed CPEX policy plugins. The names are those of `cpex_wasmi`.
#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    use crate::engine::Engine;
    #[pymodule_export]
    use crate::outcome::Outcome;
    #[pymodule_export]
    use crate::plugin::Plugin;
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::gate::install(module)
    }
}
