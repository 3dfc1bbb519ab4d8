//! Functions that plugins call by name, and what such a call is given.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;

use cpex_wasmi_abi::codec::Bounds;
use cpex_wasmi_abi::{
    CLOCK_NOW, COMMAND_RUN, ENV_GET, HTTP_SEND, RANDOM_BYTES, RANDOM_SALT, STATE_COMPARE_AND_SET,
    STATE_EXPIRE, STATE_GET, STATE_INCREMENT, STATE_REMOVE, STATE_SET, Status, is_function_name,
};
use hashbrown::HashMap;
use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(feature = "std")]
use super::state::StateFunction;
use super::{AccessKind, Granted, Invocation};
use crate::boundary::{Format, Input};
use crate::logging::visible;
use crate::{Error, ErrorKind};

/// The result of a function: bytes in the encoding of its argument, or why there are none.
pub(crate) type Given = Result<Vec<u8>, Status>;

/// The answer of a function.
pub(crate) enum Reply {
    Now(Given),
    /// The plugin waits for it.
    Later(Waiting),
}

/// A result that is not there yet.
pub(crate) type Waiting = Pin<Box<dyn Future<Output = Given> + Send>>;

/// A function that plugins call by name.
pub(crate) trait Function: Send + Sync {
    /// The grant that it takes. All but [`AccessKind::Function`] look at that, and report it,
    /// themselves.
    fn kind(&self) -> AccessKind {
        AccessKind::Function
    }

    /// True if it may answer the same argument differently another time. An initialisation that calls it
    /// leaves no snapshot then.
    fn varies(&self, granted: &Granted) -> bool {
        let _ = granted;
        true
    }

    fn call(&self, invocation: &mut Invocation<'_>, argument: Input<'_>) -> Reply;
}

/// Functions by name. No guest chooses a key: names are the host's and the embedder's.
#[derive(Clone)]
pub(crate) struct Functions(Arc<HashMap<String, Arc<dyn Function>>>);

/// Those of the host itself that need nothing of the embedder's.
impl Default for Functions {
    fn default() -> Self {
        let own: &[(&str, Arc<dyn Function>)] = &[
            #[cfg(feature = "std")]
            (ENV_GET, Arc::new(super::environment::EnvGet)),
            #[cfg(feature = "std")]
            (CLOCK_NOW, Arc::new(super::time::ClockNow)),
            #[cfg(all(feature = "exec", unix))]
            (COMMAND_RUN, Arc::new(super::command::CommandRun)),
            #[cfg(feature = "std")]
            (RANDOM_BYTES, Arc::new(super::random::RandomBytes)),
            #[cfg(feature = "std")]
            (RANDOM_SALT, Arc::new(super::random::RandomSalt)),
        ];
        let own = own.iter().map(|(name, function)| (String::from(*name), function.clone()));
        #[cfg(feature = "std")]
        let own = own.chain(StateFunction::ALL.map(|function| {
            let shared: Arc<dyn Function> = Arc::new(function);
            (String::from(function.name()), shared)
        }));
        Self(Arc::new(own.collect()))
    }
}

/// Functions that the host has, or would have with other features: their names are not the embedder's.
const OWN: &[&str] = &[
    CLOCK_NOW,
    ENV_GET,
    RANDOM_BYTES,
    RANDOM_SALT,
    COMMAND_RUN,
    HTTP_SEND,
    STATE_GET,
    STATE_SET,
    STATE_INCREMENT,
    STATE_COMPARE_AND_SET,
    STATE_EXPIRE,
    STATE_REMOVE,
];

/// The longest name of a function, in bytes: see [`is_function_name`].
const MAX_NAME_BYTES: usize = 128;

impl Functions {
    pub(crate) fn get(&self, name: &str) -> Option<&Arc<dyn Function>> {
        // A guest may ask for megabytes. They are not hashed.
        if name.len() > MAX_NAME_BYTES { None } else { self.0.get(name) }
    }

    /// The names of the embedder's functions, in no order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let own = self.0.iter().filter(|(_, function)| function.kind() == AccessKind::Function);
        own.map(|(name, _)| name.as_str())
    }

    /// The names of the embedder's functions, in order, for messages.
    pub(crate) fn sorted_names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.names().collect();
        names.sort_unstable();
        names
    }

    /// Adds a function.
    pub(crate) fn add(&mut self, name: String, function: Arc<dyn Function>) -> Result<(), Error> {
        let wrong = |message| Err(Error::new(ErrorKind::InvalidConfig, message));
        if !is_function_name(&name) {
            return wrong(alloc::format!(
                "`{}` cannot be the name of a function: use 1 to 128 letters, digits, `-`, `_` and `.`",
                visible(&name)
            ));
        }
        if OWN.contains(&name.as_str()) && function.kind() == AccessKind::Function {
            return wrong(alloc::format!("`{name}` is the name of a function of the host's own"));
        }
        if self.0.contains_key(&name) {
            return wrong(alloc::format!("there is a function `{name}` already"));
        }
        Arc::make_mut(&mut self.0).insert(name, function);
        Ok(())
    }
}

/// A function of the embedder's that answers at once.
pub(crate) struct Typed<F, A, R> {
    function: F,
    types: PhantomData<fn(A) -> R>,
}

impl<F, A, R> Typed<F, A, R> {
    pub(crate) fn new(function: F) -> Self {
        Self { function, types: PhantomData }
    }
}

impl<F, A, R> Function for Typed<F, A, R>
where
    F: Fn(&mut Invocation<'_>, A) -> Result<R, Status> + Send + Sync,
    A: DeserializeOwned,
    R: Serialize,
{
    fn call(&self, invocation: &mut Invocation<'_>, argument: Input<'_>) -> Reply {
        let given = argument.record();
        let result = given.and_then(|given| (self.function)(invocation, given));
        Reply::Now(result.and_then(|result| argument.format.encode(&result)))
    }
}

/// The encoding of a function's argument and result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// postcard, which only says what it is to one who knows the type.
    Postcard,
    /// JSON.
    Json,
}

/// A function of the embedder's that answers at once, in bytes.
pub(crate) struct Encoded<F>(pub(crate) F);

impl<F> Function for Encoded<F>
where
    F: Fn(&mut Invocation<'_>, Encoding, &[u8]) -> Result<Vec<u8>, Status> + Send + Sync,
{
    fn call(&self, invocation: &mut Invocation<'_>, argument: Input<'_>) -> Reply {
        let encoding = match argument.format {
            Format::Postcard => Encoding::Postcard,
            Format::Json | Format::Text => Encoding::Json,
        };
        if argument.bytes.len() > Bounds::DEFAULT.bytes {
            return Reply::Now(Err(Status::TooLarge));
        }
        Reply::Now((self.0)(invocation, encoding, argument.bytes))
    }
}

/// The answer of a function that is stood in for: `EngineBuilder::stub`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum StubAnswer {
    /// A value. A plugin that calls in JSON gets it as it is. One that calls in postcard gets what the value
    /// shows: a truth value, a text, an unsigned whole number (a signed one if it is negative), a float, a
    /// list, a map, and `None` for `null`.
    Json(serde_json::Value),
    /// The bytes themselves, for types that JSON does not tell apart: an `i32`, a tuple, `Some`.
    Bytes(Vec<u8>),
}

impl From<serde_json::Value> for StubAnswer {
    fn from(value: serde_json::Value) -> Self {
        Self::Json(value)
    }
}

/// A function that gives each argument the same answer, whatever its type.
pub(crate) struct Stub(pub(crate) StubAnswer);

impl Function for Stub {
    fn varies(&self, _: &Granted) -> bool {
        false
    }

    fn call(&self, _: &mut Invocation<'_>, argument: Input<'_>) -> Reply {
        Reply::Now(match (&self.0, argument.format) {
            (StubAnswer::Bytes(bytes), _) => Ok(bytes.clone()),
            (StubAnswer::Json(value), Format::Postcard) => Format::Postcard.encode(&Plain(value)),
            (StubAnswer::Json(value), format) => format.encode(value),
        })
    }
}

/// A JSON value as a plugin's type has it, where the encoding does not say which it is.
struct Plain<'a>(&'a serde_json::Value);

impl Serialize for Plain<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            serde_json::Value::Null => serializer.serialize_none(),
            serde_json::Value::Array(values) => serializer.collect_seq(values.iter().map(Plain)),
            serde_json::Value::Object(map) => {
                serializer.collect_map(map.iter().map(|(key, value)| (key, Plain(value))))
            }
            plain => plain.serialize(serializer),
        }
    }
}

/// A function of the embedder's that the plugin waits for.
pub(crate) struct TypedAsync<F, A, R> {
    function: F,
    types: PhantomData<fn(A) -> R>,
}

impl<F, A, R> TypedAsync<F, A, R> {
    pub(crate) fn new(function: F) -> Self {
        Self { function, types: PhantomData }
    }
}

impl<F, A, R, T> Function for TypedAsync<F, A, R>
where
    F: Fn(&mut Invocation<'_>, A) -> T + Send + Sync,
    T: Future<Output = Result<R, Status>> + Send + 'static,
    A: DeserializeOwned,
    R: Serialize + 'static,
{
    fn call(&self, invocation: &mut Invocation<'_>, argument: Input<'_>) -> Reply {
        let format = argument.format;
        match argument.record() {
            Err(status) => Reply::Now(Err(status)),
            Ok(given) => {
                let result = (self.function)(invocation, given);
                Reply::Later(Box::pin(encoded(result, format)))
            }
        }
    }
}

async fn encoded<R: Serialize>(
    result: impl Future<Output = Result<R, Status>>,
    format: Format,
) -> Given {
    result.await.and_then(|result| format.encode(&result))
}
