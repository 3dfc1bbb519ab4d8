//! The rules of the boundary, without WebAssembly: what a plugin may read, write and say in one
//! call, and what came of it.
//!
//! The host functions a module imports end here, and so do those of a plugin that is compiled
//! natively for its unit tests: the rules cannot differ.

mod budget;
mod edit;
mod input;
mod name;
mod native;
#[cfg(feature = "wasi")]
mod output;
#[cfg(feature = "wasi")]
mod outside;
mod read;
mod secrets;
mod service;
mod source;
mod span;
mod system;
mod unknown;
mod verdict;
mod write;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use cpex_wasmi_abi::model::JsonMap;
use cpex_wasmi_abi::{
    Capability, CapabilitySet, Field, HostFunction, Manifest, Slot, Stateful, Status, Violation,
    codec,
};
use serde::Serialize;

#[cfg(feature = "std")]
use crate::WhenExhausted;
use crate::instance::Counts;
use crate::logging::{LogRecord, contained, visible};
use crate::system::{Granted, Services};
use crate::view::Borrowed;
use crate::{Changes, Error, Level, LevelFilter, Limits, LogSink, Policy};

use budget::Usage;
pub(crate) use input::{Input, takes_all};
pub(crate) use secrets::Secrets;
use service::{Handling, Service};
use system::Calls;

pub(crate) use service::takes_field;
pub(crate) use source::Source;
pub(crate) use span::Span;

/// What a host function answers: a number for the plugin, or the end of the call.
type Answer = Result<i32, Error>;

/// What the operator granted one plugin; shared by all its calls.
pub(crate) struct Grants {
    pub(crate) plugin: String,
    /// What tells it from other plugins, whose names may be the same.
    #[cfg(feature = "http")]
    pub(crate) number: u64,
    pub(crate) hooks: Vec<String>,
    pub(crate) capabilities: CapabilitySet,
    pub(crate) allow_raw_credentials: bool,
    pub(crate) limits: Limits,
    pub(crate) stateful: Stateful,
    /// How many instances there are for calls: one, if they share their state.
    #[cfg(feature = "std")]
    pub(crate) max_instances: usize,
    #[cfg(feature = "std")]
    pub(crate) when_exhausted: WhenExhausted,
    pub(crate) log_level: LevelFilter,
    pub(crate) config: JsonMap,
    pub(crate) granted: Granted,
    pub(crate) services: Services,
    pub(crate) counts: Counts,
}

impl Grants {
    /// Takes what of the system is to be had at load, which may fail.
    pub(crate) fn new(
        manifest: &Manifest,
        policy: Policy,
        services: Services,
    ) -> Result<Self, Error> {
        let plugin: String = policy.name_of(manifest).into();
        let granted = Granted::new(manifest, policy.access, &services)
            .map_err(|problem| Error::from_problems(vec![problem]).with_plugin(&plugin))?;
        #[cfg(feature = "http")]
        static NEXT: core::sync::atomic::AtomicU64 = core::sync::atomic::AtomicU64::new(0);
        Ok(Self {
            plugin,
            #[cfg(feature = "http")]
            number: NEXT.fetch_add(1, core::sync::atomic::Ordering::Relaxed),
            hooks: manifest.hooks.clone(),
            capabilities: policy.capabilities,
            allow_raw_credentials: policy.allow_raw_credentials,
            #[cfg(feature = "std")]
            max_instances: match manifest.stateful {
                Stateful::Yes => 1,
                _ => policy.max_instances,
            },
            #[cfg(feature = "std")]
            when_exhausted: match policy.when_exhausted {
                // One more would be without the state.
                WhenExhausted::Grow if manifest.stateful.is_kept() => {
                    WhenExhausted::Wait(policy.limits.deadline.unwrap_or(Policy::DEFAULT_MAX_WAIT))
                }
                then => then,
            },
            stateful: manifest.stateful,
            limits: policy.limits,
            log_level: policy.log_level,
            granted,
            services,
            config: policy.config,
            counts: Counts::default(),
        })
    }

    /// Tells the embedder something about the plugin's instances.
    pub(crate) fn tell(&self, level: Level, message: &str) {
        if let Some(sink) = &self.services.sink {
            let (plugin, hook) = (&*self.plugin, LogRecord::HOST);
            let _ = contained(|| sink.log(&LogRecord { plugin, hook, level, message }));
        }
    }

    /// Whether the plugin may be given tokens.
    pub(crate) fn opens_tokens(&self) -> bool {
        self.allow_raw_credentials && self.capabilities.opens_credentials()
    }
}

/// The encoding of a value that crosses the boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Postcard,
    Json,
    Text,
}

impl Format {
    /// Encodes what a function gave, in the format of its argument.
    pub(crate) fn encode<R: Serialize>(self, result: &R) -> Result<Vec<u8>, Status> {
        let mut bytes = Vec::new();
        match self {
            Self::Postcard => codec::encode(result, &mut bytes).map_err(|_| Status::Unavailable)?,
            Self::Json | Self::Text => {
                bytes = serde_json::to_vec(result).map_err(|_| Status::Unavailable)?;
            }
        }
        Ok(bytes)
    }
}

/// One plugin's side of a call, by the rules that hold in the sandbox.
///
/// [`Plugin`](crate::Plugin) has one for each instance. On its own, it stands in for the host when
/// a plugin is compiled natively, as the guest SDK does for unit tests:
///
/// ```
/// use cpex_wasmi::{HostFunction, LogRecord, Manifest, Policy, Request, Session};
///
/// # fn main() -> Result<(), cpex_wasmi::Error> {
/// let mut manifest = Manifest::new("shy", "1.0.0");
/// manifest.hooks.push("cmf.tool_pre_invoke".into());
/// let quiet = |_: &LogRecord<'_>| {};
/// let mut session = Session::new(&manifest, Policy::default(), quiet)?;
///
/// session.start("cmf.tool_pre_invoke", Request::tool_call("search"))?;
/// let mut memory = *b"no";
/// session.dispatch(HostFunction::DenyText, &[0, 2, 0, 2], &mut memory)?;
/// let outcome = session.end(0)?;
/// assert!(!outcome.decision.is_allow());
/// # Ok(())
/// # }
/// ```
pub struct Session {
    grants: Arc<Grants>,
    sink: Arc<dyn LogSink>,
    /// The hook that is handled. `None` during initialisation and shutdown.
    call: Option<Handling>,
    shutting_down: bool,
    /// Made for the first change.
    changes: Option<Box<Changes>>,
    violation: Option<Box<Violation>>,
    /// Why the plugin is about to trap or to give up, in its own words.
    panic: Option<String>,
    /// The capability that the plugin last lacked.
    denied: Option<Capability>,
    /// What was wrong with the JSON that the plugin last gave and was refused, for people.
    malformed: Option<String>,
    secrets: Secrets,
    usage: Usage,
    scratch: Vec<u8>,
    calls: Calls,
    /// Made for the first function of WASI that is called.
    #[cfg(feature = "wasi")]
    wasi: Option<Box<crate::wasi::State>>,
    /// The time that the call may take, if that is bounded.
    deadline: Option<Duration>,
    /// The moment that the deadline is counted from. Most calls end without a look at the clock.
    begun: Option<Duration>,
}

impl Session {
    /// The size of the longest log line or panic message that is kept, in bytes.
    pub const MAX_MESSAGE_BYTES: usize = 4096;

    pub(crate) fn with_grants(grants: Arc<Grants>, sink: Arc<dyn LogSink>) -> Self {
        let secrets = Secrets::new(grants.services.redactor.clone());
        Self {
            grants,
            sink,
            call: None,
            shutting_down: false,
            changes: None,
            violation: None,
            panic: None,
            denied: None,
            malformed: None,
            secrets,
            usage: Usage::default(),
            scratch: Vec::new(),
            calls: Calls::default(),
            #[cfg(feature = "wasi")]
            wasi: None,
            deadline: None,
            begun: None,
        }
    }

    /// Begins a call. The one before is [forgotten](Self::reset) already.
    pub(crate) fn begin(&mut self, hook: usize, request: Source) {
        self.call = Some(Handling { hook, request, copied: None });
    }

    /// Begins the shutdown: forgets the call before.
    pub fn start_shutdown(&mut self) {
        self.reset();
        self.shutting_down = true;
    }

    /// Whether there is a request, as there is not during initialisation and shutdown.
    pub(crate) fn has_request(&self) -> bool {
        self.call.is_some()
    }

    /// Forgets everything about the last call, so that nothing of it is kept while the instance
    /// waits for the next.
    pub(crate) fn reset(&mut self) {
        self.call = None;
        self.shutting_down = false;
        self.changes = None;
        self.violation = None;
        self.panic = None;
        self.denied = None;
        self.malformed = None;
        self.secrets.forget();
        self.usage = Usage::default();
        self.deadline = None;
        self.begun = None;
        self.calls.forget();
        // One large value should not be paid for by every idle instance.
        if self.scratch.capacity() > Self::MAX_MESSAGE_BYTES {
            self.scratch = Vec::new();
        }
    }

    /// Serves one host function.
    ///
    /// `args` are the arguments as they come from the module; pointers among them point into
    /// `memory`.
    ///
    /// # Errors
    ///
    /// If the call cannot go on: a limit was reached
    /// ([`ErrorKind::LimitExceeded`](crate::ErrorKind::LimitExceeded)), or an argument points outside
    /// of `memory` ([`ErrorKind::AbiViolation`](crate::ErrorKind::AbiViolation)). What the plugin can
    /// react to is no error but the (negative) code of a [`Status`]. It waits, without a deadline, for a
    /// function of the embedder's that takes time.
    pub fn dispatch(
        &mut self,
        function: HostFunction,
        args: &[u32],
        memory: &mut [u8],
    ) -> Result<i32, Error> {
        let answer = self.dispatch_with(None, function, args, memory)?;
        if self.is_waiting() { self.wait(memory) } else { Ok(answer) }
    }

    /// Serves one host function, with what the session has not kept of the request.
    pub(crate) fn dispatch_with(
        &mut self,
        borrowed: Option<Borrowed<'_>>,
        function: HostFunction,
        args: &[u32],
        memory: &mut [u8],
    ) -> Result<i32, Error> {
        self.count_call()?;
        Service { session: self, borrowed }.serve(function, args, memory)
    }

    /// Whether serving this takes what the session has not kept of the request.
    pub(crate) fn needs_borrowed(&self, function: HostFunction, args: &[u32]) -> bool {
        let Some(call) = &self.call else { return false };
        if call.request.own().is_some() || !takes_field(function) {
            return false;
        }
        let field = args.first().and_then(|field| Field::from_number(*field));
        field.is_some_and(|field| match field.info().slot {
            Slot::Payload => self.changes().payload.is_none(),
            Slot::Context if field == Field::ContextLocal => self.changes().local_state.is_none(),
            Slot::Context => self.changes().global_state.is_none(),
            _ => false,
        })
    }

    fn changes(&self) -> &Changes {
        self.changes.as_deref().unwrap_or(Changes::NONE)
    }

    /// What the plugin said before it trapped, if it did.
    pub(crate) fn panic_message(&self) -> Option<&str> {
        self.panic.as_deref()
    }

    /// The system access that the plugin was last refused.
    pub(crate) fn refused(&self) -> Option<crate::AccessKind> {
        self.calls.refused
    }

    pub(crate) fn grants(&self) -> &Arc<Grants> {
        &self.grants
    }

    /// The name of what is running, for messages.
    pub(crate) fn hook(&self) -> &str {
        let called = self.call.as_ref().and_then(|call| self.grants.hooks.get(call.hook));
        called.map_or(if self.shutting_down { "shutdown" } else { "init" }, String::as_str)
    }

    fn log(&mut self, level: u32, message: Span, memory: &[u8]) -> Answer {
        let message = message.of(memory)?;
        let level = match level {
            cpex_wasmi_abi::level::ERROR => Level::Error,
            cpex_wasmi_abi::level::WARN => Level::Warn,
            cpex_wasmi_abi::level::INFO => Level::Info,
            cpex_wasmi_abi::level::DEBUG => Level::Debug,
            cpex_wasmi_abi::level::TRACE => Level::Trace,
            _ => return Ok(Status::InvalidArgument.code()),
        };
        Ok(if self.log_line(level, message) { 0 } else { Status::LogFull.code() })
    }

    /// Whether the operator wants lines of that level.
    pub(crate) fn logs(&self, level: Level) -> bool {
        level <= self.grants.log_level
    }

    /// Logs a line, if the operator wants lines of that level; says whether there was room for it.
    pub(crate) fn log_line(&mut self, level: Level, message: &[u8]) -> bool {
        if !self.logs(level) {
            return true;
        }
        self.usage.moved(message.len());
        if !self.usage.log(message.len().max(1), &self.grants.limits) {
            return false;
        }
        let message = visible(&self.message_of(message));
        let record =
            LogRecord { plugin: &self.grants.plugin, hook: self.hook(), level, message: &message };
        let _ = contained(|| self.sink.log(&record));
        true
    }

    fn record_panic(&mut self, message: Span, memory: &[u8]) -> Answer {
        let message = message.of(memory)?;
        self.usage.moved(message.len().min(Self::MAX_MESSAGE_BYTES));
        // The first panic is the cause.
        if self.panic.is_none() {
            let message = self.panic_of(message);
            self.panic = Some(visible(&message));
        }
        Ok(0)
    }
}
