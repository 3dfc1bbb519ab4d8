//! The view of cpex-core's types.

/// The engine's crate, and what differs in it from others.
mod upstream {
    use cpex_wasmi::model;
    use serde_json::Value;

    pub(super) use cpex_core::{cmf, context, extensions, factory, plugin, registry};
    pub(super) use cpex_wasmi::cpex as adapter;

    /// All slots of ours as its own.
    pub(super) fn extensions_of(ours: &model::Extensions) -> extensions::Extensions {
        serde_json::from_value(serde_json::to_value(ours).unwrap()).unwrap()
    }

    /// The JSON of all its slots, as plugins see it.
    pub(super) fn slots(theirs: &extensions::Extensions) -> Value {
        cpex_wasmi_arbitrary::to_json(theirs)
    }
}

#[path = "engine.rs"]
mod engine;

pub(super) use engine::check;
