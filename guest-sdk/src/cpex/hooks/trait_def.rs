//! Hooks, their handlers, and what a handler gives back.

use core::future::Future;

use super::payload::{OwnedExtensions, PluginPayload};
use crate::cpex::extensions::Extensions;
use crate::cpex::rt::Registered;
use crate::cpex::{Plugin, PluginContext, PluginViolation};

/// A hook: what it is about and what its handlers give back. Define one with
/// [`define_hook!`](crate::cpex::define_hook).
pub trait HookTypeDef: Send + Sync + 'static {
    /// The payload.
    type Payload: PluginPayload;

    /// The result of a handler.
    type Result: Send + Sync;

    /// The hook's name.
    const NAME: &'static str;
}

/// A plugin that handles a hook.
pub trait HookHandler<H: HookTypeDef>: Plugin + Registered + Send + Sync {
    /// Looks at the payload and what travels beside it, and decides.
    ///
    /// [`cpex_plugin!`](crate::cpex_plugin) defines the type of the extensions, by the name `Extensions`.
    ///
    /// An `async fn` fits. In the sandbox it cannot wait for anything: a future that is not ready
    /// at once fails the call.
    fn handle(
        &self,
        payload: &H::Payload,
        extensions: &Extensions<Self>,
        ctx: &mut PluginContext,
    ) -> impl Future<Output = H::Result> + Send;
}

/// The result of a handler: allowed or denied, and what it changed.
///
/// ```
/// use cpex_wasmi_guest::cpex::{MessagePayload, PluginResult};
///
/// let mut result = PluginResult::<MessagePayload>::allow();
/// result.metadata = Some(serde_json::json!({ "rules": "2026-07" }));
/// ```
#[derive(Debug)]
pub struct PluginResult<P: PluginPayload> {
    /// `false` denies the operation.
    pub continue_processing: bool,
    /// The payload to go on with, if it is another one.
    pub modified_payload: Option<P>,
    /// The extensions to go on with, if they were changed.
    pub modified_extensions: Option<OwnedExtensions>,
    /// The reason, if the operation is denied.
    pub violation: Option<PluginViolation>,
    /// Telemetry: the members of an object by their names, and any other value by the name `value`. The host tells the
    /// operator of it with the outcome of the call. What it refuses is left out, with a line in the log.
    pub metadata: Option<serde_json::Value>,
}

// All inlined, so that the compiler sees what a plugin never gives back, and leaves out the code
// that would tell it to the host.
impl<P: PluginPayload> PluginResult<P> {
    /// No objection, and no changes.
    #[inline(always)]
    pub fn allow() -> Self {
        Self::of(None, None)
    }

    /// Denies the operation.
    #[inline(always)]
    pub fn deny(violation: PluginViolation) -> Self {
        Self {
            continue_processing: false,
            modified_payload: None,
            modified_extensions: None,
            violation: Some(violation),
            metadata: None,
        }
    }

    /// Goes on with another payload.
    #[inline(always)]
    pub fn modify_payload(payload: P) -> Self {
        Self::of(Some(payload), None)
    }

    /// Goes on with changed extensions.
    #[inline(always)]
    pub fn modify_extensions(extensions: OwnedExtensions) -> Self {
        Self::of(None, Some(extensions))
    }

    /// Goes on with another payload and changed extensions.
    #[inline(always)]
    pub fn modify(payload: P, extensions: OwnedExtensions) -> Self {
        Self::of(Some(payload), Some(extensions))
    }

    #[inline(always)]
    fn of(modified_payload: Option<P>, modified_extensions: Option<OwnedExtensions>) -> Self {
        Self {
            continue_processing: true,
            modified_payload,
            modified_extensions,
            violation: None,
            metadata: None,
        }
    }

    /// True if the operation is denied.
    pub fn is_denied(&self) -> bool {
        !self.continue_processing
    }

    /// True if there is another payload to go on with.
    pub fn is_payload_modified(&self) -> bool {
        self.modified_payload.is_some()
    }

    /// True if the extensions were changed.
    pub fn is_extensions_modified(&self) -> bool {
        self.modified_extensions.is_some()
    }
}

impl<P: PluginPayload> Default for PluginResult<P> {
    fn default() -> Self {
        Self::allow()
    }
}
