//! Fuel, in slices: wasmi is given a part of what a call may use, and the rest waits here.

use wasmi::Caller;

use super::Host;
use crate::{Error, ErrorKind};

/// What a call to a host function costs, beside the bytes it moves. A call takes about as long as
/// this many instructions (see `docs/limits.md`).
const HOST_CALL: u64 = 40;

/// How many bytes the host moves for one unit of fuel.
const BYTES_PER_UNIT: u64 = 8;

/// The fuel of a call that wasmi has not been given yet.
#[derive(Debug, Default)]
pub(super) struct Reserve(pub(super) u64);

/// Takes the fuel for a host function that was just served.
pub(super) fn charge(caller: &mut Caller<'_, Host>) -> Result<(), Error> {
    let host = caller.data_mut();
    let bytes = host.session.usage().take_uncharged();
    let cost = HOST_CALL.saturating_add(bytes / BYTES_PER_UNIT);
    if let Some(left) = host.reserve.0.checked_sub(cost) {
        host.reserve.0 = left;
        return Ok(());
    }
    // The last slice is out: what is missing comes from there.
    let missing = cost.saturating_sub(host.reserve.0);
    host.reserve.0 = 0;
    let slice = caller.get_fuel().map_err(Error::internal)?;
    let left = slice.checked_sub(missing);
    caller.set_fuel(left.unwrap_or(0)).map_err(Error::internal)?;
    left.map(|_| ()).ok_or_else(exhausted)
}

/// The error of a call that used up its fuel. (Its caller knows how much that was.)
pub(super) fn exhausted() -> Error {
    Error::new(ErrorKind::FuelExhausted, "the plugin used up its fuel")
}
