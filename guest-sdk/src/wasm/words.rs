//! Copies of short texts, which are compared word by word.

use core::cell::Cell;

/// A copy of a text.
pub(crate) type CopiedText = [Cell<u8>; 256];

/// Copies a text to the beginning of a buffer, as much as that holds.
pub(crate) fn copy_to(copy: &CopiedText, text: &[u8]) {
    let len = text.len().min(copy.len());
    // SAFETY: both have so many bytes, and cells may change. If they overlap, that is fine too.
    unsafe { core::ptr::copy(text.as_ptr(), copy.as_ptr().cast_mut().cast(), len) }
}

/// True if a text of at least eight bytes is at the beginning of a buffer.
///
/// An interpreter takes a word as fast as a byte, and words at fixed places faster than those of a loop.
#[allow(
    clippy::arithmetic_side_effects,
    reason = "places are within the length, which is compared before"
)]
#[inline(always)]
pub(crate) fn is_copy(copy: &CopiedText, text: &[u8]) -> bool {
    const WORD: usize = size_of::<u64>();
    const BLOCK: usize = 4 * WORD;
    let len = text.len();
    if len < WORD || len > copy.len() {
        return false;
    }
    // SAFETY: a word begins at least as many bytes before the end of both as it has: the length is compared before each.
    unsafe {
        let (text, copy) = (text.as_ptr(), copy.as_ptr().cast::<u8>());
        let differ = |text: *const u8, copy: *const u8, word: usize| {
            let (text, copy) = (text.add(word * WORD), copy.add(word * WORD));
            text.cast::<u64>().read_unaligned() != copy.cast::<u64>().read_unaligned()
        };
        if len < BLOCK {
            // The words at both ends, which may overlap.
            let end = len - WORD;
            return !(differ(text, copy, 0)
                || differ(text.add(end), copy.add(end), 0)
                || len > 2 * WORD
                    && (differ(text, copy, 1)
                        || differ(text.add(end - WORD), copy.add(end - WORD), 0)));
        }
        let differ = |text: *const u8, copy: *const u8| {
            differ(text, copy, 0)
                || differ(text, copy, 1)
                || differ(text, copy, 2)
                || differ(text, copy, 3)
        };
        let end = len - BLOCK;
        if differ(text.add(end), copy.add(end)) {
            return false;
        }
        macro_rules! compare_blocks {
            ($($block:literal)*) => {
                $(if end <= $block * BLOCK {
                    return true;
                }
                if differ(text.add($block * BLOCK), copy.add($block * BLOCK)) {
                    return false;
                })*
            };
        }
        compare_blocks!(0 1 2 3 4 5 6);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_differs_in_each_byte() {
        let copy: CopiedText = [const { Cell::new(0) }; 256];
        for len in 8..=256 {
            let mut text: alloc::vec::Vec<u8> =
                (0..len).map(|place| u8::try_from(place % 251).unwrap()).collect();
            copy_to(&copy, &text);
            assert!(is_copy(&copy, &text));
            for place in 0..len {
                text[place] ^= 0x10;
                assert!(!is_copy(&copy, &text), "{place} of {len}");
                text[place] ^= 0x10;
            }
        }
        assert!(!is_copy(&copy, &[0; 7]) && !is_copy(&copy, &[0; 257]));
    }
}
