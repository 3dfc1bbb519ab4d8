//! A store of state in a Redis.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use std::sync::OnceLock;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{
    Client, ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion, RedisError, Script, Value,
};
use tokio::runtime::Handle;

use super::{StateAnswer, StateError, StateKey, StateQuota, StateStore};
use crate::system::runtime::ClientRuntime;
use crate::{Error, ErrorKind};

/// The time that an operation may take, if no other is set.
const TIMEOUT: Duration = Duration::from_secs(1);

/// A store of state in a Redis, which hosts in several processes and on several machines share. Cheap to clone.
///
/// It takes Redis 6 or later, or what speaks its protocol, at `redis://`, `rediss://` (TLS by rustls, with the certificates that the
/// system trusts) or `unix://`. Each operation is one script, and so atomic, under the names `cpex:{p:PLUGIN}:…`. Values end by the
/// clock of the Redis. One connection serves all plugins, and is made again when it is lost.
///
/// An operation that meets no Redis, or gets no answer in time, is an error to the plugin, and is not tried again: it may have been
/// done. Have the Redis keep what it is given (`maxmemory-policy noeviction`): a value that it drops by itself is missing.
///
/// ```
/// # fn main() -> Result<(), cpex_wasmi::Error> {
/// use cpex_wasmi::{Engine, RedisState};
///
/// let store = RedisState::new("redis://127.0.0.1:6379/0")?;
/// let engine = Engine::builder().state_store(store).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisState(Arc<Inner>);

struct Inner {
    client: Client,
    prefix: String,
    timeout: Duration,
    runtime: ClientRuntime,
    script: Script,
    /// Made for the first operation.
    connection: OnceLock<ConnectionManager>,
}

impl RedisState {
    /// A store at a URL. Nothing is connected yet: the first operation does, on a thread of the store's.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if it is no URL of a Redis.
    pub fn new(url: &str) -> Result<Self, Error> {
        let wrong = |_: RedisError| {
            // The URL may have a password in it, and the error the URL.
            let message =
                "the URL is not that of a Redis store: use `redis://`, `rediss://` or `unix://`";
            Error::new(ErrorKind::InvalidConfig, message)
        };
        let given: ConnectionInfo = url.into_connection_info().map_err(wrong)?;
        // By the third version, the server's end of a connection is told, and it is made again before it is needed.
        let settings = given.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let client = Client::open(given.set_redis_settings(settings)).map_err(wrong)?;
        Ok(Self::with(client, "cpex:".into(), TIMEOUT, ClientRuntime::own()))
    }

    /// This store with another beginning of its names than `cpex:`.
    #[must_use]
    pub fn with_prefix(self, prefix: impl Into<String>) -> Self {
        let Inner { client, timeout, runtime, .. } = &*self.0;
        Self::with(client.clone(), prefix.into(), *timeout, runtime.again())
    }

    /// This store with another time that an operation may take than a second. The deadline of a call ends it sooner.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        let Inner { client, prefix, runtime, .. } = &*self.0;
        Self::with(client.clone(), prefix.clone(), timeout, runtime.again())
    }

    /// This store on a runtime of the embedder's, which must have both its timers and its I/O enabled, and go on for as long as
    /// plugins are called.
    #[must_use]
    pub fn with_runtime(self, runtime: Handle) -> Self {
        let Inner { client, prefix, timeout, .. } = &*self.0;
        Self::with(client.clone(), prefix.clone(), *timeout, ClientRuntime::Given(runtime))
    }

    fn with(client: Client, prefix: String, timeout: Duration, runtime: ClientRuntime) -> Self {
        let (script, connection) = (Script::new(include_str!("operate.lua")), OnceLock::new());
        Self(Arc::new(Inner { client, prefix, timeout, runtime, script, connection }))
    }

    /// Does an operation. `more` are the arguments that only it has, and `read` takes what it gives.
    fn operate<T: Send + 'static>(
        &self,
        key: &StateKey<'_>,
        operation: &'static str,
        ttl: Option<Duration>,
        more: Vec<Vec<u8>>,
        read: fn(Value) -> Option<T>,
    ) -> StateAnswer<T> {
        let StateQuota { keys, bytes, value_bytes } = key.quota;
        let ttl = ttl.map_or_else(String::new, |ttl| ttl.as_millis().to_string());
        let mut arguments = vec![operation.into(), key.key.into()];
        arguments.extend([keys, bytes, value_bytes].map(|most| most.to_string().into_bytes()));
        arguments.push(ttl.into_bytes());
        arguments.extend(more);
        let plugin = key.plugin.to_owned();
        let timeout = key.timeout.map_or(self.0.timeout, |left| left.min(self.0.timeout));
        let handle = match self.0.runtime.handle("cpex-wasmi-redis", |builder| builder) {
            Ok(handle) => handle,
            Err(error) => return StateAnswer::Ready(Err(StateError::Failed(error))),
        };
        let inner = self.0.clone();
        let running = handle.spawn(async move {
            tokio::time::timeout(timeout, inner.run(&plugin, &arguments)).await
        });
        StateAnswer::later(async move {
            let answer = match running.await {
                Ok(Ok(answer)) => answer?,
                Ok(Err(_)) => Err(failed("it gave no answer in time"))?,
                Err(_) => Err(failed("its client panicked"))?,
            };
            answered(answer).and_then(|value| read(value).ok_or_else(unexpected))
        })
    }
}

impl Inner {
    async fn run(&self, plugin: &str, arguments: &[Vec<u8>]) -> Result<Vec<Value>, StateError> {
        let mut invocation = self.script.prepare_invoke();
        for name in ["values", "ends", "bytes"] {
            invocation.key(format!("{}{{p:{plugin}}}:{name}", self.prefix));
        }
        for argument in arguments {
            invocation.arg(argument.as_slice());
        }
        let mut connection = self.connection().map_err(|error| reason(&error))?;
        let answer = invocation.invoke_async(&mut connection).await;
        answer.map_err(|error| reason(&error))
    }

    fn connection(&self) -> Result<ConnectionManager, RedisError> {
        if let Some(connection) = self.connection.get() {
            return Ok(connection.clone());
        }
        let settings = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(self.timeout))
            .set_response_timeout(Some(self.timeout))
            .set_number_of_retries(1)
            .set_max_delay(Duration::from_millis(100));
        let made = ConnectionManager::new_lazy_with_config(self.client.clone(), settings)?;
        Ok(self.connection.get_or_init(|| made).clone())
    }
}

impl StateStore for RedisState {
    fn get(&self, key: &StateKey<'_>) -> StateAnswer<Option<Vec<u8>>> {
        self.operate(key, "get", None, Vec::new(), |value| match value {
            Value::Nil => Some(None),
            Value::BulkString(value) => Some(Some(value)),
            _ => None,
        })
    }

    fn set(&self, key: &StateKey<'_>, value: Vec<u8>, ttl: Option<Duration>) -> StateAnswer<()> {
        self.operate(key, "set", ttl, vec![value], |_| Some(()))
    }

    fn increment(&self, key: &StateKey<'_>, by: i64, ttl: Option<Duration>) -> StateAnswer<i64> {
        let by = by.to_string().into_bytes();
        self.operate(key, "increment", ttl, vec![by], |value| match value {
            Value::BulkString(sum) => core::str::from_utf8(&sum).ok()?.parse().ok(),
            _ => None,
        })
    }

    fn compare_and_set(
        &self,
        key: &StateKey<'_>,
        expected: Option<Vec<u8>>,
        value: Option<Vec<u8>>,
        ttl: Option<Duration>,
    ) -> StateAnswer<bool> {
        let marked = |value: Option<Vec<u8>>| match value {
            Some(value) => [b"+", value.as_slice()].concat(),
            None => b"-".into(),
        };
        let more = vec![marked(expected), marked(value)];
        self.operate(key, "compare_and_set", ttl, more, truth)
    }

    fn expire(&self, key: &StateKey<'_>, ttl: Option<Duration>) -> StateAnswer<bool> {
        self.operate(key, "expire", ttl, Vec::new(), truth)
    }

    fn remove(&self, key: &StateKey<'_>) -> StateAnswer<bool> {
        self.operate(key, "remove", None, Vec::new(), truth)
    }
}

impl fmt::Debug for RedisState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisState").finish_non_exhaustive()
    }
}

/// Takes the answer of the script apart. Fails if it did not do what it was asked to.
fn answered(answer: Vec<Value>) -> Result<Value, StateError> {
    let mut answer = answer.into_iter();
    match answer.next() {
        Some(Value::Int(0)) => Ok(answer.next().unwrap_or(Value::Nil)),
        Some(Value::Int(1)) => Err(StateError::QuotaExceeded),
        Some(Value::Int(2)) => Err(StateError::TooLarge),
        Some(Value::Int(3)) => Err(StateError::NotANumber),
        _ => Err(unexpected()),
    }
}

fn truth(value: Value) -> Option<bool> {
    match value {
        Value::Int(number) => Some(number == 1),
        _ => None,
    }
}

fn failed(reason: &str) -> StateError {
    StateError::Failed(format!("Redis: {reason}"))
}

#[cold]
fn unexpected() -> StateError {
    failed("it gave something else than its script does")
}

/// Makes an error of one of Redis, in words that have no part of a URL in them.
fn reason(error: &RedisError) -> StateError {
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => failed(&format!("{code} {detail}")),
        _ => failed(error.category()),
    }
}
