//! JSON values that are passed over, and not decoded.

use crate::value::wire::{ARRAY, BOOL, FLOAT, NEGATIVE, NULL, OBJECT, Reader, STRING, UNSIGNED};

/// The position behind the value at a position, or one that is not in the bytes if there is no value.
pub(super) fn behind_value(bytes: &[u8], position: usize) -> usize {
    let Some(&tag) = bytes.get(position) else { return usize::MAX };
    let mut position = position.saturating_add(1);
    match tag {
        NULL => position,
        BOOL => position.saturating_add(1),
        FLOAT => position.saturating_add(8),
        UNSIGNED | NEGATIVE => number_at(bytes, position).1,
        STRING => behind_text(bytes, position),
        ARRAY | OBJECT => {
            let (len, start) = number_at(bytes, position);
            position = start;
            for _ in 0..len {
                // Each has a byte at least.
                if position >= bytes.len() {
                    return usize::MAX;
                }
                if tag == OBJECT {
                    position = behind_text(bytes, position);
                }
                position = behind_value(bytes, position);
            }
            position
        }
        _ => usize::MAX,
    }
}

#[inline]
fn behind_text(bytes: &[u8], position: usize) -> usize {
    match bytes.get(position) {
        // Most are shorter than 128 bytes.
        Some(&len) if len < 0x80 => position.saturating_add(1).saturating_add(len.into()),
        _ => behind_long_text(bytes, position),
    }
}

#[inline(never)]
fn behind_long_text(bytes: &[u8], position: usize) -> usize {
    let (len, start) = number_at(bytes, position);
    start.saturating_add(usize::try_from(len).unwrap_or(usize::MAX))
}

/// A number, and the position behind it, which is not in the bytes if there is none.
#[inline]
fn number_at(bytes: &[u8], position: usize) -> (u64, usize) {
    let mut reader = Reader(bytes.get(position..).unwrap_or_default());
    match reader.number() {
        Some(number) => (number, bytes.len().saturating_sub(reader.0.len())),
        None => (0, usize::MAX),
    }
}
