//! Helpers of several targets.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use cpex_wasmi::{Capability, Manifest};
use wasm_encoder::{CustomSection, Section as _};

/// The capabilities whose bits are set.
pub(crate) fn capabilities(mask: u32) -> Vec<Capability> {
    let set = |bit: u32| mask & (1 << bit) != 0;
    (0..).zip(Capability::ALL).filter(|(bit, _)| set(*bit)).map(|(_, known)| *known).collect()
}

/// A module with this content of a manifest's section added to it.
pub(crate) fn with_manifest(mut wasm: Vec<u8>, content: &[u8]) -> Vec<u8> {
    CustomSection { name: Manifest::SECTION.into(), data: content.into() }.append_to(&mut wasm);
    wasm
}

/// A message for people is what it says: it has no control characters but the ends of its lines.
pub(crate) fn assert_shown(message: &str) {
    let shown = |text: char| text == '\n' || !text.is_control();
    assert!(message.chars().all(shown), "what is shown is not what it says: {message:?}");
}

/// Polls a future until it is ready: here none waits for anything.
pub(crate) fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}
