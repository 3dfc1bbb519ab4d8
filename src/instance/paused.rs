//! A suspended plugin, and the reasons to suspend it.

use wasmi::{
    Error, Store, TypedResumableCall, TypedResumableCallHostTrap, TypedResumableCallOutOfFuel, Val,
    WasmResults,
};

use cpex_wasmi_abi::HostFunction;

use super::Host;

/// A call that used up its slice: in the plugin's own code, or in a host function.
pub(super) enum Paused<R> {
    Own(TypedResumableCallOutOfFuel<R>),
    /// With what the host function answers.
    Host(TypedResumableCallHostTrap<R>, i32),
    /// In a function whose result is not there yet. It is in the store once it is.
    Waiting(TypedResumableCallHostTrap<R>),
}

impl<R: WasmResults> Paused<R> {
    /// The fuel it takes to go on, at least.
    pub(super) fn required_fuel(&self) -> u64 {
        match self {
            Self::Own(paused) => paused.required_fuel(),
            Self::Host(..) | Self::Waiting(_) => 0,
        }
    }

    pub(super) fn resume(self, store: &mut Store<Host>) -> Result<TypedResumableCall<R>, Error> {
        match self {
            Self::Own(paused) => paused.resume(store),
            Self::Host(paused, answer) => paused.resume(store, &[Val::I32(answer)]),
            Self::Waiting(paused) => {
                let answer = store.data().answer;
                paused.resume(store, &[Val::I32(answer)])
            }
        }
    }
}

/// A host function that needs what the request does not own, to be served by who called the plugin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub(super) function: HostFunction,
    pub(super) args: [u32; 6],
}

impl Ask {
    pub(super) fn new(function: HostFunction, given: &[u32]) -> Self {
        let mut args = [0; 6];
        for (arg, given) in args.iter_mut().zip(given) {
            *arg = *given;
        }
        Self { function, args }
    }

    pub(super) fn args(&self) -> &[u32] {
        self.args.get(..self.function.arity()).unwrap_or(&self.args)
    }
}

/// The trap of a host function that left an [`Ask`]. As there is nothing in it, nothing is allocated.
#[derive(Debug)]
pub(super) struct Asked;

impl core::fmt::Display for Asked {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("a host function is served outside")
    }
}

impl core::error::Error for Asked {}
impl wasmi::errors::HostError for Asked {}

/// The end of a slice in a host function: its answer, which waits for the next.
#[derive(Debug)]
pub(super) struct Pause(pub(super) i32);

impl core::fmt::Display for Pause {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the slice of fuel is used up")
    }
}

impl core::error::Error for Pause {}
impl wasmi::errors::HostError for Pause {}

/// The trap of a host function whose answer is pending.
#[derive(Debug)]
pub(super) struct Wait;

impl core::fmt::Display for Wait {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the plugin waits for a function")
    }
}

impl core::error::Error for Wait {}
impl wasmi::errors::HostError for Wait {}
