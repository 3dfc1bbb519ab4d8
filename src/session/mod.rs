//! The rules of the boundary, without WebAssembly: what a plugin may read, write and say in one
//! call, and what came of it.
//!
//! The host functions a module imports end here, and so do those of a plugin that is compiled
//! natively for its unit tests: the rules cannot differ.

mod budget;
mod calls;
#[cfg(feature = "wasi")]
mod charges;
#[cfg(feature = "crypto")]
mod crypto;
#[cfg(feature = "text")]
mod digest;
mod dispatch;
mod edit;
#[cfg(feature = "crypto")]
mod jwt;
#[cfg(feature = "std")]
mod looked_up;
mod messages;
#[cfg(feature = "text")]
mod numbered;
#[cfg(feature = "text")]
mod operand;
#[cfg(feature = "wasi")]
mod output;
#[cfg(feature = "text")]
mod patterns;
mod read;
#[cfg(feature = "text")]
mod scan;
#[cfg(feature = "text")]
mod schemas;
mod source;
mod telemetry;
mod unread;
mod verdict;
mod write;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use cpex_wasmi_abi::{Capability, Field, HostFunction, Slot, Status, Violation};

use crate::boundary::{MAX_MESSAGE_BYTES, Span};
use crate::logging::{LogRecord, contained, visible};
use crate::system::Grants;
use crate::text::Secrets;
use crate::view::Borrowed;
use crate::{Changes, Error, Level, LogSink, Telemetry};

use budget::Usage;
use calls::Calls;
pub(crate) use dispatch::missing_feature;
use dispatch::{Handling, Service};
#[cfg(feature = "std")]
pub(crate) use looked_up::LookedUp;
pub(crate) use source::RequestSource;
use unread::{Unread, read_format};

/// The answer of a host function: a number for the plugin, or the end of the call.
type Answer = Result<i32, Error>;

/// One plugin's side of a call, by the rules that hold in the sandbox.
///
/// Each instance has one, and so has each [test double](crate::testing::Session) of the host.
pub(crate) struct Session {
    grants: Arc<Grants>,
    sink: Arc<dyn LogSink>,
    /// The hook that is handled. `None` during initialisation and shutdown.
    call: Option<Handling>,
    shutting_down: bool,
    /// True if the request of the last call was a view.
    #[cfg(feature = "std")]
    looks_up: bool,
    /// Made for the first change.
    changes: Option<Box<Changes>>,
    violation: Option<Box<Violation>>,
    /// Made for the first metric or value.
    telemetry: Option<Box<Telemetry>>,
    /// The message with which the plugin is about to trap or to give up.
    panic: Option<String>,
    /// The capability that the plugin last lacked.
    denied: Option<Capability>,
    /// The problem of the plugin's last refused JSON, for people.
    malformed: Option<String>,
    secrets: Secrets,
    usage: Usage,
    /// The encoding of the value that was read last.
    scratch: Vec<u8>,
    unread: Option<Unread>,
    calls: Calls,
    #[cfg(feature = "text")]
    compiled: Compiled,
    #[cfg(feature = "text")]
    room: patterns::Room,
    /// The time that the call may take, if that is bounded.
    deadline: Option<Duration>,
    /// The moment that the deadline is counted from. Most calls end without a look at the clock.
    begun: Option<Duration>,
}

/// The patterns and schemas that an instance has had the host compile.
#[cfg(feature = "text")]
#[derive(Clone, Default)]
pub(crate) struct Compiled {
    patterns: patterns::Patterns,
    schemas: schemas::Schemas,
}

impl Session {
    pub(crate) fn new(grants: Arc<Grants>, sink: Arc<dyn LogSink>) -> Self {
        let secrets = Secrets::new(grants.services.redactor.clone());
        Self {
            grants,
            sink,
            call: None,
            shutting_down: false,
            #[cfg(feature = "std")]
            looks_up: false,
            changes: None,
            violation: None,
            telemetry: None,
            panic: None,
            denied: None,
            malformed: None,
            secrets,
            usage: Usage::default(),
            scratch: Vec::new(),
            unread: None,
            calls: Calls::default(),
            #[cfg(feature = "text")]
            compiled: Compiled::default(),
            #[cfg(feature = "text")]
            room: patterns::Room::default(),
            deadline: None,
            begun: None,
        }
    }

    /// The patterns and schemas that the instance has had the host compile.
    #[cfg(all(feature = "text", feature = "std"))]
    pub(crate) fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    /// Gives an instance what the one that it begins as has had the host compile.
    #[cfg(all(feature = "text", feature = "std"))]
    pub(crate) fn set_compiled(&mut self, compiled: Compiled) {
        self.compiled = compiled;
    }

    /// Begins a call. The one before is [forgotten](Self::reset) already.
    pub(crate) fn begin(&mut self, hook: usize, request: RequestSource) {
        #[cfg(feature = "std")]
        {
            self.looks_up = matches!(request, RequestSource::View(_));
        }
        self.call = Some(Handling { hook, request, copied: None });
    }

    /// Begins the shutdown: forgets the call before.
    pub(crate) fn start_shutdown(&mut self) {
        self.reset();
        self.shutting_down = true;
    }

    /// True if there is a request, as there is not during initialisation and shutdown.
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
        self.telemetry = None;
        self.panic = None;
        self.denied = None;
        self.malformed = None;
        self.secrets.forget();
        self.usage = Usage::default();
        self.deadline = None;
        self.begun = None;
        self.calls.forget();
        self.unread = None;
        // One large value should not be paid for by every idle instance.
        if self.scratch.capacity() > MAX_MESSAGE_BYTES {
            self.scratch = Vec::new();
        }
        #[cfg(feature = "text")]
        self.room.shrink();
    }

    /// Serves one host function, with what the session has not kept of the request.
    pub(crate) fn dispatch(
        &mut self,
        borrowed: Option<Borrowed<'_>>,
        function: HostFunction,
        args: &[u32],
        memory: &mut [u8],
    ) -> Result<i32, Error> {
        self.count_call()?;
        if self.unread.is_some() && read_format(function).is_none() {
            self.unread = None;
        }
        let answer = Service { session: self, borrowed }.serve(function, args, memory);
        #[cfg(feature = "std")]
        if self.looks_up {
            return self.settled(answer);
        }
        answer
    }

    /// Charges for look-ups in a view. One that fails ends the call: nothing is decided on what was not there.
    #[cfg(feature = "std")]
    #[cold]
    fn settled(&mut self, answer: Answer) -> Answer {
        let Some(Handling { request: RequestSource::View(view), .. }) = &self.call else {
            return answer;
        };
        let (worked, failed) = view.settle();
        self.usage.moved(worked);
        failed.map_or(answer, Err)
    }

    /// True if serving this takes what the session has not kept of the request.
    pub(crate) fn needs_borrowed(&self, function: HostFunction, args: &[u32]) -> bool {
        let Some(call) = &self.call else { return false };
        if call.request.is_own() || !function.takes_field() {
            return false;
        }
        if self.unread.as_ref().is_some_and(|unread| unread.is_whole(function, args)) {
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

    /// The plugin's last message before it trapped, if it did.
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

    /// True if the operator wants lines of that level.
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
        self.usage.moved(message.len().min(MAX_MESSAGE_BYTES));
        // The first panic is the cause.
        if self.panic.is_none() {
            let message = self.panic_of(message);
            self.panic = Some(visible(&message));
        }
        Ok(0)
    }
}
