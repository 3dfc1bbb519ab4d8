use wasmi::{
    Error, Store, TypedResumableCall, TypedResumableCallHostTrap, TypedResumableCallOutOfFuel, Val,
    WasmResults,
};

use super::Host;

/// A call that used up its slice: in the plugin's own code, or in a host function.
pub(super) enum Paused<R> {
    Own(TypedResumableCallOutOfFuel<R>),
    /// With what the host function answers.
    Host(TypedResumableCallHostTrap<R>, i32),
}

impl<R: WasmResults> Paused<R> {
    /// The fuel it takes to go on, at least.
    pub(super) fn required_fuel(&self) -> u64 {
        match self {
            Self::Own(paused) => paused.required_fuel(),
            Self::Host(..) => 0,
        }
    }

    pub(super) fn resume(self, store: &mut Store<Host>) -> Result<TypedResumableCall<R>, Error> {
        match self {
            Self::Own(paused) => paused.resume(store),
            Self::Host(paused, answer) => paused.resume(store, &[Val::I32(answer)]),
        }
    }
}

/// What a host function ends the slice with: its answer, which waits for the next.
#[derive(Debug)]
pub(super) struct Pause(pub(super) i32);

impl core::fmt::Display for Pause {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the slice of fuel is used up")
    }
}

impl core::error::Error for Pause {}
impl wasmi::errors::HostError for Pause {}
