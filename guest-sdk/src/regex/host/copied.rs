//! A copy of a short text.

use core::cell::Cell;
use core::ops::RangeInclusive;

use crate::sys;

/// A copy of a text.
pub(super) struct Copied {
    /// Its length; 0 if there is none.
    len: Cell<usize>,
    bytes: sys::CopiedText,
}

impl Copied {
    /// The lengths of texts that are copied.
    pub(super) const FITS: RangeInclusive<usize> = size_of::<u64>()..=size_of::<sys::CopiedText>();

    pub(super) const fn new() -> Self {
        Self { len: Cell::new(0), bytes: [const { Cell::new(0) }; _] }
    }

    /// True if it is this text.
    pub(super) fn is(&self, text: &[u8]) -> bool {
        self.len.get() == text.len() && sys::is_copy(&self.bytes, text)
    }

    /// Copies a text of one of the [lengths](Self::FITS).
    pub(super) fn keep(&self, text: &[u8]) {
        sys::copy_to(&self.bytes, text);
        self.len.set(text.len());
    }

    /// Forgets the text.
    pub(super) fn clear(&self) {
        self.len.set(0);
    }
}
