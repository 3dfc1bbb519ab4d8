//! The factory by which the engine loads plugins.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::upstream::config::{Config, as_value, parse};
use super::upstream::error::PluginError;
use super::upstream::factory::{PluginFactory, PluginFactoryRegistry, PluginInstance};
use super::upstream::hooks::PluginPayload;
use super::upstream::plugin::PluginConfig;
use super::upstream::registry::AnyHookHandler;
use super::upstream::{DIALECT, PipelineEngine, set_up};
use cpex_wasmi_abi::{AccessKind, AccessRequest, Manifest};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::handler::Handler;
use super::payload::PayloadTypes;
use super::plugin::WasmPlugin;
use super::{agrees, errors};
use crate::config::{self, Document, PluginDirectory, Report, SCHEME};
use crate::pipeline::{CallRecord, Observer, TracingSink};
use crate::{Engine, EngineBuilder, PayloadType, visible};

/// Makes the plugins of a configuration whose kind is `wasm://`. Cheap to clone.
///
/// Paths are relative to one directory, the plugin directory, and cannot leave it. A module is read
/// and translated once, however many entries use it, and again when its file has changed.
#[derive(Clone)]
pub struct WasmFactory {
    directory: Arc<PluginDirectory>,
    types: PayloadTypes,
    observer: Option<Observer>,
    tells_receipts: bool,
}

impl WasmFactory {
    /// A factory for the modules of a directory, with an engine's default settings. Plugins' log lines
    /// go to `tracing`, see [`TracingSink`].
    ///
    /// # Errors
    ///
    /// [`PluginError::Config`] if the directory cannot be read.
    pub fn new(directory: impl AsRef<Path>) -> Result<Self, Box<PluginError>> {
        Self::with_engine(directory, Engine::builder())
    }

    /// A factory whose plugins run on engines with these settings: each module has an engine of its
    /// own, and takes what was translated with it when it is gone. Log lines go to `tracing` if no
    /// other sink is set.
    ///
    /// # Errors
    ///
    /// [`PluginError::Config`] if the directory cannot be read.
    pub fn with_engine(
        directory: impl AsRef<Path>,
        engine: EngineBuilder,
    ) -> Result<Self, Box<PluginError>> {
        let engine = set_up(engine.or_log_sink(TracingSink));
        let directory = PluginDirectory::new(directory, engine)
            .map_err(|error| PluginError::Config { message: error.to_string() })?;
        Ok(Self {
            directory: Arc::new(directory),
            types: PayloadTypes::default(),
            observer: None,
            tells_receipts: false,
        })
    }

    /// Registers a type of payload of the embedder's own, under the name that plugins know it by.
    /// A hook that is called with a payload of another type is an error.
    #[must_use]
    pub fn payload_type<T>(mut self, payload_type: PayloadType<T>) -> Self
    where
        T: PluginPayload + Serialize + DeserializeOwned,
    {
        self.types.add(payload_type);
        self
    }

    /// Has a closure told of each call: what the plugin decided and changed, and what it cost, failed
    /// calls included. It takes the place of one that was set before.
    ///
    /// It is called at the end of the call, in the task that runs the plugin, and should not take long. A
    /// call whose future is dropped before its end is not told of.
    #[must_use]
    pub fn on_call(mut self, observer: impl Fn(&CallRecord<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Has denials say what they cost: the details of a plugin's violation get the [receipt](crate::Receipt) of its call, under
    /// `receipt`. Failed calls have it there anyway.
    ///
    /// By that it is wherever the engine keeps violations, such as in praxis-policy's `DecisionLog`. Do not pass it on to callers, to
    /// whom it tells about the policy.
    #[must_use]
    pub fn receipts_in_violations(mut self) -> Self {
        self.tells_receipts = true;
        self
    }

    /// Registers the factory with an engine, for each `wasm://` kind of a configuration. To be called
    /// before the engine loads that configuration.
    ///
    /// The configuration is [checked](config::check) as it is written, before the engine loads any of it: all
    /// keys and values, each of these plugins by itself and with what routes and groups override, which
    /// the engine would ignore or run without. A configuration without any plugin is a warning in the trace.
    ///
    /// # Errors
    ///
    /// [`PluginError::Config`] with all that is wrong, a line each, with the place where it stands; nothing is
    /// registered then.
    pub fn register(&self, engine: &PipelineEngine, yaml: &str) -> Result<(), Box<PluginError>> {
        let document = Document::parse(yaml).map_err(|error| errors::invalid(error.problems()))?;
        let report = config::check_for(DIALECT, &document, Some(&self.directory));
        self.accept(&report)?;
        let config = parse(yaml).map_err(|error| errors::shown(*error))?;
        agrees::with(document.value(), &config.plugins)?;
        self.register_kinds(&config, |kind| self.register_kind(engine, kind));
        Ok(())
    }

    /// As [`register`](Self::register), for a configuration that is parsed already: of which keys that
    /// are not known are gone.
    ///
    /// # Errors
    ///
    /// [`PluginError::Config`] with all that is wrong with entries and overrides; nothing is registered
    /// then.
    pub fn register_config(
        &self,
        engine: &PipelineEngine,
        config: &Config,
    ) -> Result<(), Box<PluginError>> {
        self.check_parsed(config)?;
        self.register_kinds(config, |kind| self.register_kind(engine, kind));
        Ok(())
    }

    /// As [`register_config`](Self::register_config), for the engine's `from_config`.
    ///
    /// # Errors
    ///
    /// As [`register_config`](Self::register_config).
    pub fn register_in(
        &self,
        registry: &mut PluginFactoryRegistry,
        config: &Config,
    ) -> Result<(), Box<PluginError>> {
        self.check_parsed(config)?;
        self.register_kinds(config, |kind| registry.register(kind, Box::new(self.clone())));
        Ok(())
    }

    /// Registers the factory for one kind, such as `wasm://guard.wasm`.
    pub fn register_kind(&self, engine: &PipelineEngine, kind: impl Into<String>) {
        engine.register_factory(kind, Box::new(self.clone()));
    }

    fn check_parsed(&self, config: &Config) -> Result<(), Box<PluginError>> {
        let parsed = as_value(config)
            .map_err(|error| PluginError::Config { message: visible(&error.to_string()) })?;
        self.accept(&config::check_value(DIALECT, &parsed, &self.directory))
    }

    /// Refuses a configuration that has problems, and traces what is odd about one that has none.
    fn accept(&self, report: &Report) -> Result<(), Box<PluginError>> {
        // Modules of an earlier configuration are not waited for any longer.
        self.directory.keep(report.plugins.iter().filter_map(|plugin| plugin.file.as_deref()));
        if !report.problems.is_empty() {
            return Err(errors::invalid(&report.problems));
        }
        if let Some(unguarded) = &report.unguarded {
            tracing::warn!("{unguarded}");
        }
        if report.plugins.is_empty() {
            tracing::warn!("the configuration has no plugin of a kind that begins with `{SCHEME}`");
        }
        Ok(())
    }

    fn register_kinds<'c>(&self, config: &'c Config, mut register: impl FnMut(&'c str)) {
        let kinds = config.plugins.iter().map(|plugin| plugin.kind.as_str());
        let kinds: BTreeSet<_> = kinds.filter(|kind| kind.starts_with(SCHEME)).collect();
        kinds.into_iter().for_each(&mut register);
    }
}

impl PluginFactory for WasmFactory {
    fn create(&self, config: &PluginConfig) -> Result<PluginInstance, Box<PluginError>> {
        let failed = |problem: String| errors::config(&config.name, &config.kind, problem);
        let entry = serde_json::to_value(config).map_err(|error| failed(error.to_string()))?;
        let loaded = self.directory.make_entry(&entry);
        let plugin = loaded.map_err(|wrong| failed(errors::joined(&wrong)))?.plugin;
        for warning in plugin.warnings() {
            tracing::warn!(plugin = %config.name, kind = %config.kind, "{warning}");
        }
        let mut handlers = Vec::new();
        for hook in &config.hooks {
            let position =
                plugin.begin(hook).map_err(|error| failed(errors::joined(error.problems())))?;
            let hook = interned(hook);
            let handler = Handler {
                position,
                hook,
                types: self.types.clone(),
                looks: plugin.module().looks(),
                acts: acts(plugin.module().manifest()),
                observer: self.observer.clone(),
                tells_receipts: self.tells_receipts,
                plugin: plugin.clone(),
            };
            handlers.push((hook, Arc::new(handler) as Arc<dyn AnyHookHandler>));
        }
        let plugin = Arc::new(WasmPlugin { config: config.clone(), plugin });
        Ok(PluginInstance { plugin, handlers })
    }
}

impl fmt::Debug for WasmFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasmFactory").finish_non_exhaustive()
    }
}

/// True if a plugin asks for what has effects outside of the pipeline.
fn acts(manifest: &Manifest) -> bool {
    let kinds = manifest.access.iter().filter_map(|row| AccessRequest::parse(row));
    let acts = [AccessKind::Network, AccessKind::Command, AccessKind::Files];
    kinds.into_iter().any(|request| acts.contains(&request.kind()))
}

/// The name of a hook for as long as the process lives, as engines want it. Each is kept once.
fn interned(hook: &str) -> &'static str {
    static HOOKS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut hooks = HOOKS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = hooks.get(hook) {
        return known;
    }
    let kept = String::leak(hook.to_owned());
    hooks.insert(kept);
    kept
}
