//! The algorithms of `digest` and `hmac`.

/// SHA-256: 32 bytes. For `hmac` too.
pub const SHA256: u32 = 0;
/// SHA-512: 64 bytes. For `hmac` too.
pub const SHA512: u32 = 1;
/// BLAKE3: 32 bytes.
pub const BLAKE3: u32 = 2;
/// FNV-1a with 64 bits: 8 bytes, the highest first.
pub const FNV1A: u32 = 3;
/// XXH3 with 64 bits: 8 bytes, the highest first.
pub const XXH3: u32 = 4;
/// CRC-32 as in gzip: 4 bytes, the highest first.
pub const CRC32: u32 = 5;
