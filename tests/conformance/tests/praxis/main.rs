//! The model, the boundary and the cpex style beside praxis-policy's own types: the tests of cpex-core's.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "for tests"
)]

mod upstream;

/// A structure of the engine, with the fields that only this one has.
macro_rules! complete {
    (HttpExtension { $($fields:tt)* }) => {
        HttpExtension {
            status: Some(203),
            // Only the engine makes any: `tests/pipeline_praxis/markers.rs`.
            secret_headers: Default::default(),
            $($fields)*
        }
    };
    (RawDelegatedToken { $($fields:tt)* }) => {
        RawDelegatedToken { outbound_prefix: s("Key "), $($fields)* }
    };
    (Extensions { $($fields:tt)* }) => {
        Extensions {
            llm_request: Some(upstream::llm_request()),
            // These are no data.
            http_transport: Default::default(),
            effect_log: Default::default(),
            $($fields)*
        }
    };
}

#[path = "../../../common/mod.rs"]
mod common;
#[path = "../shared/full.rs"]
mod full;

#[path = "../shared/boundary.rs"]
mod boundary;
#[path = "../shared/completeness.rs"]
mod completeness;
#[path = "../shared/cpex_style.rs"]
mod cpex_style;
#[path = "../shared/model.rs"]
mod model;

// As the source of the plugins calls it.
use cpex_style::cpex;
