//! A test double of the host: its rules, without a module.

use alloc::sync::Arc;
use alloc::vec::Vec;

use cpex_wasmi_abi::{
    Capability, CapabilitySet, EXPORT_INIT, EXPORT_SHUTDOWN, HostFunction, Manifest,
};

use crate::boundary::MAX_MESSAGE_BYTES;
use crate::plugin::{access_requests, configuration, hook_position, unknown_hook};
use crate::session;
use crate::sync::blocking;
use crate::system::{Grants, Services};
use crate::{Engine, Error, ErrorKind, LogSink, Outcome, Policy, Receipt, Request};

/// One plugin's side of a call, by the rules that hold in the sandbox.
///
/// It stands in for the host when a plugin is compiled natively, as the guest SDK does for unit tests:
///
/// ```
/// use cpex_wasmi::testing::Session;
/// use cpex_wasmi::{HostFunction, LogRecord, Manifest, Policy, Request};
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
pub struct Session(session::Session);

impl Session {
    /// The size of the longest log line or panic message that is kept, in bytes.
    pub const MAX_MESSAGE_BYTES: usize = MAX_MESSAGE_BYTES;

    /// A session for a plugin with this manifest. Until [`start`](Self::start), it is being
    /// initialised. As there is no module, neither its digest nor its memory is looked at.
    ///
    /// # Errors
    ///
    /// If the manifest asks for what the policy does not grant, or the configuration does not fit
    /// the manifest's schema of it, as when a module is loaded.
    pub fn new(
        manifest: &Manifest,
        policy: Policy,
        sink: impl LogSink + 'static,
    ) -> Result<Self, Error> {
        let services = Services {
            #[cfg(feature = "std")]
            clock: crate::sync::system_clock(),
            ..Services::default()
        };
        Self::with_services(manifest, policy, Arc::new(sink), services)
    }

    /// A session with what an engine offers: its functions, its audit sink, its log.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn on(engine: &Engine, manifest: &Manifest, policy: Policy) -> Result<Self, Error> {
        Self::with_services(manifest, policy, engine.sink().clone(), engine.services().clone())
    }

    fn with_services(
        manifest: &Manifest,
        policy: Policy,
        sink: Arc<dyn LogSink>,
        services: Services,
    ) -> Result<Self, Error> {
        let requested: CapabilitySet =
            manifest.capabilities.iter().filter_map(|name| Capability::from_name(name)).collect();
        let mut problems = Vec::new();
        access_requests(manifest, requested, &policy, Some(&services), &mut problems);
        configuration(manifest, &policy, &mut problems);
        if !problems.is_empty() {
            services.redact(&mut problems);
            return Err(Error::from_problems(problems).with_plugin(policy.name_of(manifest)));
        }
        let grants = Arc::new(Grants::new(manifest, policy, services)?);
        Ok(Self(session::Session::new(grants, sink)))
    }

    /// Ends the initialisation with what `cpex_init` returned.
    ///
    /// # Errors
    ///
    /// If that is not success.
    pub fn initialised(&mut self, code: i32) -> Result<(), Error> {
        if code == 0 { Ok(()) } else { Err(self.0.gave_up(code, EXPORT_INIT)) }
    }

    /// Begins a call and gives the position of the hook, for `cpex_invoke`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownHook`] if the manifest does not list the hook.
    pub fn start(&mut self, hook: &str, request: impl Into<Arc<Request>>) -> Result<i32, Error> {
        let hooks = &self.0.grants().hooks;
        let number = hook_position(hooks, hook)
            .ok_or_else(|| Error::new(ErrorKind::UnknownHook, unknown_hook(hooks, hook)))?;
        let request: Arc<Request> = request.into();
        // One that was neither ended nor abandoned is.
        self.0.reset();
        self.0.begin(usize::try_from(number).unwrap_or(usize::MAX), request.into());
        Ok(number)
    }

    /// Serves one host function.
    ///
    /// `args` are the arguments as they come from the module; pointers among them point into
    /// `memory`.
    ///
    /// # Errors
    ///
    /// If the call cannot go on: a limit was reached ([`ErrorKind::LimitExceeded`]), or an argument points
    /// outside of `memory` ([`ErrorKind::AbiViolation`]). What the plugin can react to is no error but the
    /// (negative) code of a [`Status`](crate::Status). It waits, without a deadline, for a function of the
    /// embedder's that takes time.
    pub fn dispatch(
        &mut self,
        function: HostFunction,
        args: &[u32],
        memory: &mut [u8],
    ) -> Result<i32, Error> {
        let answer = self.0.dispatch(None, function, args, memory)?;
        if self.0.is_waiting() {
            blocking(|| None, |context| self.0.poll_waiting(context, memory))
        } else {
            Ok(answer)
        }
    }

    /// Ends a call with what `cpex_invoke` returned. The receipt has no fuel, as nothing meters it.
    ///
    /// # Errors
    ///
    /// As a call of [`Plugin::call`](crate::Plugin::call) whose plugin returns that.
    pub fn end(&mut self, verdict: i32) -> Result<Outcome, Error> {
        let usage = *self.0.usage();
        let receipt = Receipt {
            host_calls: usage.host_calls,
            bytes_read: usage.bytes_read,
            bytes_written: usage.bytes_written,
            log_bytes: usage.log_bytes,
            log_lines_dropped: usage.log_lines_dropped,
            ..Receipt::default()
        };
        let ended = self.0.finish(verdict, receipt);
        self.0.reset();
        ended.map(Outcome::from)
    }

    /// Begins the shutdown: forgets the call before.
    pub fn start_shutdown(&mut self) {
        self.0.start_shutdown();
    }

    /// Ends the [shutdown](Self::start_shutdown) with what `cpex_shutdown` returned.
    ///
    /// # Errors
    ///
    /// If that is not success.
    pub fn end_shutdown(&mut self, code: i32) -> Result<(), Error> {
        let result = if code == 0 { Ok(()) } else { Err(self.0.gave_up(code, EXPORT_SHUTDOWN)) };
        self.0.reset();
        result
    }

    /// Abandons a call, as when a plugin traps.
    pub fn abandon(&mut self) {
        self.0.reset();
    }
}
