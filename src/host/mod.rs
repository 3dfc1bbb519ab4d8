//! The host functions of a running module, and the state in its store.

mod fuel;
mod functions;
mod interrupt;
mod limiter;
mod stopwatch;
#[cfg(feature = "wasi")]
mod wasi;

use alloc::sync::Arc;
use core::task::{Context, Poll};

use wasmi::{Caller, Linker, Memory};

use crate::session::Session;
use crate::{Clock, Error};

pub(crate) use fuel::{Reserve, charge};
pub(crate) use interrupt::Interrupt;
pub(crate) use limiter::{Limiter, starved};
use stopwatch::Stopwatch;
#[cfg(feature = "wasi")]
pub(crate) use wasi::type_of;

/// The state in the store of an instance.
pub(crate) struct HostState {
    pub(crate) session: Session,
    pub(crate) memory: Option<Memory>,
    pub(crate) reserve: Reserve,
    pub(crate) limiter: Limiter,
    /// The reason why a host function suspended the module.
    pub(crate) interrupt: Option<Interrupt>,
    pub(crate) stopwatch: Stopwatch,
    #[cfg(feature = "wasi")]
    wasi: wasi::Wasi,
}

impl HostState {
    /// The state of a new instance. `measured` is the clock, if the time of calls is measured.
    pub(crate) fn new(session: Session, measured: Option<Arc<dyn Clock>>) -> Self {
        Self {
            limiter: Limiter::new(&session.grants().limits),
            session,
            memory: None,
            reserve: Reserve::default(),
            interrupt: None,
            stopwatch: Stopwatch::new(measured),
            #[cfg(feature = "wasi")]
            wasi: wasi::Wasi::default(),
        }
    }
}

impl HostState {
    /// True if the plugin waits for the answer of a host function.
    pub(crate) fn is_waiting(&self) -> bool {
        #[cfg(feature = "wasi")]
        if self.wasi.is_waiting() {
            return true;
        }
        self.session.is_waiting()
    }

    /// Asks for what the plugin waits for, and answers its call once it is there.
    pub(crate) fn poll_waiting(
        &mut self,
        context: &mut Context<'_>,
        memory: &mut [u8],
    ) -> Poll<Result<i32, Error>> {
        #[cfg(feature = "wasi")]
        if self.wasi.is_waiting() {
            return self.wasi.poll_waiting(context, &mut self.session, memory);
        }
        self.session.poll_waiting(context, memory)
    }
}

/// Defines all that a module may import in `linker`.
pub(crate) fn define(linker: &mut Linker<HostState>) -> Result<(), Error> {
    functions::define(linker).map_err(Error::internal)?;
    #[cfg(feature = "wasi")]
    wasi::define(linker).map_err(Error::internal)?;
    Ok(())
}

/// Runs a host function, and suspends the module if something interrupts it.
fn run(
    mut caller: Caller<'_, HostState>,
    serve: impl FnOnce(&mut Caller<'_, HostState>) -> Result<i32, Interrupt>,
) -> Result<i32, wasmi::Error> {
    let begun = caller.data().stopwatch.start();
    let answer = serve(&mut caller);
    caller.data_mut().stopwatch.served(begun);
    answer.map_err(|interrupt| interrupt.raise(caller.data_mut()))
}

/// The error of a host function that was called before the instance was ready.
#[cold]
fn no_memory() -> Error {
    Error::internal("a host function was called before the instance was ready")
}
