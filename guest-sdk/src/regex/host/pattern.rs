//! A pattern on the host, and searches by its number.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use cpex_wasmi_abi::{MEMORY, Status, pattern as p};

use crate::sys;

pub(super) use p::{GROUPS, MATCHES};

/// The bytes that are reserved for the names of a pattern's groups, or the reason why it is not valid.
const ROOM: usize = 512;

/// Why a pattern was not compiled.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// It is not valid, for this reason.
    Syntax(String),
    /// It is larger than a pattern may be, or there are too many: the most states that all have together.
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
        Found::<1>::new(p::ANY, start).next_range(self, text).is_some()
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
        Err(_) if answer == Status::Malformed.code() => {
            let len = room.iter().position(|byte| *byte == 0).unwrap_or(room.len());
            let reason = String::from_utf8_lossy(room.get(..len).unwrap_or_default());
            Err(Error::Syntax(reason.into_owned()))
        }
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

/// The matches of one pattern in one text, some at a time: `N` at most, or as many as have room in 1 KiB for 0.
pub(super) struct Found<const N: usize> {
    what: u32,
    first: u32,
    from: u32,
    room: Vec<u8>,
    /// The records that are in `room`, and of those the ones that were given out.
    count: usize,
    given: usize,
}

/// The size of the record of a match, in bytes.
const RECORD: usize = 12;

impl<const N: usize> Found<N> {
    pub(super) fn new(what: u32, start: usize) -> Self {
        let from = u32::try_from(start).unwrap_or(!p::AFTER_MATCH);
        Self { what, first: 0, from, room: Vec::new(), count: 0, given: 0 }
    }

    /// The place of the next match.
    pub(super) fn next_range(&mut self, pattern: &Pattern, text: &[u8]) -> Option<(usize, usize)> {
        let record = self.next_record(pattern, text, RECORD)?;
        let number = |at: usize| -> Option<usize> {
            let bytes = record.get(at..)?.first_chunk()?;
            usize::try_from(u32::from_le_bytes(*bytes)).ok()
        };
        Some((number(4)?, number(8)?))
    }

    /// The places of the groups of the next match, two for each.
    pub(super) fn next_slots(&mut self, pattern: &Pattern, text: &[u8]) -> Option<Vec<u32>> {
        let size = pattern.groups().saturating_mul(8).saturating_add(4);
        let record = self.next_record(pattern, text, size)?;
        let (slots, _) = record.get(4..)?.as_chunks::<4>();
        Some(slots.iter().map(|slot| u32::from_le_bytes(*slot)).collect())
    }

    fn next_record(&mut self, pattern: &Pattern, text: &[u8], size: usize) -> Option<&[u8]> {
        while self.given == self.count {
            if self.first == p::FINISHED {
                return None;
            }
            let records =
                if N == 0 { (1024_usize.checked_div(size).unwrap_or(1)).max(1) } else { N };
            self.room.resize(records.saturating_mul(size).saturating_add(p::HEAD), 0);
            let answer = sys::search(
                MEMORY,
                0,
                Some(text),
                pattern.number,
                self.first,
                self.from,
                self.what,
                &mut self.room,
            );
            self.count = usize::try_from(answer).unwrap_or_else(|_| failed(answer));
            self.given = 0;
            let number = |at: usize| {
                let bytes = self.room.get(at..).and_then(|rest| rest.first_chunk());
                bytes.map_or(p::FINISHED, |bytes| u32::from_le_bytes(*bytes))
            };
            (self.first, self.from) = (number(0), number(4));
        }
        let start = self.given.saturating_mul(size).saturating_add(p::HEAD);
        self.given = self.given.saturating_add(1);
        self.room.get(start..start.saturating_add(size))
    }
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
