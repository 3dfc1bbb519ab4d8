//! Whole numbers in JSON that no type of the host holds.

/// A whole number of more than 64 bits. Read as JSON, it would become another one: `1e+20`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLarge<'t> {
    before: &'t str,
    digits: &'t str,
}

impl TooLarge<'_> {
    /// The line and the column in it, counted from 1.
    pub(super) fn place(&self) -> (usize, usize) {
        let line = self.before.rsplit_once('\n').map_or(self.before, |(_, line)| line);
        let lines = self.before.matches('\n').count();
        (lines.saturating_add(1), line.chars().count().saturating_add(1))
    }

    /// The problem, with the number as it is written.
    pub(super) fn problem(&self) -> String {
        format!(
            "{} is too large: whole numbers go from {} to {}; put it in quotes, or write it with a `.`",
            self.digits,
            i64::MIN,
            u64::MAX
        )
    }
}

/// Finds the first whole number of more than 64 bits in a text that is valid JSON.
pub(super) fn beyond_64_bits(text: &str) -> Option<TooLarge<'_>> {
    let mut rest = text;
    while let Some(start) =
        rest.find(|char: char| char == '"' || char == '-' || char.is_ascii_digit())
    {
        let (_, found) = rest.split_at(start);
        if let Some(inside) = found.strip_prefix('"') {
            rest = after_string(inside);
            continue;
        }
        let is_part = |char: char| char.is_ascii_digit() || "+-.eE".contains(char);
        let end = found.find(|char| !is_part(char)).unwrap_or(found.len());
        let (digits, after) = found.split_at(end);
        let is_whole = !digits.contains(['.', 'e', 'E']);
        if is_whole && digits.parse::<u64>().is_err() && digits.parse::<i64>().is_err() {
            let before = text.split_at(text.len().saturating_sub(found.len())).0;
            return Some(TooLarge { before, digits });
        }
        rest = after;
    }
    None
}

/// The text after the end of a string.
fn after_string(inside: &str) -> &str {
    let mut escaped = false;
    for (at, char) in inside.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return inside.split_at(at.saturating_add(1)).1,
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_numbers_beyond_64_bits_are_found() {
        let fits = r#"{"a": [18446744073709551615, -9223372036854775808, 1e400, 1.5, "99999999999999999999", "\\\"999999999999999999999"]}"#;
        assert_eq!(beyond_64_bits(fits), None);
        let found = beyond_64_bits("{\"a\": 1,\n \"b\": -99999999999999999999}").unwrap();
        assert_eq!((found.place(), found.digits), ((2, 7), "-99999999999999999999"));
        let found = beyond_64_bits("18446744073709551616").unwrap();
        assert_eq!(found.place(), (1, 1));
    }
}
