//! Texts that no match goes across: places where a long text can be cut, and searched piece by piece.

use regex_syntax::hir::{Class, Hir, HirKind};

/// The most work of one search that cannot be interrupted: the bytes of a text by the states of an automaton.
/// Some 0.1 s at the worst.
pub(crate) const MAX_WORK: usize = 16 << 20;

/// The reach of a pattern's matches.
#[derive(Debug)]
pub(super) struct Reach {
    /// The length of the longest match, in bytes.
    longest: Option<usize>,
    /// The bytes that a match can have in it.
    within: [bool; 256],
}

impl Reach {
    pub(super) fn of(pattern: &Hir) -> Self {
        let mut within = [false; 256];
        note(pattern, &mut within);
        Self { longest: pattern.properties().maximum_len(), within }
    }

    /// The end of a piece of `text` that can be searched at once from `from` on, and the place from which to go on if
    /// nothing was found. A match that begins before that place ends within the piece.
    ///
    /// `None` if there is no such piece: the text is too long for the pattern.
    pub(super) fn piece(&self, text: &[u8], from: usize, states: usize) -> Option<Piece> {
        let most = MAX_WORK.checked_div(states).unwrap_or(MAX_WORK);
        let rest = text.len().saturating_sub(from);
        if rest <= most {
            return Some(Piece { end: text.len(), next: None });
        }
        if let Some(longest) = self.longest.filter(|longest| *longest <= most / 2) {
            let end = from.saturating_add(most);
            return Some(Piece { end, next: Some(end.saturating_sub(longest)) });
        }
        // A match begins and ends on one side of a byte that none has in it.
        let most = text.get(from..from.saturating_add(most))?;
        let cut = most.iter().rposition(|byte| !self.may_contain(*byte))?;
        let end = from.saturating_add(cut);
        Some(Piece { end, next: Some(end.saturating_add(1)) })
    }

    fn may_contain(&self, byte: u8) -> bool {
        self.within.get(usize::from(byte)).copied().unwrap_or(true)
    }
}

/// A part of a text that is searched at once.
pub(super) struct Piece {
    /// The end of the part.
    pub(super) end: usize,
    /// The beginning of the next, unless it is the last.
    pub(super) next: Option<usize>,
}

/// Notes the bytes that a match of `pattern` can have in it.
fn note(pattern: &Hir, within: &mut [bool; 256]) {
    let mut mark = |from: u8, to: u8| {
        for byte in within.iter_mut().take(usize::from(to).saturating_add(1)).skip(from.into()) {
            *byte = true;
        }
    };
    match pattern.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => literal.0.iter().for_each(|byte| mark(*byte, *byte)),
        HirKind::Class(Class::Bytes(class)) => {
            class.iter().for_each(|range| mark(range.start(), range.end()));
        }
        HirKind::Class(Class::Unicode(class)) => {
            for range in class.iter() {
                let ascii = |char: char| u8::try_from(char).ok().filter(u8::is_ascii);
                if let Some(from) = ascii(range.start()) {
                    mark(from, ascii(range.end()).unwrap_or(0x7f));
                }
                if !range.end().is_ascii() {
                    mark(0x80, 0xff);
                }
            }
        }
        HirKind::Repetition(repetition) => note(&repetition.sub, within),
        HirKind::Capture(capture) => note(&capture.sub, within),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().for_each(|part| note(part, within));
        }
    }
}
