//! Encoded elements, in a buffer that the maps and sets of a record share.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use crate::cpex::fetch::lost;
use crate::cpex::wire::Reader;

/// The elements of a list, a set or a map, as the host sent them.
#[derive(Clone, Debug)]
pub(in crate::cpex) struct Bytes {
    buffer: Arc<Vec<u8>>,
    /// The place of their number and of themselves in the buffer.
    range: Range<usize>,
    len: usize,
}

impl Bytes {
    /// Takes elements from a reader: their number, and then `skip` for each. `None` if there are none.
    pub(in crate::cpex) fn take(
        reader: &mut Reader<'_>,
        skip: impl Fn(&mut Reader<'_>),
    ) -> Option<Self> {
        let before = reader.rest();
        let len = reader.len();
        if len == 0 {
            return None;
        }
        for _ in 0..len {
            skip(reader);
        }
        let (buffer, range) = reader.passed(before);
        Some(Self { buffer, range, len })
    }

    /// The elements in a buffer: their number, and each. `None` if there are none.
    pub(in crate::cpex) fn all(buffer: Arc<Vec<u8>>) -> Option<Self> {
        let range = 0..buffer.len();
        let mut reader = Reader::of(&buffer, range.clone());
        let len = reader.len();
        if !reader.is_sound() {
            lost();
        }
        (len > 0).then_some(Self { buffer, range, len })
    }

    /// Passes over what [`take`](Self::take) takes.
    pub(in crate::cpex) fn skip(reader: &mut Reader<'_>, skip: impl Fn(&mut Reader<'_>)) {
        for _ in 0..reader.len() {
            skip(reader);
        }
    }

    /// True if this holds for a text among the elements, which are texts.
    pub(in crate::cpex) fn any(&self, test: impl Fn(&[u8]) -> bool) -> bool {
        let mut reader = self.elements();
        (0..self.len).any(|_| test(reader.text_bytes()))
    }

    /// The number of elements.
    pub(in crate::cpex) const fn len(&self) -> usize {
        self.len
    }

    /// The number of elements, and the elements.
    pub(in crate::cpex) fn encoded(&self) -> &[u8] {
        self.buffer.get(self.range.clone()).unwrap_or_default()
    }

    /// A reader of the elements.
    pub(in crate::cpex) fn elements(&self) -> Reader<'_> {
        let mut reader = Reader::of(&self.buffer, self.range.clone());
        reader.number();
        reader
    }

    /// A reader of the rest, from a position in the elements on.
    pub(in crate::cpex) fn at(&self, position: usize) -> Reader<'_> {
        Reader::of(&self.buffer, position..self.range.end)
    }

    /// The position that a reader of the elements has come to.
    pub(in crate::cpex) fn position(&self, reader: &Reader<'_>) -> usize {
        self.range.end.saturating_sub(reader.rest().len())
    }

    /// True if these are the same bytes of the same buffer.
    pub(in crate::cpex) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.buffer, &other.buffer) && self.range == other.range
    }
}
