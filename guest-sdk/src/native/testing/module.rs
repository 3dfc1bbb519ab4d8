//! The plugin as a module, in the real host.

use alloc::vec::Vec;
use core::fmt;
use std::fs;
use std::path::PathBuf;

use cpex_wasmi::{
    Engine, EngineBuilder, ErrorKind, Isolation, Module, Outcome, Plugin, Policy, Request,
};

use super::compare;
use super::failure::{Difference, Failure};
use super::log::Lines;
use super::natively::{Native, manifest};
use crate::PluginDef;

/// A module that is called beside the plugin it was built from.
pub(super) struct Built {
    origin: Origin,
    /// Read, translated, and found to be the plugin's.
    module: Option<Module>,
    /// The module under the policy.
    plugin: Option<Plugin>,
    pub(super) log: Lines,
    engine: EngineBuilder,
}

/// The source of a module.
pub(super) enum Origin {
    Bytes(Vec<u8>),
    File(PathBuf),
}

impl Built {
    pub(super) fn new(origin: Origin) -> Self {
        let engine = Engine::builder();
        Self { origin, module: None, plugin: None, log: Lines::default(), engine }
    }

    /// Has the module read again, for an engine that is set up so.
    pub(super) fn on(&mut self, engine: EngineBuilder) {
        self.module = None;
        self.engine = engine.own_state();
    }

    /// Drops what the policy was for, and the instances that are kept.
    pub(super) fn start_over(&mut self) {
        self.plugin = None;
    }

    /// Calls the module, then the plugin natively, and compares.
    pub(super) fn call_beside(
        &mut self,
        native: &mut Native,
        plugin: &PluginDef,
        policy: &Policy,
        hook: &str,
        request: Request,
    ) -> Result<Outcome, Failure> {
        let module = self.module(plugin, hook)?;
        let outcome = self.call(&module, policy, hook, request.clone());
        match outcome {
            Err(Failure::Host(error)) if is_of_the_host_alone(error.kind()) => {
                // The module has lost what it kept, unless it was never called.
                if error.kind() != ErrorKind::UnknownHook {
                    native.start_over();
                }
                return Err(error.into());
            }
            _ => {}
        }
        if policy.isolation == Isolation::PerCall {
            native.start_over();
        }
        let natively = native.call(plugin, policy, hook, request);
        let mut differences = compare::results(&natively, &outcome);
        differences.extend(compare::logs(&native.log.take(), &self.log.get()));
        if differences.is_empty() {
            return outcome;
        }
        // What one of them keeps, the other may not.
        native.start_over();
        self.start_over();
        Err(self.differs(hook, differences))
    }

    /// Shuts down the module, then the plugin natively, and compares. Both begin anew.
    pub(super) fn shutdown_beside(
        &mut self,
        native: &mut Native,
        plugin: &PluginDef,
        policy: &Policy,
    ) -> Result<(), Failure> {
        let ended = match self.plugin.take() {
            Some(plugin) => plugin.shutdown().map_err(Failure::from),
            None => Ok(()),
        };
        let of_the_host_alone =
            matches!(&ended, Err(Failure::Host(error)) if is_of_the_host_alone(error.kind()));
        // An instance that serves one call is not there any more.
        if of_the_host_alone || policy.isolation == Isolation::PerCall {
            native.start_over();
            return ended;
        }
        let natively = native.shutdown(plugin);
        let mut differences = compare::ends(&natively, &ended);
        differences.extend(compare::logs(&native.log.take(), &self.log.get()));
        if differences.is_empty() { ended } else { Err(self.differs("shutdown", differences)) }
    }

    fn call(
        &mut self,
        module: &Module,
        policy: &Policy,
        hook: &str,
        request: Request,
    ) -> Result<Outcome, Failure> {
        let plugin = match &mut self.plugin {
            Some(plugin) => plugin,
            none => none.insert(Plugin::new(module, policy.clone())?),
        };
        Ok(plugin.call(hook, request)?)
    }

    /// The translated module. Fails if it says something else of itself than the plugin does.
    fn module(&mut self, plugin: &PluginDef, hook: &str) -> Result<Module, Failure> {
        if let Some(module) = &self.module {
            return Ok(module.clone());
        }
        let engine = self.engine.clone().log_sink(self.log.clone()).build()?;
        let module = match &self.origin {
            Origin::Bytes(wasm) => Module::new(&engine, wasm)?,
            Origin::File(path) => {
                let wasm = fs::read(path)
                    .map_err(|error| Failure::Unreadable { path: path.clone(), error })?;
                Module::new(&engine, &wasm)?
            }
        };
        let differences = compare::manifests(&manifest(plugin), module.manifest());
        if !differences.is_empty() {
            return Err(self.differs(hook, differences));
        }
        self.module = Some(module.clone());
        Ok(module)
    }

    fn differs(&self, hook: &str, differences: Vec<Difference>) -> Failure {
        let path = match &self.origin {
            Origin::Bytes(_) => None,
            Origin::File(path) => Some(path.clone()),
        };
        Failure::Differs { hook: hook.into(), differences, path }
    }
}

/// True if a failure is one that the plugin cannot have natively. It is not called natively over
/// it: there might be no end, or that of the test program.
fn is_of_the_host_alone(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::Trap(_)
        | ErrorKind::AbiViolation
        | ErrorKind::LimitExceeded
        | ErrorKind::CapabilityDenied(_)
        | ErrorKind::AccessDenied
        | ErrorKind::PluginFailed => false,
        // Fuel, time, memory and stack; what makes a module unfit; a hook that neither has.
        _ => true,
    }
}

impl fmt::Debug for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Bytes(wasm) => write!(f, "{} bytes", wasm.len()),
            Origin::File(path) => path.fmt(f),
        }
    }
}
