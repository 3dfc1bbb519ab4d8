//! Places in a plugin's memory, checked.

use alloc::format;

use cpex_wasmi_abi::NO_KEY;

use crate::{Error, ErrorKind};

/// The longest key that is looked up, in bytes.
const MAX_KEY_BYTES: usize = 4 << 10;

/// A pointer and a length from a plugin, not yet checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    start: u32,
    len: u32,
}

impl Span {
    pub(crate) const fn new(start: u32, len: u32) -> Self {
        Self { start, len }
    }

    /// The number of bytes it is said to point to.
    pub(crate) fn len(self) -> usize {
        usize::try_from(self.len).unwrap_or(usize::MAX)
    }

    /// The bytes of `memory` it points to.
    pub(crate) fn of(self, memory: &[u8]) -> Result<&[u8], Error> {
        let range = self.range().filter(|range| range.end <= memory.len());
        range.and_then(|range| memory.get(range)).ok_or_else(|| self.out_of_bounds(memory.len()))
    }

    /// The bytes of `memory` it points to, to write to.
    pub(crate) fn of_mut(self, memory: &mut [u8]) -> Result<&mut [u8], Error> {
        let size = memory.len();
        self.range().and_then(|range| memory.get_mut(range)).ok_or_else(|| self.out_of_bounds(size))
    }

    /// The key that it points to.
    ///
    /// # Errors
    ///
    /// If it points outside of `memory`.
    pub(crate) fn key(self, memory: &[u8]) -> Result<RawKey<'_>, Error> {
        if self.len == NO_KEY {
            return Ok(RawKey::None);
        }
        let key = self.of(memory)?;
        if key.len() > MAX_KEY_BYTES {
            return Ok(RawKey::Invalid);
        }
        Ok(core::str::from_utf8(key).map_or(RawKey::Invalid, RawKey::Some))
    }

    fn range(self) -> Option<core::ops::Range<usize>> {
        let start = usize::try_from(self.start).ok()?;
        let end = start.checked_add(usize::try_from(self.len).ok()?)?;
        Some(start..end)
    }

    #[cold]
    fn out_of_bounds(self, size: usize) -> Error {
        let Self { start, len } = self;
        Error::new(
            ErrorKind::AbiViolation,
            format!(
                "a host function was given {len} bytes at {start:#x}, \
                 which is outside its memory of {size} bytes"
            ),
        )
    }
}

/// A key from a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RawKey<'a> {
    /// No key.
    None,
    /// A key that is not UTF-8 or is too long, so that no entry has it.
    Invalid,
    /// A key.
    Some(&'a str),
}

impl RawKey<'_> {
    /// The bytes that crossed the boundary for it.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Some(key) => key.len(),
            Self::None | Self::Invalid => 0,
        }
    }
}
