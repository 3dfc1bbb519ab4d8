//! Shared by the adapters of both engines: conversions of values, collections, records of calls, traces.
//!
//! The folder `adapter` is no module of this one. It is compiled for each engine, whose crate it finds under the name
//! `super::upstream`: see [`cpex`](crate::cpex) and [`praxis`](crate::praxis).

pub(crate) mod collections;
pub(crate) mod convert;
mod logs;
mod record;
pub(crate) mod telemetry;
pub(crate) mod values;

pub use logs::TracingSink;
pub use record::CallRecord;
pub(crate) use record::{Observer, changed};
pub use telemetry::TELEMETRY_TARGET;
