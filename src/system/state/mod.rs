//! `state.get` and the like: values that outlast a call.

mod memory;
#[cfg(feature = "state-redis")]
mod redis;
mod store;

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;

use cpex_wasmi_abi::{
    MAX_STATE_KEY_BYTES, MAX_STATE_TTL_MS, STATE_COMPARE_AND_SET, STATE_EXPIRE, STATE_GET,
    STATE_INCREMENT, STATE_REMOVE, STATE_SET, StateCompareAndSet, StateExpire, StateIncrement,
    StateSet, StateValue, Status,
};
use serde::Serialize;

use super::invocation::{Pending, Reporter, Used};
use super::{AccessKind, AuditOutcome, Function, Given, Grants, Invocation, Reply};
use crate::boundary::{Format, Input};
use crate::logging::contained;

#[cfg(feature = "state-redis")]
pub use self::redis::RedisState;
pub use memory::MemoryState;
pub use store::{StateAnswer, StateError, StateKey, StateQuota, StateStore};

/// The work of one operation, in bytes: about as long as it takes in memory.
const WORK: usize = 512;

/// The most failures of a call that its log is told of.
const MAX_LINES: u32 = 8;

/// The store of an engine.
#[derive(Clone)]
pub(crate) enum Store {
    /// None was set.
    Own(MemoryState),
    Given(Arc<dyn StateStore>),
}

impl Default for Store {
    fn default() -> Self {
        Self::Own(MemoryState::new())
    }
}

impl Store {
    fn get(&self) -> &dyn StateStore {
        match self {
            Self::Own(store) => store,
            Self::Given(store) => &**store,
        }
    }
}

/// A function that works on state.
#[derive(Clone, Copy)]
pub(crate) enum StateFunction {
    Get,
    Set,
    Increment,
    CompareAndSet,
    Expire,
    Remove,
}

impl StateFunction {
    pub(crate) const ALL: [Self; 6] =
        [Self::Get, Self::Set, Self::Increment, Self::CompareAndSet, Self::Expire, Self::Remove];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Get => STATE_GET,
            Self::Set => STATE_SET,
            Self::Increment => STATE_INCREMENT,
            Self::CompareAndSet => STATE_COMPARE_AND_SET,
            Self::Expire => STATE_EXPIRE,
            Self::Remove => STATE_REMOVE,
        }
    }

    fn answer(self, invocation: &mut Invocation<'_>, argument: Input<'_>) -> Result<Reply, Status> {
        let format = argument.format;
        let operation = self.name().split_once('.').map_or(self.name(), |(_, name)| name);
        let operate =
            |key: &str, sent: usize| Operation { operation, key: key.into(), sent, format };
        Ok(match self {
            Self::Get => {
                let key: String = argument.scalar()?;
                let most = invocation.grants.limits.state_value_bytes;
                operate(&key, 0).run(
                    invocation,
                    |store, key| store.get(key),
                    move |value| match value {
                        // It was set under another limit, or by somebody else.
                        Some(value) if !is_within(&value, most) => Err(Status::TooLarge),
                        value => Ok(value.map(StateValue)),
                    },
                )
            }
            Self::Set => {
                let StateSet { key, value: StateValue(value), ttl_ms } = argument.record()?;
                let ttl = time(ttl_ms)?;
                fits(invocation, &value)?;
                operate(&key, value.len()).run(
                    invocation,
                    |store, key| store.set(key, value, ttl),
                    Ok,
                )
            }
            Self::Increment => {
                let StateIncrement { key, by, ttl_ms } = argument.record()?;
                let ttl = time(ttl_ms)?;
                operate(&key, size_of_val(&by)).run(
                    invocation,
                    |store, key| store.increment(key, by, ttl),
                    Ok,
                )
            }
            Self::CompareAndSet => {
                let StateCompareAndSet { key, expected, value, ttl_ms } = argument.record()?;
                let ttl = time(ttl_ms)?;
                let bytes = |value: Option<StateValue>| value.map(|StateValue(bytes)| bytes);
                let (expected, value) = (bytes(expected), bytes(value));
                fits(invocation, value.as_deref().unwrap_or_default())?;
                let len = |value: &Option<Vec<u8>>| value.as_ref().map_or(0, Vec::len);
                operate(&key, len(&expected).saturating_add(len(&value))).run(
                    invocation,
                    |store, key| store.compare_and_set(key, expected, value, ttl),
                    Ok,
                )
            }
            Self::Expire => {
                let StateExpire { key, ttl_ms } = argument.record()?;
                let ttl = time(ttl_ms)?;
                operate(&key, 0).run(invocation, |store, key| store.expire(key, ttl), Ok)
            }
            Self::Remove => {
                let key: String = argument.scalar()?;
                operate(&key, 0).run(invocation, |store, key| store.remove(key), Ok)
            }
        })
    }
}

impl Function for StateFunction {
    fn kind(&self) -> AccessKind {
        AccessKind::State
    }

    fn call(&self, invocation: &mut Invocation<'_>, argument: Input<'_>) -> Reply {
        invocation.charge(WORK);
        self.answer(invocation, argument).unwrap_or_else(|status| Reply::Now(Err(status)))
    }
}

/// The time of a value, if it has one.
fn time(milliseconds: Option<u64>) -> Result<Option<Duration>, Status> {
    match milliseconds {
        Some(1..=MAX_STATE_TTL_MS) | None => Ok(milliseconds.map(Duration::from_millis)),
        Some(_) => Err(Status::InvalidArgument),
    }
}

fn fits(invocation: &Invocation<'_>, value: &[u8]) -> Result<(), Status> {
    let most = invocation.grants.limits.state_value_bytes;
    if is_within(value, most) { Ok(()) } else { Err(Status::TooLarge) }
}

fn is_within(value: &[u8], most: u64) -> bool {
    u64::try_from(value.len()).is_ok_and(|len| len <= most)
}

/// One operation on a key.
struct Operation {
    operation: &'static str,
    key: String,
    /// The bytes that the plugin gave beside the key.
    sent: usize,
    /// The encoding of the answer.
    format: Format,
}

impl Operation {
    /// Has the store do it, if the plugin may. `shown` makes what the plugin gets of what the store gave.
    fn run<T: 'static, R: Serialize + 'static>(
        self,
        invocation: &mut Invocation<'_>,
        act: impl FnOnce(&dyn StateStore, &StateKey<'_>) -> StateAnswer<T>,
        shown: impl FnOnce(T) -> Result<R, Status> + Send + 'static,
    ) -> Reply {
        if let Err(status) = self.allowed(invocation) {
            return Reply::Now(Err(status));
        }
        let grants = invocation.grants.clone();
        let key = self.key_of(&grants, invocation.remaining);
        let answer = contained(|| act(grants.services.state.get(), &key));
        let lines = invocation.usage.state.get_or_insert_default().clone();
        match answer.unwrap_or_else(panicked) {
            StateAnswer::Ready(result) => {
                let given = self.given(result, shown, &lines, || invocation.reporter());
                self.report(invocation, &given);
                Reply::Now(given)
            }
            StateAnswer::Later(future) => {
                let pending = self.pending(invocation);
                let reporter = invocation.reporter();
                Reply::Later(Box::pin(async move {
                    let given = self.given(future.await, shown, &lines, || reporter);
                    let (outcome, received) = told(&given);
                    pending.end(outcome, received);
                    given
                }))
            }
        }
    }

    /// Checks the key. One that is not granted is told of.
    fn allowed(&self, invocation: &mut Invocation<'_>) -> Result<(), Status> {
        if !(1..=MAX_STATE_KEY_BYTES).contains(&self.key.len()) {
            return Err(Status::InvalidArgument);
        }
        if !invocation.grants.granted.state(&self.key) {
            return Err(invocation.denied(AccessKind::State, self.operation, &self.key));
        }
        Ok(())
    }

    fn key_of<'a>(&'a self, grants: &'a Grants, timeout: Option<Duration>) -> StateKey<'a> {
        let quota = StateQuota {
            keys: grants.limits.state_keys,
            bytes: grants.limits.state_bytes,
            value_bytes: grants.limits.state_value_bytes,
        };
        let now = grants.services.clock.as_ref().map(|clock| clock.now());
        StateKey { plugin: &grants.plugin, key: &self.key, quota, now, timeout }
    }

    fn report(&self, invocation: &mut Invocation<'_>, given: &Given) {
        let (outcome, received) = told(given);
        invocation.report(&Used {
            bytes_sent: self.sent(),
            bytes_received: u64::try_from(received).unwrap_or(u64::MAX),
            ..Used::new(AccessKind::State, self.operation, &self.key, outcome)
        });
    }

    fn pending(&self, invocation: &mut Invocation<'_>) -> Pending {
        Pending::new(invocation, AccessKind::State, self.operation, &self.key, self.sent())
    }

    fn sent(&self) -> u64 {
        u64::try_from(self.sent).unwrap_or(u64::MAX)
    }

    /// The bytes for the plugin, or its status. The plugin's log is told why there are none.
    fn given<T, R: Serialize>(
        &self,
        result: Result<T, StateError>,
        shown: impl FnOnce(T) -> Result<R, Status>,
        lines: &Lines,
        reporter: impl FnOnce() -> Reporter,
    ) -> Given {
        match result {
            Ok(value) => self.format.encode(&shown(value)?),
            Err(error) => Err(self.failed(error, lines, reporter)),
        }
    }

    fn failed(
        &self,
        error: StateError,
        lines: &Lines,
        reporter: impl FnOnce() -> Reporter,
    ) -> Status {
        if lines.0.fetch_add(1, Ordering::Relaxed) < MAX_LINES {
            let Self { operation, key, .. } = self;
            reporter().warn(&format!("state.{operation} `{key}` failed: {error}"));
        }
        match error {
            StateError::QuotaExceeded => Status::QuotaExceeded,
            StateError::TooLarge => Status::TooLarge,
            StateError::NotANumber => Status::Malformed,
            StateError::Failed(_) => Status::Unavailable,
        }
    }
}

/// The outcome of an operation for audit events, and how many bytes the plugin got.
fn told(given: &Given) -> (AuditOutcome, usize) {
    match given {
        Ok(bytes) => (AuditOutcome::Allowed, bytes.len()),
        Err(_) => (AuditOutcome::Failed, 0),
    }
}

#[cold]
fn panicked<T>() -> StateAnswer<T> {
    StateAnswer::Ready(Err(StateError::Failed("the store panicked".into())))
}

/// The failures of a call that its log was told of.
#[derive(Debug, Default)]
pub(crate) struct Lines(AtomicU32);
