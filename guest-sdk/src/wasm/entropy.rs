//! Random numbers of the host's for crates that ask `getrandom`.
//!
//! A crate that is not granted any has an error, or panics, as it does where a system has none.

use crate::system::random;

/// The code of the error, of those that `getrandom` leaves to such functions.
const REFUSED: u16 = 1;

/// The function that `getrandom` 0.3 and 0.4 call with `--cfg getrandom_backend="custom"`. The error is a number of 32 bits
/// that is not zero in both.
///
/// # Safety
///
/// `start` points to `len` bytes that may be written, and may be uninitialised.
#[cfg(feature = "getrandom")]
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(
    start: *mut u8,
    len: usize,
) -> Result<(), getrandom::Error> {
    // SAFETY: the caller vouches for the bytes, which are all written before they are borrowed.
    let out = unsafe {
        start.write_bytes(0, len);
        core::slice::from_raw_parts_mut(start, len)
    };
    random(out).map_err(|_| getrandom::Error::new_custom(REFUSED))
}

#[cfg(feature = "getrandom-02")]
mod version_2 {
    use getrandom_02::{Error, register_custom_getrandom};

    register_custom_getrandom!(fill);

    fn fill(out: &mut [u8]) -> Result<(), Error> {
        let code = Error::CUSTOM_START.saturating_add(super::REFUSED.into());
        let refused = core::num::NonZeroU32::new(code).map_or(Error::UNSUPPORTED, Error::from);
        super::random(out).map_err(|_| refused)
    }
}
