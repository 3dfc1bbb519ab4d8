//! Hashes, encodings and comparisons of bytes, each with its price.

mod encoding;
mod entropy;
mod hash;

pub(crate) use encoding::Encoding;
pub(crate) use entropy::{ENTROPY_WORK, entropy};
pub(crate) use hash::{Algorithm, Mac};

/// True if both are equal. The time depends on their lengths only.
pub(crate) fn equal(one: &[u8], other: &[u8]) -> bool {
    constant_time_eq::constant_time_eq(one, other)
}
