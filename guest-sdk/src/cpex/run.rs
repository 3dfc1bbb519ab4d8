//! The way of a call: fetch what is read, let the plugin handle it, apply what it gives back.

use alloc::boxed::Box;
use core::cell::RefCell;
use core::mem::ManuallyDrop;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use std::thread::LocalKey;

use cpex_wasmi_abi::{CapabilitySet, StaticManifest};
use serde_json::Value;

use super::apply::apply;
use super::context::begin_call;
use super::extensions::Extensions;
use super::fetch::value;
use super::known;
use super::records::Granted;
use super::{
    HookHandler, HookTypeDef, Plugin, PluginConfig, PluginContext, PluginError, PluginPayload,
    PluginResult,
};
use crate::raw::Place;
use crate::{Call, Error, Field, JsonMap, Result, Verdict};

/// A plugin, once it was made. The sandbox ends without dropping it; else the code to do so at the
/// end of a thread would be in every module.
pub type Instance<P> = LocalKey<RefCell<Option<ManuallyDrop<P>>>>;

/// The manifest that [`cpex_plugin!`](crate::cpex_plugin) makes of a plugin.
pub trait Described {
    /// The manifest.
    const MANIFEST: StaticManifest;

    /// The capabilities that it asks for.
    const CAPABILITIES: CapabilitySet = known::capabilities(Self::MANIFEST.capabilities);
}

/// The facts that [`cpex_plugin!`](crate::cpex_plugin) states about a plugin.
#[diagnostic::on_unimplemented(
    message = "`cpex_plugin!` does not register `{Self}`",
    note = "a plugin is registered in its own crate, once; the `capabilities` there say what is in `Extensions`"
)]
pub trait Registered: Plugin + Granted + Described {
    /// The place of the plugin.
    fn instance() -> &'static Instance<Self>;

    /// Makes the plugin.
    ///
    /// # Errors
    ///
    /// The plugin's own.
    fn make(config: PluginConfig) -> core::result::Result<Self, Box<PluginError>>;
}

/// The result of a plugin's constructor: the plugin, or why there is none.
pub trait Made<P> {
    /// The plugin, or why there is none.
    ///
    /// # Errors
    ///
    /// The plugin's own.
    fn made(self) -> core::result::Result<P, Box<PluginError>>;
}

impl<P: Plugin> Made<P> for P {
    fn made(self) -> core::result::Result<P, Box<PluginError>> {
        Ok(self)
    }
}

impl<P: Plugin> Made<P> for core::result::Result<P, Box<PluginError>> {
    fn made(self) -> Self {
        self
    }
}

/// Calls a constructor. (A function, so that a closure knows what it is given.)
///
/// # Errors
///
/// The plugin's own.
pub fn make<P, M: Made<P>>(
    new: impl FnOnce(PluginConfig) -> M,
    config: PluginConfig,
) -> core::result::Result<P, Box<PluginError>> {
    new(config).made()
}

/// Makes the plugin and lets it initialise itself: what `cpex_init` does.
///
/// # Errors
///
/// The host's status, [`Status::Failed`](crate::Status::Failed) over the plugin's own errors.
pub fn initialise<R: Registered>(_: JsonMap) -> Result<()> {
    let plugin = R::make(config(&R::MANIFEST)?).map_err(|error| failed(&error))?;
    at_once(plugin.initialize())?;
    let before = R::instance().replace(Some(ManuallyDrop::new(plugin)));
    // In the sandbox, an instance is initialised once.
    #[cfg(not(target_arch = "wasm32"))]
    drop(before.map(ManuallyDrop::into_inner));
    #[cfg(target_arch = "wasm32")]
    let _ = before;
    Ok(())
}

/// Lets the plugin end its work: what `cpex_shutdown` does.
///
/// # Errors
///
/// [`Status::Failed`](crate::Status::Failed) over the plugin's own errors.
pub fn shut_down<R: Registered>() -> Result<()> {
    R::instance().with(|instance| {
        let instance = instance.try_borrow().map_err(|_| Error::FAILED)?;
        instance.as_ref().map_or(Ok(()), |plugin| at_once(plugin.shutdown()))
    })
}

/// The outcome of a future that is polled once: a plugin cannot wait.
#[inline(always)]
fn at_once(
    mut future: Pin<
        Box<dyn Future<Output = core::result::Result<(), Box<PluginError>>> + Send + '_>,
    >,
) -> Result<()> {
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(())) => Ok(()),
        Poll::Ready(Err(error)) => Err(failed(&error)),
        Poll::Pending => Err(pending()),
    }
}

/// Handles a call of a hook.
///
/// # Errors
///
/// The host's status, [`Status::Failed`](crate::Status::Failed) over the plugin's own mistakes.
pub fn handle<R: HookHandler<H>, H: HookTypeDef>(call: &Call) -> Result<Verdict>
where
    H::Result: Into<PluginResult<H::Payload>>,
{
    begin_call(call.hook());
    let payload = H::Payload::given()?;
    let mut context = PluginContext::given();
    let extensions = Extensions::<R>::given(R::CAPABILITIES);

    R::instance().with(|instance| {
        let instance = instance.try_borrow().map_err(|_| Error::FAILED)?;
        let Some(plugin) = &*instance else {
            return Err(Error::failed("the plugin was not initialised on this thread"));
        };
        let polled = pin!(plugin.handle(&payload, &extensions, &mut context))
            .poll(&mut Context::from_waker(Waker::noop()));
        match polled {
            Poll::Ready(result) => apply(result.into(), &extensions, &context),
            Poll::Pending => Err(pending()),
        }
    })
}

fn config(manifest: &StaticManifest) -> Result<PluginConfig> {
    let config = value(Place::of(Field::Config))?.map(Value::Object);
    Ok(PluginConfig {
        name: manifest.name.into(),
        kind: "wasm".into(),
        description: Some(manifest.description.into()),
        version: Some(manifest.version.into()),
        hooks: manifest.hooks.iter().copied().map(Into::into).collect(),
        priority: 100,
        capabilities: manifest.capabilities.iter().copied().map(Into::into).collect(),
        config: config.filter(|config| config.as_object().is_some_and(|map| !map.is_empty())),
        ..PluginConfig::default()
    })
}

#[cold]
fn failed(error: &PluginError) -> Error {
    Error::failed(&error.text())
}

#[cold]
fn pending() -> Error {
    Error::failed(
        "the plugin awaits something that is not ready; in the sandbox, a plugin cannot \
                   wait",
    )
}
