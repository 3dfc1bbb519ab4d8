//! Signatures and JSON Web Tokens, each with its price.

mod algorithm;
mod jwk;
mod key;
mod token;

pub(crate) use algorithm::Algorithm;
pub(crate) use jwk::Keys;
pub(crate) use key::{PublicKey, key_work};
pub(crate) use token::{Rules, token_work};

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test"
)]
mod tests;

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test"
)]
mod token_tests;
