//! The adapter by which `cpex-core` calls other sandboxes: a handler with a pool of instances.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use compare_wire::Outcome;
use cpex_core::cmf::{ContentPart, Message, MessagePayload, ToolCall};
use cpex_core::context::PluginContext;
use cpex_core::error::{PluginError, PluginViolation};
use cpex_core::executor::erase_result;
use cpex_core::extensions::Extensions;
use cpex_core::hooks::{PluginPayload, PluginResult};
use cpex_core::registry::AnyHookHandler;

use super::Isolation;
use crate::Result;

/// A loaded plugin.
pub trait Sandbox: Send + Sync + 'static {
    type Instance: Send + 'static;

    fn instance(&self) -> Result<Self::Instance>;

    fn decide(
        instance: &mut Self::Instance,
        message: &MessagePayload,
        extensions: &Extensions,
        context: &mut PluginContext,
    ) -> Result<PluginResult<MessagePayload>>;
}

/// Calls a plugin: in a warm instance if there is one at rest, or always in a new one.
///
/// The lock of the pool is held to take an instance and to put it back, never during a call.
pub struct Handler<S: Sandbox> {
    sandbox: S,
    pool: Option<Mutex<Vec<S::Instance>>>,
}

impl<S: Sandbox> Handler<S> {
    pub fn new(sandbox: S, isolation: Isolation) -> Self {
        let pool = (isolation == Isolation::Pooled).then(Mutex::default);
        Self { sandbox, pool }
    }

    fn call(
        &self,
        message: &MessagePayload,
        extensions: &Extensions,
        context: &mut PluginContext,
    ) -> Result<PluginResult<MessagePayload>> {
        let warm = self.pool.as_ref().and_then(|pool| pool.lock().unwrap().pop());
        let mut instance = match warm {
            Some(instance) => instance,
            None => self.sandbox.instance()?,
        };
        // One that failed is dropped.
        let result = S::decide(&mut instance, message, extensions, context)?;
        if let Some(pool) = &self.pool {
            pool.lock().unwrap().push(instance);
        }
        Ok(result)
    }
}

#[async_trait]
impl<S: Sandbox> AnyHookHandler for Handler<S> {
    async fn invoke(
        &self,
        payload: &dyn PluginPayload,
        extensions: &Extensions,
        context: &mut PluginContext,
    ) -> std::result::Result<Box<dyn Any + Send + Sync>, Box<PluginError>> {
        let Some(message) = payload.as_any().downcast_ref() else {
            return Err(failed("the payload is no message"));
        };
        self.call(message, extensions, context)
            .map(erase_result)
            .map_err(|error| failed(&error.to_string()))
    }

    fn hook_type_name(&self) -> &'static str {
        "cmf"
    }
}

fn failed(message: &str) -> Box<PluginError> {
    Box::new(PluginError::Execution {
        plugin_name: "compared".into(),
        message: message.into(),
        source: None,
        code: None,
        details: HashMap::new(),
        proto_error_code: None,
    })
}

/// Makes what a plugin returned a result of `cpex-core`.
pub fn result(
    outcome: Outcome<'_>,
    message: &MessagePayload,
    context: &mut PluginContext,
) -> Result<PluginResult<MessagePayload>> {
    for (name, value) in outcome.state {
        context.set_local(name, value.into_owned().into());
    }
    Ok(match (outcome.violation, outcome.arguments) {
        (Some(violation), _) => {
            PluginResult::deny(PluginViolation::new(violation.code, violation.reason.into_owned()))
        }
        (None, Some(arguments)) => {
            PluginResult::modify_payload(with_arguments(message, &arguments)?)
        }
        (None, None) => PluginResult::allow(),
    })
}

/// The message with other arguments in its tool calls, of which the requests here have at most one.
fn with_arguments(message: &MessagePayload, arguments: &str) -> Result<MessagePayload> {
    let part = |part: &ContentPart| {
        let ContentPart::ToolCall { content } = part else { return Ok(part.clone()) };
        let content = ToolCall {
            tool_call_id: content.tool_call_id.clone(),
            name: content.name.clone(),
            arguments: serde_json::from_str(arguments)?,
            namespace: content.namespace.clone(),
        };
        Ok(ContentPart::ToolCall { content })
    };
    let Message { schema_version, role, content, channel } = &message.message;
    let message = Message {
        schema_version: schema_version.clone(),
        role: *role,
        content: content.iter().map(part).collect::<Result<_>>()?,
        channel: *channel,
    };
    Ok(MessagePayload { message })
}
