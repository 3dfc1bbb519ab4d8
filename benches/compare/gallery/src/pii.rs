//! The plugin `pii`, which masks.

use std::cell::Cell;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::kinds::KINDS;

static PATTERNS: LazyLock<Vec<Regex>> =
    LazyLock::new(|| KINDS.iter().map(|kind| Regex::new(kind.pattern).unwrap()).collect());

/// The text with its personal data masked; `None` if there is none.
pub(crate) fn masked(text: &str) -> Option<String> {
    let mut masked = None;
    for (kind, pattern) in KINDS.iter().zip(PATTERNS.iter()) {
        let (text, found) = (masked.as_deref().unwrap_or(text), Cell::new(false));
        let mask = |candidate: &Captures<'_>| {
            let candidate = &candidate[0];
            if !(kind.check)(candidate) {
                return candidate.to_string();
            }
            found.set(true);
            hidden(candidate, kind.shown)
        };
        let new = pattern.replace_all(text, mask);
        if found.get() {
            masked = Some(new.into_owned());
        }
    }
    masked
}

/// The text with its letters and digits hidden, but for the last ones.
fn hidden(text: &str, shown: usize) -> String {
    let letters = text.chars().filter(|one| one.is_ascii_alphanumeric()).count();
    let (most, mut seen) = (letters.saturating_sub(shown), 0);
    let mask = |one: char| match one.is_ascii_alphanumeric() {
        true => {
            seen += 1;
            if seen > most { one } else { '*' }
        }
        false => one,
    };
    text.chars().map(mask).collect()
}
