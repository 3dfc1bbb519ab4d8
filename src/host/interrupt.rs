//! Interrupts: the reasons why a host function suspends the module that called it.

use cpex_wasmi_abi::HostFunction;
use wasmi::Store;

use super::{HostState, functions};
use crate::Error;
use crate::view::Borrowed;

/// The reason why a host function suspends the module. The driver of the call handles it.
#[derive(Debug)]
pub(crate) enum Interrupt {
    /// The call ends.
    Stop(Error),
    /// The function needs parts of the request that only the driver has borrowed.
    NeedsBorrowed(Deferred),
    /// The slice of fuel is used up. The function answered this.
    ///
    /// A plugin that does nothing but call the host comes to the end of its slice like any other: the deadline
    /// is looked at, and others may run.
    SliceUsedUp(i32),
    /// The answer is not there yet.
    Pending,
}

impl Interrupt {
    /// Leaves the reason in the store, and gives the error that suspends the module.
    pub(super) fn raise(self, host: &mut HostState) -> wasmi::Error {
        host.interrupt = Some(self);
        wasmi::Error::host(Suspended)
    }
}

impl From<Error> for Interrupt {
    fn from(error: Error) -> Self {
        Self::Stop(error)
    }
}

/// The most parameters that a host function has.
const MAX_PARAMS: usize = 12;

/// A call of a host function that the driver serves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deferred {
    function: HostFunction,
    args: [u32; MAX_PARAMS],
    /// The number of its arguments.
    given: usize,
}

impl Deferred {
    pub(super) fn new(function: HostFunction, given: &[u32]) -> Self {
        let mut args = [0; MAX_PARAMS];
        for (arg, given) in args.iter_mut().zip(given) {
            *arg = *given;
        }
        Self { function, args, given: given.len() }
    }

    /// Serves the function with what the driver has borrowed.
    pub(crate) fn serve(
        &self,
        store: &mut Store<HostState>,
        borrowed: Option<Borrowed<'_>>,
    ) -> Result<i32, Interrupt> {
        let args = self.args.get(..self.given).unwrap_or(&self.args);
        let begun = store.data().stopwatch.start();
        let answer = functions::answer(&mut *store, borrowed, self.function, args);
        store.data_mut().stopwatch.served(begun);
        answer
    }
}

/// The error that suspends a module. As it is empty, none of its own is allocated: the reason is in the store.
#[derive(Debug)]
struct Suspended;

impl core::fmt::Display for Suspended {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the host suspended the module")
    }
}

impl core::error::Error for Suspended {}
impl wasmi::errors::HostError for Suspended {}
