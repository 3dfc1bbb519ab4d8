//! Finds out, in tests, whether a handler looks at what its plugin does not list in `reads`.

use alloc::string::String;
use core::mem::ManuallyDrop;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use super::extensions::WriteToken;
use super::incoming::Incoming;
use super::run::Registered;
use super::{HookHandler, HookTypeDef, PluginPayload, PluginResult, reads};
use crate::native::probe::found;

/// What shows that two results differ.
#[derive(PartialEq)]
struct Gist {
    allowed: bool,
    violation: Option<(String, String, Option<String>)>,
    changes: (bool, bool),
}

impl Gist {
    fn of<P: PluginPayload>(result: &PluginResult<P>) -> Self {
        let violation = result.violation.as_ref();
        Self {
            allowed: result.continue_processing,
            violation: violation
                .map(|why| (why.code.clone(), why.reason.clone(), why.description.clone())),
            changes: (result.is_payload_modified(), result.is_extensions_modified()),
        }
    }
}

/// Handles the call again, handing one thing more each time, and tells of the first over which the plugin
/// decides otherwise.
///
/// A plugin with state or with access to the system is left alone, since it would do again what it did; so is
/// one that decides otherwise over the same.
pub(super) fn probe<R: Registered, H: HookTypeDef>()
where
    R::Plugin: HookHandler<H>,
    H::Result: Into<PluginResult<H::Payload>>,
{
    if R::MANIFEST.stateful.is_kept() || !R::MANIFEST.access.is_empty() {
        return;
    }
    let listed = || handled::<R, H>(|_| Ok(()));
    let Some(first) = listed() else { return };
    if listed().as_ref() != Some(&first) {
        return;
    }
    macro_rules! each {
        ($($name:literal $($read:ident)::+;)*) => {
            $(
                let with = handled::<R, H>(|incoming| reads::$($read)::+(incoming));
                if with.is_some_and(|with| with != first) {
                    return found($name);
                }
            )*
        };
    }
    each! {
        "payload" payload;
        "request" request;
        "agent" agent;
        "http" http;
        "security" security;
        "candidate_constraint" candidate_constraint;
        "delegation" delegation;
        "raw_credentials" raw_credentials;
        "mcp" mcp;
        "completion" completion;
        "provenance" provenance;
        "llm" llm;
        "framework" framework;
        "meta" meta;
        "custom" custom;
        "context::local_state" context::local_state;
        "context::global_state" context::global_state;
    }
}

/// The result of the handler if it is handed what is listed and something more. `None` if that is not to be had.
fn handled<R: Registered, H: HookTypeDef>(
    more: impl FnOnce(&mut Incoming<H::Payload>) -> crate::Result<()>,
) -> Option<Gist>
where
    R::Plugin: HookHandler<H>,
    H::Result: Into<PluginResult<H::Payload>>,
{
    let mut incoming = Incoming::<H::Payload>::new();
    R::read(&mut incoming).ok()?;
    more(&mut incoming).ok()?;
    let Incoming { payload, extensions, context, .. } = incoming;
    let payload = ManuallyDrop::into_inner(payload).or_else(H::Payload::unread)?;
    let mut extensions = ManuallyDrop::into_inner(extensions);
    let mut context = ManuallyDrop::into_inner(context);
    extensions.http_write_token = R::RIGHTS.headers.then(WriteToken::new);
    extensions.labels_write_token = R::RIGHTS.labels.then(WriteToken::new);
    extensions.delegation_write_token = R::RIGHTS.delegation.then(WriteToken::new);
    R::instance().with(|instance| {
        let instance = instance.try_borrow().ok()?;
        let polled = pin!(instance.as_ref()?.handle(&payload, &extensions, &mut context))
            .poll(&mut Context::from_waker(Waker::noop()));
        match polled {
            Poll::Ready(result) => Some(Gist::of(&result.into())),
            Poll::Pending => None,
        }
    })
}
