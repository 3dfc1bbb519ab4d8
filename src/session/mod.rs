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
mod read;
mod secrets;
mod span;
mod verdict;
mod write;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use cpex_wasmi_abi::model::JsonMap;
use cpex_wasmi_abi::{Capability, CapabilitySet, HostFunction, Manifest, Status, Violation};

use crate::logging::{LogRecord, visible};
use crate::{Changes, Error, ErrorKind, Level, Limits, LogSink, Policy, Request};

use budget::Usage;
use secrets::Secrets;
use span::Span;

/// What a host function answers: a number for the plugin, or the end of the call.
type Answer = Result<i32, Error>;

/// What the operator granted one plugin; shared by all its calls.
pub(crate) struct Grants {
    pub(crate) plugin: String,
    pub(crate) hooks: Vec<String>,
    pub(crate) capabilities: CapabilitySet,
    pub(crate) allow_raw_credentials: bool,
    pub(crate) limits: Limits,
    pub(crate) config: JsonMap,
}

impl Grants {
    pub(crate) fn new(manifest: &Manifest, policy: Policy) -> Self {
        Self {
            plugin: manifest.name.clone(),
            hooks: manifest.hooks.clone(),
            capabilities: policy.capabilities,
            allow_raw_credentials: policy.allow_raw_credentials,
            limits: policy.limits,
            config: policy.config,
        }
    }

    /// Whether the plugin may be given tokens.
    pub(crate) fn opens_tokens(&self) -> bool {
        self.allow_raw_credentials && self.capabilities.opens_credentials()
    }
}

/// The encoding of a value that crosses the boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Postcard,
    Json,
    Text,
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
    /// The hook that is handled, by position, and the request. `None` during initialisation and
    /// shutdown.
    call: Option<(usize, Arc<Request>)>,
    shutting_down: bool,
    changes: Changes,
    violation: Option<Violation>,
    panic: Option<String>,
    /// The capability that the plugin last lacked.
    denied: Option<Capability>,
    secrets: Secrets,
    usage: Usage,
    scratch: Vec<u8>,
}

impl Session {
    /// The size of the longest log line or panic message that is kept, in bytes.
    pub const MAX_MESSAGE_BYTES: usize = 4096;

    pub(crate) fn with_grants(grants: Arc<Grants>, sink: Arc<dyn LogSink>) -> Self {
        Self {
            grants,
            sink,
            call: None,
            shutting_down: false,
            changes: Changes::default(),
            violation: None,
            panic: None,
            denied: None,
            secrets: Secrets::default(),
            usage: Usage::default(),
            scratch: Vec::new(),
        }
    }

    /// Begins a call: forgets the one before.
    pub(crate) fn begin(&mut self, hook: usize, request: Arc<Request>) {
        self.reset();
        self.call = Some((hook, request));
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
        self.changes = Changes::default();
        self.violation = None;
        self.panic = None;
        self.denied = None;
        self.secrets = Secrets::default();
        self.usage = Usage::default();
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
    /// If the call cannot go on: a limit was reached ([`ErrorKind::LimitExceeded`]), or an argument
    /// points outside of `memory` ([`ErrorKind::AbiViolation`]). What the plugin can react to is
    /// no error but the (negative) code of a [`Status`].
    pub fn dispatch(
        &mut self,
        function: HostFunction,
        args: &[u32],
        memory: &mut [u8],
    ) -> Result<i32, Error> {
        use HostFunction as F;
        self.count_call()?;
        match (function, args) {
            (F::Read, &[field, index, key, key_len, out, out_len]) => {
                let spans = (Span::new(key, key_len), Span::new(out, out_len));
                self.read(Format::Postcard, field, index, spans, memory)
            }
            (F::ReadJson, &[field, index, key, key_len, out, out_len]) => {
                let spans = (Span::new(key, key_len), Span::new(out, out_len));
                self.read(Format::Json, field, index, spans, memory)
            }
            (F::ReadText, &[field, index, key, key_len, out, out_len]) => {
                let spans = (Span::new(key, key_len), Span::new(out, out_len));
                self.read(Format::Text, field, index, spans, memory)
            }
            (F::ReadKey, &[field, index, position, out, out_len]) => {
                self.read_key(field, index, position, Span::new(out, out_len), memory)
            }
            (F::Contains, &[field, index, key, key_len]) => {
                self.contains(field, index, Span::new(key, key_len), memory)
            }
            (F::Count, &[field, index]) => self.count(field, index),
            (F::Write, &[field, index, key, key_len, value, len]) => {
                let spans = (Span::new(key, key_len), Span::new(value, len));
                self.write(Format::Postcard, field, index, spans, memory)
            }
            (F::WriteJson, &[field, index, key, key_len, value, len]) => {
                let spans = (Span::new(key, key_len), Span::new(value, len));
                self.write(Format::Json, field, index, spans, memory)
            }
            (F::WriteText, &[field, index, key, key_len, value, len]) => {
                let spans = (Span::new(key, key_len), Span::new(value, len));
                self.write(Format::Text, field, index, spans, memory)
            }
            (F::Remove, &[field, index, key, key_len]) => {
                self.remove(field, index, Span::new(key, key_len), memory)
            }
            (F::Deny, &[violation, len]) => {
                self.deny(Format::Postcard, Span::new(violation, len), memory)
            }
            (F::DenyJson, &[violation, len]) => {
                self.deny(Format::Json, Span::new(violation, len), memory)
            }
            (F::DenyText, &[code, code_len, reason, reason_len]) => {
                self.deny_text(Span::new(code, code_len), Span::new(reason, reason_len), memory)
            }
            (F::Log, &[level, message, len]) => self.log(level, Span::new(message, len), memory),
            (F::Panic, &[message, len]) => self.record_panic(Span::new(message, len), memory),
            _ => Err(Error::new(
                ErrorKind::AbiViolation,
                alloc::format!("`{function}` was called with {} arguments", args.len()),
            )),
        }
    }

    /// What the plugin said before it trapped, if it did.
    pub(crate) fn panic_message(&self) -> Option<&str> {
        self.panic.as_deref()
    }

    pub(crate) fn grants(&self) -> &Arc<Grants> {
        &self.grants
    }

    /// The name of what is running, for messages.
    fn hook(&self) -> &str {
        let called = self.call.as_ref().and_then(|(hook, _)| self.grants.hooks.get(*hook));
        called.map_or(if self.shutting_down { "shutdown" } else { "init" }, String::as_str)
    }

    fn log(&mut self, level: u32, message: Span, memory: &[u8]) -> Answer {
        let message = message.of(memory)?;
        self.usage.moved(message.len());
        let level = match level {
            cpex_wasmi_abi::level::ERROR => Level::Error,
            cpex_wasmi_abi::level::WARN => Level::Warn,
            cpex_wasmi_abi::level::INFO => Level::Info,
            cpex_wasmi_abi::level::DEBUG => Level::Debug,
            cpex_wasmi_abi::level::TRACE => Level::Trace,
            _ => return Ok(Status::InvalidArgument.code()),
        };
        if !self.usage.log(message.len().max(1), &self.grants.limits) {
            return Ok(Status::LogFull.code());
        }
        let message = visible(&self.message_of(message));
        self.sink.log(&LogRecord {
            plugin: &self.grants.plugin,
            hook: self.hook(),
            level,
            message: &message,
        });
        Ok(0)
    }

    fn record_panic(&mut self, message: Span, memory: &[u8]) -> Answer {
        let message = message.of(memory)?;
        self.usage.moved(message.len().min(Self::MAX_MESSAGE_BYTES));
        // The first panic is the cause.
        if self.panic.is_none() {
            let message = self.message_of(message);
            self.panic = Some(visible(&message));
        }
        Ok(0)
    }
}
