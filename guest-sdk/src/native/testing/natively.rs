//! The plugin as it is compiled into the test.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cpex_wasmi::testing::Session;
use cpex_wasmi::{Engine, EngineBuilder, Manifest, Outcome, Policy, Request};

use super::failure::Failure;
use super::log::Lines;
use crate::PluginDef;
use crate::native::{Ended, serving};
use crate::plugin::{initialise, invoke, shut_down};

/// One instance of the plugin, so to speak: what it keeps between calls is in its statics.
pub(super) struct Native {
    /// The session of an instance that is initialised.
    session: Option<Session>,
    engine: EngineBuilder,
    pub(super) log: Lines,
}

impl Native {
    pub(super) fn new() -> Self {
        Self { session: None, engine: Engine::builder(), log: Lines::default() }
    }

    /// Has sessions of an engine that is set up so. Its state is not the module's, which does all of it once more.
    pub(super) fn on(&mut self, engine: EngineBuilder) {
        self.engine = engine.own_state();
    }

    /// Has the plugin initialised before the next call.
    pub(super) fn start_over(&mut self) {
        self.session = None;
    }

    pub(super) fn call(
        &mut self,
        plugin: &PluginDef,
        policy: &Policy,
        hook: &str,
        request: Request,
    ) -> Result<Outcome, Failure> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => self.initialised(plugin, policy)?,
        };
        let position = match session.start(hook, Arc::new(request)) {
            Ok(position) => position,
            Err(error) => {
                self.session = Some(session);
                return Err(error.into());
            }
        };
        let position = usize::try_from(position).unwrap_or(usize::MAX);
        let handler = plugin.handlers.get(position).zip(plugin.manifest.hooks.get(position));
        #[allow(clippy::expect_used, reason = "the macro makes both lists from one")]
        let (handler, hook) = handler.expect("each hook has a handler");
        let (mut session, verdict) = run(session, || invoke(handler, hook))?;
        let outcome = session.end(verdict)?;
        self.session = Some(session);
        Ok(outcome)
    }

    /// Shuts down the instance, if there is one, and has the plugin initialised before the next call.
    pub(super) fn shutdown(&mut self, plugin: &PluginDef) -> Result<(), Failure> {
        let (Some(mut session), Some(shutdown)) = (self.session.take(), plugin.shutdown) else {
            return Ok(());
        };
        session.start_shutdown();
        let (mut session, code) = run(session, || shut_down(shutdown))?;
        Ok(session.end_shutdown(code)?)
    }

    fn initialised(&self, plugin: &PluginDef, policy: &Policy) -> Result<Session, Failure> {
        let session = self.session(plugin, policy, self.log.clone())?;
        let Some(init) = plugin.init else { return Ok(session) };
        let (mut session, code) = run(session, || initialise(init))?;
        session.initialised(code)?;
        Ok(session)
    }
}

impl Native {
    fn session(&self, plugin: &PluginDef, policy: &Policy, log: Lines) -> Result<Session, Failure> {
        let (manifest, policy) = (manifest(plugin), policy.clone());
        Ok(Session::on(&self.engine.clone().log_sink(log).build()?, &manifest, policy)?)
    }
}

/// Runs a piece of the plugin to its end, or to where the host ends it.
fn run(session: Session, entry: impl FnOnce() -> i32) -> Result<(Session, i32), Failure> {
    let (session, result) = serving(session, || catch_unwind(AssertUnwindSafe(entry)));
    match (session, result) {
        (Some(session), Ok(code)) => Ok((session, code)),
        (_, Err(payload)) => Err(failure(payload)),
        (None, Ok(_)) => Err(Failure::Panicked("the plugin ran a harness of its own".into())),
    }
}

fn failure(payload: Box<dyn Any + Send>) -> Failure {
    match payload.downcast::<Ended>() {
        Ok(ended) => Failure::Host(ended.0),
        Err(payload) => Failure::Panicked(
            payload
                .downcast_ref::<&str>()
                .map(ToString::to_string)
                .or_else(|| payload.downcast_ref::<String>().cloned())
                .unwrap_or_default(),
        ),
    }
}

/// The manifest that the plugin's module would have.
pub(super) fn manifest(plugin: &PluginDef) -> Manifest {
    let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let from = &plugin.manifest;
    let mut manifest = Manifest::new(from.name, from.version);
    manifest.description = from.description.into();
    manifest.hooks = owned(from.hooks);
    manifest.capabilities = owned(from.capabilities);
    manifest.access = owned(from.access);
    manifest.stateful = from.stateful;
    manifest.config_schema = from.config_schema.map(Into::into);
    manifest
}
