//! A module under a policy, and its calls.

#[cfg(feature = "std")]
mod admission;
mod lifecycle;
mod load_checks;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
#[cfg(feature = "std")]
use std::sync::OnceLock;

#[cfg(feature = "std")]
use crate::instance::Snapshot;
use crate::instance::{Call, Finished, Instance};
use crate::outcome::RawOutcome;
#[cfg(feature = "std")]
use crate::pool::{self, Growth, Pool};
#[cfg(feature = "std")]
use crate::session::LookedUp;
use crate::session::RequestSource;
#[cfg(feature = "std")]
use crate::sync::permits::Permits;
use crate::sync::shards::Shard;
use crate::system::Grants;
use crate::view::Borrowed;
#[cfg(feature = "wasi")]
use crate::wasi::Roots;
use crate::{Engine, Error, ErrorKind, Instances, Module, Outcome, Policy, Request};
#[cfg(feature = "std")]
use crate::{Isolation, WhenExhausted};

pub(crate) use load_checks::{
    access_requests, agreement, configuration, hook_position, unknown_hook,
};

/// A module under a policy, ready to be called. Immutable, cheap to clone, and shared by as many
/// threads as call it: no call waits for another to end, unless the operator bounds how many there are
/// at once ([`Policy::when_exhausted`]), or the plugin keeps state ([`Manifest::stateful`]).
///
/// [`Manifest::stateful`]: crate::Manifest::stateful
#[derive(Clone)]
pub struct Plugin(Arc<PluginInner>);

struct PluginInner {
    module: Module,
    grants: Arc<Grants>,
    /// Directories and files, for modules that import WASI.
    #[cfg(feature = "wasi")]
    roots: Roots,
    warnings: Vec<String>,
    #[cfg(feature = "std")]
    pool: Option<Pool>,
    /// The bound on calls at once.
    #[cfg(feature = "std")]
    permits: Option<Permits>,
    #[cfg(feature = "std")]
    growth: Growth,
    #[cfg(feature = "std")]
    snapshot: Option<OnceLock<Snapshot>>,
}

impl Plugin {
    /// Reads, checks and translates a module, and puts it under a policy.
    ///
    /// # Errors
    ///
    /// Those of [`Module::new`] and [`Plugin::new`].
    pub fn load(engine: &Engine, wasm: &[u8], policy: Policy) -> Result<Self, Error> {
        let module = Module::pinned(engine, wasm, &policy).map_err(|error| match &policy.name {
            Some(name) => error.with_plugin(name),
            None => error,
        })?;
        Self::new(&module, policy)
    }

    /// Puts a module under a policy. Nothing of the module runs.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::DigestMismatch`] if the policy pins another module,
    /// [`ErrorKind::CapabilityDenied`] or [`ErrorKind::AccessDenied`] if the module asks for what
    /// the policy does not grant, [`ErrorKind::MemoryLimit`] if it declares more than its limits,
    /// [`ErrorKind::InvalidModule`] if it cannot be instantiated, [`ErrorKind::InvalidConfig`] if
    /// the policy asks for what this host cannot do,
    /// [`ErrorKind::InvalidPolicy`] if the configuration does not fit the manifest's schema of it.
    /// [`Error::problems`] has all of them.
    pub fn new(module: &Module, policy: Policy) -> Result<Self, Error> {
        let problems = agreement(module, &policy, &[]);
        if !problems.is_empty() {
            let name = policy.name_of(module.manifest());
            return Err(Error::from_problems(problems).with_plugin(name));
        }
        Self::agreed(module, policy)
    }

    /// Makes a plugin of a module and a policy that are known to agree.
    pub(crate) fn agreed(module: &Module, policy: Policy) -> Result<Self, Error> {
        let warnings = module.warnings(&policy);
        #[cfg(feature = "std")]
        let pool = (policy.isolation == Isolation::Pooled)
            .then(|| Pool::new(policy.max_instances, module));
        #[cfg(feature = "std")]
        let snapshot = (policy.snapshot && module.globals().is_some()).then(OnceLock::new);
        let services = module.engine().services().clone();
        #[cfg_attr(
            not(all(feature = "text", feature = "std")),
            allow(unused_mut, reason = "no patterns are shared")
        )]
        let mut grants = Grants::new(module.manifest(), policy, services)?;
        #[cfg(all(feature = "text", feature = "std"))]
        {
            grants.patterns = crate::regex::Cache::of(module.listed());
        }
        let grants = Arc::new(grants);
        #[cfg(feature = "wasi")]
        let roots = if module.info().wasi_imports.is_empty() {
            Roots::default()
        } else {
            let roots = Roots::open(&grants.granted);
            roots.map_err(|error| error.with_plugin(&grants.plugin))?
        };
        #[cfg(feature = "std")]
        let permits = (grants.when_exhausted != WhenExhausted::Grow).then(|| {
            let kept = grants.stateful.is_kept();
            Permits::new(grants.max_instances.min(if kept { pool::MAX } else { usize::MAX }))
        });
        let plugin = Self(Arc::new(PluginInner {
            module: module.clone(),
            grants,
            #[cfg(feature = "wasi")]
            roots,
            warnings,
            #[cfg(feature = "std")]
            pool,
            #[cfg(feature = "std")]
            permits,
            #[cfg(feature = "std")]
            growth: Growth::default(),
            #[cfg(feature = "std")]
            snapshot,
        }));
        // Shows that data and element segments fit, and that the limits leave room for the module.
        let instance = plugin.instantiate(module.home());
        instance.map_err(|error| error.with_plugin(plugin.name()))?;
        Ok(plugin)
    }

    /// The plugin's name: what its policy calls it, else the name in its manifest.
    pub fn name(&self) -> &str {
        &self.0.grants.plugin
    }

    /// The module.
    pub fn module(&self) -> &Module {
        &self.0.module
    }

    /// Oddities of the policy that are not wrong, such as a grant that the plugin does not
    /// ask for.
    pub fn warnings(&self) -> &[String] {
        &self.0.warnings
    }

    /// Counts of its instances so far, by what became of them.
    pub fn instances(&self) -> Instances {
        Instances::from(&self.0.grants.counts)
    }

    /// Calls the plugin for a hook and waits for its decision.
    ///
    /// # Errors
    ///
    /// If the plugin does not handle the hook ([`ErrorKind::UnknownHook`]), or does not come to a
    /// decision: any kind but those of loading. The error has the call's receipt, if one was begun.
    pub fn call(&self, hook: &str, request: impl Into<Arc<Request>>) -> Result<Outcome, Error> {
        self.begin(hook).and_then(|hook| {
            let request: Arc<Request> = request.into();
            self.run(hook, request.into())
        })
    }

    /// Calls the plugin about a request that stays in the embedder's own types: the host looks up the fields that the
    /// plugin touches. [`Outcome::changes`] has the changes in the request model.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call), and [`ErrorKind::InvalidRequest`] if a look-up fails.
    #[cfg(feature = "std")]
    pub fn call_view(
        &self,
        hook: &str,
        view: Arc<dyn crate::RequestView>,
    ) -> Result<Outcome, Error> {
        self.begin(hook).and_then(|hook| match LookedUp::new(view) {
            Ok(request) => self.run(hook, request.into()),
            Err(error) => Err(error.with_plugin(self.name())),
        })
    }

    fn run(&self, hook: i32, request: RequestSource) -> Result<Outcome, Error> {
        self.acquire()
            .and_then(|instance| {
                let call = Call::invoke(self.0.module.engine(), instance, hook, request, None);
                self.give_back(call.run())
            })
            .map(Outcome::from)
            .map_err(|error| error.with_plugin(self.name()))
    }

    /// Calls the plugin for a hook, yielding to the executor after each slice of fuel
    /// ([`EngineBuilder::fuel_slice`](crate::EngineBuilder::fuel_slice)).
    ///
    /// The future works on any executor. Dropping it abandons the call and its instance.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub fn call_async<R: Into<Arc<Request>>>(
        &self,
        hook: &str,
        request: R,
    ) -> impl Future<Output = Result<Outcome, Error>> + Send + use<R> {
        let plugin = self.clone();
        let hook = self.begin(hook);
        let request: Arc<Request> = request.into();
        async move {
            let (hook, instance) = (hook?, plugin.ready().await?);
            plugin.invoke(instance, hook, request.into(), None).await.map(Outcome::from)
        }
    }

    /// An instance that can be called; the thread sleeps until there is one.
    fn acquire(&self) -> Result<Box<Instance>, Error> {
        let admission = self.admission()?;
        let mut instance = self.idle()?.map_or_else(|| self.fresh(), Ok)?;
        instance.admit(admission);
        Ok(instance)
    }

    /// An instance that can be called.
    pub(crate) async fn ready(&self) -> Result<Box<Instance>, Error> {
        let named = |error: Error| error.with_plugin(self.name());
        let admission = self.admission_async().await.map_err(named)?;
        let mut instance = match self.idle().map_err(named)? {
            Some(instance) => instance,
            None => self.fresh_async().await.map_err(named)?,
        };
        instance.admit(admission);
        Ok(instance)
    }

    /// Calls a hook, by its position, and yields between slices. `borrowed` are the parts of the request that
    /// `request` has not got.
    pub(crate) async fn invoke(
        &self,
        instance: Box<Instance>,
        hook: i32,
        request: RequestSource,
        borrowed: Option<Borrowed<'_>>,
    ) -> Result<RawOutcome, Error> {
        let call = Call::invoke(self.0.module.engine(), instance, hook, request, borrowed);
        self.give_back(call.run_async().await).map_err(|error| error.with_plugin(self.name()))
    }

    /// The limits of its calls.
    #[cfg(feature = "pipeline")]
    pub(crate) fn limits(&self) -> &crate::Limits {
        &self.0.grants.limits
    }

    /// The position of a hook in the manifest.
    pub(crate) fn begin(&self, hook: &str) -> Result<i32, Error> {
        let manifest = self.0.module.manifest();
        hook_position(&manifest.hooks, hook).ok_or_else(|| {
            let error = Error::new(ErrorKind::UnknownHook, unknown_hook(&manifest.hooks, hook));
            self.0.module.engine().redacted(error).with_plugin(self.name())
        })
    }

    fn instantiate(&self, shard: Shard) -> Result<Box<Instance>, Error> {
        #[allow(unused_mut, reason = "without the feature `wasi`, nothing more is given to it")]
        let mut instance = Instance::new(&self.0.module, self.0.grants.clone(), shard)?;
        #[cfg(feature = "wasi")]
        instance.set_roots(self.0.roots.clone());
        Ok(instance)
    }

    /// Keeps the instance of a call that came to its end without an error, or with one that leaves the
    /// instance sound and the state that the plugin keeps in it.
    fn give_back(&self, call: Finished) -> Result<RawOutcome, Error> {
        let Finished { instance, result } = call;
        if let Some(instance) = instance
            && (result.is_ok() || self.0.grants.stateful.is_kept())
        {
            self.keep(instance);
        }
        result
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin").field("module", &self.0.module).finish_non_exhaustive()
    }
}
