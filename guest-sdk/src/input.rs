//! Inputs of functions that the host computes: bytes of the plugin's, or a field of the request.

use alloc::vec::Vec;

use cpex_wasmi_abi::MEMORY;

use crate::raw::Place;
use crate::result::check;
use crate::{Result, sys};

/// An input of a function that the host computes: a reference to bytes or text, or a [`Place`].
///
/// Nothing of a place is copied into the plugin. A text there is its UTF-8, another value its JSON. To read it takes what each
/// read takes.
pub trait Input: Sealed {}

impl<T: AsRef<[u8]> + ?Sized> Input for &T {}

impl Input for Place<'_> {}

/// Keeps the trait to the types above.
#[allow(unreachable_pub, reason = "it seals a public trait")]
pub trait Sealed {
    /// Field, index and key.
    fn with<R>(&self, call: impl FnOnce(u32, u32, Option<&[u8]>) -> R) -> R;
}

impl<T: AsRef<[u8]> + ?Sized> Sealed for &T {
    fn with<R>(&self, call: impl FnOnce(u32, u32, Option<&[u8]>) -> R) -> R {
        call(MEMORY, 0, Some(self.as_ref()))
    }
}

impl Sealed for Place<'_> {
    fn with<R>(&self, call: impl FnOnce(u32, u32, Option<&[u8]>) -> R) -> R {
        let (field, index, key) = self.parts();
        call(field.number(), index, key.map(str::as_bytes))
    }
}

/// Fills an array with the answer of a host function, which is always so long.
pub(crate) fn array<const N: usize>(
    input: &impl Input,
    call: impl FnOnce(u32, u32, Option<&[u8]>, &mut [u8]) -> i32,
) -> Result<[u8; N]> {
    let mut out = [0; N];
    input.with(|field, index, key| check(call(field, index, key, &mut out)))?;
    Ok(out)
}

/// Takes an answer of any length of a host function, into a buffer of a first size.
pub(crate) fn bytes(
    input: &impl Input,
    room: usize,
    call: impl Fn(u32, u32, Option<&[u8]>, &mut [u8]) -> i32,
) -> Result<Vec<u8>> {
    let read = |out: &mut [u8]| input.with(|field, index, key| check(call(field, index, key, out)));
    let mut out = sys::buffer(room)?;
    let len = read(&mut out)?;
    if len > out.len() {
        drop(out);
        out = sys::buffer(len)?;
        read(&mut out)?;
    }
    out.truncate(len);
    Ok(out)
}
