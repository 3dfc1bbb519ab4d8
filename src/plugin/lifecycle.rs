//! The life of an instance before its first call and after its last.

use alloc::boxed::Box;
#[cfg(feature = "std")]
use alloc::format;
use core::future::Future;
#[cfg(feature = "std")]
use std::sync::OnceLock;

#[cfg(feature = "std")]
use cpex_wasmi_abi::RANDOM_BYTES;

use super::Plugin;
#[cfg(feature = "std")]
use crate::instance::Snapshot;
use crate::instance::{Call, Finished, Instance};
#[cfg(feature = "std")]
use crate::pool::{Outgrown, Pool, Taken};
#[cfg(not(feature = "std"))]
use crate::sync::Permit;
use crate::sync::shards::Shard;
use crate::{Error, Receipt};
#[cfg(feature = "std")]
use crate::{ErrorKind, Level};

impl Plugin {
    /// Makes an instance and has it initialised, to learn whether the plugin can be before it is
    /// called. Where instances are pooled, the first call finds it there. Gives what the initialisation
    /// took; if the instance begins as another was left, what that one took.
    ///
    /// A plugin that keeps state gets no instance more than calls of it would have.
    ///
    /// # Errors
    ///
    /// Those of a call that fails in `_initialize` or `cpex_init`. The error has the receipt.
    pub fn initialize(&self) -> Result<Receipt, Error> {
        let named = |error: Error| error.with_plugin(self.name());
        let instance = if self.0.grants.stateful.is_kept() {
            self.acquire().map_err(named)?
        } else {
            self.fresh().map_err(named)?
        };
        let receipt = instance.initialisation();
        self.keep(instance);
        Ok(receipt)
    }

    /// As [`initialize`](Self::initialize), yielding as [`call_async`](Self::call_async) does.
    ///
    /// # Errors
    ///
    /// As [`initialize`](Self::initialize).
    pub fn initialize_async(&self) -> impl Future<Output = Result<Receipt, Error>> + Send + use<> {
        let plugin = self.clone();
        async move {
            let instance = if plugin.0.grants.stateful.is_kept() {
                plugin.ready().await?
            } else {
                let fresh = plugin.fresh_async().await;
                fresh.map_err(|error| error.with_plugin(plugin.name()))?
            };
            let receipt = instance.initialisation();
            plugin.keep(instance);
            Ok(receipt)
        }
    }

    /// Empties the pool: each instance that waits there runs its `cpex_shutdown`, if it has one, with
    /// the fuel of an initialisation and the deadline of a call, and is dropped, whatever comes of it.
    ///
    /// From then on no instance is kept, those of calls that are under way included: a call gets one
    /// of its own, which is dropped without `cpex_shutdown`, as it is without a pool. Calls of a plugin
    /// that keeps state fail from then on ([`ErrorKind::ShutDown`](crate::ErrorKind::ShutDown)): what
    /// it kept is gone.
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
                result = result.and(ended(call.run_async().await));
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
        let instance = initialised(call.run_async().await)?;
        self.remember(&instance);
        Ok(instance)
    }
}

#[cfg(feature = "std")]
impl Plugin {
    /// An instance, as the first initialisation left it where that is known.
    fn prepared(&self) -> Result<Box<Instance>, Error> {
        let mut instance = self.instantiate(self.shard())?;
        match self.0.snapshot.as_ref().and_then(OnceLock::get) {
            Some(snapshot) if !snapshot.restore(&mut instance) => {
                // The host has no memory for it. Its own initialisation may do without.
                drop(instance);
                self.instantiate(self.shard())
            }
            _ => Ok(instance),
        }
    }

    /// Tells why an initialisation cannot be done once for all, if it used what may be different another
    /// time.
    fn tells_varied(&self, instance: &Instance) -> bool {
        let Some(what) = instance.varied() else { return false };
        let grants = &self.0.grants;
        if grants.counts.varied.add() == 0 {
            let (level, costs) = match self.0.pool {
                None => (Level::Warn, "each call initialises the plugin anew"),
                Some(_) => (Level::Info, "each instance is initialised on its own"),
            };
            let hint = match what {
                RANDOM_BYTES | "random_get" => {
                    "; for a salt, `random.salt` gives bytes that stay the same"
                }
                _ => "",
            };
            let message = format!(
                "{costs}, as the initialisation used `{}`, which may differ from time to \
                 time{hint}",
                crate::visible(what)
            );
            grants.tell(level, &message);
        }
        true
    }

    /// Takes a snapshot of an instance that was initialised just now, unless there is one.
    fn remember(&self, instance: &Instance) {
        if let Some(cell) = &self.0.snapshot
            && cell.get().is_none()
            && !self.tells_varied(instance)
            && let Ok(fresh) = self.instantiate(self.shard())
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
        self.instantiate(self.shard())
    }

    fn remember(&self, _: &Instance) {}
}

#[cfg(feature = "std")]
impl Plugin {
    /// An instance that waits, if there is one.
    pub(super) fn idle(&self) -> Result<Option<Box<Instance>>, Error> {
        match self.0.pool.as_ref().map(|pool| pool.take(self.shard())) {
            Some(Taken::Instance(instance)) => Ok(Some(instance)),
            Some(Taken::Closed) => Err(Error::new(
                ErrorKind::ShutDown,
                "the plugin was shut down, and the state that it kept is gone; load the plugin \
                 again",
            )),
            Some(Taken::Nothing) | None => Ok(None),
        }
    }

    /// The shard that this thread makes instances for.
    pub(super) fn shard(&self) -> Shard {
        self.0.module.shard(self.0.pool.as_ref().map_or(usize::MAX, Pool::shards))
    }

    /// Keeps an instance for the next call, where instances are kept.
    pub(super) fn keep(&self, mut instance: Box<Instance>) {
        // Given back at last: who gets it finds the instance, or its memory free.
        let _admission = instance.dismiss();
        if let (Some(pool), false) = (&self.0.pool, self.has_outgrown(&mut instance)) {
            return pool.put(instance);
        }
        drop(instance);
    }

    /// True if the memory of an instance has grown too large to be kept. State that a plugin keeps is
    /// never dropped for that.
    fn has_outgrown(&self, instance: &mut Instance) -> bool {
        let grants = &self.0.grants;
        if grants.stateful.is_kept() || !instance.was_called() {
            return false;
        }
        let Some(Outgrown { from, to }) = self.0.growth.outgrown(&instance.sizes()) else {
            return false;
        };
        if grants.counts.outgrown.add() == 0 {
            let message = format!(
                "an instance was dropped after its call, as its memory had grown from {from} to {to} \
                 bytes: a call without a free instance waits for a new one; this is logged once"
            );
            grants.tell(Level::Info, &message);
        }
        true
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
    pub(super) fn admission(&self) -> Result<Option<Permit>, Error> {
        Ok(None)
    }

    pub(super) async fn admission_async(&self) -> Result<Option<Permit>, Error> {
        Ok(None)
    }

    pub(super) fn idle(&self) -> Result<Option<Box<Instance>>, Error> {
        Ok(None)
    }

    pub(super) fn shard(&self) -> Shard {
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
fn initialised(call: Finished) -> Result<Box<Instance>, Error> {
    let receipt = call.result?.receipt;
    let gone = || Error::internal("an initialisation succeeded and left no instance");
    let mut instance = call.instance.ok_or_else(gone)?;
    instance.set_ready(receipt);
    Ok(instance)
}

/// The result of a shutdown; the instance is dropped.
fn ended(call: Finished) -> Result<(), Error> {
    call.result.map(drop)
}
