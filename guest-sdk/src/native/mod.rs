//! The plugin's side of the boundary on every other target: for tests.
//!
//! A host function is served by the [`Session`] of the [harness](testing::Harness) that runs on
//! this thread, with the same numbers that a module would pass.

mod frame;
mod imports;
pub mod testing;
#[cfg(test)]
#[allow(unsafe_code)]
#[path = "../wasm/words.rs"]
mod words;

use alloc::string::String;
use alloc::vec::Vec;
use std::cell::RefCell;
use std::panic::resume_unwind;

use cpex_wasmi::testing::Session;
use cpex_wasmi::{Error, LogRecord, Manifest, Policy};
use cpex_wasmi_abi::{HostFunction, MEMORY};

use crate::raw::Form;

pub(crate) use imports::*;
#[cfg(test)]
pub(crate) use words::*;

std::thread_local! {
    /// The session of the call that runs on this thread.
    static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
}

/// The panic that unwinds the plugin when the host ends a call, as a trap does in the sandbox.
struct Ended(Error);

/// Runs `call` with `session` serving the host functions, and gives it back.
pub(crate) fn serving<T>(session: Session, call: impl FnOnce() -> T) -> (Option<Session>, T) {
    SESSION.with(|current| current.borrow_mut().replace(session));
    let result = call();
    (SESSION.with(|current| current.borrow_mut().take()), result)
}

/// Runs `call` with a session of its own to serve the host functions, if there is none.
pub(crate) fn hosted<T>(call: impl FnOnce() -> T) -> T {
    if SESSION.with(|current| current.borrow().is_some()) {
        return call();
    }
    serving(session(), call).1
}

#[cfg(test)]
std::thread_local! {
    /// The number of host calls of this thread.
    pub(crate) static CALLS: core::cell::Cell<usize> = const { core::cell::Cell::new(0) };
}

fn dispatch(function: HostFunction, args: &[u32], memory: &mut [u8]) -> i32 {
    #[cfg(test)]
    CALLS.set(CALLS.get().wrapping_add(1));
    let answer = SESSION.with(|current| {
        let mut session = current.borrow_mut();
        Some(session.as_mut()?.dispatch(function, args, memory))
    });
    match answer {
        Some(Ok(answer)) => answer,
        Some(Err(error)) => resume_unwind(alloc::boxed::Box::new(Ended(error))),
        None if is_computed(function, args) => alone(function, args, memory),
        #[allow(clippy::panic, reason = "a mistake in a test")]
        None => panic!("`{function}` was called outside of a `testing::Harness`"),
    }
}

/// True if a function computes something of the plugin's own bytes, which takes no request.
fn is_computed(function: HostFunction, args: &[u32]) -> bool {
    use HostFunction as F;
    matches!(
        function,
        F::Digest
            | F::Hmac
            | F::Encode
            | F::Decode
            | F::Entropy
            | F::Equal
            | F::InNetworks
            | F::Url
            | F::PublicSuffix
            | F::Verify
    ) && args.first() == Some(&MEMORY)
}

/// Serves such a function outside of a harness.
fn alone(function: HostFunction, args: &[u32], memory: &mut [u8]) -> i32 {
    let answer = session().dispatch(function, args, memory);
    answer.unwrap_or_else(|error| resume_unwind(alloc::boxed::Box::new(Ended(error))))
}

/// A session without a request.
fn session() -> Session {
    let manifest = Manifest::new("test", "0.0.0");
    let session = Session::new(&manifest, Policy::default(), |_: &LogRecord<'_>| {});
    session.unwrap_or_else(|error| resume_unwind(alloc::boxed::Box::new(Ended(error))))
}

/// Runs at the start of every entry from the host.
pub(crate) const fn enter() {}

/// As many zeros.
#[allow(clippy::unnecessary_wraps, reason = "in the sandbox it may fail")]
pub(crate) fn buffer(len: usize) -> crate::Result<Vec<u8>> {
    Ok(alloc::vec![0; len])
}

/// Reads a value into new memory for `room` bytes. Returns its length too: if the bytes have less, nothing was read.
pub(crate) fn read_new(
    form: Form,
    field: u32,
    index: u32,
    key: Option<&[u8]>,
    room: usize,
) -> crate::Result<(Vec<u8>, usize)> {
    let read = match form {
        Form::Postcard => read,
        Form::Json => read_json,
        Form::Text => read_text,
    };
    let mut bytes = buffer(room)?;
    let len = crate::result::check(read(field, index, key, &mut bytes))?;
    bytes.truncate(if len <= room { len } else { 0 });
    Ok((bytes, len))
}

/// A copy.
#[allow(clippy::unnecessary_wraps, reason = "in the sandbox it may fail")]
pub(crate) fn copy(bytes: &[u8]) -> crate::Result<Vec<u8>> {
    Ok(bytes.to_vec())
}

/// Takes bytes that a host function has just written as text.
pub(crate) fn text(bytes: Vec<u8>) -> String {
    #[allow(clippy::expect_used, reason = "a test should notice a host that breaks the ABI")]
    String::from_utf8(bytes).expect("the host writes text as UTF-8")
}
