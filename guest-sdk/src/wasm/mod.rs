//! The plugin's side of the boundary on wasm32.

#[cfg(all(target_os = "unknown", any(feature = "getrandom", feature = "getrandom-02")))]
#[allow(unsafe_code)]
mod entropy;
mod panic;
#[cfg(target_os = "wasi")]
#[allow(unsafe_code)]
mod reactor;
#[allow(unsafe_code)]
mod sys;
#[allow(unsafe_code)]
mod words;

pub(crate) use sys::*;
pub(crate) use words::*;

/// Runs what the host serves.
#[inline(always)]
pub(crate) fn hosted<T>(call: impl FnOnce() -> T) -> T {
    call()
}

/// Runs at the start of every entry from the host.
#[inline(always)]
pub(crate) fn enter() {
    #[cfg(feature = "allocator")]
    begin();
    #[cfg(feature = "std")]
    panic::install();
}
