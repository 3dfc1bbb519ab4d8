use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use cpex_core::config::{self, CpexConfig};
use cpex_core::error::PluginError;
use cpex_core::factory::{PluginFactory, PluginFactoryRegistry, PluginInstance};
use cpex_core::hooks::PluginPayload;
use cpex_core::manager::PluginManager;
use cpex_core::plugin::PluginConfig;
use cpex_core::registry::AnyHookHandler;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::handler::Handler;
use super::modules::{Modules, SCHEME};
use super::overrides::Override;
use super::payload::PayloadTypes;
use super::plugin::WasmPlugin;
use super::record::Observer;
use super::{CallRecord, TracingSink, agreement, errors, overrides, strict};
use crate::{Engine, EngineBuilder, Error, PayloadType, Plugin, Policy};

/// Makes the plugins of a configuration whose kind is `wasm://`, for `cpex-core`. Cheap to clone.
///
/// Paths are relative to one directory, the plugin directory, and cannot leave it. A module is read
/// and translated once, however many entries use it, and again when its file has changed.
#[derive(Clone)]
pub struct WasmFactory {
    modules: Arc<Modules>,
    types: PayloadTypes,
    observer: Option<Observer>,
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
        let directory = directory.as_ref();
        let modules =
            Modules::new(directory, engine.or_log_sink(TracingSink)).map_err(|problem| {
                let message = format!(
                    "the plugin directory `{}` cannot be read: {problem}",
                    directory.display()
                );
                PluginError::Config { message }
            })?;
        Ok(Self { modules: Arc::new(modules), types: PayloadTypes::default(), observer: None })
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
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use cpex_wasmi::cpex::WasmFactory;
    ///
    /// let factory = WasmFactory::new("fixtures")?.on_call(|call| {
    ///     let ended = match call.result {
    ///         Ok(decision) if decision.is_allow() => "allow",
    ///         Ok(_) => "deny",
    ///         Err(error) => error.code(),
    ///     };
    ///     println!("{} {}: {ended}, {} fuel", call.plugin, call.hook, call.receipt.fuel);
    /// });
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on_call(mut self, observer: impl Fn(&CallRecord<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Registers the factory with a manager, for each `wasm://` kind of a configuration. To be called
    /// before the manager loads that configuration.
    ///
    /// The configuration is looked at as it is written. In the entries of these plugins, a key that is
    /// not known is an error, and elsewhere one that looks misspelt: `cpex-core` would ignore both. Then
    /// each of them is loaded, by itself and with what routes and groups override: `cpex-core` would
    /// run one without an override that does not fit.
    ///
    /// # Errors
    ///
    /// [`PluginError::Config`] with all that is wrong, a line for each entry and override; nothing is
    /// registered then.
    pub fn register(&self, manager: &PluginManager, yaml: &str) -> Result<(), Box<PluginError>> {
        let written: Value = serde_yaml::from_str(yaml).map_err(|error| PluginError::Config {
            message: format!(
                "the configuration is no YAML: {}",
                crate::visible(&error.to_string())
            ),
        })?;
        if written.is_string() {
            let message = "the configuration is a plain text; give the YAML itself, not a path";
            return Err(Box::new(PluginError::Config { message: message.into() }));
        }
        errors::all(&strict::problems(&written))?;
        let config = config::parse_config(yaml).map_err(|error| errors::shown(*error))?;
        if kinds(&config).is_empty() {
            tracing::warn!("the configuration has no plugin of a kind that begins with `{SCHEME}`");
        }
        self.register_config(manager, &config)
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
        manager: &PluginManager,
        config: &CpexConfig,
    ) -> Result<(), Box<PluginError>> {
        errors::all(&self.problems(config))?;
        for kind in kinds(config) {
            self.register_kind(manager, kind);
        }
        Ok(())
    }

    /// As [`register_config`](Self::register_config), for
    /// [`PluginManager::from_config`](PluginManager::from_config).
    ///
    /// # Errors
    ///
    /// As [`register_config`](Self::register_config).
    pub fn register_in(
        &self,
        registry: &mut PluginFactoryRegistry,
        config: &CpexConfig,
    ) -> Result<(), Box<PluginError>> {
        errors::all(&self.problems(config))?;
        for kind in kinds(config) {
            registry.register(kind, Box::new(self.clone()));
        }
        Ok(())
    }

    /// Registers the factory for one kind, such as `wasm://guard.wasm`.
    pub fn register_kind(&self, manager: &PluginManager, kind: impl Into<String>) {
        manager.register_factory(kind, Box::new(self.clone()));
    }

    /// What keeps plugins from being loaded, by themselves or with what is overridden of their entries.
    fn problems(&self, config: &CpexConfig) -> Vec<String> {
        let mut problems = Vec::new();
        let overrides = overrides::all(config);
        for entry in config.plugins.iter().filter(|entry| is_ours(&entry.kind)) {
            let wrong = |problem: String| errors::problem(&entry.name, &entry.kind, problem);
            if let Err(problem) = self.load(entry) {
                problems.push(wrong(problem));
                continue;
            }
            for found in overrides.iter().filter(|found| found.plugin == entry.name) {
                if let Err(problem) = self.load_overridden(entry, found) {
                    problems.push(wrong(format!("`{}`: {problem}", found.place)));
                }
            }
        }
        problems
    }

    /// Loads a plugin with what is overridden of its entry, which must not forget its pin.
    fn load_overridden(&self, entry: &PluginConfig, found: &Override<'_>) -> Result<(), String> {
        let applied = found.applied_to(entry)?;
        self.load(&applied)?;
        let pinned = policy(entry)?.digest;
        if pinned.is_some() && policy(&applied)?.digest != pinned {
            return Err(
                "the override takes the place of the entry's `sandbox_policy`, which pins \
                        the module; repeat its `sha256` there"
                    .into(),
            );
        }
        Ok(())
    }

    fn load(&self, config: &PluginConfig) -> Result<Plugin, String> {
        let policy = policy(config)?;
        let module = self.modules.load(&config.kind, &policy)?;
        let mut wrong = Vec::new();
        let hooks = agreement::hooks(config, module.manifest(), &mut wrong);
        agreement::grants(policy.capabilities, module.requested(), &mut wrong);
        wrong.extend(crate::plugin::agreement(&module, &policy, &hooks));
        if !wrong.is_empty() {
            let error = module.engine().redacted(Error::from_problems(wrong));
            return Err(errors::problems(&error));
        }
        let policy = policy.named(&config.name);
        Plugin::agreed(&module, policy).map_err(|error| errors::problems(&error))
    }
}

impl PluginFactory for WasmFactory {
    fn create(&self, config: &PluginConfig) -> Result<PluginInstance, Box<PluginError>> {
        let failed = |problem: String| errors::config(&config.name, &config.kind, problem);
        let plugin = self.load(config).map_err(failed)?;
        for warning in plugin.warnings() {
            tracing::warn!(plugin = %config.name, kind = %config.kind, "{warning}");
        }
        let mut handlers = Vec::new();
        for hook in &config.hooks {
            let position = plugin.begin(hook).map_err(|error| failed(errors::problems(&error)))?;
            let hook = interned(hook);
            let handler = Handler {
                position,
                hook,
                types: self.types.clone(),
                looks: plugin.module().looks(),
                observer: self.observer.clone(),
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

/// The policy of an entry.
fn policy(config: &PluginConfig) -> Result<Policy, String> {
    let entry = serde_json::to_value(config).map_err(|error| error.to_string())?;
    Policy::from_json(&entry).map_err(|error| errors::problems(&error))
}

fn kinds(config: &CpexConfig) -> BTreeSet<&str> {
    config.plugins.iter().map(|plugin| plugin.kind.as_str()).filter(|kind| is_ours(kind)).collect()
}

/// Whether a kind is a module's path.
fn is_ours(kind: &str) -> bool {
    kind.starts_with(SCHEME)
}

/// The name of a hook for as long as the process lives, as `cpex-core` wants it. Each is kept once.
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
