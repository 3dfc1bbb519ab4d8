//! Exact comparison of JSON numbers.

use core::cmp::Ordering;

use serde_json::Number;

/// A JSON number for comparing: exact, and the same however it is written (`1`, `1.0`, `1e0`).
#[derive(Clone, Copy, Debug)]
pub(super) enum Exact {
    Whole(i128),
    /// Not whole; or of 2^127 and more, and then whole.
    Float(f64),
}

impl Exact {
    /// Returns `None` for what only `serde_json`'s `arbitrary_precision` lets through: a number
    /// beyond `f64`.
    pub(super) fn of(number: &Number) -> Option<Self> {
        if let Some(whole) = number.as_i128() {
            return Some(Self::Whole(whole));
        }
        let float = number.as_f64().filter(|float| float.is_finite())?;
        Some(match truncated(float) {
            Some((whole, true)) => Self::Whole(whole),
            _ => Self::Float(float),
        })
    }

    pub(super) fn is_whole(self) -> bool {
        match self {
            Self::Whole(_) => true,
            Self::Float(float) => truncated(float).is_none(),
        }
    }

    pub(super) fn is_multiple_of(self, divisor: u64) -> bool {
        match self {
            Self::Whole(whole) => whole.checked_rem(i128::from(divisor)) == Some(0),
            Self::Float(float) => {
                let (mantissa, exponent) = parts(float);
                let divisor = u128::from(divisor);
                // As both factors are less than 2^64, no product is too large.
                let product =
                    |left: u128, right: u128| left.saturating_mul(right).checked_rem(divisor);
                let mut rest = u128::from(mantissa).checked_rem(divisor);
                let (mut power, mut left) = (2_u128.checked_rem(divisor), exponent);
                while left > 0 {
                    if left & 1 == 1 {
                        rest = rest.zip(power).and_then(|(rest, power)| product(rest, power));
                    }
                    power = power.and_then(|power| product(power, power));
                    left >>= 1;
                }
                self.is_whole() && rest == Some(0)
            }
        }
    }

    pub(super) fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Whole(left), Self::Whole(right)) => left.cmp(&right),
            (Self::Float(left), Self::Float(right)) => left.total_cmp(&right),
            (Self::Whole(whole), Self::Float(float)) => compare_mixed(whole, float),
            (Self::Float(float), Self::Whole(whole)) => compare_mixed(whole, float).reverse(),
        }
    }
}

/// Compares with what [`Exact::Float`] holds, which is never equal to a whole number that fits.
fn compare_mixed(whole: i128, float: f64) -> Ordering {
    let positive = float.is_sign_positive();
    match truncated(float) {
        Some((part, _)) if positive && whole <= part => Ordering::Less,
        Some((part, _)) if !positive && whole >= part => Ordering::Greater,
        Some(_) if positive => Ordering::Greater,
        None if !positive => Ordering::Greater,
        Some(_) | None => Ordering::Less,
    }
}

/// The part of a number before the point, and whether that is all of it. None for 2^127 and more.
fn truncated(float: f64) -> Option<(i128, bool)> {
    let (mantissa, exponent) = parts(float);
    let shift = exponent.unsigned_abs();
    let (size, all) = if exponent >= 0 {
        // The mantissa has 53 bits, of the 127 that there are beside the sign.
        (i128::from(mantissa).checked_shl(shift).filter(|_| shift <= 74)?, true)
    } else {
        let size = mantissa.checked_shr(shift).unwrap_or(0);
        (i128::from(size), size.checked_shl(shift).unwrap_or(0) == mantissa)
    };
    Some((if float.is_sign_negative() { size.saturating_neg() } else { size }, all))
}

/// The two numbers of which a finite one is made but for its sign: `mantissa * 2^exponent`.
fn parts(float: f64) -> (u64, i32) {
    const IMPLIED: u64 = 1 << 52;
    let bits = float.to_bits();
    let fraction = bits & (IMPLIED - 1);
    let exponent = i32::try_from((bits >> 52) & 0x7ff).unwrap_or(0);
    let mantissa = if exponent == 0 { fraction } else { fraction | IMPLIED };
    (mantissa, exponent.max(1).saturating_sub(1075))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;
    use proptest::prelude::*;

    fn exact(text: &str) -> Exact {
        Exact::of(&serde_json::from_str(text).unwrap()).unwrap()
    }

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        for (left, right) in [
            ("1", "1.0"),
            ("100", "1e2"),
            ("0", "-0.0"),
            ("-9223372036854775808", "-9223372036854775808.0"),
            ("18446744073709551616", "1.8446744073709551616e19"),
            ("1e300", "10e299"),
        ] {
            assert_eq!(exact(left).compare(exact(right)), Ordering::Equal, "{left} {right}");
            assert!(exact(left).is_whole(), "{left}");
        }
    }

    #[test]
    fn neighbours_are_told_apart_where_floats_cannot() {
        let sorted = [
            "-1e300",
            "-9223372036854775808",
            "-9223372036854775807",
            "-1.5",
            "-1",
            "-0.5",
            "0",
            "5e-324",
            "0.5",
            "1",
            "1.5",
            "2",
            "9007199254740992",
            "9007199254740993",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "1.7014118346046923e38",
            "1e39",
            "1e300",
        ];
        for (i, left) in sorted.iter().enumerate() {
            for (j, right) in sorted.iter().enumerate() {
                assert_eq!(exact(left).compare(exact(right)), i.cmp(&j), "{left} {right}");
            }
        }
        // As numbers: without `float_roundtrip`, `serde_json` reads the last as a whole one.
        for float in [-1.5, 0.5, 5e-324, 4_503_599_627_370_495.5] {
            let number = Exact::of(&Number::from_f64(float).unwrap()).unwrap();
            assert!(!number.is_whole(), "{float}");
        }
    }

    #[test]
    fn multiples_are_exact_up_to_the_largest_number() {
        for (number, divisor, is) in [
            ("10", 5, true),
            ("-10", 5, true),
            ("10.0", 5, true),
            ("0", 5, true),
            ("11", 5, false),
            ("10.5", 1, false),
            ("18446744073709551615", u64::MAX, true),
            ("18446744073709551614", u64::MAX, false),
            // 2^200, and 2^200 is 1 modulo 3.
            ("1606938044258990275541962092341162602522202993782792835301376", 1 << 60, true),
            ("1606938044258990275541962092341162602522202993782792835301376", 3, false),
        ] {
            assert_eq!(exact(number).is_multiple_of(divisor), is, "{number} {divisor}");
        }
    }

    proptest! {
        #[test]
        fn floats_compare_exactly_with_whole_numbers(
            whole in -(1_i64 << 52)..(1_i64 << 52),
            float in prop_oneof![any::<f64>(), -1e6..1e6],
        ) {
            prop_assume!(float.is_finite());
            // Below 2^53 each whole number is a float as well.
            let as_float: f64 = whole.to_string().parse().unwrap();
            let number = Exact::of(&Number::from_f64(float).unwrap()).unwrap();
            let other = Exact::of(&Number::from(whole)).unwrap();
            prop_assert_eq!(other.compare(number), as_float.partial_cmp(&float).unwrap());
            prop_assert_eq!(number.is_whole(), float.fract() == 0.0);
        }
    }
}
