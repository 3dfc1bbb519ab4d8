//! Hashes, encodings and comparisons of bytes, addresses and URLs, each with its price.

mod address;
mod encoding;
mod entropy;
mod hash;
#[cfg(feature = "public-suffix")]
mod suffix;
#[cfg(feature = "url")]
mod url;

#[cfg(feature = "url")]
pub(crate) use self::url::{url_parts, url_work};
pub(crate) use address::in_networks;
pub(crate) use encoding::Encoding;
pub(crate) use entropy::{ENTROPY_WORK, entropy};
pub(crate) use hash::{Algorithm, Mac};
#[cfg(feature = "public-suffix")]
pub(crate) use suffix::NamePart;

/// True if both are equal. The time depends on their lengths only.
pub(crate) fn equal(one: &[u8], other: &[u8]) -> bool {
    constant_time_eq::constant_time_eq(one, other)
}
