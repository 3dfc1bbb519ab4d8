//! Functions of an embedder's that are stood in for.

use cpex_wasmi::{Engine, EngineBuilder, ErrorKind, Policy};

use crate::args::Stub;
use crate::failure::Failure;

/// Adds these functions to the engine that is to be built.
pub(crate) fn offered(builder: EngineBuilder, stubs: &[Stub]) -> EngineBuilder {
    let offer =
        |builder: EngineBuilder, stub: &Stub| builder.stub(stub.name.clone(), stub.answer.clone());
    stubs.iter().fold(builder, offer)
}

/// Makes the engine, with these functions.
pub(crate) fn engine(builder: EngineBuilder, stubs: &[Stub]) -> Result<Engine, Failure> {
    offered(builder, stubs).build().map_err(|error| match error.kind() {
        ErrorKind::InvalidConfig if !stubs.is_empty() => {
            Failure::usage(format!("`--stub`: {error}"))
        }
        _ => error.into(),
    })
}

/// Grants the functions.
pub(crate) fn grant(policy: &mut Policy, stubs: &[Stub]) {
    let functions = &mut policy.access.functions;
    for Stub { name, .. } in stubs {
        if !functions.contains(name) {
            functions.push(name.clone());
        }
    }
}
