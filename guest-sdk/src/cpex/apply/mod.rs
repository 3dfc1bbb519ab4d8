//! The result of a handler, told to the host: as CPEX's executor applies it.

mod extensions;
pub(super) mod maps;

use super::extensions::Extensions;
use super::run::Registered;
use super::telemetry::report;
use super::{PluginContext, PluginPayload, PluginResult};
use crate::raw::Place;
use crate::{Field, Result, Verdict, allow, deny};

/// Tells the host what a handler gave back.
///
/// As in CPEX, a denial leaves everything as it was, the context included.
#[inline(always)]
pub(super) fn apply<R: Registered, P: PluginPayload>(
    result: PluginResult<P>,
    read: &Extensions<R>,
    context: &PluginContext,
) -> Result<Verdict> {
    let PluginResult {
        continue_processing,
        modified_payload,
        modified_extensions,
        violation,
        metadata,
    } = result;
    consume(metadata, |metadata| report(&metadata));
    if !continue_processing {
        consume(modified_payload, drop);
        consume(modified_extensions, drop);
        let mut verdict = None;
        consume(violation, |violation| verdict = Some(violation.tell()));
        return verdict.unwrap_or_else(|| deny("denied", "the plugin gave no reason"));
    }
    consume(violation, drop);
    let mut applied = Ok(());
    consume(modified_payload, |payload| applied = replace(&payload));
    consume(modified_extensions, |modified| {
        applied = applied.and_then(|()| extensions::apply(read, &modified));
    });
    applied?;
    context.write()?;
    allow()
}

/// Moves a value out of its option, so that the compiler makes no code to drop the option.
#[inline(always)]
fn consume<T>(value: Option<T>, with: impl FnOnce(T)) {
    if let Some(value) = value {
        with(value);
    }
}

fn replace<P: PluginPayload>(payload: &P) -> Result<()> {
    Place::of(Field::Payload).write(&payload.to_wire()?)
}
