//! Encodings of bytes as text, and their entropy, which the host computes.
//!
//! The input is a reference to bytes or text, or a [`Place`](crate::raw::Place) of the request, of which nothing is copied into the
//! plugin. It takes no access in the manifest.
//!
//! ```
//! use cpex_wasmi_guest::codec;
//!
//! assert_eq!(codec::base64::encode("key")?, "a2V5");
//! assert_eq!(codec::base64::decode("a2V5")?, b"key");
//! assert_eq!(codec::percent::encode("a b")?, "a%20b");
//! assert_eq!(codec::entropy("abab")?, 1.0);
//! # Ok::<(), cpex_wasmi_guest::Error>(())
//! ```
//!
//! # Errors
//!
//! All functions fail with [`Status::TooLarge`](crate::Status::TooLarge) if the input is longer than 4 MiB, and with the status of a
//! read if it is a place that is missing or that the plugin may not read. Decoding fails with
//! [`Status::Malformed`](crate::Status::Malformed) if the text is not in that encoding.

use alloc::string::String;
use alloc::vec::Vec;

pub use crate::input::Input;
use crate::input::bytes;
use crate::result::check;
use crate::{Result, sys};

/// The bytes of a result that are taken before its length is known.
const ROOM: usize = 256;

/// The Shannon entropy of an input, in bits for each byte: 0 to 8. Keys and tokens have more than words.
///
/// # Errors
///
/// Those of [all functions](self#errors).
pub fn entropy(input: impl Input) -> Result<f64> {
    let bits = input.with(|field, index, key| check(sys::entropy(field, index, key)))?;
    Ok(f64::from(u16::try_from(bits).unwrap_or(u16::MAX)) / 1000.0)
}

fn encode(input: &impl Input, encoding: u32) -> Result<String> {
    bytes(input, ROOM, |field, index, key, out| sys::encode(field, index, key, encoding, out))
        .map(sys::text)
}

fn decode(input: &impl Input, encoding: u32) -> Result<Vec<u8>> {
    bytes(input, ROOM, |field, index, key, out| sys::decode(field, index, key, encoding, out))
}

/// Base64 with `+`, `/` and padding. Texts without padding are read too.
pub mod base64 {
    use super::{Input, Result, String, Vec};
    use cpex_wasmi_abi::encoding::BASE64;

    /// Writes an input as text.
    ///
    /// # Errors
    ///
    /// Those of [all functions](super#errors).
    pub fn encode(input: impl Input) -> Result<String> {
        super::encode(&input, BASE64)
    }

    /// Reads the bytes that a text stands for.
    ///
    /// # Errors
    ///
    /// Those of [all functions](super#errors).
    pub fn decode(input: impl Input) -> Result<Vec<u8>> {
        super::decode(&input, BASE64)
    }
}

/// Base64 with `-` and `_`, without padding. Texts with padding are read too.
pub mod base64url {
    use super::{Input, Result, String, Vec};
    use cpex_wasmi_abi::encoding::BASE64_URL;

    /// Writes an input as text.
    ///
    /// # Errors
    ///
    /// Those of [all functions](super#errors).
    pub fn encode(input: impl Input) -> Result<String> {
        super::encode(&input, BASE64_URL)
    }

    /// Reads the bytes that a text stands for.
    ///
    /// # Errors
    ///
    /// Those of [all functions](super#errors).
    pub fn decode(input: impl Input) -> Result<Vec<u8>> {
        super::decode(&input, BASE64_URL)
    }
}

/// Hexadecimal digits, of either case when they are read.
pub mod hex {
    use super::{Input, Result, String, Vec};
    use cpex_wasmi_abi::encoding::HEX;

    /// Writes an input as text.
    ///
    /// # Errors
    ///
    /// Those of [all functions](super#errors).
    pub fn encode(input: impl Input) -> Result<String> {
        super::encode(&input, HEX)
    }

    /// Reads the bytes that a text stands for.
    ///
    /// # Errors
    ///
    /// Those of [all functions](super#errors).
    pub fn decode(input: impl Input) -> Result<Vec<u8>> {
        super::decode(&input, HEX)
    }
}

/// Percent signs, as in URLs: all but letters, digits and `-._~`. A percent sign without two digits is read as it is.
pub mod percent {
    use super::{Input, Result, String, Vec};
    use cpex_wasmi_abi::encoding::PERCENT;

    /// Writes an input as text.
    ///
    /// # Errors
    ///
    /// Those of [all functions](super#errors).
    pub fn encode(input: impl Input) -> Result<String> {
        super::encode(&input, PERCENT)
    }

    /// Reads the bytes that a text stands for, which may not be text.
    ///
    /// # Errors
    ///
    /// Those of [all functions](super#errors).
    pub fn decode(input: impl Input) -> Result<Vec<u8>> {
        super::decode(&input, PERCENT)
    }
}
