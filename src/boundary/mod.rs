//! The boundary between plugin and host: places in the plugin's memory, and encoded values.

mod format;
mod input;
mod records;
mod span;
mod unknown;

pub(crate) use format::Format;
pub(crate) use input::{Decoding, Input};
#[cfg(feature = "std")]
pub(crate) use records::{payload, record};
pub(crate) use span::{RawKey, Span};

/// The size of the longest log line or panic message that is kept, in bytes.
pub(crate) const MAX_MESSAGE_BYTES: usize = 4096;
