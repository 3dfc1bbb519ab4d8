//! A pattern on the host, and searches by its number.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use cpex_wasmi_abi::{MEMORY, Status, pattern as p};

use super::copied::Copied;
use super::together;
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
    /// The length of its shortest match, in bytes.
    shortest: usize,
}

impl Pattern {
    pub(super) fn new(text: &str, flags: u32) -> Result<Self, Error> {
        let mut room = vec![0; ROOM];
        let number = compile(text, flags, &mut room)?;
        let described = match Described::read(&room) {
            Some(described) => described,
            None => {
                // The names are longer. They are the same the second time.
                let len = room.first_chunk().map_or(0, |len| u32::from_le_bytes(*len));
                room.resize(usize::try_from(len).unwrap_or(0), 0);
                let number = compile(text, flags, &mut room)?;
                sys::pattern_drop(number);
                Described::read(&room).unwrap_or_default()
            }
        };
        let Described { names, shortest } = described;
        Ok(Self { number, text: text.into(), names, shortest })
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

    pub(super) fn shortest(&self) -> usize {
        self.shortest
    }

    /// True if a text is known to have no match, without a search.
    #[inline(always)]
    pub(super) fn has_none(&self, text: &[u8]) -> bool {
        text.len() < self.shortest
            || Copied::FITS.contains(&text.len()) && together::has_none(self, text)
    }

    /// True if there is a match from `start` on.
    pub(super) fn any(&self, text: &[u8], start: usize) -> bool {
        Ranges::first(start, true).next(self, text).is_some()
    }
}

impl Drop for Pattern {
    fn drop(&mut self) {
        together::forget(self.number);
        sys::pattern_drop(self.number);
    }
}

fn compile(text: &str, flags: u32, room: &mut [u8]) -> Result<u32, Error> {
    let answer = with_room(|| sys::pattern(text.as_bytes(), flags, room));
    match u32::try_from(answer) {
        Ok(number) => Ok(number),
        Err(_) if answer == Status::Malformed.code() => Err(Error::Syntax(reason(room).into())),
        Err(_) => Err(Error::CompiledTooBig(1 << 16)),
    }
}

/// Does what adds to the host's patterns; if there is no room for it, once more without the sets that were made unasked.
pub(crate) fn with_room(mut add: impl FnMut() -> i32) -> i32 {
    let answer = add();
    if answer == Status::QuotaExceeded.code() && together::give_back() { add() } else { answer }
}

/// A description of a pattern, by the host.
#[derive(Default)]
struct Described {
    names: Box<[Box<str>]>,
    shortest: usize,
}

impl Described {
    /// Reads the length of all, the number of groups, each name behind its length, and the length of the shortest match.
    fn read(room: &[u8]) -> Option<Self> {
        let (len, _) = room.split_first_chunk::<4>()?;
        let mut rest = room.get(4..usize::try_from(u32::from_le_bytes(*len)).ok()?)?;
        let count = number(&mut rest)?;
        let mut names = Vec::new();
        for _ in 0..count {
            let len = number(&mut rest)?;
            let (name, after) = rest.split_at_checked(len)?;
            names.push(core::str::from_utf8(name).ok()?.into());
            rest = after;
        }
        Some(Self { names: names.into_boxed_slice(), shortest: number(&mut rest).unwrap_or(0) })
    }
}

/// Takes a number off the front.
fn number(rest: &mut &[u8]) -> Option<usize> {
    let (number, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    usize::try_from(u32::from_le_bytes(*number)).ok()
}

/// The size of the record of a match, in bytes.
const RECORD: usize = 12;

/// The most matches that are asked for at once.
const AT_ONCE: usize = 16;

/// The places of the matches of one pattern in one text.
///
/// Most texts have none, so the first search has room for one match, and later ones for more.
pub(super) struct Ranges {
    at: Cursor,
    found: bool,
    /// Room for more matches, once there was one.
    more: Option<Box<Records>>,
}

impl Ranges {
    /// All matches from `start` on.
    pub(super) fn new(start: usize) -> Self {
        Self { at: Cursor::new(p::MATCHES, start), found: false, more: None }
    }

    /// The first match from `start` on. If any match will do, its place is not the one that counts.
    pub(super) fn first(start: usize, any: bool) -> Self {
        let what = if any { p::ANY } else { p::MATCHES };
        Self { at: Cursor::new(what, start), found: false, more: None }
    }

    /// The place of the next match.
    #[inline]
    pub(super) fn next(&mut self, pattern: &Pattern, text: &[u8]) -> Option<(usize, usize)> {
        if self.found {
            return self.next_of_many(pattern, text);
        }
        if self.at.first == 0 && pattern.has_none(text) {
            self.at.first = p::FINISHED;
            return None;
        }
        let mut room = [0; p::HEAD + RECORD];
        while self.at.first != p::FINISHED {
            if self.at.search(pattern, text, &mut room) > 0 {
                self.found = true;
                return range_of(room.get(p::HEAD..)?);
            }
        }
        None
    }

    #[cold]
    fn next_of_many(&mut self, pattern: &Pattern, text: &[u8]) -> Option<(usize, usize)> {
        let at = self.at;
        let more = self
            .more
            .get_or_insert_with(|| Box::new(Records::new(at, vec![0; p::HEAD + AT_ONCE * RECORD])));
        range_of(more.next(pattern, text, RECORD)?)
    }
}

/// The place of the match in a record.
fn range_of(record: &[u8]) -> Option<(usize, usize)> {
    Some((usize::try_from(word(record, 4)).ok()?, usize::try_from(word(record, 8)).ok()?))
}

/// The places of the groups of the matches of one pattern in one text.
pub(super) struct Groups {
    records: Records,
    /// The size of the buffer for them, which is made once it is needed.
    room: usize,
}

impl Groups {
    /// The groups of all matches from `start` on, `most` at a time.
    pub(super) fn new(pattern: &Pattern, start: usize, most: usize) -> Self {
        let len = record_of_groups(pattern).saturating_mul(most).saturating_add(p::HEAD);
        Self { records: Records::new(Cursor::new(p::GROUPS, start), Vec::new()), room: len }
    }

    /// The places of the groups of the next match, two for each.
    pub(super) fn next(&mut self, pattern: &Pattern, text: &[u8]) -> Option<Vec<u32>> {
        if self.records.room.is_empty() {
            if pattern.has_none(text) {
                self.records.at.first = p::FINISHED;
                return None;
            }
            self.records.room = vec![0; self.room];
        }
        let record = self.records.next(pattern, text, record_of_groups(pattern))?;
        let (slots, _) = record.get(4..)?.as_chunks::<4>();
        Some(slots.iter().map(|slot| u32::from_le_bytes(*slot)).collect())
    }
}

/// The records of a search, which is asked for as many at a time as have room.
struct Records {
    at: Cursor,
    /// The records that were not given out yet, and the place of the first of them.
    left: u32,
    place: usize,
    room: Vec<u8>,
}

impl Records {
    const fn new(at: Cursor, room: Vec<u8>) -> Self {
        Self { at, left: 0, place: 0, room }
    }

    /// The next record, of `size` bytes.
    fn next(&mut self, pattern: &Pattern, text: &[u8], size: usize) -> Option<&[u8]> {
        while self.left == 0 {
            if self.at.first == p::FINISHED {
                return None;
            }
            self.left = self.at.search(pattern, text, &mut self.room);
            self.place = p::HEAD;
        }
        let start = self.place;
        self.left = self.left.wrapping_sub(1);
        self.place = start.wrapping_add(size);
        self.room.get(start..self.place)
    }
}

/// The kind of a search, and the place from which it goes on.
#[derive(Clone, Copy)]
struct Cursor {
    what: u32,
    first: u32,
    from: u32,
}

impl Cursor {
    fn new(what: u32, start: usize) -> Self {
        Self { what, first: 0, from: u32::try_from(start).unwrap_or(!p::AFTER_MATCH) }
    }

    /// Searches as far as there is room for records, and moves on. Returns the number of records that the host wrote.
    fn search(&mut self, pattern: &Pattern, text: &[u8], room: &mut [u8]) -> u32 {
        let Self { what, first, from } = *self;
        let answer = sys::search(MEMORY, 0, Some(text), pattern.number, first, from, what, room);
        self.first = word(room, 0);
        self.from = word(room, 4);
        u32::try_from(answer).unwrap_or_else(|_| failed(answer))
    }
}

fn record_of_groups(pattern: &Pattern) -> usize {
    pattern.groups().saturating_mul(8).saturating_add(4)
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
