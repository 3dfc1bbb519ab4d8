//! Numbers as text, without the formatting code of `core`, which takes kilobytes.

use alloc::string::String;

use crate::sys;

/// The 16 hexadecimal digits of a number, as `format!("{:016x}")` writes them.
///
/// ```
/// # use cpex_wasmi_guest::hex;
/// assert_eq!(hex(0xcafe), "000000000000cafe");
/// ```
pub fn hex(number: u64) -> String {
    let mut digits = [0; 16];
    let mut left = number;
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef".get((left & 15) as usize).copied().unwrap_or_default();
        left >>= 4;
    }
    sys::text(digits.into())
}

/// The decimal digits of a number, as `to_string` writes them.
///
/// ```
/// # use cpex_wasmi_guest::decimal;
/// assert_eq!(decimal(1200), "1200");
/// ```
pub fn decimal(number: u64) -> String {
    // As many as the largest number has.
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    let mut left = number;
    for digit in digits.iter_mut().rev() {
        *digit = b'0'.wrapping_add((left % 10) as u8);
        left /= 10;
        start = start.wrapping_sub(1);
        if left == 0 {
            break;
        }
    }
    sys::text(digits.get(start..).unwrap_or_default().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn digits_are_those_of_the_standard_library(number: u64, shift in 0_u32..64) {
            let number = number >> shift;
            prop_assert_eq!(hex(number), std::format!("{number:016x}"));
            prop_assert_eq!(decimal(number), std::format!("{number}"));
        }
    }

    #[test]
    fn so_are_those_of_the_ends() {
        assert_eq!(decimal(0), "0");
        assert_eq!(decimal(u64::MAX), "18446744073709551615");
        assert_eq!(hex(0), "0000000000000000");
        assert_eq!(hex(u64::MAX), "ffffffffffffffff");
    }
}
