//! The policies in plain Rust, as CPEX's native plugins are written.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use cpex_core::cmf::{CmfHook, ContentPart, MessagePayload};
use cpex_core::context::PluginContext;
use cpex_core::error::PluginViolation;
use cpex_core::extensions::Extensions;
use cpex_core::hooks::{HookHandler, PluginResult, TypedHandlerAdapter};
use cpex_core::plugin::{Plugin, PluginConfig};
use cpex_core::registry::AnyHookHandler;

use super::{Engine, Isolation, Stored};
use crate::Result;

pub struct Native;

impl Engine for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn load(&self, policy: &Stored, _: Isolation) -> Result<Arc<dyn AnyHookHandler>> {
        Ok(match policy.bytes()? {
            b"noop" => handler(Noop::default()),
            b"pii_guard" => handler(PiiGuard::default()),
            b"compute" => handler(Compute::default()),
            b"tool_name" => handler(ToolName::default()),
            b"hash_text" => handler(HashText::default()),
            b"gallery" => handler(Gallery::default()),
            b"secrets" => handler(Secrets::default()),
            b"sha256" => handler(Sha256::default()),
            b"rate_limit" => handler(RateLimit::default()),
            _ => return Err("there is no such policy".into()),
        })
    }

    fn module(&self, _: &str) -> Option<PathBuf> {
        None
    }

    fn isolations(&self) -> &'static [Isolation] {
        &[Isolation::None]
    }
}

fn handler<P>(plugin: P) -> Arc<dyn AnyHookHandler>
where
    P: Plugin + HookHandler<CmfHook> + 'static,
{
    Arc::new(TypedHandlerAdapter::<CmfHook, _>::new(Arc::new(plugin)))
}

/// Defines a plugin by what it does with message, extensions and context.
macro_rules! plugins {
    ($($name:ident = $handle:expr;)*) => {$(
        #[derive(Default)]
        struct $name(PluginConfig);

        #[async_trait]
        impl Plugin for $name {
            fn config(&self) -> &PluginConfig {
                &self.0
            }
        }

        impl HookHandler<CmfHook> for $name {
            async fn handle(
                &self,
                payload: &MessagePayload,
                extensions: &Extensions,
                context: &mut PluginContext,
            ) -> PluginResult<MessagePayload> {
                $handle(payload, extensions, context)
            }
        }
    )*};
}

plugins! {
    Noop = noop;
    PiiGuard = pii_guard;
    Compute = compute;
    ToolName = tool_name;
    HashText = hash_text;
    Gallery = gallery;
    Secrets = secrets;
    Sha256 = sha256;
    RateLimit = rate_limit;
}

type Decided = PluginResult<MessagePayload>;

fn noop(_: &MessagePayload, _: &Extensions, _: &mut PluginContext) -> Decided {
    PluginResult::allow()
}

fn pii_guard(payload: &MessagePayload, extensions: &Extensions, _: &mut PluginContext) -> Decided {
    let Some(security) = &extensions.security else { return PluginResult::allow() };
    if !security.has_label("PII") {
        return PluginResult::allow();
    }
    let subject = security.subject.as_ref();
    if subject.is_some_and(|subject| subject.roles.contains("hr_admin")) {
        return PluginResult::allow();
    }
    match payload.message.get_tool_calls().first() {
        Some(call) => {
            let who = subject.and_then(|subject| subject.id.as_deref()).unwrap_or("nobody");
            let reason = [who, " may not pass personal data to ", &call.name].concat();
            PluginResult::deny(PluginViolation::new("pii_access", reason))
        }
        None => PluginResult::allow(),
    }
}

fn compute(
    payload: &MessagePayload,
    extensions: &Extensions,
    context: &mut PluginContext,
) -> Decided {
    for call in payload.message.get_tool_calls() {
        // In order, which the map is not.
        let arguments: BTreeMap<_, _> = call.arguments.iter().collect();
        let arguments = serde_json::to_string(&arguments).unwrap_or_default();
        let mut summary = call.name.clone();
        if let Some(security) = &extensions.security {
            let mut labels: Vec<_> = security.labels.iter().collect();
            labels.sort_unstable();
            for label in labels {
                summary.push(' ');
                summary.push_str(label);
            }
        }
        let http = extensions.http.as_ref();
        if let Some(id) = http.and_then(|http| http.get_header("x-request-id")) {
            summary.push(' ');
            summary.push_str(id);
        }
        context.set_local("summary", summary.into());
        context.set_local("hash", format!("{:016x}", fnv1a(arguments.as_bytes())).into());
    }
    PluginResult::allow()
}

fn tool_name(payload: &MessagePayload, _: &Extensions, _: &mut PluginContext) -> Decided {
    if payload.message.get_tool_calls().iter().any(|call| call.name == "shell") {
        return PluginResult::deny(PluginViolation::new("tool", "no shells"));
    }
    PluginResult::allow()
}

fn hash_text(payload: &MessagePayload, _: &Extensions, context: &mut PluginContext) -> Decided {
    let hash = fnv1a(payload.message.get_text_content().as_bytes());
    context.set_local("hash", format!("{hash:016x}").into());
    PluginResult::allow()
}

fn secrets(payload: &MessagePayload, _: &Extensions, context: &mut PluginContext) -> Decided {
    let found = compare_texts::count(&payload.message.get_text_content());
    context.set_local("found", found.to_string().into());
    if payload.message.get_tool_calls().is_empty() {
        return PluginResult::allow();
    }
    changed(payload, |_, value| compare_texts::mask(value))
}

/// The plugin of the gallery that the tool is called like.
fn gallery(payload: &MessagePayload, _: &Extensions, _: &mut PluginContext) -> Decided {
    changed(payload, compare_gallery::change)
}

/// Changes the arguments of tool calls. `change` is told the tool, and returns true if it changed the value.
fn changed(
    payload: &MessagePayload,
    change: impl Fn(&str, &mut serde_json::Value) -> bool,
) -> Decided {
    let mut payload = payload.clone();
    let mut changed = false;
    for part in &mut payload.message.content {
        if let ContentPart::ToolCall { content } = part {
            for value in content.arguments.values_mut() {
                changed |= change(&content.name, value);
            }
        }
    }
    if changed { PluginResult::modify_payload(payload) } else { PluginResult::allow() }
}

fn sha256(payload: &MessagePayload, _: &Extensions, context: &mut PluginContext) -> Decided {
    let hash = compare_texts::sha256(&payload.message.get_text_content());
    context.set_local("sha256", hash.into());
    PluginResult::allow()
}

fn rate_limit(_: &MessagePayload, extensions: &Extensions, _: &mut PluginContext) -> Decided {
    let security = extensions.security.as_ref();
    let subject = security.and_then(|security| security.subject.as_ref());
    let user = subject.and_then(|subject| subject.id.as_deref()).unwrap_or_default();
    let request = extensions.request.as_ref();
    let time = request.and_then(|request| request.timestamp.as_deref()).unwrap_or_default();
    if compare_texts::calls_in_minute(user, time) > compare_texts::MOST_CALLS {
        return PluginResult::deny(PluginViolation::new("rate_limited", "too many calls"));
    }
    PluginResult::allow()
}

fn fnv1a(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}
