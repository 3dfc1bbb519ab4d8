//! The encodings of `encode` and `decode`.

/// Base64 with `+`, `/` and padding.
pub const BASE64: u32 = 0;
/// Base64 with `-` and `_`, without padding.
pub const BASE64_URL: u32 = 1;
/// Hexadecimal digits.
pub const HEX: u32 = 2;
/// `%20` for each byte but letters, digits and `-._~`.
pub const PERCENT: u32 = 3;
