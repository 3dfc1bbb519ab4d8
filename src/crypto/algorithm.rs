//! Algorithms of signatures, and their verification.

use cpex_wasmi_abi::signature as number;
use rsa::{Pkcs1v15Sign, Pss};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::key::PublicKey;

/// A signature algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Ed25519,
    /// ECDSA on P-256 with SHA-256, with signatures of a fixed size.
    EcdsaP256,
    /// ECDSA on P-256 with SHA-256, with signatures in DER.
    EcdsaP256Der,
    /// RSA with the padding of PKCS#1 v1.5.
    RsaPkcs1(Hash),
    /// RSA with the padding PSS.
    RsaPss(Hash),
}

/// The hash function of an RSA signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    /// The algorithm with this number.
    pub(crate) const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            number::ED25519 => Self::Ed25519,
            number::ECDSA_P256 => Self::EcdsaP256,
            number::ECDSA_P256_DER => Self::EcdsaP256Der,
            number::RSA_PKCS1_SHA256 => Self::RsaPkcs1(Hash::Sha256),
            number::RSA_PKCS1_SHA384 => Self::RsaPkcs1(Hash::Sha384),
            number::RSA_PKCS1_SHA512 => Self::RsaPkcs1(Hash::Sha512),
            number::RSA_PSS_SHA256 => Self::RsaPss(Hash::Sha256),
            number::RSA_PSS_SHA384 => Self::RsaPss(Hash::Sha384),
            number::RSA_PSS_SHA512 => Self::RsaPss(Hash::Sha512),
            _ => return None,
        })
    }

    /// True if a signature of a message is valid under a key. A signature of another form or length is not.
    pub(crate) fn verify(self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        match (self, key) {
            (Self::Ed25519, PublicKey::Ed25519(key)) => {
                // Refuses keys and points of small order, with which one signature fits many messages.
                ed25519_dalek::Signature::from_slice(signature)
                    .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok())
            }
            (Self::EcdsaP256, PublicKey::P256(key)) => {
                p256::ecdsa::Signature::from_slice(signature)
                    .is_ok_and(|signature| verify_p256(key, message, &signature))
            }
            (Self::EcdsaP256Der, PublicKey::P256(key)) => {
                p256::ecdsa::Signature::from_der(signature)
                    .is_ok_and(|signature| verify_p256(key, message, &signature))
            }
            (Self::RsaPkcs1(hash), PublicKey::Rsa { key, .. }) => {
                let result = match hash {
                    Hash::Sha256 => {
                        let scheme = Pkcs1v15Sign::new::<Sha256>();
                        key.verify(scheme, &Sha256::digest(message), signature)
                    }
                    Hash::Sha384 => {
                        let scheme = Pkcs1v15Sign::new::<Sha384>();
                        key.verify(scheme, &Sha384::digest(message), signature)
                    }
                    Hash::Sha512 => {
                        let scheme = Pkcs1v15Sign::new::<Sha512>();
                        key.verify(scheme, &Sha512::digest(message), signature)
                    }
                };
                result.is_ok()
            }
            (Self::RsaPss(hash), PublicKey::Rsa { key, .. }) => {
                let result = match hash {
                    Hash::Sha256 => {
                        key.verify(Pss::<Sha256>::new(), &Sha256::digest(message), signature)
                    }
                    Hash::Sha384 => {
                        key.verify(Pss::<Sha384>::new(), &Sha384::digest(message), signature)
                    }
                    Hash::Sha512 => {
                        key.verify(Pss::<Sha512>::new(), &Sha512::digest(message), signature)
                    }
                };
                result.is_ok()
            }
            _ => false,
        }
    }

    /// The charge for verifying a signature of so many bytes under a key, in bytes of work.
    pub(crate) const fn work(self, key: &PublicKey, len: usize) -> usize {
        len.saturating_mul(4).saturating_add(key.work())
    }
}

fn verify_p256(
    key: &p256::ecdsa::VerifyingKey,
    message: &[u8],
    signature: &p256::ecdsa::Signature,
) -> bool {
    use p256::ecdsa::signature::Verifier as _;
    key.verify(message, signature).is_ok()
}
