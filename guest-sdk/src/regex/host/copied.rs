//! A copy of a short text.

use core::cell::Cell;
use core::ops::RangeInclusive;

/// The longest text that is copied, in bytes.
const LONGEST: usize = 256;

/// A copy of a text, in words that are compared faster than bytes.
pub(super) struct Copied {
    /// Its length; 0 if there is none.
    len: Cell<usize>,
    blocks: [Cell<Block>; LONGEST / size_of::<Block>()],
    /// The words behind its last whole block.
    words: [Cell<u64>; 4],
    /// Its last eight bytes, some of which are in the others too.
    last: Cell<u64>,
}

type Block = [u64; 4];

impl Copied {
    /// The lengths of texts that are copied.
    pub(super) const FITS: RangeInclusive<usize> = size_of::<u64>()..=LONGEST;

    pub(super) const fn new() -> Self {
        Self {
            len: Cell::new(0),
            blocks: [const { Cell::new([0; 4]) }; _],
            words: [const { Cell::new(0) }; _],
            last: Cell::new(0),
        }
    }

    /// True if it is this text.
    pub(super) fn is(&self, text: &[u8]) -> bool {
        if self.len.get() != text.len() || self.last.get() != last_word(text) {
            return false;
        }
        let (blocks, rest) = text.as_chunks();
        for (block, kept) in blocks.iter().zip(&self.blocks) {
            let ([a, b, c, d], [e, f, g, h]) = (block_of(block), kept.get());
            if (a ^ e) | (b ^ f) | (c ^ g) | (d ^ h) != 0 {
                return false;
            }
        }
        let mut words = rest.as_chunks().0.iter().zip(&self.words);
        words.all(|(word, kept)| u64::from_le_bytes(*word) == kept.get())
    }

    /// Copies a text of one of the [lengths](Self::FITS).
    pub(super) fn keep(&self, text: &[u8]) {
        let (blocks, rest) = text.as_chunks();
        for (block, kept) in blocks.iter().zip(&self.blocks) {
            kept.set(block_of(block));
        }
        for (word, kept) in rest.as_chunks().0.iter().zip(&self.words) {
            kept.set(u64::from_le_bytes(*word));
        }
        self.last.set(last_word(text));
        self.len.set(text.len());
    }

    /// Forgets the text.
    pub(super) fn clear(&self) {
        self.len.set(0);
    }
}

fn block_of(bytes: &[u8; size_of::<Block>()]) -> Block {
    match bytes.as_chunks().0 {
        &[a, b, c, d] => [a, b, c, d].map(u64::from_le_bytes),
        _ => [0; 4],
    }
}

fn last_word(text: &[u8]) -> u64 {
    text.last_chunk().map_or(0, |word| u64::from_le_bytes(*word))
}
