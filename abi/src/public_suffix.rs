//! The parts of a host name that `public_suffix` tells.

/// The public suffix, such as `co.uk`.
pub const SUFFIX: u32 = 0;
/// The registrable domain: the suffix and the part before it, such as `example.co.uk`.
pub const DOMAIN: u32 = 1;
