//! What an instance goes through before its first call and after its last.

use alloc::boxed::Box;
use core::future::Future;
#[cfg(feature = "std")]
use std::sync::OnceLock;

#[cfg(not(feature = "std"))]
use super::Admission;
use super::{Plugin, finish};
use crate::Error;
#[cfg(feature = "std")]
use crate::instance::Snapshot;
use crate::instance::{Call, Instance, Over};
use crate::lanes::Lane;
#[cfg(feature = "std")]
use crate::pool::Pool;

impl Plugin {
    /// Makes an instance and has it initialised, to learn whether the plugin can be before it is
    /// called. Where instances are pooled, the first call finds it there.
    ///
    /// # Errors
    ///
    /// Those of a call that fails in `_initialize` or `cpex_init`. The error has the receipt.
    pub fn initialize(&self) -> Result<(), Error> {
        let instance = self.fresh().map_err(|error| error.with_plugin(self.name()))?;
        self.keep(instance);
        Ok(())
    }

    /// As [`initialize`](Self::initialize), yielding as [`call_async`](Self::call_async) does.
    ///
    /// # Errors
    ///
    /// As [`initialize`](Self::initialize).
    pub fn initialize_async(&self) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let plugin = self.clone();
        async move {
            let fresh = plugin.fresh_async().await;
            let instance = fresh.map_err(|error| error.with_plugin(plugin.name()))?;
            plugin.keep(instance);
            Ok(())
        }
    }

    /// Empties the pool: each instance that waits there runs its `cpex_shutdown`, if it has one, with
    /// the fuel of an initialisation and the deadline of a call, and is dropped, whatever comes of it.
    ///
    /// From then on no instance is kept, those of calls that are under way included: a call gets one
    /// of its own, which is dropped without `cpex_shutdown`, as it is without a pool.
    ///
    /// # Errors
    ///
    /// The first of those that the instances came to, as of a call that fails. The error has the receipt.
    pub fn shutdown(&self) -> Result<(), Error> {
        let mut result = Ok(());
        for instance in self.close() {
            result = result.and(ended(Call::shutdown(self.0.module.engine(), instance).run()));
        }
        result.map_err(|error| error.with_plugin(self.name()))
    }

    /// As [`shutdown`](Self::shutdown), yielding as [`call_async`](Self::call_async) does.
    ///
    /// Nothing is done before the future is polled. Dropping it then drops all instances.
    ///
    /// # Errors
    ///
    /// As [`shutdown`](Self::shutdown).
    pub fn shutdown_async(&self) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let plugin = self.clone();
        async move {
            let mut result = Ok(());
            for instance in plugin.close() {
                let call = Call::shutdown(plugin.0.module.engine(), instance);
                result = result.and(ended(finish(call, None).await));
            }
            result.map_err(|error| error.with_plugin(plugin.name()))
        }
    }

    /// An instance in which no call has run: initialised just now, or as that which was initialised
    /// first.
    pub(super) fn fresh(&self) -> Result<Box<Instance>, Error> {
        let instance = self.prepared()?;
        if instance.is_ready() {
            return Ok(instance);
        }
        let instance = initialised(Call::init(self.0.module.engine(), instance).run())?;
        self.remember(&instance);
        Ok(instance)
    }

    pub(super) async fn fresh_async(&self) -> Result<Box<Instance>, Error> {
        let instance = self.prepared()?;
        if instance.is_ready() {
            return Ok(instance);
        }
        let call = Call::init(self.0.module.engine(), instance);
        let instance = initialised(finish(call, None).await)?;
        self.remember(&instance);
        Ok(instance)
    }
}

#[cfg(feature = "std")]
impl Plugin {
    /// An instance, as the first initialisation left it where that is known.
    fn prepared(&self) -> Result<Box<Instance>, Error> {
        let mut instance = self.instantiate(self.lane())?;
        match self.0.snapshot.as_ref().and_then(OnceLock::get) {
            Some(snapshot) if !snapshot.restore(&mut instance) => {
                // The host has no memory for it. Its own initialisation may do without.
                drop(instance);
                self.instantiate(self.lane())
            }
            _ => Ok(instance),
        }
    }

    /// Takes a snapshot of an instance that was initialised just now, unless there is one.
    fn remember(&self, instance: &Instance) {
        if let Some(cell) = &self.0.snapshot
            && cell.get().is_none()
            && let Ok(fresh) = self.instantiate(self.lane())
            && let Some(snapshot) = Snapshot::of(&self.0.module, instance, &fresh)
        {
            // Of two threads at it, the first is as good as the second.
            let _ = cell.set(snapshot);
        }
    }
}

#[cfg(not(feature = "std"))]
#[allow(clippy::unused_self, reason = "there are no snapshots")]
impl Plugin {
    fn prepared(&self) -> Result<Box<Instance>, Error> {
        self.instantiate(self.lane())
    }

    fn remember(&self, _: &Instance) {}
}

#[cfg(feature = "std")]
impl Plugin {
    pub(super) fn idle(&self) -> Option<Box<Instance>> {
        self.0.pool.as_ref()?.take(self.lane())
    }

    /// The lane that this thread makes instances for.
    pub(super) fn lane(&self) -> Lane {
        self.0.module.lane(self.0.pool.as_ref().map_or(usize::MAX, Pool::lanes))
    }

    /// Keeps an instance for the next call, where instances are kept.
    pub(super) fn keep(&self, mut instance: Box<Instance>) {
        // Given back at last: who gets it finds the instance, or its memory free.
        let _admission = instance.dismiss();
        if let (Some(pool), false) = (&self.0.pool, instance.is_bloated()) {
            return pool.put(instance);
        }
        drop(instance);
    }

    fn close(&self) -> impl Iterator<Item = Box<Instance>> + use<> {
        self.0.pool.as_ref().map(Pool::close).unwrap_or_default().into_iter()
    }
}

/// Without a pool, and without a bound.
#[cfg(not(feature = "std"))]
#[allow(
    clippy::unused_self,
    clippy::unused_async,
    clippy::unnecessary_wraps,
    reason = "as with `std`"
)]
impl Plugin {
    pub(super) fn admission(&self) -> Result<Admission, Error> {
        Ok(Admission::default())
    }

    pub(super) async fn admission_async(&self) -> Result<Admission, Error> {
        Ok(Admission::default())
    }

    pub(super) fn idle(&self) -> Option<Box<Instance>> {
        None
    }

    pub(super) fn lane(&self) -> Lane {
        self.0.module.home()
    }

    pub(super) fn keep(&self, instance: Box<Instance>) {
        drop(instance);
    }

    fn close(&self) -> impl Iterator<Item = Box<Instance>> + use<> {
        core::iter::empty()
    }
}

/// The instance, if its initialisation succeeded.
fn initialised(over: Over) -> Result<Box<Instance>, Error> {
    over.result?;
    let gone = || Error::internal("an initialisation succeeded and left no instance");
    let mut instance = over.instance.ok_or_else(gone)?;
    instance.set_ready();
    Ok(instance)
}

/// What a shutdown came to; the instance is dropped.
fn ended(over: Over) -> Result<(), Error> {
    over.result.map(drop)
}
