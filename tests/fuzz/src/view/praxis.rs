//! The view of praxis-policy's types.

/// The engine's crate, and what differs in it from others.
mod upstream {
    use cpex_wasmi::model;
    use cpex_wasmi_arbitrary::{seen, sorted, unseen};
    use serde_json::Value;

    pub(super) use cpex_wasmi::praxis as adapter;
    pub(super) use praxis_policy_core::{cmf, context, extensions, factory, plugin, registry};

    /// All slots of ours as its own.
    pub(super) fn extensions_of(ours: &model::Extensions) -> extensions::Extensions {
        let json = unseen(serde_json::to_value(ours).unwrap());
        let mut theirs: extensions::Extensions = serde_json::from_value(json).unwrap();
        let request = ours.llm_request.clone();
        theirs.llm_request = request.map(extensions::LlmRequestDocument::new);
        theirs
    }

    /// The JSON of all its slots, as plugins see it.
    pub(super) fn slots(theirs: &extensions::Extensions) -> Value {
        let mut slots = sorted(seen(serde_json::to_value(theirs).unwrap()));
        if let (Some(request), Some(slots)) = (&theirs.llm_request, slots.as_object_mut()) {
            slots.insert("llm_request".into(), sorted(request.value().clone()));
        }
        slots
    }
}

#[allow(clippy::duplicate_mod, reason = "it is compiled for each engine")]
#[path = "engine.rs"]
mod engine;

pub(super) use engine::check;
