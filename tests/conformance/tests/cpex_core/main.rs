//! The model, the boundary and the cpex style beside cpex-core's own types.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "for tests"
)]

/// The engine, and what differs in it from others.
mod upstream {
    use cpex_wasmi::model;
    use proptest::strategy::BoxedStrategy;
    use serde::Serialize;
    use serde::de::DeserializeOwned;
    use serde_json::Value;

    pub(crate) use cpex_core::manager::PluginManager as PipelineEngine;
    pub(crate) use cpex_core::*;
    pub(crate) use cpex_sdk as sdk;

    /// The fields of an identity that are in no JSON.
    pub(crate) const OF_IDENTITIES: &[&str] = &["raw_token"];

    /// The number of its slots that are data.
    pub(crate) const SLOTS: usize = 14;

    /// The capabilities that only it has.
    pub(crate) fn capabilities() -> [extensions::Capability; 0] {
        []
    }

    /// A value of ours as one of its own.
    pub(crate) fn of_ours<T: DeserializeOwned>(ours: &impl Serialize) -> T {
        serde_json::from_value(serde_json::to_value(ours).unwrap()).unwrap()
    }

    /// All slots of ours as its own.
    pub(crate) fn extensions_of(ours: &model::Extensions) -> extensions::Extensions {
        of_ours(ours)
    }

    /// Its JSON, as plugins see it.
    pub(crate) fn seen(theirs: Value) -> Value {
        theirs
    }

    /// The JSON of all its slots, as plugins see it.
    pub(crate) fn slots(theirs: &extensions::Extensions) -> Value {
        cpex_wasmi_conformance::to_json(theirs)
    }

    /// Values of what only this engine has, of which there is none.
    pub(crate) fn widened(
        slots: BoxedStrategy<model::Extensions>,
    ) -> BoxedStrategy<model::Extensions> {
        slots
    }

    pub(crate) fn claims() -> std::collections::HashMap<String, String> {
        [("tenant".into(), "acme".into())].into()
    }

    pub(crate) fn delegated(
        payload: delegation::DelegationPayload,
    ) -> delegation::DelegationPayload {
        payload
    }

    pub(crate) fn elicitation(
        payload: elicitation::ElicitationPayload,
    ) -> elicitation::ElicitationPayload {
        payload
    }

    /// A key of a minted token, with what only this engine has.
    pub(crate) fn key(key: extensions::DelegationKey) -> extensions::DelegationKey {
        key
    }
}

/// A structure of the engine, with the fields that only this one has: none.
macro_rules! complete {
    ($name:ident { $($fields:tt)* }) => { $name { $($fields)* } };
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
mod examples;
#[path = "../shared/model.rs"]
mod model;

// As the source of the plugins calls it.
use cpex_style::cpex;
