//! Work on texts, by code that the plugins of all sandboxes share.
//!
//! With the feature `crates`, it uses `regex` and `sha2`. With `host`, the host of cpex-wasmi does that work: two lines
//! with `use` are all that differs. Without both, there are the patterns only.
#![cfg_attr(not(any(feature = "crates", feature = "host")), no_std)]

#[path = "../../../../examples/gallery/secrets_cpex/src/formats.rs"]
mod formats;
#[cfg(feature = "crates")]
mod rate;
#[cfg(any(feature = "crates", feature = "host"))]
mod work;

use formats::FORMATS;
#[cfg(feature = "crates")]
pub use rate::calls_in_minute;
#[cfg(any(feature = "crates", feature = "host"))]
pub use work::{count, mask, masked_json, prepare, sha256};

/// The patterns of secrets of `examples/gallery/secrets_cpex`.
pub const PATTERNS: [&str; FORMATS.len()] = {
    let mut patterns = [""; FORMATS.len()];
    let mut at = 0;
    while at < FORMATS.len() {
        patterns[at] = FORMATS[at].1;
        at += 1;
    }
    patterns
};

/// The text in the place of a secret.
pub const MARK: &str = "[secret]";

/// The most calls of a user in a minute: more than are measured.
pub const MOST_CALLS: i64 = 1_000_000_000;
