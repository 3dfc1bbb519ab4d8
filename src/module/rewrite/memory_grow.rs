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
use crate::module::operators::{CodeFacts, Effect};
use crate::module::reader::SectionReader;
use crate::module::sections::{CODE, Section, Sections};

const TYPES: u8 = 1;
const IMPORTS: u8 = 2;
const FUNCTIONS: u8 = 3;
const EXPORTS: u8 = 7;

/// The begin of a function's type.
const FUNCTION: u8 = 0x60;

/// `(func (param i32) (result i32))`.
const TYPE: [u8; 5] = [FUNCTION, 1, 0x7f, 1, 0x7f];

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

/// True if a module that is not valid stays so when its growth is moved, so that it need not be validated before.
///
/// A `call` takes and gives what a `memory.grow` does, and the added function is valid where there is a memory to
/// grow. So the two differ only by the index that the function has, which nothing may name yet; by an added
/// type; and by what stands in for `table.grow`.
pub(in crate::module) fn stays_invalid(
    wasm: &[u8],
    sections: &Sections,
    code: &CodeFacts,
    named_functions: u64,
) -> bool {
    let functions = || {
        let mut reader = SectionReader::of(wasm, sections.find(FUNCTIONS)?);
        let defined = reader.count()?;
        (0..defined).try_for_each(|_| reader.number().map(drop))?;
        // What stands after the last would be taken for the start of the one that is added.
        reader.is_empty().then_some(())?;
        imported(wasm, sections)??.checked_add(defined)
    };
    !code.grows_table
        && functions().is_some_and(|functions| {
            named_functions <= functions
                && exported(wasm, sections).is_some_and(|exported| exported <= functions)
        })
        && own_type(wasm, sections).is_some()
}

/// Moves each `memory.grow` of a module into one function, which is valid or [stays invalid](stays_invalid). A
/// module that imports anything but functions, which is refused later, stays as it is.
pub(super) fn funnel(
    wasm: &[u8],
    sections: &Sections,
    facts: &CodeFacts,
) -> Result<Funnelled, String> {
    let code = sections.find(CODE).filter(|_| !facts.growing.is_empty());
    let Some(code) = code else { return Ok(Funnelled::default()) };
    let unread = || "the module's code cannot be rewritten".into();
    funnelled(wasm, sections, code, facts).ok_or_else(unread)
}

fn funnelled(
    wasm: &[u8],
    sections: &Sections,
    code: Section,
    facts: &CodeFacts,
) -> Option<Funnelled> {
    let mut reader = SectionReader::of(wasm, code);
    let defined = reader.number()?;
    let Some(imported) = imported(wasm, sections)? else {
        return Some(Funnelled { changed: Vec::new(), grows: true });
    };
    let mut call = Vec::from([0x10]);
    leb(&mut call, imported.checked_add(defined)?);
    let mut content = Vec::with_capacity(code.len.checked_add(64)?);
    leb(&mut content, defined.checked_add(facts.grows_memory.into())?);
    let mut growing = facts.growing.iter().map(|position| u64::from(*position)).peekable();
    for position in 0..defined {
        let (body, function) = taken(&mut reader, |reader| {
            let size = reader.number()?;
            reader.part(usize::try_from(size).ok()?)
        })?;
        if growing.next_if_eq(&position).is_none() {
            content.extend_from_slice(function);
            continue;
        }
        let body = body_with(body, &call)?;
        leb(&mut content, u64::try_from(body.len()).ok()?);
        content.extend_from_slice(&body);
    }
    let mut changed = Vec::new();
    if facts.grows_memory {
        content.extend_from_slice(&BODY);
        let types = match own_type(wasm, sections) {
            Some(own) => own,
            None => {
                let (types, content) = with_one_more(wasm, sections.find(TYPES)?, &TYPE)?;
                changed.push((TYPES, content));
                types
            }
        };
        let mut index = Vec::new();
        leb(&mut index, types);
        changed.push((FUNCTIONS, with_one_more(wasm, sections.find(FUNCTIONS)?, &index)?.1));
    }
    changed.push((CODE, content));
    Some(Funnelled { changed, grows: facts.grows_memory })
}

/// A function with something else in the place of what grows.
fn body_with(mut body: SectionReader<'_>, call: &[u8]) -> Option<Vec<u8>> {
    let mut kept = body.rest();
    let mut content = Vec::with_capacity(kept.len().checked_add(64)?);
    body.list(SectionReader::locals)?;
    while !body.is_empty() {
        let before = body.rest().len();
        let replaced = match body.operator()? {
            Effect::GrowsMemory => call,
            Effect::GrowsTable => &NO_GROWTH,
            _ => continue,
        };
        content.extend_from_slice(kept.get(..kept.len().checked_sub(before)?)?);
        content.extend_from_slice(replaced);
        kept = body.rest();
    }
    content.extend_from_slice(kept);
    Some(content)
}

/// The index of the type of the added function, if the module has it already.
fn own_type(wasm: &[u8], sections: &Sections) -> Option<u64> {
    let mut reader = SectionReader::of(wasm, sections.find(TYPES)?);
    for index in 0..reader.count()? {
        if reader.rest().starts_with(&TYPE) {
            return Some(index);
        }
        // Parameters and results. Of the types of values that are allowed, all have one byte.
        (reader.byte()? == FUNCTION).then_some(())?;
        reader.list(|reader| reader.skip(1))?;
        reader.list(|reader| reader.skip(1))?;
    }
    None
}

/// One more than the largest index of a function that is exported.
fn exported(wasm: &[u8], sections: &Sections) -> Option<u64> {
    let Some(section) = sections.find(EXPORTS) else { return Some(0) };
    let mut reader = SectionReader::of(wasm, section);
    for _ in 0..reader.number()? {
        reader.name()?;
        if reader.byte()? == 0 {
            reader.function()?;
        } else {
            reader.number()?;
        }
    }
    Some(reader.named_functions)
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
