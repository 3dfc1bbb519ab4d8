//! Figures as people read them: three digits, and a unit.

use crate::sample::Summary;

/// A time given in seconds.
pub fn time(seconds: f64) -> String {
    let (factor, unit) = match seconds {
        s if s < 0.999_5e-6 => (1e9, "ns"),
        s if s < 0.999_5e-3 => (1e6, "µs"),
        s if s < 0.999_5 => (1e3, "ms"),
        _ => (1.0, "s"),
    };
    format!("{} {unit}", three_digits(seconds * factor))
}

/// From the tenth to the ninetieth of a hundred samples.
pub fn spread(summary: Summary) -> String {
    format!("{} – {}", time(summary.p10), time(summary.p90))
}

/// The factor.
pub fn ratio(ratio: f64) -> String {
    format!("{}×", three_digits(ratio))
}

/// A size of memory.
pub fn kilobytes(kilobytes: f64) -> String {
    match kilobytes {
        k if k < 999.5 => format!("{} KiB", three_digits(k)),
        k => format!("{} MiB", three_digits(k / 1024.0)),
    }
}

/// The size of a file.
pub fn bytes(bytes: u64) -> String {
    match bytes as f64 {
        b if b < 1e4 => format!("{b} B"),
        b if b < 999.5e3 => format!("{} kB", three_digits(b / 1e3)),
        b => format!("{} MB", three_digits(b / 1e6)),
    }
}

pub fn per_second(calls: f64) -> String {
    match calls {
        c if c < 999.5 => three_digits(c),
        c if c < 999.5e3 => format!("{} k", three_digits(c / 1e3)),
        c => format!("{} M", three_digits(c / 1e6)),
    }
}

fn three_digits(number: f64) -> String {
    let decimals = match number.abs() {
        n if n < 9.995 => 2,
        n if n < 99.95 => 1,
        _ => 0,
    };
    format!("{number:.decimals$}")
}

/// A table in Markdown; all columns but the first are figures.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let rule = |column: usize| if column == 0 { "---" } else { "---:" }.to_string();
    let mut table = line(head.iter().map(ToString::to_string).collect());
    table.push_str(&line((0..head.len()).map(rule).collect()));
    rows.iter().for_each(|row| table.push_str(&line(row.clone())));
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_and_a_unit() {
        let shown = [0.2814e-6, 0.9999e-6, 1.234e-6, 12.34e-3, 655.4e-3, 2.0].map(time);
        assert_eq!(shown, ["281 ns", "1.00 µs", "1.23 µs", "12.3 ms", "655 ms", "2.00 s"]);
        assert_eq!([298, 62_369, 25_300_000].map(bytes), ["298 B", "62.4 kB", "25.3 MB"]);
        assert_eq!([73.2, 98_304.0].map(kilobytes), ["73.2 KiB", "96.0 MiB"]);
    }
}
