//! Moves each `memory.grow` of a module into one function, where it can be bounded.
//!
//! By tail calls, each `memory.grow` leaves something on the host's stack
//! until the slice of fuel is used up ([`Dispatch`](crate::engine::dispatch::Dispatch)). Fuel is taken for many
//! instructions at once, and for what a function does after a call before that call: a slice may come to
//! many more of them than it has fuel for. So all that a module has are moved into one function, which
//! takes the fuel for one as it begins: its callers cannot have paid for any, and there are as many in a
//! slice as that pays for.
//!
//! Tables do not grow ([`Limiter`](crate::instance)), and that an instruction does not even begin to do.

use alloc::string::String;
use alloc::vec::Vec;

use super::encode::{Changed, leb};
use crate::module::operators::Effect;
use crate::module::reader::SectionReader;
use crate::module::sections::{CODE, Section, Sections};

const TYPES: u8 = 1;
const IMPORTS: u8 = 2;
const FUNCTIONS: u8 = 3;

/// `(func (param i32) (result i32))`.
const TYPE: [u8; 5] = [0x60, 1, 0x7f, 1, 0x7f];

/// A function of that type without locals: `(memory.grow (local.get 0))`. Its fuel is
/// [`Dispatch::fuel_of_growth`](crate::engine::dispatch::Dispatch::fuel_of_growth), for all but the last of these:
/// to call it, to begin it, `local.get`, `memory.grow`.
const BODY: [u8; 7] = [6, 0, 0x20, 0, 0x40, 0, 0x0b];

/// `(drop) (drop) (i32.const -1)`: what `table.grow` comes to, and takes as much fuel.
const NO_GROWTH: [u8; 4] = [0x1a, 0x1a, 0x41, 0x7f];

/// A module that grows its memory in one function, if at all, and no table.
#[derive(Default)]
pub(super) struct Funnelled {
    /// Its sections that differ.
    pub(super) changed: Vec<Changed>,
    /// True if it can grow its memory.
    pub(super) grows: bool,
}

/// Moves each `memory.grow` of a valid module into one function. A module that imports anything but
/// functions, which is refused later, stays as it is.
pub(super) fn funnel(wasm: &[u8], sections: &Sections) -> Result<Funnelled, String> {
    let Some(code) = sections.find(CODE) else { return Ok(Funnelled::default()) };
    let unread = || "the module's code cannot be rewritten".into();
    funnelled(wasm, sections, code).ok_or_else(unread)
}

fn funnelled(wasm: &[u8], sections: &Sections, code: Section) -> Option<Funnelled> {
    let mut reader = SectionReader::of(wasm, code);
    let defined = reader.number()?;
    let Some(imported) = imported(wasm, sections)? else {
        return Some(Funnelled { changed: Vec::new(), grows: true });
    };
    let helper = imported.checked_add(defined)?;
    let mut call = Vec::from([0x10]);
    leb(&mut call, helper);
    let (mut memory, mut tables) = (false, false);
    let mut bodies = Vec::new();
    for _ in 0..defined {
        let size = reader.number()?;
        let mut body = reader.part(usize::try_from(size).ok()?)?;
        let mut content = Vec::with_capacity(body.rest().len());
        let locals = taken(&mut body, |body| body.list(SectionReader::locals))?.1;
        content.extend_from_slice(locals);
        while !body.is_empty() {
            let (effect, instruction) = taken(&mut body, SectionReader::operator)?;
            memory |= effect == Effect::GrowsMemory;
            tables |= effect == Effect::GrowsTable;
            content.extend_from_slice(match effect {
                Effect::GrowsMemory => &call,
                Effect::GrowsTable => &NO_GROWTH,
                _ => instruction,
            });
        }
        leb(&mut bodies, u64::try_from(content.len()).ok()?);
        bodies.extend_from_slice(&content);
    }
    if !memory && !tables {
        return Some(Funnelled::default());
    }
    let more = u64::from(memory);
    let mut content = Vec::with_capacity(bodies.len().checked_add(16)?);
    leb(&mut content, defined.checked_add(more)?);
    content.append(&mut bodies);
    let mut changed = Vec::from([(CODE, content)]);
    if memory {
        let (types, content) = with_one_more(wasm, sections.find(TYPES)?, &TYPE)?;
        changed.push((TYPES, content));
        let mut index = Vec::new();
        leb(&mut index, types);
        changed.push((FUNCTIONS, with_one_more(wasm, sections.find(FUNCTIONS)?, &index)?.1));
        let (_, content) = changed.first_mut()?;
        content.extend_from_slice(&BODY);
    }
    Some(Funnelled { changed, grows: memory })
}

/// The field that is read, and its bytes.
fn taken<'a, T>(
    reader: &mut SectionReader<'a>,
    read: impl FnOnce(&mut SectionReader<'a>) -> Option<T>,
) -> Option<(T, &'a [u8])> {
    let before = reader.rest();
    let value = read(reader)?;
    let len = before.len().checked_sub(reader.rest().len())?;
    Some((value, before.get(..len)?))
}

/// The number of imported functions, if nothing else is imported.
fn imported(wasm: &[u8], sections: &Sections) -> Option<Option<u64>> {
    let Some(section) = sections.find(IMPORTS) else { return Some(Some(0)) };
    let mut reader = SectionReader::of(wasm, section);
    let all = reader.number()?;
    for _ in 0..all {
        reader.name()?;
        reader.name()?;
        if reader.byte()? != 0 {
            return Some(None);
        }
        reader.number()?;
    }
    Some(Some(all))
}

/// A list with an entry at its end, and how many it had before.
fn with_one_more(wasm: &[u8], section: Section, entry: &[u8]) -> Option<(u64, Vec<u8>)> {
    let mut reader = SectionReader::of(wasm, section);
    let before = reader.number()?;
    let mut content = Vec::with_capacity(section.len.checked_add(16)?);
    leb(&mut content, before.checked_add(1)?);
    content.extend_from_slice(reader.rest());
    content.extend_from_slice(entry);
    Some((before, content))
}

#[cfg(test)]
mod tests;
