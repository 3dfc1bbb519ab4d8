//! Hashes, authentication codes, and a comparison in constant time, which the host computes.
//!
//! The input is a reference to bytes or text, or a [`Place`](crate::raw::Place) of the request, of which nothing is copied into the
//! plugin. It takes no access in the manifest.
//!
//! ```
//! use cpex_wasmi_guest::prelude::*;
//! use cpex_wasmi_guest::{Field, codec, hash};
//! use cpex_wasmi_guest::raw::Place;
//!
//! fn tell(call: &Call) -> Result<()> {
//!     let arguments = hash::sha256(Place::of(Field::ToolCallArguments))?;
//!     call.metadata("arguments", codec::hex::encode(&arguments)?)
//! }
//!
//! assert_eq!(hash::crc32("123456789")?, 0xcbf4_3926);
//! # Ok::<(), cpex_wasmi_guest::Error>(())
//! ```
//!
//! # Errors
//!
//! All functions fail with [`Status::TooLarge`](crate::Status::TooLarge) if the input is longer than 4 MiB, and with the status of a
//! read if it is a place that is missing or that the plugin may not read.

use cpex_wasmi_abi::digest as number;

use crate::Result;
pub use crate::input::Input;
use crate::input::array;
use crate::result::check;
use crate::sys;

/// SHA-256.
///
/// # Errors
///
/// Those of [all functions](self#errors).
pub fn sha256(input: impl Input) -> Result<[u8; 32]> {
    digest(&input, number::SHA256)
}

/// SHA-512.
///
/// # Errors
///
/// Those of [all functions](self#errors).
pub fn sha512(input: impl Input) -> Result<[u8; 64]> {
    digest(&input, number::SHA512)
}

/// BLAKE3, which is fast and as safe.
///
/// # Errors
///
/// Those of [all functions](self#errors).
pub fn blake3(input: impl Input) -> Result<[u8; 32]> {
    digest(&input, number::BLAKE3)
}

/// FNV-1a with 64 bits. A sender can find texts of one hash.
///
/// # Errors
///
/// Those of [all functions](self#errors).
pub fn fnv1a(input: impl Input) -> Result<u64> {
    digest(&input, number::FNV1A).map(u64::from_be_bytes)
}

/// XXH3 with 64 bits, the fastest. A sender can find texts of one hash.
///
/// # Errors
///
/// Those of [all functions](self#errors).
pub fn xxh3(input: impl Input) -> Result<u64> {
    digest(&input, number::XXH3).map(u64::from_be_bytes)
}

/// CRC-32, as in gzip.
///
/// # Errors
///
/// Those of [all functions](self#errors).
pub fn crc32(input: impl Input) -> Result<u32> {
    digest(&input, number::CRC32).map(u32::from_be_bytes)
}

/// HMAC by SHA-256, under a secret of any length.
///
/// # Errors
///
/// Those of [all functions](self#errors).
pub fn hmac_sha256(secret: impl AsRef<[u8]>, input: impl Input) -> Result<[u8; 32]> {
    code(secret.as_ref(), &input, number::SHA256)
}

/// HMAC by SHA-512, under a secret of any length.
///
/// # Errors
///
/// Those of [all functions](self#errors).
pub fn hmac_sha512(secret: impl AsRef<[u8]>, input: impl Input) -> Result<[u8; 64]> {
    code(secret.as_ref(), &input, number::SHA512)
}

/// True if an input is equal to other bytes. It takes the same time wherever they differ, so that a secret cannot be guessed
/// byte by byte.
///
/// # Errors
///
/// Those of [all functions](self#errors).
pub fn constant_time_eq(input: impl Input, other: impl AsRef<[u8]>) -> Result<bool> {
    let other = other.as_ref();
    let equal = input.with(|field, index, key| check(sys::equal(field, index, key, other)))?;
    Ok(equal == 1)
}

fn digest<const N: usize>(input: &impl Input, algorithm: u32) -> Result<[u8; N]> {
    array(input, |field, index, key, out| sys::digest(field, index, key, algorithm, out))
}

fn code<const N: usize>(secret: &[u8], input: &impl Input, algorithm: u32) -> Result<[u8; N]> {
    array(input, |field, index, key, out| sys::hmac(field, index, key, algorithm, secret, out))
}
