//! The plugin `secrets`, which masks.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::formats::FORMATS;

static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let formats = FORMATS.iter().filter(|format| !format.on_request);
    formats.map(|format| Regex::new(format.pattern).unwrap()).collect()
});

/// The text with its secrets masked; `None` if there are none.
pub(crate) fn masked(text: &str) -> Option<String> {
    let stars = |found: &Captures<'_>| "*".repeat(found[0].chars().count());
    let mut masked = None;
    for pattern in PATTERNS.iter() {
        let text = masked.as_deref().unwrap_or(text);
        if let Cow::Owned(new) = pattern.replace_all(text, stars) {
            masked = Some(new);
        }
    }
    masked
}
