use alloc::boxed::Box;
use core::any::Any;
use core::time::Duration;

use async_trait::async_trait;
use cpex_core::context::PluginContext;
use cpex_core::error::PluginError;
use cpex_core::extensions::Extensions;
use cpex_core::hooks::PluginPayload;
use cpex_core::registry::AnyHookHandler;

use super::payload::PayloadTypes;
use super::{errors, outcome};
use crate::session::Source;
use crate::view::Lent;
use crate::{Error, Outcome, Plugin};

/// One hook of one plugin.
pub(super) struct Handler {
    pub(super) plugin: Plugin,
    /// The hook, by its position in the manifest.
    pub(super) position: i32,
    pub(super) hook: &'static str,
    pub(super) types: PayloadTypes,
    pub(super) deadline: Option<Duration>,
}

#[async_trait]
impl AnyHookHandler for Handler {
    async fn invoke(
        &self,
        payload: &dyn PluginPayload,
        extensions: &Extensions,
        context: &mut PluginContext,
    ) -> Result<Box<dyn Any + Send + Sync>, Box<PluginError>> {
        let failed = |error: Error| errors::execution(self.plugin.name(), error, self.deadline);
        let payload = self.types.view(payload).map_err(failed)?;
        let lent = Lent {
            payload: &payload,
            local_state: &context.local_state,
            global_state: &context.global_state,
        };
        // Its slots are behind pointers that are counted.
        let request = Source::Cpex(extensions.clone());
        let called = self.plugin.call_lent(self.position, request, Some(lent)).await;
        let Outcome { decision, changes, receipt } = called.map_err(failed)?;
        outcome::erased(decision, changes, payload, extensions, context)
            .map_err(|unfit| errors::unfit(self.plugin.name(), &unfit, &receipt))
    }

    fn hook_type_name(&self) -> &'static str {
        self.hook
    }
}
