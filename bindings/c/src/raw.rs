//! Texts and bytes by pointer and length: the one place where memory of the caller's is read.
#![allow(unsafe_code, reason = "a pointer and a length become a slice here")]

use core::ffi::c_char;
use core::marker::PhantomData;
use core::mem::MaybeUninit;

use crate::error::Failure;

/// A text: UTF-8 by pointer and length, without a NUL at the end.
///
/// As an argument, it is read before the function returns. A null pointer with the length 0 is an empty text.
/// As a result, it stays valid as long as the object that it was asked of, and is never to be freed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Text<'a> {
    /// The first byte.
    data: *const c_char,
    /// The number of bytes.
    len: usize,
    of: PhantomData<&'a str>,
}

/// Bytes by pointer and length. The rules are those of a text.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes<'a> {
    /// The first byte.
    data: *const u8,
    /// The number of bytes.
    len: usize,
    of: PhantomData<&'a [u8]>,
}

impl<'a> Text<'a> {
    /// A text of Rust's.
    pub const fn new(text: &'a str) -> Self {
        Self { data: text.as_ptr().cast(), len: text.len(), of: PhantomData }
    }

    /// The text, if it is one. `what` says what it is for.
    pub(crate) fn read(self, what: &str) -> Result<&'a str, Failure> {
        // SAFETY: pointer and length are the parts of a `Text`.
        let bytes = unsafe { slice(self.data.cast(), self.len, what) }?;
        str::from_utf8(bytes).map_err(|error| {
            Failure::argument(format!("{what} is not UTF-8, at byte {}", error.valid_up_to()))
        })
    }
}

impl<'a> Bytes<'a> {
    /// Bytes of Rust's.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { data: bytes.as_ptr(), len: bytes.len(), of: PhantomData }
    }

    /// The bytes. `what` says what they are for.
    pub(crate) fn read(self, what: &str) -> Result<&'a [u8], Failure> {
        // SAFETY: pointer and length are the parts of `Bytes`.
        unsafe { slice(self.data, self.len, what) }
    }
}

/// Checks a pointer and a length, as far as that can be done.
///
/// # Safety
///
/// They are the parts of a [`Text`] or of [`Bytes`]. Both are made by `new` from a slice, or by a caller in C as the
/// header says: of memory that nobody writes to while it is read.
unsafe fn slice<'a>(data: *const u8, len: usize, what: &str) -> Result<&'a [u8], Failure> {
    if len == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(Failure::argument(format!("{what} is null, with a length of {len}")));
    }
    if isize::try_from(len).is_err() {
        return Err(Failure::argument(format!("{what} has the length {len}, which cannot be")));
    }
    // SAFETY: the pointer is not null and the length no more than a slice may have. That there are so many bytes, for
    // as long as the lifetime of the `Text` or `Bytes`, is what its maker promised.
    Ok(unsafe { core::slice::from_raw_parts(data, len) })
}

/// The place for a new object, which is null from now on. It may have held anything before. `what` names the parameter.
pub(crate) fn place<'a, T>(
    out: Option<&'a mut MaybeUninit<Option<Box<T>>>>,
    what: &str,
) -> Result<&'a mut Option<Box<T>>, Failure> {
    Ok(given(out, what)?.write(None))
}

/// An argument that may not be null. `what` names the parameter.
pub(crate) fn given<T>(argument: Option<T>, what: &str) -> Result<T, Failure> {
    argument.ok_or_else(|| Failure::argument(format!("{what} is null")))
}
