//! Shannon entropy of bytes.

/// The charge for the entropy of an input beside its bytes, in bytes of work.
pub(crate) const ENTROPY_WORK: usize = 4096;

/// The entropy of bytes, in thousandths of a bit for each: 0 to 8000.
pub(crate) fn entropy(bytes: &[u8]) -> i32 {
    let mut counts = [0_u32; 256];
    for byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count = count.saturating_add(1);
        }
    }
    let total = f64::from(counts.iter().fold(0_u32, |all, count| all.saturating_add(*count)));
    let mut bits = 0.0;
    for count in counts.into_iter().filter(|count| *count > 0).map(f64::from) {
        bits += count / total * libm::log2(total / count);
    }
    let scaled = libm::round(bits * 1000.0);
    #[allow(clippy::cast_possible_truncation, reason = "it is between 0 and 8000")]
    let scaled = scaled as i32;
    scaled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_is_that_of_known_texts() {
        let all: alloc::vec::Vec<u8> = (0..=255).collect();
        for (bytes, expected) in [
            (b"".as_slice(), 0),
            (b"aaaaaaaa", 0),
            (b"abababab", 1000),
            (b"abcd", 2000),
            (b"hello world", 2845),
            (&all, 8000),
        ] {
            assert_eq!(entropy(bytes), expected, "{bytes:?}");
        }
    }
}
