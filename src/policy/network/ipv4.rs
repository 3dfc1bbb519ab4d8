//! IPv4 addresses in all notations that URLs have for them, as the URL standard reads them.

use alloc::vec::Vec;
use core::net::Ipv4Addr;

/// Tells whether the last part of a name is a number: the name is an address then, or invalid.
pub(super) fn ends_with_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_decimal = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
    is_decimal || number(last).is_some()
}

/// Reads an address of one to four numbers, each decimal, octal (`0…`) or hexadecimal (`0x…`). The last number
/// fills the bytes that the others leave.
pub(super) fn read(text: &str) -> Option<Ipv4Addr> {
    let numbers = text.split('.').map(number).collect::<Option<Vec<u32>>>()?;
    let (last, head) = numbers.split_last()?;
    let mut value = u64::from(*last);
    // The first number is the highest byte.
    let mut place = 1_u64 << 24_u32;
    for number in head {
        if *number > 255 {
            return None;
        }
        value = value.checked_add(u64::from(*number).checked_mul(place)?)?;
        place = place.checked_div(256)?;
    }
    // What is left for the last number.
    let is_small = head.is_empty() || u64::from(*last) < place.checked_mul(256)?;
    is_small.then(|| u32::try_from(value).ok().map(Ipv4Addr::from)).flatten()
}

fn number(text: &str) -> Option<u32> {
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = match (hexadecimal, text.strip_prefix('0')) {
        (Some(""), _) => return Some(0),
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) if !digits.is_empty() => (digits, 8),
        _ => (text, 10),
    };
    // Parsing would take a sign.
    let is_plain = digits.chars().all(|char| char.is_digit(radix));
    if is_plain { u32::from_str_radix(digits, radix).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_many_notations() {
        for (text, address) in [
            ("127.0.0.1", "127.0.0.1"),
            ("127.1", "127.0.0.1"),
            ("0x7f.1", "127.0.0.1"),
            ("0x7F.0.1", "127.0.0.1"),
            ("2130706433", "127.0.0.1"),
            ("0177.0.0.01", "127.0.0.1"),
            ("1.2.65535", "1.2.255.255"),
            ("0x.0X.0.0", "0.0.0.0"),
            ("4294967295", "255.255.255.255"),
        ] {
            assert_eq!(read(text), address.parse().ok(), "{text}");
        }
        for text in [
            "",
            ".",
            "1.",
            ".1",
            "256.1.1.1",
            "1.256.1.1",
            "1.1.1.256",
            "1.1.65536",
            "1.2.3.4.5",
            "4294967296",
            "08",
            "0xg",
            "+1",
            "1.-1",
            "1..1",
            "a",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    /// Holds what is read here against the URL standard's own reader.
    #[cfg(feature = "http")]
    mod standard {
        use super::*;
        use alloc::string::String;
        use proptest::prelude::*;

        fn addresses() -> impl Strategy<Value = String> {
            let part = prop_oneof![
                "[0-9]{0,3}",
                "0[0-9]{1,4}",
                "0[xX][0-9a-fA-Fg]{0,3}",
                "[0-9]{9,11}",
                "[a-z]{1,2}",
                Just(String::from("256")),
                Just(String::from("65536")),
                Just(String::from("65535")),
            ];
            prop::collection::vec(part, 1..6).prop_map(|parts| parts.join("."))
        }

        proptest! {
            #![proptest_config(ProptestConfig::with_cases(2000))]

            #[test]
            fn addresses_are_read_as_urls_are(text in addresses()) {
                prop_assume!(!text.split('.').any(str::is_empty));
                match url::Host::parse(&text) {
                    Ok(url::Host::Ipv4(address)) => prop_assert_eq!(read(&text), Some(address)),
                    Ok(_) => prop_assert!(!ends_with_number(&text)),
                    Err(_) => prop_assert!(ends_with_number(&text) && read(&text).is_none()),
                }
            }
        }
    }
}
