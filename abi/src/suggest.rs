//! Suggestions for misspelt names: `did you mean ...?`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// `; did you mean …?` if one of the names known is like the one given, else which ones there are.
pub fn did_you_mean<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    match nearest(given, known.iter().copied()) {
        Some(name) => format!("; did you mean `{name}`?"),
        None if known.is_empty() => String::new(),
        None => format!("; known are `{}`", known.join("`, `")),
    }
}

/// The known name that is nearest to the one given, if any is like it.
pub fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known.filter_map(|name| Some((likeness(given, name)?, name))).min().map(|(_, name)| name)
}

/// Returns true if one name may be a misspelling of another.
pub fn is_like(given: &str, name: &str) -> bool {
    likeness(given, name).is_some()
}

/// The distance of two names, if one may be a misspelling of the other.
pub fn likeness(given: &str, name: &str) -> Option<usize> {
    let distance = distance(given, name);
    (distance <= name.len().max(given.len()) / 3).then_some(distance)
}

/// The number of characters that must be added, removed, replaced or swapped with a neighbour to make one
/// name of another. Names over 64 characters are like no other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().max(b.len()) > 64 {
        return usize::MAX;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(last.len());
        row.push(i.saturating_add(1));
        for (j, to) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX);
            let next = j.saturating_add(1);
            let mut best = at(&last, j)
                .saturating_add(usize::from(from != to))
                .min(at(&last, next).saturating_add(1))
                .min(at(&row, j).saturating_add(1));
            let swapped = i
                .checked_sub(1)
                .zip(j.checked_sub(1))
                .is_some_and(|(pi, pj)| a.get(pi) == Some(to) && b.get(pj) == Some(from));
            if swapped {
                let pj = j.saturating_sub(1);
                best = best.min(at(&before, pj).saturating_add(1));
            }
            row.push(best);
        }
        before = core::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_recognised() {
        let known = ["max_fuel", "max_tables", "max_memory_bytes"];
        let hint = |given| did_you_mean(given, known.into_iter());
        assert_eq!(hint("max_feul"), "; did you mean `max_fuel`?");
        assert_eq!(hint("max_memory"), "; known are `max_fuel`, `max_tables`, `max_memory_bytes`");
        assert_eq!(hint("max_memory_byte"), "; did you mean `max_memory_bytes`?");
        assert_eq!(nearest("ab_cd", ["xb_cd", "ab_ce", "ab_cd"].into_iter()), Some("ab_cd"));
        assert_eq!(nearest("ab_cd", ["vwxyz"].into_iter()), None);
        assert_eq!(distance("ab", "ba"), 1);
        assert_eq!(distance("", "abc"), 3);
    }
}
