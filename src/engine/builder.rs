//! Settings of an embedder.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::Future;

use cpex_wasmi_abi::Status;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::dispatch::Dispatch;
use super::interpreter::{Settings, config};
use super::{Engine, EngineInner};
use crate::logging::LogCrate;
use crate::sync::shards::{Shard, Shards};
#[cfg(feature = "http")]
use crate::system::http::HttpSend;
#[cfg(feature = "std")]
use crate::system::state::Store;
use crate::system::{Encoded, Encoding, Function, Services, Stub, StubAnswer, Typed, TypedAsync};
use crate::text::redact::Redactor;
use crate::{AuditSink, Clock, Error, ErrorKind, Invocation, LogSink, Problem};

/// Sets up an [`Engine`].
#[derive(Clone)]
pub struct EngineBuilder {
    clock: Option<Arc<dyn Clock>>,
    sink: Option<Arc<dyn LogSink>>,
    services: Services,
    /// The first thing that is wrong with them.
    wrong: Option<Problem>,
    slice: u64,
    stack_bytes: usize,
    recursion_depth: usize,
    shards: usize,
    times_calls: bool,
}

impl EngineBuilder {
    pub(super) fn new() -> Self {
        Self {
            #[cfg(feature = "std")]
            clock: crate::sync::system_clock(),
            #[cfg(not(feature = "std"))]
            clock: None,
            sink: None,
            services: Services::default(),
            wrong: None,
            slice: Engine::DEFAULT_SLICE,
            stack_bytes: 1_000_000,
            recursion_depth: 1000,
            shards: default_interpreters(),
            times_calls: false,
        }
    }

    /// The clock for deadlines. Default: that of the operating system, with the feature `std` and where there is one.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// The destination of plugins' log lines. Default: to the `log` crate.
    #[must_use]
    pub fn log_sink(mut self, sink: impl LogSink + 'static) -> Self {
        self.sink = Some(Arc::new(sink));
        self
    }

    /// The value, where none is set.
    #[cfg(feature = "pipeline")]
    pub(crate) fn or_log_sink(mut self, sink: impl LogSink + 'static) -> Self {
        self.sink.get_or_insert_with(|| Arc::new(sink));
        self
    }

    /// Has the external effects of calls recorded, where there is a log of them.
    #[cfg(feature = "praxis-policy")]
    pub(crate) fn effects(mut self, find: crate::system::effects::FindEffects) -> Self {
        self.services.effects = Some(find);
        self
    }

    /// Offers plugins a function under a name, such as `acme.rate_limit`. A plugin can call it if its
    /// manifest asks for `function:acme.rate_limit` and its policy lists the name under
    /// `allowed_functions`; it gives a value of type `A`, as postcard or JSON, and gets one of type `R`, or
    /// the [`Status`] that the function fails with.
    ///
    /// It is called while the plugin waits, on the thread that the plugin runs on, and from several at once.
    /// The plugin is charged for the bytes of argument and result; [`Invocation::charge`] charges more. If it
    /// panics, the plugin gets [`Status::Unavailable`].
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// # fn main() -> Result<(), cpex_wasmi::Error> {
    /// let calls = AtomicU32::new(0);
    /// let engine = cpex_wasmi::Engine::builder()
    ///     .function("acme.count", move |_: &mut cpex_wasmi::Invocation<'_>, step: u32| {
    ///         Ok(calls.fetch_add(step, Ordering::Relaxed))
    ///     })
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn function<A, R>(
        self,
        name: impl Into<String>,
        function: impl Fn(&mut Invocation<'_>, A) -> Result<R, Status> + Send + Sync + 'static,
    ) -> Self
    where
        A: DeserializeOwned + 'static,
        R: Serialize + 'static,
    {
        self.add(name.into(), Arc::new(Typed::new(function)))
    }

    /// As [`function`](Self::function), for one that takes time: the plugin is suspended until its future is
    /// ready, and the time counts against the deadline. [`Plugin::call_async`](crate::Plugin::call_async)
    /// blocks no thread meanwhile; [`Plugin::call`](crate::Plugin::call) lets its thread sleep.
    #[must_use]
    pub fn function_async<A, R, T>(
        self,
        name: impl Into<String>,
        function: impl Fn(&mut Invocation<'_>, A) -> T + Send + Sync + 'static,
    ) -> Self
    where
        A: DeserializeOwned + 'static,
        R: Serialize + 'static,
        T: Future<Output = Result<R, Status>> + Send + 'static,
    {
        self.add(name.into(), Arc::new(TypedAsync::new(function)))
    }

    /// As [`function`](Self::function), for an embedder that decodes by itself: it is given the bytes of the argument and
    /// their encoding, and gives those of the result in the same encoding.
    ///
    /// ```
    /// # fn main() -> Result<(), cpex_wasmi::Error> {
    /// use cpex_wasmi::Encoding;
    /// use cpex_wasmi::abi::Status;
    ///
    /// let engine = cpex_wasmi::Engine::builder()
    ///     .function_encoded("acme.echo", |_, encoding, argument| match encoding {
    ///         Encoding::Json => Ok(argument.to_vec()),
    ///         Encoding::Postcard => Err(Status::InvalidArgument),
    ///     })
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn function_encoded(
        self,
        name: impl Into<String>,
        function: impl Fn(&mut Invocation<'_>, Encoding, &[u8]) -> Result<Vec<u8>, Status>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.add(name.into(), Arc::new(Encoded(function)))
    }

    /// Stands in for a function of an embedder's: each call gives the same answer, whatever the argument. It is
    /// for trying plugins out, as `cpex-wasmi call --stub acme.allow=true` does.
    ///
    /// ```
    /// # fn main() -> Result<(), cpex_wasmi::Error> {
    /// let engine = cpex_wasmi::Engine::builder()
    ///     .stub("acme.allow", serde_json::Value::from(true))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn stub(self, name: impl Into<String>, answer: impl Into<StubAnswer>) -> Self {
        self.add(name.into(), Arc::new(Stub(answer.into())))
    }

    fn add(mut self, name: String, function: Arc<dyn Function>) -> Self {
        match self.services.functions.add(name, function) {
            Ok(()) => self,
            Err(error) => self.or_wrong(&error),
        }
    }

    /// Notes what is wrong, if nothing is yet.
    fn or_wrong(mut self, error: &Error) -> Self {
        self.wrong = self.wrong.or_else(|| error.problems().first().cloned());
        self
    }

    /// Texts that are secret: each is masked as `[redacted]` wherever it stands, as it is, in what a plugin
    /// logs, in violations, in audit events, and in messages of errors, panics included. A text has at least
    /// 4 bytes. Plugins pay for looking: each text is gone through in all that they say.
    ///
    /// ```
    /// # fn main() -> Result<(), cpex_wasmi::Error> {
    /// let engine = cpex_wasmi::Engine::builder().redact(["hunter2"]).build()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn redact<T: AsRef<str>>(mut self, secrets: impl IntoIterator<Item = T>) -> Self {
        for secret in secrets {
            self = self.redacting(|redactor| redactor.add(secret.as_ref()));
        }
        self
    }

    /// Masks all that regular expressions match, in the syntax of the crate
    /// `regex`. None may match a text of no length. What is longer than
    /// 64 KiB may be missed where a message is cut.
    ///
    /// ```
    /// # fn main() -> Result<(), cpex_wasmi::Error> {
    /// let keys = ["sk-[A-Za-z0-9]{20,}", r"(?i)bearer\s+[\w.~+/-]+=*"];
    /// let engine = cpex_wasmi::Engine::builder().redact_patterns(keys).build()?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "redact")]
    #[must_use]
    pub fn redact_patterns<T: AsRef<str>>(mut self, patterns: impl IntoIterator<Item = T>) -> Self {
        for pattern in patterns {
            self = self.redacting(|redactor| redactor.add_pattern(pattern.as_ref()));
        }
        self
    }

    fn redacting(mut self, add: impl FnOnce(&mut Redactor) -> Result<(), Problem>) -> Self {
        let redactor = self.services.redactor.get_or_insert_default();
        if let Err(problem) = add(Arc::make_mut(redactor)) {
            self.wrong.get_or_insert(problem);
        }
        self
    }

    /// The sink that is told of each use of the system, also of refused ones. Default:
    /// nobody.
    #[must_use]
    pub fn audit_sink(mut self, sink: impl AuditSink + 'static) -> Self {
        self.services.audit = Some(Arc::new(sink));
        self
    }

    /// The transport of HTTP requests for plugins: for those whose manifest asks for `network:…` and whose policy
    /// grants it under `allowed_network`. Default: nothing, and a plugin that asks for it is not loaded.
    #[cfg(feature = "http")]
    #[must_use]
    pub fn http_transport(mut self, transport: impl crate::HttpTransport + 'static) -> Self {
        self.services.transport = Some(Arc::new(transport));
        self
    }

    /// Sends by an [`HttpClient`](crate::HttpClient) of its own: HTTP/1.1 and TLS, with a thread that
    /// is started for the first request.
    #[cfg(feature = "http-client")]
    #[must_use]
    pub fn http_client(self) -> Self {
        match crate::HttpClient::new() {
            Ok(client) => self.http_transport(client),
            Err(error) => self.or_wrong(&error),
        }
    }

    /// The environment variables that plugins may be given, instead of those of the process. They are
    /// taken when a plugin is loaded, and each plugin has of them what it asks for and is granted.
    ///
    /// ```
    /// # fn main() -> Result<(), cpex_wasmi::Error> {
    /// let engine = cpex_wasmi::Engine::builder().environment([("API_REGION", "eu-1")]).build()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn environment<N: Into<String>, V: Into<String>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        self.services.environment = Some(Arc::new(variables.collect()));
        self
    }

    /// The place where plugins keep state from call to call: those whose manifest asks for `state:…` and whose policy grants it
    /// under `allowed_state`. Default: a [`MemoryState`](crate::MemoryState), which clones of the builder share.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn state_store(mut self, store: impl crate::StateStore + 'static) -> Self {
        self.services.state = Store::Given(Arc::new(store));
        self
    }

    /// Begins with a state in memory that no other engine has, if no store was set.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn own_state(mut self) -> Self {
        if let Store::Own(_) = self.services.state {
            self.services.state = Store::default();
        }
        self
    }

    /// The fuel that a plugin burns between two looks at the clock, and at most before an
    /// asynchronous call yields. Default: [`Engine::DEFAULT_SLICE`].
    #[must_use]
    pub fn fuel_slice(mut self, fuel: u64) -> Self {
        self.slice = fuel;
        self
    }

    /// The size of the stack for wasm values, in bytes; going over it gives `stack_overflow`.
    /// Default: 1,000,000.
    #[must_use]
    pub fn stack_bytes(mut self, bytes: usize) -> Self {
        self.stack_bytes = bytes;
        self
    }

    /// The greatest depth of calls between wasm functions; going over it gives `stack_overflow`.
    /// Default: 1,000.
    #[must_use]
    pub fn recursion_depth(mut self, calls: usize) -> Self {
        self.recursion_depth = calls;
        self
    }

    /// The number of interpreters that threads are spread over. Each thread keeps to one. Two threads that
    /// share one slow each other down. A module of up to [`Module::MAX_COPIED_BYTES`] bytes is
    /// translated once for each that calls it, which takes memory, and time at the first call; and each
    /// keeps up to 16 stacks.
    /// Default: as many as the machine can run threads at once, and at most 16; one without `std`,
    /// whatever is set.
    ///
    /// [`Module::MAX_COPIED_BYTES`]: crate::Module::MAX_COPIED_BYTES
    #[must_use]
    pub fn interpreters(mut self, interpreters: usize) -> Self {
        self.shards = interpreters;
        self
    }

    /// Has each [`Receipt`](crate::Receipt) tell where the call's [time](crate::Timing) went, for
    /// measuring plugins. That takes two looks at the clock for each slice and each host call, which may
    /// be more than a host call itself takes: half of that is in its time, half in the plugin's.
    /// Default: no, which costs a host call nothing.
    #[must_use]
    pub fn measure_time(mut self) -> Self {
        self.times_calls = true;
        self
    }

    /// Makes the engine.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] for a function whose name is no name or is taken, a slice of no fuel, a
    /// stack of less than 1,000 bytes, no shard at all or more than 1,024, or calls to be timed without a
    /// clock; and, without the feature `portable-dispatch`, if the interpreter is built so that plugins
    /// could overflow the host's stack.
    pub fn build(self) -> Result<Engine, Error> {
        let Self {
            clock,
            sink,
            mut services,
            wrong,
            slice,
            stack_bytes,
            recursion_depth,
            shards,
            times_calls,
        } = self;
        if let Some(wrong) = wrong {
            return Err(Error::from_problems(alloc::vec![wrong]));
        }
        if slice == 0 {
            return Err(Error::new(
                ErrorKind::InvalidConfig,
                "a slice must have at least 1 unit of \
                fuel",
            ));
        }
        if stack_bytes < MIN_STACK_BYTES {
            return Err(Error::new(
                ErrorKind::InvalidConfig,
                format!("the stack needs at least {MIN_STACK_BYTES} bytes"),
            ));
        }
        if !(1..=MAX_INTERPRETERS).contains(&shards) {
            return Err(Error::new(
                ErrorKind::InvalidConfig,
                format!("an engine has 1 to {MAX_INTERPRETERS} shards, not {shards}"),
            ));
        }
        if times_calls && clock.is_none() {
            return Err(Error::new(
                ErrorKind::InvalidConfig,
                "measuring the time of calls needs a \
                clock; set one with `EngineBuilder::clock`",
            ));
        }
        let dispatch = Dispatch::of_this_build(&config(1_000_000, 1000, Dispatch::LOOP))?;
        let settings =
            Settings { dispatch, config: config(stack_bytes, recursion_depth, dispatch) };
        let first = settings.interpreter()?;
        let interpreters = Shards::new(shards, Shard::current(shards), first);
        let sink = sink.unwrap_or_else(|| Arc::new(LogCrate));
        let measured = clock.clone().filter(|_| times_calls);
        services.clock = clock;
        services.sink = Some(sink.clone());
        #[cfg(feature = "http")]
        if let Some(transport) = services.transport.take() {
            let send = Arc::new(HttpSend(transport));
            services.functions.add(cpex_wasmi_abi::HTTP_SEND.into(), send)?;
        }
        Ok(Engine(Arc::new(EngineInner {
            interpreters,
            settings,
            sink,
            services,
            slice,
            measured,
        })))
    }
}

/// The least stack that can be set, which is also what a stack starts with.
const MIN_STACK_BYTES: usize = 1000;

/// More is a slip of the pen: each shard may have a copy of each module.
const MAX_INTERPRETERS: usize = 1024;

/// One for each thread that the machine can run at once, within reason.
fn default_interpreters() -> usize {
    // The system is asked once: it reads several files for an answer, which takes longer than all else
    // of an engine.
    #[cfg(feature = "std")]
    let shards = {
        static LANES: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
        *LANES.get_or_init(|| {
            std::thread::available_parallelism().map_or(1, |threads| threads.get().min(16))
        })
    };
    #[cfg(not(feature = "std"))]
    let shards = 1;
    shards
}
