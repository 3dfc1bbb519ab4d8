//! One search at a time, in pieces of bounded work.

use alloc::vec::Vec;

use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::{Anchored, Input};

use super::Pattern;

/// The states that make a byte cost twice as much.
const STATES_PER_BYTE: usize = 1024;

/// The question to a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Find {
    /// True if there is a match, wherever.
    Any,
    /// The place of the first match.
    Match,
    /// The places of its groups too.
    Groups,
}

/// The answer of a search.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The match is from here to there; the groups are in the slots.
    Match(usize, usize),
    /// The text has no more matches.
    Nothing,
    /// The work is used up. The search goes on from here.
    Unfinished(usize),
    /// The text is too long for the pattern.
    TooLong,
}

/// The work of searches, in bytes that are charged for, and the bound of what is left to do at once.
#[derive(Debug)]
pub(crate) struct Pace {
    pub(crate) worked: usize,
    most: usize,
}

impl Pace {
    /// The work that is done before the host looks at fuel and deadline again: about a millisecond.
    const AT_ONCE: usize = 1 << 20;

    pub(crate) fn new() -> Self {
        Self { worked: 0, most: Self::AT_ONCE }
    }

    /// True if no more should be done at once.
    pub(crate) fn is_used_up(&self) -> bool {
        self.worked >= self.most
    }

    /// Notes bytes that a pattern looked at.
    fn looked(&mut self, pattern: &Pattern, bytes: usize) {
        let states = bytes.saturating_mul(pattern.states) / STATES_PER_BYTE;
        self.note(bytes.saturating_add(states));
    }

    /// Notes other work.
    pub(crate) fn note(&mut self, bytes: usize) {
        self.worked = self.worked.saturating_add(bytes);
    }
}

impl Pattern {
    /// Searches `text` from `from` on. `slots` gets two places a group, [`None`] where a group has no part in the match.
    pub(crate) fn search(
        &self,
        text: &[u8],
        from: usize,
        find: Find,
        slots: &mut Vec<Option<NonMaxUsize>>,
        pace: &mut Pace,
    ) -> Found {
        slots.clear();
        let mut at = from;
        if at > text.len() {
            return Found::Nothing;
        }
        loop {
            let Some(piece) = self.reach.piece(text, at, self.states) else {
                return Found::TooLong;
            };
            let end = piece.end;
            let input = Input::new(text).range(at..end).anchored(Anchored::No);
            let found = match find {
                Find::Any => {
                    let half = self.regex.search_half(&input.earliest(true));
                    half.map(|half| (half.offset(), half.offset()))
                }
                Find::Match => self.regex.search(&input).map(|found| (found.start(), found.end())),
                Find::Groups => {
                    slots.resize(self.groups().saturating_mul(2), None);
                    self.regex.search_slots(&input, slots);
                    let place = |slot: usize| Some(slots.get(slot).copied()??.get());
                    place(0).zip(place(1))
                }
            };
            // A match that begins behind the piece's own part is found by the next, as a whole.
            let found = found.filter(|(start, _)| {
                piece.next.is_none_or(|next| *start < next || find == Find::Any)
            });
            let to = found.map_or(end, |(_, end)| end);
            self.looked_at(pace, to.saturating_sub(at), find);
            match (found, piece.next) {
                (Some((start, end)), _) => return Found::Match(start, end),
                (None, None) => return Found::Nothing,
                (None, Some(next)) => at = next,
            }
            if pace.is_used_up() {
                return Found::Unfinished(at);
            }
        }
    }

    /// Notes a search of a whole text that another way has shown to have no match.
    pub(crate) fn ruled_out(&self, text: &[u8], find: Find, pace: &mut Pace) {
        self.looked_at(pace, text.len(), find);
    }

    /// Notes a search; groups are found by another pass over the match.
    fn looked_at(&self, pace: &mut Pace, bytes: usize, find: Find) {
        pace.looked(self, bytes);
        if find == Find::Groups {
            pace.note(self.groups().saturating_mul(16));
        }
    }
}

/// The place of a search for one match after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    /// The place from which the search goes on, in bytes.
    pub(crate) at: usize,
    /// True if a match ended there. As the crate `regex` has it, no empty one begins right behind another.
    pub(crate) after_match: bool,
}

impl Position {
    /// Finds the next match, and moves behind it. [`Found::Unfinished`] moves as far as the search came.
    pub(crate) fn next(
        &mut self,
        pattern: &Pattern,
        text: &[u8],
        find: Find,
        slots: &mut Vec<Option<NonMaxUsize>>,
        pace: &mut Pace,
    ) -> Found {
        loop {
            let found = pattern.search(text, self.at, find, slots, pace);
            match found {
                Found::Match(start, end)
                    if self.after_match && start == end && end == self.at && find != Find::Any =>
                {
                    *self = Self { at: self.at.saturating_add(1), after_match: false };
                    if pace.is_used_up() {
                        return Found::Unfinished(self.at);
                    }
                    continue;
                }
                Found::Match(_, end) => *self = Self { at: end, after_match: true },
                Found::Unfinished(at) => *self = Self { at, after_match: false },
                Found::Nothing | Found::TooLong => {}
            }
            return found;
        }
    }
}

#[cfg(test)]
mod tests;
