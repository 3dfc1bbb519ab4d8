//! Fuel, in slices: wasmi is given a part of what a call may use, and the rest waits here.

use wasmi::AsContextMut;

use super::{HostState, Interrupt};
use crate::{Error, ErrorKind};

/// The price of a call to a host function, beside the bytes it moves: about as long as it takes, in
/// instructions (see `docs/limits.md`).
const HOST_CALL: u64 = 100;

/// The bytes that the host works through for one unit of fuel.
const BYTES_PER_UNIT: u64 = 2;

/// The fuel of a call that wasmi has not been given yet.
#[derive(Debug, Default)]
pub(crate) struct Reserve {
    pub(crate) left: u64,
    /// The fuel that host functions may take from it in this slice, once wasmi has too little.
    pub(crate) of_slice: u64,
}

impl Reserve {
    /// Takes fuel that belongs to the slice. False if there is not that much.
    fn take_of_slice(&mut self, cost: u64) -> bool {
        let rest = self.of_slice.checked_sub(cost).zip(self.left.checked_sub(cost));
        if let Some((of_slice, left)) = rest {
            *self = Self { left, of_slice };
        }
        rest.is_some()
    }
}

/// Takes the fuel for a host function that was just served, and says whether that used up the slice.
pub(crate) fn charge(mut store: impl AsContextMut<Data = HostState>) -> Result<bool, Error> {
    let mut store = store.as_context_mut();
    let bytes = store.data_mut().session.usage().take_uncharged();
    let cost = HOST_CALL.saturating_add(bytes / BYTES_PER_UNIT);
    let slice = store.get_fuel().map_err(Error::internal)?;
    let missing = cost.saturating_sub(slice);
    if missing > 0 && store.data_mut().reserve.take_of_slice(cost) {
        return Ok(false);
    }
    store.set_fuel(slice.saturating_sub(cost)).map_err(Error::internal)?;
    if missing > 0 {
        let reserve = &mut store.data_mut().reserve;
        let left = reserve.left.checked_sub(missing);
        reserve.left = left.unwrap_or(0);
        return left.map(|_| true).ok_or_else(exhausted);
    }
    Ok(false)
}

/// Charges for a host function that answered this, and interrupts the call if that used up its slice.
pub(super) fn charged(
    store: impl AsContextMut<Data = HostState>,
    answer: Result<i32, Error>,
) -> Result<i32, Interrupt> {
    // An error that is already there says more than that the fuel is used up.
    match (charge(store), answer) {
        (_, Err(error)) | (Err(error), Ok(_)) => Err(Interrupt::Stop(error)),
        (Ok(true), Ok(answer)) => Err(Interrupt::SliceUsedUp(answer)),
        (Ok(false), Ok(answer)) => Ok(answer),
    }
}

/// The error of a call that used up its fuel. (Its caller knows how much that was.)
#[cold]
fn exhausted() -> Error {
    Error::new(ErrorKind::FuelExhausted, "the plugin used up its fuel")
}
