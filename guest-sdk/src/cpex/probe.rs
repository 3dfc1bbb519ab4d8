//! Finds out, in tests, whether a handler looks at what its plugin does not list in `reads`.

use alloc::string::String;
use core::mem::ManuallyDrop;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use super::extensions::container::Extensions;
use super::incoming::Incoming;
use super::{HookHandler, HookTypeDef, PluginPayload, PluginResult, reads};
use crate::native::probe::found;

/// A function that reads one thing.
type Entry<P> = fn(&mut Incoming<P>) -> crate::Result<()>;

/// The values that show that two results differ.
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
pub(super) fn probe<R: HookHandler<H>, H: HookTypeDef>()
where
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
    // A slot or field that is not listed has no value that a handler could look at.
    let entries: [(&str, Entry<H::Payload>); 3] = [
        ("payload", reads::payload),
        ("context::local_state", reads::context::local_state),
        ("context::global_state", reads::context::global_state),
    ];
    for (name, read) in entries {
        if handled::<R, H>(read).is_some_and(|with| with != first) {
            return found(name);
        }
    }
}

/// The result of the handler if it is handed what is listed and something more. `None` if that is not to be had.
fn handled<R: HookHandler<H>, H: HookTypeDef>(
    more: impl FnOnce(&mut Incoming<H::Payload>) -> crate::Result<()>,
) -> Option<Gist>
where
    H::Result: Into<PluginResult<H::Payload>>,
{
    let mut incoming = Incoming::<H::Payload>::new();
    R::read(&mut incoming).ok()?;
    more(&mut incoming).ok()?;
    let Incoming { payload, extensions, context, .. } = incoming;
    let payload = ManuallyDrop::into_inner(payload).or_else(H::Payload::unread)?;
    let extensions = Extensions::<R>::of(ManuallyDrop::into_inner(extensions), R::RIGHTS);
    let mut context = ManuallyDrop::into_inner(context);
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
