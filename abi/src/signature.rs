//! The algorithms of `verify`.

/// Ed25519: a key and a signature of 32 and 64 bytes.
pub const ED25519: u32 = 0;
/// ECDSA on P-256 with SHA-256: a signature of 64 bytes, as in tokens.
pub const ECDSA_P256: u32 = 1;
/// ECDSA on P-256 with SHA-256: a signature in DER, as in certificates.
pub const ECDSA_P256_DER: u32 = 2;
/// RSA with the padding of PKCS#1 v1.5 and SHA-256.
pub const RSA_PKCS1_SHA256: u32 = 3;
/// RSA with the padding of PKCS#1 v1.5 and SHA-384.
pub const RSA_PKCS1_SHA384: u32 = 4;
/// RSA with the padding of PKCS#1 v1.5 and SHA-512.
pub const RSA_PKCS1_SHA512: u32 = 5;
/// RSA with the padding PSS and SHA-256; the salt is as long as the hash.
pub const RSA_PSS_SHA256: u32 = 6;
/// RSA with the padding PSS and SHA-384; the salt is as long as the hash.
pub const RSA_PSS_SHA384: u32 = 7;
/// RSA with the padding PSS and SHA-512; the salt is as long as the hash.
pub const RSA_PSS_SHA512: u32 = 8;
