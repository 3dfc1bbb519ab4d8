//! Replacements of matches: a text with groups in it, or a mask.

use alloc::string::String;

use regex_automata::util::interpolate;
use regex_automata::util::primitives::NonMaxUsize;

use super::{Find, Pattern};

/// The form of a replacement.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Template<'t> {
    /// The text, with `$1`, `$name` and `${name}` for groups, and `$$` for a dollar sign.
    Groups(&'t str),
    /// The text as it is.
    Literal(&'t str),
    /// The mark once for each character of the match but the first and the last ones.
    Mask { mark: char, first: usize, last: usize },
}

impl Template<'_> {
    /// The question to a pattern whose matches it replaces.
    pub(crate) fn find(&self) -> Find {
        if self.takes_groups() { Find::Groups } else { Find::Match }
    }

    /// True if it takes the places of groups.
    fn takes_groups(&self) -> bool {
        matches!(self, Self::Groups(text) if text.contains('$'))
    }

    /// Appends what stands for the match `found` of `text`.
    pub(crate) fn append(
        &self,
        pattern: &Pattern,
        text: &str,
        found: core::ops::Range<usize>,
        slots: &[Option<NonMaxUsize>],
        out: &mut String,
    ) {
        let place = |slot: usize| Some(slots.get(slot).copied()??.get());
        match *self {
            Self::Groups(template) if self.takes_groups() => interpolate::string(
                template,
                |group, out| {
                    let slot = group.saturating_mul(2);
                    let range = place(slot).zip(place(slot.saturating_add(1)));
                    out.push_str(
                        range.and_then(|(from, to)| text.get(from..to)).unwrap_or_default(),
                    );
                },
                |name| pattern.names().position(|known| !name.is_empty() && known == name),
                out,
            ),
            Self::Groups(template) | Self::Literal(template) => out.push_str(template),
            Self::Mask { mark, first, last } => {
                let found = text.get(found).unwrap_or_default();
                let masked_to = found.chars().count().saturating_sub(last);
                for (position, char) in found.chars().enumerate() {
                    let shown = position < first || position >= masked_to;
                    out.push(if shown { char } else { mark });
                }
            }
        }
    }
}
