//! The randomness of a text.

/// The entropy of a text in hundredths of a bit for each byte: 0 for one byte again and again, 600 for random base64.
pub(crate) fn of(text: &[u8]) -> u32 {
    let mut counts = [0_u32; 256];
    for byte in text {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let len = u64::try_from(text.len()).unwrap_or(u64::MAX).max(1);
    let logs: u64 = counts.iter().map(|count| u64::from(*count) * log2(u64::from(*count))).sum();
    let bits = log2(len).saturating_sub(logs / len);
    u32::try_from((bits * 100) >> 16).unwrap_or(u32::MAX)
}

/// The binary logarithm, times 65,536: by squaring, a bit at a time, as there are no floats to do it with.
fn log2(number: u64) -> u64 {
    let Some(whole) = number.checked_ilog2() else { return 0 };
    let mut log = u64::from(whole);
    // Between 1 and 2, times 2^31.
    let mut rest = if whole > 31 { number >> (whole - 31) } else { number << (31 - whole) };
    for _ in 0..16 {
        rest = (rest * rest) >> 31;
        log <<= 1;
        if rest >= 1 << 32 {
            rest >>= 1;
            log |= 1;
        }
    }
    log
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn entropy_is_that_of_the_bytes() {
        assert_eq!((of(b""), of(b"aaaa"), of(b"abab"), of(b"abcd")), (0, 0, 100, 200));
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(of(&all), 800);
        // 3 of one and 1 of another: 0.811 bits.
        assert_eq!(of(b"aaab"), 81);
    }
}
