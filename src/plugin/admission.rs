//! Permits that bound the concurrent calls of a plugin, where the operator wants a bound.

use alloc::format;
use core::time::Duration;

use cpex_wasmi_abi::Stateful;

use super::Plugin;
use crate::sync::Permit;
use crate::{Clock, Error, ErrorKind, WhenExhausted};

impl Plugin {
    /// Acquires a permit for one call. The thread sleeps until one is free.
    pub(super) fn admission(&self) -> Result<Option<Permit>, Error> {
        let Some(permits) = &self.0.permits else { return Ok(None) };
        if let Some(permit) = permits.try_acquire() {
            return Ok(Some(permit));
        }
        let (clock, deadline) = self.patience()?;
        let permit = permits.acquire_blocking(clock, deadline);
        permit.map(Some).ok_or_else(|| self.exhausted())
    }

    /// Like [`Plugin::admission`], for a future.
    pub(super) async fn admission_async(&self) -> Result<Option<Permit>, Error> {
        let Some(permits) = &self.0.permits else { return Ok(None) };
        if let Some(permit) = permits.try_acquire() {
            return Ok(Some(permit));
        }
        let (clock, deadline) = self.patience()?;
        let permit = permits.acquire(clock, deadline).await;
        permit.map(Some).ok_or_else(|| self.exhausted())
    }

    /// The clock and the time until which a call waits.
    fn patience(&self) -> Result<(&dyn Clock, Duration), Error> {
        match (self.0.grants.when_exhausted, self.0.module.engine().clock()) {
            (WhenExhausted::Wait(wait), Some(clock)) => {
                Ok((clock, clock.now().saturating_add(wait)))
            }
            _ => Err(self.exhausted()),
        }
    }

    fn exhausted(&self) -> Error {
        let grants = &self.0.grants;
        let waited = match grants.when_exhausted {
            WhenExhausted::Wait(wait) => format!(", and none came free within {wait:?}"),
            _ => alloc::string::String::new(),
        };
        if grants.stateful == Stateful::Yes {
            return Error::new(
                ErrorKind::InstancesExhausted,
                format!(
                    "the plugin keeps state, and its one instance is in use{waited}; write \
                     `stateful: per_instance` in its manifest if each of several instances may \
                     have its own state"
                ),
            );
        }
        Error::new(
            ErrorKind::InstancesExhausted,
            format!(
                "all {} instances of the plugin are in use{waited}; raise `max_instances` to allow \
                 more calls at once",
                grants.max_instances
            ),
        )
    }
}
