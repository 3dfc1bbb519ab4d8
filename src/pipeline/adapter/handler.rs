//! The handler of one hook, which the engine calls.

use alloc::boxed::Box;
use core::any::Any;
use std::time::Instant;

use super::upstream::context::PluginContext;
use super::upstream::error::PluginError;
use super::upstream::extensions::Extensions;
use super::upstream::hooks::PluginPayload;
use super::upstream::registry::AnyHookHandler;
use async_trait::async_trait;

use super::payload::PayloadTypes;
use super::upstream::{carried, hook_type};
use super::{errors, outcome};
use crate::outcome::RawOutcome;
use crate::pipeline::{CallRecord, Observer, changed, telemetry};
use crate::session::RequestSource;
use crate::view::Borrowed;
use crate::{Decision, Error, Plugin, Receipt, Telemetry};

/// One hook of one plugin.
pub(super) struct Handler {
    pub(super) plugin: Plugin,
    /// The hook, by its position in the manifest.
    pub(super) position: i32,
    pub(super) hook: &'static str,
    pub(super) types: PayloadTypes,
    /// True if the plugin can look at a request at all.
    pub(super) looks: bool,
    /// True if it may have effects outside of the pipeline: by requests, programs or files.
    pub(super) acts: bool,
    pub(super) observer: Option<Observer>,
    /// True if denials have receipts among their details.
    pub(super) tells_receipts: bool,
}

impl Handler {
    fn record(
        &self,
        extensions: &Extensions,
        result: Result<&Decision, &Error>,
        changed: &[&'static str],
        telemetry: &Telemetry,
        receipt: Receipt,
        begun: Option<Instant>,
    ) {
        if let (Some(observer), Some(begun)) = (&self.observer, begun) {
            observer(&CallRecord {
                plugin: self.plugin.name(),
                hook: self.hook,
                request_id: extensions.request.as_ref().and_then(|slot| slot.request_id.as_deref()),
                result,
                changed,
                telemetry,
                receipt,
                elapsed: begun.elapsed(),
            });
        }
    }

    /// A call that came to no decision.
    fn failed(
        &self,
        extensions: &Extensions,
        error: Error,
        begun: Option<Instant>,
    ) -> Box<PluginError> {
        let error = error.with_plugin(self.plugin.name());
        let receipt = error.receipt().copied().unwrap_or_default();
        self.record(extensions, Err(&error), &[], Telemetry::NONE, receipt, begun);
        errors::execution(&self.plugin, error)
    }
}

#[async_trait]
impl AnyHookHandler for Handler {
    async fn invoke(
        &self,
        payload: &dyn PluginPayload,
        extensions: &Extensions,
        context: &mut PluginContext,
    ) -> Result<Box<dyn Any + Send + Sync>, Box<PluginError>> {
        // The clock is looked at only for who wants to know.
        let begun = self.observer.is_some().then(Instant::now);
        let failed = |error| self.failed(extensions, error, begun);
        let payload = self.types.view(payload, self.hook).map_err(failed)?;
        let borrowed = Borrowed {
            payload: &payload,
            local_state: &context.local_state,
            global_state: &context.global_state,
        };
        // It may have to be initialised, with the effects that this has.
        let ready = self.plugin.ready();
        let ready = if self.acts { carried(extensions, ready).await } else { ready.await };
        let instance = ready.map_err(failed)?;
        // Its slots are behind pointers that are counted, each.
        let seen = if self.looks {
            RequestSource::from(extensions.clone())
        } else {
            RequestSource::Unseen
        };
        let call = self.plugin.invoke(instance, self.position, seen, Some(borrowed));
        let called = if self.acts { carried(extensions, call).await } else { call.await };
        let RawOutcome { violation, changes, telemetry: reported, receipt } =
            called.map_err(failed)?;
        // Noted before they are used up.
        let noted = self.observer.is_some().then(|| {
            let denied = violation.as_deref().cloned().map_or(Decision::Allow, Decision::Deny);
            (denied, changes.as_deref().map(changed).unwrap_or_default())
        });
        let told = self.tells_receipts.then_some(&receipt);
        let erased = outcome::erased(violation, changes, payload, extensions, context, told)
            .map_err(|unfit| failed(errors::unfit(unfit, receipt)))?;
        let reported = reported.as_deref().unwrap_or(Telemetry::NONE);
        telemetry::trace(self.plugin.name(), self.hook, reported);
        if let Some((decision, changed)) = noted {
            self.record(extensions, Ok(&decision), &changed, reported, receipt, begun);
        }
        Ok(erased)
    }

    fn hook_type_name(&self) -> &'static str {
        hook_type(self.hook)
    }
}
