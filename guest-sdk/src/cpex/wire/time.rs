//! Points in time: RFC 3339 text on the wire. By hand, as chrono's own parser and formatter are
//! larger than many a plugin.

use alloc::string::String;
use alloc::vec::Vec;

use chrono::{DateTime, Utc};

use super::{Reader, Wire, put_text};

impl Wire for DateTime<Utc> {
    fn read(reader: &mut Reader<'_>) -> Self {
        let text = reader.text();
        reader.or_fail(parse(&text))
    }

    fn write(&self, out: &mut Vec<u8>) {
        put_text(out, &format(self));
    }
}

const DAY: i64 = 86_400;
/// Days from March 1st of the year 0 to January 1st, 1970.
const EPOCH: i64 = 719_468;
/// Days of 400 years, after which the calendar repeats.
const ERA: i64 = 146_097;

/// A point in time, in any offset, down to nanoseconds.
#[allow(clippy::arithmetic_side_effects, reason = "no number has more than nine digits")]
fn parse(text: &str) -> Option<DateTime<Utc>> {
    let mut left = Left(text.as_bytes());
    let year = left.number(4)?;
    let month = left.after(b"-")?.number(2)?;
    let day = left.after(b"-")?.number(2)?;
    let hour = left.after(b"Tt ")?.number(2)?;
    let minute = left.after(b":")?.number(2)?;
    let second = left.after(b":")?.number(2)?;
    let mut nanos = left.fraction()?;
    let offset = left.offset()?;
    let fits = (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !fits || !left.0.is_empty() {
        return None;
    }
    let mut seconds = second;
    if seconds == 60 {
        // A leap second, which chrono counts as a second that takes two.
        seconds = 59;
        nanos += 1_000_000_000;
    }
    seconds += days(year, month, day) * DAY + hour * 3600 + minute * 60 - offset;
    DateTime::from_timestamp(seconds, nanos)
}

/// The text that chrono's serde makes of it.
#[allow(clippy::arithmetic_side_effects, reason = "chrono's years have at most six digits")]
fn format(time: &DateTime<Utc>) -> String {
    let (seconds, nanos) = (time.timestamp(), i64::from(time.timestamp_subsec_nanos()));
    let (leap, nanos) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    let (year, month, day) = date(seconds.div_euclid(DAY));
    let second = seconds.rem_euclid(DAY);
    let mut out = String::new();
    if !(0..=9999).contains(&year) {
        out.push(if year < 0 { '-' } else { '+' });
    }
    let digits = match year.abs() {
        0..=9999 => 4,
        10_000..=99_999 => 5,
        _ => 6,
    };
    put(&mut out, year.abs(), digits);
    for (before, number) in [
        ('-', month),
        ('-', day),
        ('T', second / 3600),
        (':', second / 60 % 60),
        (':', second % 60 + leap),
    ] {
        out.push(before);
        put(&mut out, number, 2);
    }
    let (fraction, digits) = match nanos {
        0 => (0, 0),
        _ if nanos % 1_000_000 == 0 => (nanos / 1_000_000, 3),
        _ if nanos % 1000 == 0 => (nanos / 1000, 6),
        _ => (nanos, 9),
    };
    if digits > 0 {
        out.push('.');
        put(&mut out, fraction, digits);
    }
    out.push('Z');
    out
}

/// Appends the last digits of a number.
fn put(out: &mut String, number: i64, digits: u32) {
    let Some(before) = digits.checked_sub(1) else { return };
    put(out, number / 10, before);
    out.push(char::from(b'0'.wrapping_add(u8::try_from(number % 10).unwrap_or_default())));
}

/// Days from the epoch to a date. Counts in years that begin in March, so that the day that not all
/// years have comes last.
#[allow(clippy::arithmetic_side_effects, reason = "a year has at most four digits")]
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + of_year - EPOCH
}

/// The date that many days after the epoch: year, month and day.
#[allow(clippy::arithmetic_side_effects, reason = "chrono's years have at most six digits")]
const fn date(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH;
    let (era, of_era) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era;
    (if month <= 2 { year + 1 } else { year }, month, day)
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The rest of the text.
struct Left<'a>(&'a [u8]);

impl Left<'_> {
    /// Takes one of these characters.
    fn after(&mut self, any: &[u8]) -> Option<&mut Self> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        any.contains(first).then_some(self)
    }

    fn digit(&mut self) -> Option<i64> {
        let (first, rest) = self.0.split_first()?;
        let digit = first.is_ascii_digit().then(|| i64::from(first.wrapping_sub(b'0')))?;
        self.0 = rest;
        Some(digit)
    }

    #[allow(clippy::arithmetic_side_effects, reason = "there are at most four digits")]
    fn number(&mut self, digits: u32) -> Option<i64> {
        let mut number = 0;
        for _ in 0..digits {
            number = number * 10 + self.digit()?;
        }
        Some(number)
    }

    /// A fraction of a second, in nanoseconds; further digits are cut off.
    fn fraction(&mut self) -> Option<u32> {
        if self.0.first() != Some(&b'.') {
            return Some(0);
        }
        let mut unit = 100_000_000_u32;
        let mut nanos = 0_u32;
        self.after(b".")?;
        self.0.first().filter(|next| next.is_ascii_digit())?;
        while let Some(digit) = self.digit() {
            let digit = u32::try_from(digit).unwrap_or_default();
            nanos = nanos.wrapping_add(digit.wrapping_mul(unit));
            unit /= 10;
        }
        Some(nanos)
    }

    /// The offset from UTC, in seconds.
    #[allow(clippy::arithmetic_side_effects, reason = "there are at most four digits")]
    fn offset(&mut self) -> Option<i64> {
        let (&sign, rest) = self.0.split_first()?;
        self.0 = rest;
        let sign = match sign {
            b'Z' | b'z' => return Some(0),
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let hours = self.number(2)?;
        let minutes = self.after(b":")?.number(2)?;
        (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::SecondsFormat;
    use proptest::prelude::*;

    #[test]
    fn texts_of_rfc_3339_are_read() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", (0, 0)),
            ("2024-02-29T23:59:59.5Z", (1_709_251_199, 500_000_000)),
            ("2026-01-31T12:00:00+02:00", (1_769_853_600, 0)),
            ("2026-01-31t12:00:00-00:30", (1_769_862_600, 0)),
            ("1969-12-31 23:59:59.123456789Z", (-1, 123_456_789)),
            ("2016-12-31T23:59:60Z", (1_483_228_799, 1_000_000_000)),
            ("0000-03-01T00:00:00z", (-62_162_035_200, 0)),
        ] {
            let expected = DateTime::from_timestamp(expected.0, expected.1);
            assert!(expected.is_some());
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn other_texts_are_not() {
        for text in [
            "",
            "yesterday",
            "2026-01-31",
            "2026-01-31T12:00:00",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31T12:60:00Z",
            "2026-01-31T12:00:61Z",
            "2026-01-31T12:00:00.Z",
            "2026-01-31T12:00:00+2:00",
            "2026-01-31T12:00:00Z ",
            "२०26-01-31T12:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn it_is_chrono_s_text(
            seconds in DateTime::<Utc>::MIN_UTC.timestamp()..DateTime::<Utc>::MAX_UTC.timestamp(),
            (unit, count) in (0_usize..4, 0_u32..1000),
        ) {
            let unit = [1_u32, 1000, 1_000_000, 999_999][unit];
            let time = DateTime::from_timestamp(seconds, count.saturating_mul(unit)).unwrap();
            let text = time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            prop_assert_eq!(format(&time), text);
        }

        #[test]
        fn what_is_written_is_read(
            seconds in -62_167_219_200_i64..253_402_300_800,
            nanos in 0_u32..1_000_000_000,
        ) {
            let time = DateTime::from_timestamp(seconds, nanos).unwrap();
            prop_assert_eq!(parse(&format(&time)), Some(time));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9TZ:.+-]{0,30}|\\PC{0,30}") {
            let _ = parse(&text);
        }
    }
}
