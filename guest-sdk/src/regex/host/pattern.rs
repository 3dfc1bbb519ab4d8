//! A pattern on the host, and searches by its number.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use cpex_wasmi_abi::{MEMORY, Status, pattern as p};

use crate::patterns::{reason, word};
use crate::sys;

/// The bytes that are reserved for the names of a pattern's groups, or the reason why it is not valid.
const ROOM: usize = 512;

/// The error of a pattern that was not compiled.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The pattern is not valid, for this reason.
    Syntax(String),
    /// The pattern is larger than it may be, or there are too many: the most states that all have together.
    CompiledTooBig(usize),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(reason) => f.write_str(reason),
            Self::CompiledTooBig(_) => {
                f.write_str("the plugin has more patterns than the host keeps for it")
            }
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl core::error::Error for Error {}

/// A compiled pattern.
pub(super) struct Pattern {
    number: u32,
    text: Box<str>,
    /// The name of each group; empty where it has none.
    names: Box<[Box<str>]>,
}

impl Pattern {
    pub(super) fn new(text: &str, flags: u32) -> Result<Self, Error> {
        let mut room = vec![0; ROOM];
        let number = compile(text, flags, &mut room)?;
        let names = match read_names(&room) {
            Some(names) => names,
            None => {
                // The names are longer. They are the same the second time.
                let len = room.first_chunk().map_or(0, |len| u32::from_le_bytes(*len));
                room.resize(usize::try_from(len).unwrap_or(0), 0);
                let number = compile(text, flags, &mut room)?;
                sys::pattern_drop(number);
                read_names(&room).unwrap_or_default()
            }
        };
        Ok(Self { number, text: text.into(), names })
    }

    pub(super) fn number(&self) -> u32 {
        self.number
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn groups(&self) -> usize {
        self.names.len()
    }

    pub(super) fn names(&self) -> &[Box<str>] {
        &self.names
    }

    /// True if there is a match from `start` on.
    pub(super) fn any(&self, text: &[u8], start: usize) -> bool {
        Ranges::first(start, true).next(self, text).is_some()
    }
}

impl Drop for Pattern {
    fn drop(&mut self) {
        sys::pattern_drop(self.number);
    }
}

fn compile(text: &str, flags: u32, room: &mut [u8]) -> Result<u32, Error> {
    let answer = sys::pattern(text.as_bytes(), flags, room);
    match u32::try_from(answer) {
        Ok(number) => Ok(number),
        Err(_) if answer == Status::Malformed.code() => Err(Error::Syntax(reason(room).into())),
        Err(_) => Err(Error::CompiledTooBig(1 << 16)),
    }
}

/// Reads the names of groups: the length of all, the number of groups, and each name behind its length.
fn read_names(room: &[u8]) -> Option<Box<[Box<str>]>> {
    let (len, _) = room.split_first_chunk::<4>()?;
    let mut rest = room.get(4..usize::try_from(u32::from_le_bytes(*len)).ok()?)?;
    let mut number = || {
        let (number, after) = rest.split_first_chunk::<4>()?;
        rest = after;
        usize::try_from(u32::from_le_bytes(*number)).ok()
    };
    let count = number()?;
    let mut names = Vec::new();
    for _ in 0..count {
        let (len, after) = rest.split_first_chunk::<4>()?;
        let (name, after) =
            after.split_at_checked(usize::try_from(u32::from_le_bytes(*len)).ok()?)?;
        names.push(core::str::from_utf8(name).ok()?.into());
        rest = after;
    }
    Some(names.into_boxed_slice())
}

/// The size of the record of a match, in bytes.
const RECORD: usize = 12;

/// The most matches that are asked for at once.
const AT_ONCE: usize = 16;

/// The places of the matches of one pattern in one text.
pub(super) struct Ranges {
    progress: Progress,
    room: [u8; p::HEAD + AT_ONCE * RECORD],
    len: usize,
}

impl Ranges {
    /// All matches from `start` on.
    pub(super) fn new(start: usize) -> Self {
        let room = [0; p::HEAD + AT_ONCE * RECORD];
        Self { progress: Progress::new(p::MATCHES, start), len: room.len(), room }
    }

    /// The first match from `start` on. If any match will do, its place is not the one that counts.
    pub(super) fn first(start: usize, any: bool) -> Self {
        let progress = Progress::new(if any { p::ANY } else { p::MATCHES }, start);
        Self { progress, room: [0; p::HEAD + AT_ONCE * RECORD], len: p::HEAD + RECORD }
    }

    /// The place of the next match.
    pub(super) fn next(&mut self, pattern: &Pattern, text: &[u8]) -> Option<(usize, usize)> {
        let room = self.room.get_mut(..self.len).unwrap_or_default();
        let record = self.progress.next(pattern, text, RECORD, room)?;
        Some((number(record, 4)?, number(record, 8)?))
    }
}

/// The places of the groups of the matches of one pattern in one text.
pub(super) struct Groups {
    progress: Progress,
    room: Vec<u8>,
}

impl Groups {
    /// The groups of all matches from `start` on, `most` at a time.
    pub(super) fn new(pattern: &Pattern, start: usize, most: usize) -> Self {
        let len = record_of_groups(pattern).saturating_mul(most).saturating_add(p::HEAD);
        Self { progress: Progress::new(p::GROUPS, start), room: vec![0; len] }
    }

    /// The places of the groups of the next match, two for each.
    pub(super) fn next(&mut self, pattern: &Pattern, text: &[u8]) -> Option<Vec<u32>> {
        let record = record_of_groups(pattern);
        let record = self.progress.next(pattern, text, record, &mut self.room)?;
        let (slots, _) = record.get(4..)?.as_chunks::<4>();
        Some(slots.iter().map(|slot| u32::from_le_bytes(*slot)).collect())
    }
}

fn record_of_groups(pattern: &Pattern) -> usize {
    pattern.groups().saturating_mul(8).saturating_add(4)
}

/// The progress of a search that is asked for some records at a time.
struct Progress {
    what: u32,
    first: u32,
    from: u32,
    /// The records that the host wrote last, and of those the ones that were given out.
    count: usize,
    given: usize,
}

impl Progress {
    fn new(what: u32, start: usize) -> Self {
        let from = u32::try_from(start).unwrap_or(!p::AFTER_MATCH);
        Self { what, first: 0, from, count: 0, given: 0 }
    }

    /// The next record, of `size` bytes, in `room`.
    fn next<'r>(
        &mut self,
        pattern: &Pattern,
        text: &[u8],
        size: usize,
        room: &'r mut [u8],
    ) -> Option<&'r [u8]> {
        while self.given == self.count {
            if self.first == p::FINISHED {
                return None;
            }
            let (first, from) = (self.first, self.from);
            let answer =
                sys::search(MEMORY, 0, Some(text), pattern.number, first, from, self.what, room);
            self.count = usize::try_from(answer).unwrap_or_else(|_| failed(answer));
            self.given = 0;
            self.first = word(room, 0);
            self.from = word(room, 4);
        }
        let start = self.given.wrapping_mul(size).wrapping_add(p::HEAD);
        self.given = self.given.wrapping_add(1);
        room.get(start..start.wrapping_add(size))
    }
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(word(bytes, at)).ok()
}

/// Ends the call: a search that failed must not look like a text without a match.
#[cold]
pub(super) fn failed<T>(answer: i32) -> T {
    let reason = match Status::from_code(answer) {
        Some(Status::TooLarge) => "the text is too long for the size of the pattern",
        _ => "the host could not search the text",
    };
    #[allow(clippy::panic, reason = "the interface of the crate `regex` has no errors here")]
    {
        panic!("{reason}")
    }
}
