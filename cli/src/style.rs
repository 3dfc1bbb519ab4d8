//! The look of output: colours, numbers, the receipt.

use std::fmt::{self, Display};

use anstyle::{AnsiColor, Style};
use cpex_wasmi::Receipt;

/// Something went wrong, or was denied.
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// Something looks odd.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// Advice.
pub(crate) const HINT: Style = AnsiColor::Cyan.on_default().bold();
/// All is well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Something new.
pub(crate) const ADDED: Style = AnsiColor::Green.on_default();
/// Something that is gone.
pub(crate) const REMOVED: Style = AnsiColor::Red.on_default();
/// Something that changed.
pub(crate) const CHANGED: Style = AnsiColor::Yellow.on_default();
/// Something that matters less.
pub(crate) const DIM: Style = Style::new().dimmed();
/// Something that matters more.
pub(crate) const BOLD: Style = Style::new().bold();

/// Text in a style. The terminal takes the style out again where it is not wanted.
pub(crate) fn paint(style: Style, text: impl Display) -> impl Display {
    fmt::from_fn(move |f| write!(f, "{style}{text}{style:#}"))
}

/// A number with its digits in groups of three.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len().saturating_mul(2));
    for (position, digit) in digits.chars().enumerate() {
        let left = digits.len().saturating_sub(position);
        if position > 0 && left.is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of bytes: in KiB or MiB if that is exact, else as it is.
pub(crate) fn bytes(number: u64) -> String {
    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;
    if number >= MIB && number.is_multiple_of(MIB) {
        format!("{} MiB", grouped(number.checked_div(MIB).unwrap_or_default()))
    } else if number >= KIB && number.is_multiple_of(KIB) {
        format!("{} KiB", grouped(number.checked_div(KIB).unwrap_or_default()))
    } else {
        format!("{} B", grouped(number))
    }
}

/// `1 page`, `2 pages`.
pub(crate) fn counted(number: u64, one: &str) -> String {
    format!("{} {one}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// A time with a unit that suits it, in three digits at least, rounded down.
pub(crate) fn time(nanoseconds: u64) -> String {
    let (unit, name) = match nanoseconds {
        0..1_000 => return format!("{nanoseconds} ns"),
        1_000..1_000_000 => (1_000, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    let whole = nanoseconds.checked_div(unit).unwrap_or_default();
    let digits = match whole {
        0..10 => 2,
        10..100 => 1,
        _ => return format!("{} {name}", grouped(whole)),
    };
    let hundredths = nanoseconds.checked_rem(unit).unwrap_or_default().saturating_mul(100);
    let hundredths = hundredths.checked_div(unit).unwrap_or_default();
    let fraction = format!("{hundredths:02}");
    format!("{whole}.{} {name}", fraction.get(..digits).unwrap_or_default())
}

/// The cost of a call, on one line.
pub(crate) fn receipt(receipt: &Receipt) -> String {
    let mut line = format!(
        "fuel {} · memory {} · {} · read {} · wrote {} · {}",
        grouped(receipt.fuel),
        bytes(receipt.peak_memory_bytes),
        counted(receipt.host_calls, "host call"),
        bytes(receipt.bytes_read),
        bytes(receipt.bytes_written),
        counted(receipt.slices, "slice"),
    );
    if receipt.init_fuel > 0 {
        line.push_str(&format!(" · initialisation fuel {}", grouped(receipt.init_fuel)));
    }
    if receipt.log_lines_dropped > 0 {
        line.push_str(&format!(" · {} dropped", counted(receipt.log_lines_dropped, "log line")));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let numbers = [0, 999, 1000, 123_456, 1_234_567].map(grouped);
        assert_eq!(numbers, ["0", "999", "1,000", "123,456", "1,234,567"]);
    }

    #[test]
    fn times_have_units() {
        let times = [999, 1_034, 56_789, 567_890, 5_678_901, 2_000_000_000, 3_601_000_000_000];
        let expected = ["999 ns", "1.03 µs", "56.7 µs", "567 µs", "5.67 ms", "2.00 s", "3,601 s"];
        assert_eq!(times.map(time), expected);
    }

    #[test]
    fn bytes_are_never_rounded() {
        let sizes = [0, 1023, 65_536, 65_537, 16 << 20].map(bytes);
        assert_eq!(sizes, ["0 B", "1,023 B", "64 KiB", "65,537 B", "16 MiB"]);
    }
}
