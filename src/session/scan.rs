//! Host functions that search all texts of a field, and replace matches in them.

use alloc::string::String;
use alloc::vec::Vec;
use core::mem::take;
use core::ops::ControlFlow;

use cpex_wasmi_abi::codec::Bounds;
use cpex_wasmi_abi::{Field, Status, Write, pattern as p};

use super::operand::Operand;
use super::patterns::{Cursor, Report, matches};
use super::write::position;
use super::{Answer, Service};
use crate::boundary::{RawKey, Span};
use crate::regex::{Find, Found, MAX_WORK, Pattern, Position, Seen, Set, Template};
use crate::view::Want;

/// The charge for each text that is passed, in bytes.
const BYTES_PER_TEXT: usize = 16;

/// The most work of one pattern in one text that is done without a look at the deadline.
const MOST_WORK: usize = 16 * MAX_WORK;

/// The most bytes that replacements make of the texts of one host call.
const MOST_BYTES: usize = Bounds::DEFAULT.bytes;

impl Service<'_> {
    /// Searches all texts of a field. Each record ends with the JSON Pointer of its text.
    pub(super) fn scan(
        &mut self,
        operand: Operand,
        pattern: u32,
        cursor: Cursor,
        out: Span,
        memory: &mut [u8],
    ) -> Answer {
        let room = out.of(memory)?.len();
        let key = operand.key.key(memory)?;
        let mut report = self.report(room);
        let found = self.scan_texts(operand, key, pattern, cursor, &mut report);
        self.hand_out_report(report, Ok(found), out, memory)
    }

    fn scan_texts(
        &mut self,
        operand: Operand,
        key: RawKey<'_>,
        pattern: u32,
        cursor: Cursor,
        report: &mut Report,
    ) -> Result<Option<Cursor>, Status> {
        let patterns = self.session.compiled.patterns.get(pattern)?.clone();
        let field = self.readable(operand.field)?;
        self.convert_payload(field)?;
        let (item, worked) = self.item(field, operand.index, key, Want::Value);
        report.pace.note(worked);
        let mut number = 0_u32;
        let mut result = Ok(None);
        let made = item?.texts(&mut |pointer, text| {
            let here = number;
            number = number.saturating_add(1);
            report.pace.note(BYTES_PER_TEXT);
            if here < cursor.text {
                return ControlFlow::Continue(());
            }
            let start = if here == cursor.text {
                cursor
            } else {
                Cursor { text: here, ..Cursor::default() }
            };
            let mut tail = |records: &mut Vec<u8>, room: usize| {
                let len = u32::try_from(pointer.len()).unwrap_or(u32::MAX);
                records.extend_from_slice(&len.to_le_bytes());
                records.extend_from_slice(pointer.as_bytes());
                records.len() <= room
            };
            result = matches(&patterns, text.as_bytes(), start, Find::Match, report, &mut tail);
            match result {
                Ok(None) => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            }
        })?;
        report.pace.note(made);
        result
    }

    /// Replaces matches in the texts of a field, from a cursor on: a write as others are.
    pub(super) fn replace(
        &mut self,
        operand: Operand,
        pattern: u32,
        cursor: Cursor,
        (how, template): (u32, Span),
        out: Span,
        memory: &mut [u8],
    ) -> Answer {
        let room = out.of(memory)?.len();
        let (key, template) = (operand.key.key(memory)?, template.of(memory)?);
        self.session.count_written(key.len().saturating_add(template.len()))?;
        let mut report = self.report(room);
        let replaced = core::str::from_utf8(template)
            .ok()
            .and_then(|template| template_of(how, template))
            .ok_or(Status::InvalidArgument)
            .and_then(|template| {
                self.replace_texts(operand, key, pattern, cursor, template, &mut report)
            });
        // What was made is written, as if the plugin had.
        let (found, written) = match replaced {
            Ok((next, written)) => (Ok(next), written),
            Err(status) => (Err(status), 0),
        };
        self.session.count_written(written)?;
        self.hand_out_report(report, Ok(found), out, memory)
    }

    fn replace_texts(
        &mut self,
        operand: Operand,
        key: RawKey<'_>,
        pattern: u32,
        cursor: Cursor,
        template: Template<'_>,
        report: &mut Report,
    ) -> Result<(Option<Cursor>, usize), Status> {
        let patterns = self.session.compiled.patterns.get(pattern)?.clone();
        let field = self.readable(operand.field)?;
        let (_, rule) = self.writable(operand.field)?;
        if !matches!(rule, Write::Replace(_) | Write::Entries(_)) {
            return Err(Status::ReadOnly);
        }
        self.convert_payload(field)?;
        let (item, worked) = self.item(field, operand.index, key, Want::Value);
        report.pace.note(worked);
        let mut made = Made::default();
        let mut number = 0_u32;
        let mut next = Ok(None);
        let gone_through = item?.texts(&mut |_, text| {
            let here = number;
            number = number.saturating_add(1);
            report.pace.note(BYTES_PER_TEXT);
            if here < cursor.text {
                return ControlFlow::Continue(());
            }
            let first = if here == cursor.text { cursor.first } else { 0 };
            next = made.add(here, text, &patterns, first, template, report);
            if matches!(next, Ok(None)) {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        report.pace.note(gone_through);
        let next = next?;
        let written = made.bytes;
        self.write_texts(field, operand.index, key, made)?;
        Ok((next, written))
    }

    /// Puts new texts where the old ones are.
    fn write_texts(
        &mut self,
        field: Field,
        index: u32,
        key: RawKey<'_>,
        made: Made,
    ) -> Result<(), Status> {
        if made.texts.is_empty() {
            return Ok(());
        }
        let key = match key {
            RawKey::None => None,
            RawKey::Some(key) => Some(key),
            RawKey::Invalid => return Err(Status::InvalidArgument),
        };
        let mut edit = self.edit(field)?;
        let mut texts = made.texts.into_iter().peekable();
        let mut number = 0_u32;
        let done = edit.change_texts(position(field, index)?, key, &mut |text| {
            if let Some((_, new)) = texts.next_if(|(wanted, _)| *wanted == number) {
                *text = new;
            }
            number = number.saturating_add(1);
        });
        let worked = edit.worked;
        self.session.usage.moved(worked);
        done
    }
}

/// The texts that replacements have made, by the numbers of those they take the place of.
#[derive(Default)]
struct Made {
    texts: Vec<(u32, String)>,
    bytes: usize,
}

impl Made {
    /// Replaces the matches of each pattern, one after the other, in one text.
    fn add(
        &mut self,
        number: u32,
        text: &str,
        patterns: &Set,
        first: u32,
        template: Template<'_>,
        report: &mut Report,
    ) -> Result<Option<Cursor>, Status> {
        let mut now = None;
        let mut next = None;
        let skipped = usize::try_from(first).map_err(|_| Status::InvalidArgument)?;
        let seen = if first == 0 { patterns.look(text.as_bytes()) } else { Seen::default() };
        for (position, pattern) in patterns.iter().enumerate().skip(skipped) {
            if report.pace.is_used_up() {
                let first = u32::try_from(position).map_err(|_| Status::InvalidArgument)?;
                next = Some(Cursor { first, from: 0, text: number });
                break;
            }
            if now.is_none() && seen.rules_out(position) {
                pattern.ruled_out(text.as_bytes(), template.find(), &mut report.pace);
                continue;
            }
            let text = now.as_deref().unwrap_or(text);
            let left = MOST_BYTES.saturating_sub(self.bytes);
            if let Some(replaced) = replaced(pattern, text, template, left, report)? {
                now = Some(replaced);
            }
        }
        if let Some(now) = now {
            self.bytes = self.bytes.saturating_add(now.len());
            self.texts.push((number, now));
        }
        Ok(next)
    }
}

/// The text with all matches of a pattern replaced. `None` if it has none.
fn replaced(
    pattern: &Pattern,
    text: &str,
    template: Template<'_>,
    most: usize,
    report: &mut Report,
) -> Result<Option<String>, Status> {
    if pattern.states().saturating_mul(text.len()) > MOST_WORK {
        return Err(Status::TooLarge);
    }
    let find = template.find();
    let mut out: Option<String> = None;
    let (mut position, mut copied) = (Position::default(), 0_usize);
    let mut slots = take(&mut report.slots);
    let ended = loop {
        let (start, end) =
            match position.next(pattern, text.as_bytes(), find, &mut slots, &mut report.pace) {
                Found::Match(start, end) => (start, end),
                Found::Nothing => break Ok(()),
                Found::TooLong => break Err(Status::TooLarge),
                Found::Unfinished(_) => continue,
            };
        let made = out.get_or_insert_default();
        made.push_str(text.get(copied..start).unwrap_or_default());
        template.append(pattern, text, start..end, &slots, made);
        report.count = report.count.saturating_add(1);
        report.pace.note(made.len().min(BYTES_PER_TEXT));
        if made.len() > most {
            break Err(Status::TooLarge);
        }
        copied = end;
    };
    report.slots = slots;
    ended?;
    Ok(out.map(|mut made| {
        made.push_str(text.get(copied..).unwrap_or_default());
        report.pace.note(made.len());
        made
    }))
}

/// The template that a plugin describes. `None` if there is no such.
fn template_of(how: u32, text: &str) -> Option<Template<'_>> {
    let kept = |shift: u32| usize::try_from((how >> shift) & 0xff).unwrap_or(0);
    match how & 0xff {
        p::EXPAND if how == p::EXPAND => Some(Template::Groups(text)),
        p::LITERAL if how == p::LITERAL => Some(Template::Literal(text)),
        p::MASK => {
            let mut chars = text.chars();
            let mark = chars.next().filter(|_| chars.next().is_none())?;
            Some(Template::Mask { mark, first: kept(8), last: kept(16) })
        }
        _ => None,
    }
}
