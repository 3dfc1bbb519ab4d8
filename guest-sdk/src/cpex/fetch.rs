//! Values that are fetched from the host when a handler looks at them.

use super::wire::{Reader, Wire, from_bytes, read_by};
use crate::raw::{self, Place};
use crate::{Error, Result};

/// Reads a value, if it is there.
pub(super) fn value<T: Wire>(place: Place<'_>) -> Result<Option<T>> {
    place.bytes()?.map(from_bytes).transpose()
}

/// Reads a value that is decoded by this, if it is there.
pub(super) fn value_by<T>(
    place: Place<'_>,
    read: impl FnOnce(&mut Reader<'_>) -> T,
) -> Result<Option<T>> {
    place.bytes()?.map(|bytes| read_by(bytes, read)).transpose()
}

/// The value that was fetched.
pub(super) fn fetched<T>(result: Result<T>) -> T {
    result.unwrap_or_else(|error| refused(error))
}

/// Fails the call over a value that the host refuses, with the host's reason: if it looked empty, a request could pass.
#[cold]
fn refused(error: Error) -> ! {
    raw::fail(error.status());
    lost()
}

/// Fails the call over a message or state that cannot be fetched: if it looked empty, a request could pass.
#[cold]
#[allow(clippy::panic, reason = "CPEX's types have no errors here")]
pub(super) fn lost() -> ! {
    panic!("what the handler looks at cannot be read: its hook has no message, or its call is over")
}
