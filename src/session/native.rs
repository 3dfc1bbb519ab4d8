//! A session without WebAssembly around it.

use alloc::sync::Arc;
use alloc::vec::Vec;

use cpex_wasmi_abi::{Capability, CapabilitySet, EXPORT_INIT, EXPORT_SHUTDOWN, Manifest};

use super::{Grants, Session};
use crate::plugin::{access_requests, configuration, hook_position, unknown_hook};
use crate::system::Services;
use crate::{Engine, Error, ErrorKind, LogSink, Outcome, Policy, Receipt, Request};

impl Session {
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
        Self::with_services(manifest, policy, Arc::new(sink), Services::default())
    }

    /// The same with what an engine offers: its functions, its audit sink, its log.
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
        Ok(Self::with_grants(grants, sink))
    }

    /// Ends the initialisation with what `cpex_init` returned.
    ///
    /// # Errors
    ///
    /// If that is not success.
    pub fn initialised(&mut self, code: i32) -> Result<(), Error> {
        if code == 0 { Ok(()) } else { Err(self.gave_up(code, EXPORT_INIT)) }
    }

    /// Begins a call and gives the position of the hook, for `cpex_invoke`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownHook`] if the manifest does not list the hook.
    pub fn start(&mut self, hook: &str, request: impl Into<Arc<Request>>) -> Result<i32, Error> {
        let hooks = &self.grants().hooks;
        let number = hook_position(hooks, hook)
            .ok_or_else(|| Error::new(ErrorKind::UnknownHook, unknown_hook(hooks, hook)))?;
        let request: Arc<Request> = request.into();
        // One that was neither ended nor abandoned is.
        self.reset();
        self.begin(usize::try_from(number).unwrap_or(usize::MAX), request.into());
        Ok(number)
    }

    /// Ends a call with what `cpex_invoke` returned. The receipt has no fuel, as nothing meters it.
    ///
    /// # Errors
    ///
    /// As a call of [`Plugin::call`](crate::Plugin::call) whose plugin returns that.
    pub fn end(&mut self, verdict: i32) -> Result<Outcome, Error> {
        let usage = *self.usage();
        let receipt = Receipt {
            host_calls: usage.host_calls,
            bytes_read: usage.bytes_read,
            bytes_written: usage.bytes_written,
            log_bytes: usage.log_bytes,
            log_lines_dropped: usage.log_lines_dropped,
            ..Receipt::default()
        };
        let ended = self.finish(verdict, receipt);
        self.reset();
        ended.map(Outcome::from)
    }

    /// Ends the [shutdown](Self::start_shutdown) with what `cpex_shutdown` returned.
    ///
    /// # Errors
    ///
    /// If that is not success.
    pub fn end_shutdown(&mut self, code: i32) -> Result<(), Error> {
        let result = if code == 0 { Ok(()) } else { Err(self.gave_up(code, EXPORT_SHUTDOWN)) };
        self.reset();
        result
    }

    /// Abandons a call, as when a plugin traps.
    pub fn abandon(&mut self) {
        self.reset();
    }
}
