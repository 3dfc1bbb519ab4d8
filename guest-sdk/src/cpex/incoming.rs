//! The values that a handler is given, as the host sent them.

use alloc::string::String;
use alloc::sync::Arc;
use core::mem::ManuallyDrop;

use super::PluginPayload;
use super::extensions::container::{Everything, Extensions};
use super::lazy::Bytes;
use super::wire::{Wire, from_bytes};
use crate::raw::Place;
use crate::{Field, Result};

/// The values that a plugin is handed: filled by the functions of [`reads`](super::reads), one for each entry
/// of the list.
///
/// These are all inlined, and hand slots on by value. So the compiler sees which slots are always
/// `None`, and leaves out the code to copy, compare and drop them: a third of a small plugin. For
/// the same reason nothing is dropped when reading fails; then the instance ends anyway.
#[derive(Debug)]
pub struct Incoming<P> {
    pub(super) payload: ManuallyDrop<P>,
    pub(super) extensions: ManuallyDrop<Extensions<Everything>>,
    /// The custom slot as the host handed it out, for telling what the plugin changed. `None` if it has no entries, or was not read.
    pub(super) custom: ManuallyDrop<Option<Bytes>>,
}

impl<P> Incoming<P> {
    #[inline(always)]
    pub(super) fn with(payload: P) -> Self {
        Self {
            payload: ManuallyDrop::new(payload),
            extensions: ManuallyDrop::default(),
            custom: ManuallyDrop::default(),
        }
    }
}

/// Reads a value, if it is there.
pub(super) fn value<T: Wire>(place: Place<'_>) -> Result<Option<T>> {
    place.bytes()?.map(from_bytes).transpose()
}

/// Reads a slot.
pub(super) fn slot<S: Wire>(field: Field) -> Result<Option<Arc<S>>> {
    Ok(value(Place::of(field))?.map(Arc::new))
}

/// Reads a field of a slot. If the field is not there, the slot is there if the host has it.
pub(super) fn part<S: Default, T: Wire>(
    mut slot: Option<Arc<S>>,
    (whole, field): (Field, Field),
    set: impl FnOnce(&mut S, T),
) -> Result<Option<Arc<S>>> {
    let value = value(Place::of(field))?;
    if value.is_some() || Place::of(whole).contains()? {
        let slot = Arc::get_mut(slot.get_or_insert_default());
        if let (Some(slot), Some(value)) = (slot, value) {
            set(slot, value);
        }
    }
    Ok(slot)
}

/// Reads a field of what is nested in a slot. `select` finds that in the slot, and `there` is a
/// field that is there if that is.
pub(super) fn nested<S: Default, N: Default, T: Wire>(
    mut slot: Option<Arc<S>>,
    [whole, there, field]: [Field; 3],
    select: impl FnOnce(&mut S) -> &mut Option<N>,
    set: impl FnOnce(&mut N, T),
) -> Result<Option<Arc<S>>> {
    let value = value(Place::of(field))?;
    if value.is_some() || Place::of(whole).contains()? {
        let nested = Arc::get_mut(slot.get_or_insert_default()).map(select);
        if let Some(nested) = nested
            && (value.is_some() || Place::of(there).contains()?)
        {
            let nested = nested.get_or_insert_default();
            if let Some(value) = value {
                set(nested, value);
            }
        }
    }
    Ok(slot)
}

/// Reads a token of a payload, if it is a payload of this type.
#[inline(always)]
pub(super) fn token<P: PluginPayload, T: PluginPayload>(
    incoming: &mut Incoming<P>,
    field: Field,
    set: impl FnOnce(&mut T, String),
) -> Result<()> {
    if let Some(payload) = incoming.payload.as_any_mut().downcast_mut() {
        set(payload, Place::of(field).text()?.unwrap_or_default());
    }
    Ok(())
}

/// Fails the call over a message or state that cannot be fetched: if it looked empty, a request could pass.
#[cold]
#[allow(clippy::panic, reason = "CPEX's types have no errors here")]
pub(super) fn lost() -> ! {
    panic!("what the handler looks at cannot be read: its hook has no message, or its call is over")
}
