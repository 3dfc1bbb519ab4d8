//! Checks by which candidates are told from what only looks like them.

/// The digits of a text.
fn digits(text: &str) -> impl DoubleEndedIterator<Item = u32> {
    text.chars().filter_map(|one| one.to_digit(10))
}

/// The check digit of payment cards, by Luhn: every second digit from the right is doubled. 13 to 19 digits.
pub(crate) fn card(text: &str) -> bool {
    let sum = digits(text).rev().enumerate().map(|(position, digit)| match (position % 2, digit) {
        (1, 5..) => digit * 2 - 9,
        (1, _) => digit * 2,
        _ => digit,
    });
    (13..=19).contains(&digits(text).count()) && sum.sum::<u32>() % 10 == 0
}

/// The check number of an IBAN. As a number, with its first four characters last and letters as 10 to 35, it leaves 1
/// when it is divided by 97.
pub(crate) fn iban(text: &str) -> bool {
    let characters = || text.chars().filter_map(|one| one.to_digit(36));
    let rest = characters().skip(4).chain(characters().take(4)).fold(0, |rest, value| {
        let factor = if value > 9 { 100 } else { 10 };
        (rest * factor + value) % 97
    });
    (15..=34).contains(&characters().count()) && rest == 1
}

/// An international number has 8 to 15 digits, a North American one ten.
pub(crate) fn phone(text: &str) -> bool {
    (8..=15).contains(&digits(text).count())
}

/// Areas 000 and 666, group 00 and serial 0000 are never given out.
pub(crate) fn us_ssn(text: &str) -> bool {
    let mut parts = text.split('-');
    let is = |part: Option<&str>, never: &[&str]| part.is_some_and(|part| !never.contains(&part));
    is(parts.next(), &["000", "666"]) && is(parts.next(), &["00"]) && is(parts.next(), &["0000"])
}

/// Four numbers up to 255. Addresses that belong to no person are left: loopback and unspecified ones.
pub(crate) fn ip(text: &str) -> bool {
    text.split('.').all(|part| part.parse::<u8>().is_ok())
        && !text.starts_with("127.")
        && !text.starts_with("0.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_have_a_check_digit() {
        assert!(
            card("4111 1111 1111 1111") && card("378282246310005") && card("5555-5555-5555-4444")
        );
        assert!(!card("4111 1111 1111 1112") && !card("0000"));
    }

    #[test]
    fn ibans_have_a_check_number() {
        assert!(iban("DE89 3704 0044 0532 0130 00") && iban("GB82WEST12345698765432"));
        assert!(!iban("DE88 3704 0044 0532 0130 00") && !iban("DE89"));
    }

    #[test]
    fn numbers_that_are_never_given_out_are_none() {
        assert!(us_ssn("123-45-6789"));
        assert!(!us_ssn("000-45-6789") && !us_ssn("666-45-6789") && !us_ssn("123-00-6789"));
        assert!(ip("192.168.0.7") && !ip("192.168.0.700") && !ip("127.0.0.1"));
        assert!(phone("+49 30 1234567") && !phone("+1 23"));
    }
}
