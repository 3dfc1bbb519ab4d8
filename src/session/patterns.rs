//! Host functions of regular expressions: patterns, and searches in texts.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use cpex_wasmi_abi::{HostFunction, Status, pattern as p};
use regex_automata::util::primitives::NonMaxUsize;

use super::numbered::{MAX_ENTRIES, Numbered};
use super::operand::Operand;
use super::{Answer, Service, Session};
use crate::boundary::{MAX_MESSAGE_BYTES, Span};
use crate::regex::{Find, Found, MAX_STATES, Pace, Pattern, Position, Seen, Set};

/// The charge for compiling a pattern, in bytes: for each state of its automaton, and for each byte of its text.
pub(super) const BYTES_PER_STATE: usize = 4096;
const BYTES_PER_CHARACTER: usize = 512;

/// The patterns of an instance. They stay while the instance does, as its memory does.
///
/// Instances that begin as another have one table with it, until they compile more.
#[derive(Clone, Default)]
pub(crate) struct Patterns(Option<Arc<Numbered<Entry>>>);

/// A pattern, or a set of them.
#[derive(Clone)]
struct Entry {
    patterns: Arc<Set>,
    is_set: bool,
}

impl Patterns {
    /// The pattern with this number, or those of the set.
    pub(super) fn get(&self, number: u32) -> Result<&Arc<Set>, Status> {
        let table = self.0.as_ref().ok_or(Status::Absent)?;
        table.get(number).map(|entry| &entry.patterns)
    }

    fn change(&mut self) -> &mut Numbered<Entry> {
        Arc::make_mut(self.0.get_or_insert_default())
    }

    fn add(&mut self, patterns: Set, is_set: bool) -> Result<u32, Status> {
        // Those of a set count once more: it keeps them when they are given back.
        let states = patterns.iter().fold(0_usize, |all, one| all.saturating_add(one.states()));
        self.change().add(Entry { patterns: Arc::new(patterns), is_set }, states, MAX_STATES)
    }

    /// The number of a pattern that is there already, which is used once more.
    fn reuse(&mut self, text: &str, flags: u32) -> Option<u32> {
        let same = |pattern: &Arc<Pattern>| pattern.is(text, flags);
        self.change().reuse(|entry| !entry.is_set && entry.patterns.iter().any(same))
    }
}

/// Room for the results of searches.
#[derive(Default)]
pub(super) struct Room {
    records: Vec<u8>,
    slots: Vec<Option<NonMaxUsize>>,
}

impl Room {
    /// Gives back what no idle instance should keep.
    pub(super) fn shrink(&mut self) {
        if self.records.capacity() > MAX_MESSAGE_BYTES {
            self.records = Vec::new();
        }
    }
}

impl Session {
    fn compile(&mut self, text: &str, flags: u32) -> Result<Arc<Pattern>, String> {
        self.usage.moved(text.len().saturating_mul(BYTES_PER_CHARACTER));
        #[cfg(feature = "std")]
        let compiled = self.grants.patterns.pattern(text, flags);
        #[cfg(not(feature = "std"))]
        let compiled = Pattern::new(text, flags).map(Arc::new);
        let states = compiled.as_ref().map_or_else(|refusal| refusal.states, |made| made.states());
        self.usage.moved(states.saturating_mul(BYTES_PER_STATE));
        compiled.map_err(|refusal| refusal.reason)
    }
}

/// The names of a pattern's groups: the length of all this, the number of groups, and each name behind its length. Then the length
/// of its shortest match.
fn described(pattern: &Pattern) -> Vec<u8> {
    let mut names = vec![0; 4];
    let number = |names: &mut Vec<u8>, number: usize| {
        names.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
    };
    number(&mut names, pattern.groups());
    for name in pattern.names() {
        number(&mut names, name.len());
        names.extend_from_slice(name.as_bytes());
    }
    number(&mut names, pattern.shortest());
    let len = u32::try_from(names.len()).unwrap_or(u32::MAX).to_le_bytes();
    names.iter_mut().zip(len).for_each(|(to, from)| *to = from);
    names
}

impl Service<'_> {
    /// Compiles a pattern, and writes the names of its groups to `out`. If it is not valid, the reason is written to `out`.
    pub(super) fn pattern(
        &mut self,
        text: Span,
        flags: u32,
        out: Span,
        memory: &mut [u8],
    ) -> Answer {
        // Before anything is done, so that nothing is done that cannot be told of.
        out.of(memory)?;
        let text = text.of(memory)?;
        self.session.count_written(text.len())?;
        let compiled = match core::str::from_utf8(text) {
            // That it is there already makes no difference to the charge.
            Ok(text) => self.session.compile(text, flags).map(|pattern| {
                let patterns = &mut self.session.compiled.patterns;
                let there = patterns.reuse(text, flags);
                let names = described(&pattern);
                let number = there.map_or_else(|| patterns.add(Set::single(pattern), false), Ok);
                number.map(|number| (number, names))
            }),
            Err(_) => Err("the pattern is not valid UTF-8".into()),
        };
        Ok(match compiled {
            Ok(Ok((number, names))) => {
                let out = out.of_mut(memory)?;
                let kept = if names.len() <= out.len() { names.len() } else { 4.min(out.len()) };
                self.session.usage.moved(kept);
                self.session.count_read(kept)?;
                out.iter_mut().zip(names.into_iter().take(kept)).for_each(|(to, from)| *to = from);
                i32::try_from(number).unwrap_or(Status::QuotaExceeded.code())
            }
            Ok(Err(status)) => status.code(),
            Err(reason) => {
                self.hand_out_cut(&reason, out, memory)?;
                Status::Malformed.code()
            }
        })
    }

    /// Makes a set of patterns.
    pub(super) fn pattern_set(&mut self, numbers: Span, memory: &[u8]) -> Answer {
        let numbers = numbers.of(memory)?;
        self.session.count_written(numbers.len())?;
        let (numbers, rest) = numbers.as_chunks::<4>();
        if !rest.is_empty() || numbers.len() > MAX_ENTRIES {
            return Ok(Status::InvalidArgument.code());
        }
        let patterns = &mut self.session.compiled.patterns;
        let members =
            numbers.iter().map(|number| match &***patterns.get(u32::from_le_bytes(*number))? {
                [pattern] => Ok(pattern.clone()),
                _ => Err(Status::InvalidArgument),
            });
        let set = members.collect::<Result<_, Status>>().map(Set::of);
        if let Ok(set) = &set {
            self.session.usage.moved(set.filter_bytes());
        }
        Ok(match set.and_then(|set| patterns.add(set, true)) {
            Ok(number) => i32::try_from(number).unwrap_or(Status::QuotaExceeded.code()),
            Err(status) => status.code(),
        })
    }

    /// Gives a pattern or a set back.
    pub(super) fn pattern_drop(&mut self, number: u32) -> Answer {
        Ok(match self.session.compiled.patterns.change().release(number) {
            Ok(()) => 0,
            Err(status) => status.code(),
        })
    }

    /// Searches an input for matches of a pattern or of each pattern of a set.
    pub(super) fn search(
        &mut self,
        operand: Operand,
        pattern: u32,
        cursor: Cursor,
        what: u32,
        out: Span,
        memory: &mut [u8],
    ) -> Answer {
        let room = out.of(memory)?.len();
        operand.check(memory)?;
        let find = match what {
            p::MATCHES => Find::Match,
            p::ANY => Find::Any,
            p::GROUPS => Find::Groups,
            _ => return Ok(Status::InvalidArgument.code()),
        };
        // Lent for the search, which is cheaper than one more owner.
        let table = core::mem::take(&mut self.session.compiled.patterns);
        let mut report = self.report(room);
        let found = match table.get(pattern) {
            Ok(patterns) => self.with_input(operand, memory, |text| {
                matches(patterns, text, cursor, find, &mut report, &mut |_, _| true)
            }),
            Err(status) => Ok(Err(status)),
        };
        self.session.compiled.patterns = table;
        self.hand_out_report(report, found?, out, memory)
    }

    pub(super) fn report(&mut self, room: usize) -> Report {
        let Room { mut records, slots } = core::mem::take(&mut self.session.room);
        records.clear();
        Report { records, slots, count: 0, room: room.saturating_sub(p::HEAD), pace: Pace::new() }
    }

    /// Hands out where to go on and what was found, and charges for it.
    pub(super) fn hand_out_report(
        &mut self,
        report: Report,
        found: Result<Result<Option<Cursor>, Status>, Status>,
        out: Span,
        memory: &mut [u8],
    ) -> Answer {
        let Report { records, slots, count, pace, .. } = report;
        self.session.usage.moved(pace.worked);
        let answer = match found.and_then(|found| found) {
            Ok(next) => {
                let out = out.of_mut(memory)?;
                let len = records.len().saturating_add(p::HEAD);
                self.session.count_read(len)?;
                let next = next.unwrap_or(Cursor { first: p::FINISHED, ..Cursor::default() });
                match out.split_at_mut_checked(p::HEAD) {
                    Some((head, rest)) if rest.len() >= records.len() => {
                        let numbers = [next.first, next.from, next.text];
                        for (to, number) in head.as_chunks_mut::<4>().0.iter_mut().zip(numbers) {
                            *to = number.to_le_bytes();
                        }
                        let (rest, _) = rest.split_at_mut(records.len());
                        rest.copy_from_slice(&records);
                        count
                    }
                    _ => Status::TooLarge.code(),
                }
            }
            Err(status) => status.code(),
        };
        self.session.room = Room { records, slots };
        Ok(answer)
    }
}

/// A place of a search: the pattern of the set, the place in the text, and the number of the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) first: u32,
    pub(super) from: u32,
    pub(super) text: u32,
}

impl Cursor {
    fn new(first: usize, position: Position, text: u32) -> Result<Self, Status> {
        let narrow = |place: usize| u32::try_from(place).map_err(|_| Status::TooLarge);
        let ended = if position.after_match { p::AFTER_MATCH } else { 0 };
        Ok(Self { first: narrow(first)?, from: narrow(position.at)? | ended, text })
    }

    /// True if nothing of the text was searched yet.
    fn is_start_of_text(self) -> bool {
        self.first == 0 && self.from == 0
    }

    fn position(self) -> Result<Position, Status> {
        let at = usize::try_from(self.from & !p::AFTER_MATCH).map_err(|_| Status::TooLarge)?;
        Ok(Position { at, after_match: self.from & p::AFTER_MATCH != 0 })
    }
}

/// The results of one host call.
pub(super) struct Report {
    pub(super) records: Vec<u8>,
    pub(super) slots: Vec<Option<NonMaxUsize>>,
    pub(super) count: i32,
    pub(super) room: usize,
    pub(super) pace: Pace,
}

impl Report {
    fn put(&mut self, number: usize) {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        self.records.extend_from_slice(&number.to_le_bytes());
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.records.len().saturating_add(bytes) <= self.room
    }
}

/// Reports the matches of each pattern in one text, from a cursor on. Returns the place from which to go on, if that was
/// not all. `tail` appends to a record; false if it has no room.
pub(super) fn matches(
    patterns: &Set,
    text: &[u8],
    cursor: Cursor,
    find: Find,
    report: &mut Report,
    tail: &mut dyn FnMut(&mut Vec<u8>, usize) -> bool,
) -> Result<Option<Cursor>, Status> {
    if i32::try_from(text.len()).is_err() {
        return Err(Status::TooLarge);
    }
    let mut position = cursor.position()?;
    let skipped = usize::try_from(cursor.first).map_err(|_| Status::InvalidArgument)?;
    // It is paid for by the searches that it saves.
    let seen = if cursor.is_start_of_text() { patterns.look(text) } else { Seen::default() };
    for (number, pattern) in patterns.iter().enumerate().skip(skipped) {
        let size = match find {
            Find::Groups => pattern.groups().saturating_mul(8).saturating_add(4),
            _ => 12,
        };
        loop {
            let here = Cursor::new(number, position, cursor.text)?;
            if !report.has_room(size) {
                // Not even a single record fits.
                return if report.records.is_empty() {
                    Err(Status::TooLarge)
                } else {
                    Ok(Some(here))
                };
            }
            if report.pace.is_used_up() {
                return Ok(Some(here));
            }
            let Report { slots, pace, .. } = report;
            if seen.rules_out(number) {
                pattern.ruled_out(text, find, pace);
                break;
            }
            let (start, end) = match position.next(pattern, text, find, slots, pace) {
                Found::Match(start, end) => (start, end),
                Found::Nothing => break,
                Found::TooLong => return Err(Status::TooLarge),
                Found::Unfinished(_) => continue,
            };
            let before = report.records.len();
            report.put(number);
            if find == Find::Groups {
                for slot in 0..pattern.groups().saturating_mul(2) {
                    let place = report.slots.get(slot).copied().flatten();
                    report.put(place.map_or(usize::MAX, NonMaxUsize::get));
                }
            } else {
                report.put(start);
                report.put(end);
            }
            if !tail(&mut report.records, report.room) {
                report.records.truncate(before);
                return if before == 0 { Err(Status::TooLarge) } else { Ok(Some(here)) };
            }
            report.count = report.count.saturating_add(1);
            report.pace.note(report.records.len().saturating_sub(before));
            if find == Find::Any {
                break;
            }
        }
        position = Position::default();
    }
    Ok(None)
}

impl Service<'_> {
    /// Serves a function of the text engine.
    pub(super) fn serve_text(
        &mut self,
        function: HostFunction,
        args: &[u32],
        memory: &mut [u8],
    ) -> Answer {
        use HostFunction as F;
        match (function, args) {
            (F::Pattern, &[text, len, flags, out, out_len]) => {
                self.pattern(Span::new(text, len), flags, Span::new(out, out_len), memory)
            }
            (F::PatternSet, &[numbers, len]) => self.pattern_set(Span::new(numbers, len), memory),
            (F::PatternDrop, &[number]) => self.pattern_drop(number),
            (F::Search | F::Scan | F::Replace, args) => self.serve_search(function, args, memory),
            (F::Schema | F::SchemaDrop | F::SchemaCheck | F::SchemaCheckJson, args) => {
                self.serve_schema(function, args, memory)
            }
            (function, args) => self.serve_bytes(function, args, memory),
        }
    }

    fn serve_search(&mut self, function: HostFunction, args: &[u32], memory: &mut [u8]) -> Answer {
        use HostFunction as F;
        let Some((operand, args)) = Operand::split(args) else {
            return Ok(Status::InvalidArgument.code());
        };
        match (function, args) {
            (F::Search, &[pattern, first, from, what, out, len]) => {
                let cursor = Cursor { first, from, text: 0 };
                self.search(operand, pattern, cursor, what, Span::new(out, len), memory)
            }
            (F::Scan, &[pattern, first, from, text, out, len]) => {
                let cursor = Cursor { first, from, text };
                self.scan(operand, pattern, cursor, Span::new(out, len), memory)
            }
            (F::Replace, &[pattern, first, text, how, template, length, out, len]) => {
                let cursor = Cursor { first, from: 0, text };
                let form = (how, Span::new(template, length));
                self.replace(operand, pattern, cursor, form, Span::new(out, len), memory)
            }
            _ => Ok(Status::InvalidArgument.code()),
        }
    }
}
