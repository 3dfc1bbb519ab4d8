//! Services that all plugins of an embedder share.

mod builder;
pub(crate) mod dispatch;
mod interpreter;

use alloc::sync::Arc;

use cpex_wasmi_abi::HostFunction;

pub use self::builder::EngineBuilder;
use self::dispatch::Dispatch;
pub(crate) use self::interpreter::Interpreter;
use self::interpreter::Settings;
#[cfg(test)]
pub(crate) use self::interpreter::config;
use crate::session::missing_feature;
use crate::sync::shards::{Shard, Shards};
use crate::system::Services;
use crate::{Clock, Error, LogSink};

/// The interpreter and what all plugins share: its settings, a clock and a log. Cheap to clone.
///
/// ```
/// # fn main() -> Result<(), cpex_wasmi::Error> {
/// let engine = cpex_wasmi::Engine::new()?;
/// let same = engine.clone();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Engine(Arc<EngineInner>);

struct EngineInner {
    interpreters: Shards<Interpreter>,
    settings: Settings,
    sink: Arc<dyn LogSink>,
    services: Services,
    slice: u64,
    /// The clock, if the time of calls is measured.
    measured: Option<Arc<dyn Clock>>,
}

impl Engine {
    /// The fuel of one slice, by default: 200,000, well under a millisecond on a desktop machine.
    pub const DEFAULT_SLICE: u64 = 200_000;

    /// Returns the functions that plugins can import from this build of the host. Others need a crate feature that it was built
    /// without.
    pub fn host_functions() -> impl Iterator<Item = HostFunction> {
        let all = HostFunction::ALL.iter().copied();
        all.filter(|function| missing_feature(*function).is_none())
    }

    /// Sets up an engine.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::new()
    }

    /// An engine with the default settings.
    ///
    /// # Errors
    ///
    /// None that the default features and settings can cause; see [`EngineBuilder::build`].
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// The interpreter of a shard.
    pub(crate) fn interpreter(&self, shard: Shard) -> Result<&Interpreter, Error> {
        let interpreter = self.0.interpreters.get(shard, || self.0.settings.interpreter())?;
        interpreter.ok_or_else(|| Error::internal("there is no such shard"))
    }

    pub(crate) fn shards(&self) -> usize {
        self.0.interpreters.len()
    }

    pub(crate) fn clock(&self) -> Option<&dyn Clock> {
        self.0.services.clock.as_deref()
    }

    pub(crate) fn services(&self) -> &Services {
        &self.0.services
    }

    /// An error without what the embedder has masked.
    pub(crate) fn redacted(&self, mut error: Error) -> Error {
        self.0.services.redact(error.problems_mut());
        error
    }

    /// The clock, if the time of calls is measured.
    pub(crate) fn measured(&self) -> Option<Arc<dyn Clock>> {
        self.0.measured.clone()
    }

    pub(crate) fn sink(&self) -> &Arc<dyn LogSink> {
        &self.0.sink
    }

    /// The fuel of a slice, at most: a module that can grow its memory may have less.
    pub(crate) fn largest_slice(&self) -> u64 {
        self.0.slice
    }

    pub(crate) fn dispatch(&self) -> Dispatch {
        self.0.settings.dispatch
    }
}
