//! Signatures and JSON Web Tokens, which the host verifies.
//!
//! The input is a reference to bytes or text, or a [`Place`](crate::raw::Place) of the request, of which nothing is copied into the
//! plugin. A signature takes no access in the manifest, and [a token](TokenRules) takes `clock`. Both take a host with the feature `crypto`, which the command line has.
//!
//! ```
//! use cpex_wasmi_guest::codec::hex;
//! use cpex_wasmi_guest::crypto::{self, Algorithm};
//!
//! // The second example of RFC 8032.
//! let key = hex::decode("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")?;
//! let signature = hex::decode(
//!     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
//!      085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
//! )?;
//! assert!(crypto::verify(Algorithm::Ed25519, &key, "r", &signature)?);
//! assert!(!crypto::verify(Algorithm::Ed25519, &key, "s", &signature)?);
//! # Ok::<(), cpex_wasmi_guest::Error>(())
//! ```

mod token;

use cpex_wasmi_abi::signature as number;

pub use cpex_wasmi_abi::{TokenFault, Value};
pub use token::TokenRules;

pub use crate::input::Input;
use crate::result::check;
use crate::{Result, sys};

/// A signature algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Algorithm {
    /// Ed25519, with signatures of 64 bytes.
    Ed25519,
    /// ECDSA on P-256 with SHA-256, and signatures of 64 bytes, as in tokens.
    EcdsaP256,
    /// ECDSA on P-256 with SHA-256, and signatures in DER, as in certificates.
    EcdsaP256Der,
    /// RSA with the padding of PKCS#1 v1.5 and SHA-256.
    RsaPkcs1Sha256,
    /// RSA with the padding of PKCS#1 v1.5 and SHA-384.
    RsaPkcs1Sha384,
    /// RSA with the padding of PKCS#1 v1.5 and SHA-512.
    RsaPkcs1Sha512,
    /// RSA with the padding PSS and SHA-256. The salt is as long as the hash.
    RsaPssSha256,
    /// RSA with the padding PSS and SHA-384. The salt is as long as the hash.
    RsaPssSha384,
    /// RSA with the padding PSS and SHA-512. The salt is as long as the hash.
    RsaPssSha512,
}

impl Algorithm {
    const fn number(self) -> u32 {
        match self {
            Self::Ed25519 => number::ED25519,
            Self::EcdsaP256 => number::ECDSA_P256,
            Self::EcdsaP256Der => number::ECDSA_P256_DER,
            Self::RsaPkcs1Sha256 => number::RSA_PKCS1_SHA256,
            Self::RsaPkcs1Sha384 => number::RSA_PKCS1_SHA384,
            Self::RsaPkcs1Sha512 => number::RSA_PKCS1_SHA512,
            Self::RsaPssSha256 => number::RSA_PSS_SHA256,
            Self::RsaPssSha384 => number::RSA_PSS_SHA384,
            Self::RsaPssSha512 => number::RSA_PSS_SHA512,
        }
    }
}

/// True if a signature of an input is valid under a public key. An invalid one, of whatever form or length, is `false`.
///
/// The key is a `SubjectPublicKeyInfo` as DER or PEM (`-----BEGIN PUBLIC KEY-----`), or bare: 32 bytes for Ed25519, a point of SEC 1 for
/// P-256, PKCS#1 for RSA. An RSA key has 2,048 to 4,096 bits.
///
/// # Errors
///
/// [`Status::Malformed`](crate::Status::Malformed) if the key is invalid, weak or for another algorithm,
/// [`Status::TooLarge`](crate::Status::TooLarge) if the key is longer than 16 KiB or the input longer than 4 MiB, and the status of a
/// read if the input is a place that is missing or that the plugin may not read.
pub fn verify(
    algorithm: Algorithm,
    key: impl AsRef<[u8]>,
    input: impl Input,
    signature: impl AsRef<[u8]>,
) -> Result<bool> {
    let (number, public, signature) = (algorithm.number(), key.as_ref(), signature.as_ref());
    let valid = input.with(|field, index, key| {
        check(sys::verify(field, index, key, number, public, signature))
    })?;
    Ok(valid == 1)
}
