//! Text for people, fitted to the columns that there are.

use crate::terminal;

/// Breaks a line between words where it would be too long. What follows is indented by this many spaces.
/// A word that is too long by itself stays whole.
pub(crate) fn words(line: &str, indent: usize) -> String {
    broken(line, " ", indent, terminal::columns())
}

/// Breaks a line of parts that `·` divides, between parts only.
pub(crate) fn parts(line: &str) -> String {
    broken(line, " · ", 0, terminal::columns())
}

/// True if there are so few columns that a table puts one thing below the other.
pub(crate) fn is_narrow() -> bool {
    terminal::columns().is_some_and(|columns| columns < 100)
}

fn broken(line: &str, between: &str, indent: usize, columns: Option<usize>) -> String {
    let Some(columns) = columns.filter(|columns| width(line) > *columns) else {
        return line.to_owned();
    };
    // What a line begins with is part of how it looks.
    let start = line.len().saturating_sub(line.trim_start_matches(' ').len());
    let (lead, rest) = line.split_at(start);
    let (mut out, mut used) = (lead.to_owned(), width(lead));
    let mut is_first = true;
    for part in rest.split(between) {
        let (wide, gap) = (width(part), width(between));
        if !is_first {
            // What fits nowhere is best left where it is.
            let fits_nowhere = indent.saturating_add(wide) > columns;
            if used.saturating_add(gap).saturating_add(wide) <= columns || fits_nowhere {
                out.push_str(between);
                used = used.saturating_add(gap);
            } else {
                let kept = out.trim_end_matches(' ').len();
                out.truncate(kept);
                out.push_str(&format!("\n{:indent$}", ""));
                used = indent;
            }
        }
        out.push_str(part);
        used = used.saturating_add(wide);
        is_first = false;
    }
    out
}

/// The characters that are seen, which those are not that set a style.
fn width(text: &str) -> usize {
    let mut width = 0_usize;
    let mut is_style = false;
    for char in text.chars() {
        match (is_style, char) {
            (false, '\u{1b}') => is_style = true,
            (false, _) => width = width.saturating_add(1),
            (true, 'm') => is_style = false,
            (true, _) => {}
        }
    }
    width
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(line: &str, columns: usize) -> String {
        broken(line, " ", 2, Some(columns))
    }

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(fitted("one two three", 13), "one two three");
        assert_eq!(fitted("one two three", 12), "one two\n  three");
        assert_eq!(fitted("  a   b cccccc d", 8), "  a   b\n  cccccc\n  d");
        assert_eq!(fitted("a b ccccccccc d", 8), "a b ccccccccc\n  d");
        assert_eq!(broken("a b · c d", " · ", 0, Some(4)), "a b\nc d");
    }

    #[test]
    fn styles_take_no_room() {
        assert_eq!(width("\u{1b}[1m\u{1b}[31mDENY\u{1b}[0m"), 4);
    }
}
