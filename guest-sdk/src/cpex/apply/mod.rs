//! The result of a handler, told to the host: as CPEX's executor applies it.

mod extensions;
mod maps;

use super::extensions::container::Extensions;
use super::incoming::Before;
use super::run::Registered;
use super::telemetry::report;
use super::{PluginContext, PluginPayload, PluginResult};
use crate::raw::Place;
use crate::verdict::deny_encoded;
use crate::{Error, Field, Result, Verdict, allow, deny};

/// Tells the host what a handler gave back.
///
/// As in CPEX, a denial leaves everything as it was, the context included.
#[inline(always)]
pub(super) fn apply<R: Registered, P: PluginPayload>(
    result: PluginResult<P>,
    whole: bool,
    read: &Extensions<R>,
    context: &PluginContext,
    before: &Before,
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
        consume(modified_extensions, |modified| modified.dispose::<R>(R::RIGHTS));
        let mut verdict = None;
        consume(violation, |violation| verdict = Some(deny_encoded(&violation.to_wire())));
        return verdict.unwrap_or_else(|| deny("denied", "the plugin gave no reason"));
    }
    consume(violation, drop);
    let mut applied = Ok(());
    consume(modified_payload, |payload| applied = replace(whole, &payload));
    consume(modified_extensions, |modified| match applied {
        Ok(()) => applied = extensions::apply::<R>(read, modified, &before.custom),
        Err(_) => modified.dispose::<R>(R::RIGHTS),
    });
    applied?;
    maps::apply(Field::ContextLocal, &before.local_state, Some(&context.local_state))?;
    maps::apply(Field::ContextGlobal, &before.global_state, Some(&context.global_state))?;
    allow()
}

/// Moves a value out of its option, so that the compiler makes no code to drop the option.
#[inline(always)]
fn consume<T>(value: Option<T>, with: impl FnOnce(T)) {
    if let Some(value) = value {
        with(value);
    }
}

fn replace<P: PluginPayload>(whole: bool, payload: &P) -> Result<()> {
    if !whole {
        return Err(Error::failed(
            "only a handler that reads the whole `payload` can return another \
                                  one",
        ));
    }
    Place::of(Field::Payload).write(&payload.to_wire()?)
}
