//! Public keys, from the forms that people have them in.

use cpex_wasmi_abi::Status;
use rsa::BoxedUint;
use rsa::pkcs1::RsaPublicKeyRef;
use spki::der::Decode as _;
use spki::{Document, ObjectIdentifier, SubjectPublicKeyInfoRef};

use super::Algorithm;

const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const ELLIPTIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");

/// The longest key that is read, in bytes.
const MAX_KEY_BYTES: usize = 16 << 10;

/// The sizes of a modulus, in bits: smaller ones are broken, and larger ones take long.
const MODULUS_BITS: core::ops::RangeInclusive<usize> = 2048..=4096;

/// The largest exponent in bytes. That in use is 65,537.
const MAX_EXPONENT_BYTES: usize = 4;

/// The charge for verifications, in bytes of work. An RSA key has these for its size: products beside the squares for its
/// exponent, and how many products of a byte by a byte are a byte of work.
const ED25519_WORK: usize = 110_000;
const P256_WORK: usize = 800_000;
const RSA_PRODUCTS: usize = 12;
const RSA_PRODUCTS_PER_BYTE: usize = 12;

/// The charge for reading so many bytes of a key, in bytes of work: a point may be compressed, and a modulus is prepared.
pub(crate) const fn key_work(len: usize) -> usize {
    len.saturating_mul(64).saturating_add(24 << 10)
}

/// A public key.
#[derive(Clone, Debug)]
pub(crate) enum PublicKey {
    Ed25519(ed25519_dalek::VerifyingKey),
    P256(p256::ecdsa::VerifyingKey),
    Rsa {
        key: rsa::PublicKey,
        /// Work of a verification, in bytes.
        work: usize,
    },
}

impl PublicKey {
    /// Reads a key for an algorithm: its bare bytes (Ed25519), a point (P-256) or PKCS#1 (RSA), or a
    /// `SubjectPublicKeyInfo`, as DER or PEM.
    ///
    /// # Errors
    ///
    /// [`Status::TooLarge`] if it is longer than 16 KiB, [`Status::Malformed`] if it is none of these or for another
    /// algorithm, or if it is weak.
    pub(crate) fn read(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, Status> {
        if bytes.len() > MAX_KEY_BYTES {
            return Err(Status::TooLarge);
        }
        let key = if bytes.starts_with(b"-----BEGIN ") {
            Self::from_pem(algorithm, bytes)
        } else {
            Self::from_info(algorithm, bytes).or_else(|| Self::from_bare(algorithm, bytes))
        };
        key.ok_or(Status::Malformed)
    }

    fn from_pem(algorithm: Algorithm, bytes: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(bytes).ok()?;
        let (label, document) = Document::from_pem(text.trim_ascii_end()).ok()?;
        match label {
            "PUBLIC KEY" => Self::from_info(algorithm, document.as_bytes()),
            "RSA PUBLIC KEY" => Self::from_bare(algorithm, document.as_bytes()),
            _ => None,
        }
    }

    /// Reads a `SubjectPublicKeyInfo`.
    fn from_info(algorithm: Algorithm, bytes: &[u8]) -> Option<Self> {
        let info = SubjectPublicKeyInfoRef::from_der(bytes).ok()?;
        let key = info.subject_public_key.as_bytes()?;
        let oid = info.algorithm.oid;
        let fits = match algorithm {
            Algorithm::Ed25519 => oid == ED25519 && info.algorithm.parameters.is_none(),
            Algorithm::EcdsaP256 | Algorithm::EcdsaP256Der => {
                oid == ELLIPTIC && info.algorithm.parameters_oid() == Ok(P256)
            }
            Algorithm::RsaPkcs1(_) => oid == RSA,
            Algorithm::RsaPss(_) => {
                // A key that is bound to other parameters is not ours to use.
                oid == RSA || (oid == RSA_PSS && info.algorithm.parameters.is_none())
            }
        };
        if fits { Self::from_bare(algorithm, key) } else { None }
    }

    fn from_bare(algorithm: Algorithm, bytes: &[u8]) -> Option<Self> {
        match algorithm {
            Algorithm::Ed25519 => Self::ed25519(bytes),
            Algorithm::EcdsaP256 | Algorithm::EcdsaP256Der => Self::p256(bytes),
            Algorithm::RsaPkcs1(_) | Algorithm::RsaPss(_) => {
                let key = RsaPublicKeyRef::from_der(bytes).ok()?;
                Self::rsa(key.modulus.as_bytes(), key.public_exponent.as_bytes())
            }
        }
    }

    /// A key of 32 bytes. Under one of small order, anything would be signed.
    pub(super) fn ed25519(bytes: &[u8]) -> Option<Self> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes.try_into().ok()?).ok()?;
        if key.is_weak() { None } else { Some(Self::Ed25519(key)) }
    }

    /// A point of SEC 1, whole or compressed.
    pub(super) fn p256(bytes: &[u8]) -> Option<Self> {
        // Nothing else is a point: not infinity, nor the form that leaves out the sign.
        if !matches!((bytes.first(), bytes.len()), (Some(4), 65) | (Some(2 | 3), 33)) {
            return None;
        }
        p256::ecdsa::VerifyingKey::from_sec1_bytes(bytes).ok().map(Self::P256)
    }

    /// A modulus and an exponent, the highest byte first.
    pub(super) fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let (modulus, exponent) = (shortest(modulus), shortest(exponent));
        let bits = modulus.len().saturating_mul(8);
        if bits > *MODULUS_BITS.end() || exponent.len() > MAX_EXPONENT_BYTES {
            return None;
        }
        // An even exponent has no inverse, and 1 leaves a message as it is.
        if exponent.last().is_none_or(|last| last & 1 == 0) || exponent == [1] {
            return None;
        }
        let number = |bytes: &[u8]| {
            let bits = u32::try_from(bytes.len().saturating_mul(8)).ok()?;
            BoxedUint::from_be_slice(bytes, bits).ok()
        };
        let (n, e) = (number(modulus)?, number(exponent)?);
        let key = rsa::PublicKey::new_with_size_limits(n, e, MODULUS_BITS).ok()?;
        Some(Self::Rsa { key, work: rsa_work(modulus.len(), exponent) })
    }

    /// The charge for a verification, in bytes of work.
    pub(crate) const fn work(&self) -> usize {
        match self {
            Self::Ed25519(_) => ED25519_WORK,
            Self::P256(_) => P256_WORK,
            Self::Rsa { work, .. } => *work,
        }
    }
}

/// A number without zeros in front.
fn shortest(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// The charge for a verification: some products of the modulus's size, and a square for each bit of the exponent.
const fn rsa_work(modulus: usize, exponent: &[u8]) -> usize {
    let products = exponent.len().saturating_mul(8).saturating_add(RSA_PRODUCTS);
    modulus.saturating_mul(modulus).saturating_mul(products) / RSA_PRODUCTS_PER_BYTE
}
