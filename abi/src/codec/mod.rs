//! postcard, with bounds for bytes that come from the other side.
//!
//! [`decode`] reads the postcard wire format and refuses what a hostile sender could use: trailing
//! bytes, numbers and lengths that are not in their shortest form or do not fit their type, text
//! that is not UTF-8, values that are larger, wider or deeper than [`Bounds`] allows. It allocates
//! in proportion to the bytes it was given, never to a length that they claim.
//!
//! [`encode`] writes with the `postcard` crate.

mod de;

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

/// The bounds of [`decode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The size of the encoded value, in bytes.
    pub bytes: usize,
    /// The number of elements of all lists and maps in the value together.
    pub elements: usize,
    /// The greatest depth of values in each other, as arrays and objects in JSON. (It is the enums
    /// and options that count: what else is nested follows from the type.)
    pub depth: usize,
}

impl Bounds {
    /// The bounds of this ABI for what a plugin gives the host: 1 MiB, 65,536 elements, and 128
    /// levels, as deep as `serde_json` reads.
    pub const DEFAULT: Self = Self { bytes: 1 << 20, elements: 1 << 16, depth: 128 };
}

impl Default for Bounds {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// An error of decoding bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The value ends before it is complete.
    #[error("the value ends early")]
    UnexpectedEnd,
    /// Bytes are left over after the value.
    #[error("bytes follow the value")]
    TrailingBytes,
    /// A number or length is too large for its type, longer than its shortest form, or not finite.
    #[error("a number is out of range, not finite or not in its shortest form")]
    BadNumber,
    /// The keys of a map are not in order, or one comes twice.
    #[error("the keys of a map are not in order, or a key comes twice")]
    BadOrder,
    /// A boolean or option is neither 0 nor 1.
    #[error("a boolean or option is neither 0 nor 1")]
    BadTag,
    /// Text that is not UTF-8, or a character that is none.
    #[error("a text is not UTF-8")]
    BadText,
    /// The value is larger than [`Bounds::bytes`].
    #[error("the value is too large")]
    TooLarge,
    /// The value has more elements than [`Bounds::elements`].
    #[error("the value has too many elements")]
    TooManyElements,
    /// The value is nested deeper than [`Bounds::depth`].
    #[error("the value is nested too deeply")]
    TooDeep,
    /// The bytes are well formed but no value of the type.
    #[error("the value is not of the expected type")]
    WrongType,
}

/// Decodes one value that takes up all of `bytes`.
///
/// # Errors
///
/// See [`DecodeError`].
pub fn decode<'de, T: Deserialize<'de>>(
    bytes: &'de [u8],
    bounds: Bounds,
) -> Result<T, DecodeError> {
    decode_counting(bytes, bounds).map(|(value, _)| value)
}

/// As [`decode`], and tells how many elements the value has.
///
/// # Errors
///
/// See [`DecodeError`].
pub fn decode_counting<'de, T: Deserialize<'de>>(
    bytes: &'de [u8],
    bounds: Bounds,
) -> Result<(T, usize), DecodeError> {
    if bytes.len() > bounds.bytes {
        return Err(DecodeError::TooLarge);
    }
    let mut decoder = de::Decoder::new(bytes, bounds);
    let value = T::deserialize(&mut decoder)?;
    decoder.finish()?;
    Ok((value, bounds.elements.saturating_sub(decoder.elements())))
}

/// Decodes one value from the start of `bytes` and returns what follows it.
///
/// # Errors
///
/// See [`DecodeError`].
pub fn decode_prefix<'de, T: Deserialize<'de>>(
    bytes: &'de [u8],
    bounds: Bounds,
) -> Result<(T, &'de [u8]), DecodeError> {
    let mut decoder = de::Decoder::new(bytes, bounds);
    let value = T::deserialize(&mut decoder)?;
    Ok((value, decoder.rest()))
}

/// Appends the postcard form of `value` to `out`.
///
/// # Errors
///
/// If the value's own `Serialize` fails, which none of this crate's does.
pub fn encode<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), postcard::Error> {
    let taken = core::mem::take(out);
    *out = postcard::to_extend(value, taken)?;
    Ok(())
}
