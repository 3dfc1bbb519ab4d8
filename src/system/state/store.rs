//! Stores of state: where it is kept, and what they answer.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::time::Duration;

/// A place where plugins keep state from call to call: the host's own [`MemoryState`](super::MemoryState), or an embedder's
/// ([`EngineBuilder::state_store`](crate::EngineBuilder::state_store)).
///
/// Each operation is atomic: of several at once, from any thread or process, each sees what another left whole. A value is gone
/// once its time is over. A store that cannot tell what is there fails with [`StateError::Failed`], which is
/// [`Status::Unavailable`](crate::Status::Unavailable) to the plugin: it never answers as if nothing were there.
///
/// Manifest, policy, key and sizes were checked before. A store counts keys and bytes of each plugin, and refuses what would be
/// more than the [quota](StateKey::quota). If it panics, that is a failure too.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Mutex;
/// use std::time::Duration;
///
/// use cpex_wasmi::{Engine, StateAnswer, StateError, StateKey, StateStore};
///
/// /// Reads a table, and changes nothing.
/// struct Fixed(HashMap<String, Vec<u8>>);
///
/// fn refused<T>() -> StateAnswer<T> {
///     StateAnswer::Ready(Err(StateError::Failed("it cannot be changed".into())))
/// }
///
/// impl StateStore for Fixed {
///     fn get(&self, key: &StateKey<'_>) -> StateAnswer<Option<Vec<u8>>> {
///         StateAnswer::Ready(Ok(self.0.get(key.key).cloned()))
///     }
///
///     fn set(&self, _: &StateKey<'_>, _: Vec<u8>, _: Option<Duration>) -> StateAnswer<()> {
///         refused()
///     }
///
///     fn increment(&self, _: &StateKey<'_>, _: i64, _: Option<Duration>) -> StateAnswer<i64> {
///         refused()
///     }
///
///     fn compare_and_set(
///         &self,
///         _: &StateKey<'_>,
///         _: Option<Vec<u8>>,
///         _: Option<Vec<u8>>,
///         _: Option<Duration>,
///     ) -> StateAnswer<bool> {
///         refused()
///     }
///
///     fn expire(&self, _: &StateKey<'_>, _: Option<Duration>) -> StateAnswer<bool> {
///         refused()
///     }
///
///     fn remove(&self, _: &StateKey<'_>) -> StateAnswer<bool> {
///         refused()
///     }
/// }
///
/// # fn main() -> Result<(), cpex_wasmi::Error> {
/// let engine = Engine::builder().state_store(Fixed(HashMap::new())).build()?;
/// # Ok(())
/// # }
/// ```
pub trait StateStore: Send + Sync {
    /// Reads a value.
    fn get(&self, key: &StateKey<'_>) -> StateAnswer<Option<Vec<u8>>>;

    /// Sets a value, which is gone after `ttl`; without, it stays.
    fn set(&self, key: &StateKey<'_>, value: Vec<u8>, ttl: Option<Duration>) -> StateAnswer<()>;

    /// Adds to a number in decimal digits, and gives the sum. What is not there counts as 0, and the sum is then gone after
    /// `ttl`; what is there ends when it would have.
    fn increment(&self, key: &StateKey<'_>, by: i64, ttl: Option<Duration>) -> StateAnswer<i64>;

    /// Sets a value if `expected` is there, and tells if it was. `None` stands for nothing: as `expected`, and as the value,
    /// with which what is there is removed.
    fn compare_and_set(
        &self,
        key: &StateKey<'_>,
        expected: Option<Vec<u8>>,
        value: Option<Vec<u8>>,
        ttl: Option<Duration>,
    ) -> StateAnswer<bool>;

    /// Has a value end after `ttl` from now on; without, it stays. Tells if it was there.
    fn expire(&self, key: &StateKey<'_>, ttl: Option<Duration>) -> StateAnswer<bool>;

    /// Removes a value, and tells if it was there.
    fn remove(&self, key: &StateKey<'_>) -> StateAnswer<bool>;
}

/// A key of a plugin's state, and what an operation on it goes by.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct StateKey<'a> {
    /// The plugin's name, as [`Plugin::name`](crate::Plugin::name) has it. Plugins of other names have keys of their own.
    pub plugin: &'a str,
    /// The key: 1 to 256 bytes.
    pub key: &'a str,
    /// The most that the plugin may have.
    pub quota: StateQuota,
    /// The time by the engine's clock, if it has one.
    pub now: Option<Duration>,
    /// The time left to the plugin's call, if it has a deadline.
    pub timeout: Option<Duration>,
}

impl<'a> StateKey<'a> {
    /// A key without a quota, a clock and a deadline, for tests of stores.
    pub const fn new(plugin: &'a str, key: &'a str) -> Self {
        let quota = StateQuota { keys: u64::MAX, bytes: u64::MAX, value_bytes: u64::MAX };
        Self { plugin, key, quota, now: None, timeout: None }
    }

    /// The key at a time of the engine's clock.
    #[must_use]
    pub const fn at(self, now: Duration) -> Self {
        Self { now: Some(now), ..self }
    }

    /// The key under a quota.
    #[must_use]
    pub const fn within(self, quota: StateQuota) -> Self {
        Self { quota, ..self }
    }
}

/// The most state that a plugin may have at any one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateQuota {
    /// The number of keys.
    pub keys: u64,
    /// The bytes of keys and values.
    pub bytes: u64,
    /// The bytes of one value. A store need not read a longer one.
    pub value_bytes: u64,
}

/// The answer of a [store](StateStore).
pub enum StateAnswer<T> {
    /// The answer is there.
    Ready(Result<T, StateError>),
    /// The plugin waits for it, up to its deadline.
    Later(Pin<Box<dyn Future<Output = Result<T, StateError>> + Send>>),
}

impl<T> StateAnswer<T> {
    /// The answer of a future.
    pub fn later(future: impl Future<Output = Result<T, StateError>> + Send + 'static) -> Self {
        Self::Later(Box::pin(future))
    }
}

impl<T> From<Result<T, StateError>> for StateAnswer<T> {
    fn from(result: Result<T, StateError>) -> Self {
        Self::Ready(result)
    }
}

impl<T: fmt::Debug> fmt::Debug for StateAnswer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(result) => f.debug_tuple("Ready").field(result).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}

/// A failure of a [store](StateStore). Nothing was changed then, as far as the store knows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateError {
    /// The plugin would have more than its [quota](StateQuota).
    QuotaExceeded,
    /// The value that is there is longer than the quota allows.
    TooLarge,
    /// The value or the sum is not a whole number of 64 bits in decimal digits.
    NotANumber,
    /// The store failed. The reason is for the plugin's log.
    Failed(String),
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::QuotaExceeded => f.write_str(
                "the plugin has as much state as `max_state_keys` and `max_state_bytes` allow",
            ),
            Self::TooLarge => {
                f.write_str("the value that is there is longer than `max_state_value_bytes`")
            }
            Self::NotANumber => {
                f.write_str("the value, or the sum, is not a whole number of 64 bits")
            }
            Self::Failed(reason) => f.write_str(reason),
        }
    }
}

impl core::error::Error for StateError {}
