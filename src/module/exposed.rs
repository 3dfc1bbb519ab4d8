//! What of an instance's state can be looked at from outside.
//!
//! The interpreter gives an embedder the globals that a module exports, and no others. So that the
//! state after an initialisation can be carried over to other instances, a module that has one is
//! translated with all of its mutable globals exported, under names of ours.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

use cpex_wasmi_abi::{EXPORT_INIT, EXPORT_REACTOR};

use super::operators;
use super::reader::Reader;
use super::scan::{Section, Sections};

/// The beginning of the names that the globals are exported under.
pub(super) const PREFIX: &str = "cpex-wasmi.global.";

/// The most mutable globals. Each call has to enter each export into a map.
const MAX_GLOBALS: usize = 100;
/// The largest module that is written anew, in bytes, as it is there twice while it is translated.
const MAX_BYTES: usize = 8 << 20;

const IMPORTS: u8 = 2;
const GLOBALS: u8 = 6;
const EXPORTS: u8 = 7;

/// A module whose instances have no state but their memory and globals that can be looked at.
pub(super) struct Exposed {
    /// The module, with the exports that it takes.
    pub(super) wasm: Vec<u8>,
    /// The names of all mutable globals.
    pub(super) globals: Box<[Box<str>]>,
}

/// The same module with all of its state exposed, if it initialises its instances and all of its state
/// can be. It is valid, and has at most one section of each kind.
pub(super) fn expose(wasm: &[u8], sections: &Sections) -> Option<Exposed> {
    let exports = sections.find(EXPORTS)?;
    let can_be = wasm.len() <= MAX_BYTES
        && wants(wasm, exports)?
        && imports_functions_only(wasm, sections)?
        && operators::keep_tables_and_segments(wasm, sections);
    let globals = mutable_globals(wasm, sections).filter(|_| can_be)?;
    let named: Vec<_> =
        globals.iter().map(|index| (format!("{PREFIX}{index}").into(), *index)).collect();
    let wasm = with_exports(wasm, sections, &named)?;
    Some(Exposed { wasm, globals: named.into_iter().map(|(name, _)| name).collect() })
}

/// Whether an initialisation is among the exports, and no name of ours.
fn wants(wasm: &[u8], exports: Section) -> Option<bool> {
    let mut reader = Reader::of(wasm, exports);
    let mut has_init = false;
    for _ in 0..reader.number()? {
        let name = reader.name()?;
        if name.starts_with(PREFIX.as_bytes()) {
            return Some(false);
        }
        has_init |= [EXPORT_INIT, EXPORT_REACTOR].iter().any(|init| init.as_bytes() == name);
        reader.byte()?;
        reader.number()?;
    }
    Some(has_init)
}

/// Whether nothing but functions is imported. (What else is imported is refused later.)
fn imports_functions_only(wasm: &[u8], sections: &Sections) -> Option<bool> {
    let Some(section) = sections.find(IMPORTS) else { return Some(true) };
    let mut reader = Reader::of(wasm, section);
    for _ in 0..reader.number()? {
        reader.name()?;
        reader.name()?;
        if reader.byte()? != 0 {
            return Some(false);
        }
        reader.number()?;
    }
    Some(true)
}

/// The indices of the globals that can change, if all of them are numbers or vectors and there are not
/// too many.
fn mutable_globals(wasm: &[u8], sections: &Sections) -> Option<Vec<u64>> {
    let mut mutable = Vec::new();
    let Some(section) = sections.find(GLOBALS) else { return Some(mutable) };
    let mut reader = Reader::of(wasm, section);
    for index in 0..reader.number()? {
        let (kind, mutability) = (reader.byte()?, reader.byte()?);
        reader.expression()?;
        if mutability != 0 {
            if !(0x7b..=0x7f).contains(&kind) || mutable.len() == MAX_GLOBALS {
                return None;
            }
            mutable.push(index);
        }
    }
    Some(mutable)
}

/// The module with globals added to its exports.
fn with_exports(wasm: &[u8], sections: &Sections, globals: &[(Box<str>, u64)]) -> Option<Vec<u8>> {
    let mut reader = Reader::of(wasm, sections.find(EXPORTS)?);
    let before = reader.number()?;
    let mut content = Vec::new();
    leb(&mut content, before.checked_add(u64::try_from(globals.len()).ok()?)?);
    content.extend_from_slice(reader.rest());
    for (name, index) in globals {
        leb(&mut content, u64::try_from(name.len()).ok()?);
        content.extend_from_slice(name.as_bytes());
        content.push(GLOBAL);
        leb(&mut content, *index);
    }
    let mut exposed = Vec::with_capacity(wasm.len().checked_add(content.len())?.checked_add(16)?);
    exposed.extend_from_slice(wasm.get(..8)?);
    for section in &sections.all {
        let end = section.offset.checked_add(section.len)?;
        let same = wasm.get(section.offset..end)?;
        let content = if section.id == EXPORTS { content.as_slice() } else { same };
        exposed.push(section.id);
        leb(&mut exposed, u64::try_from(content.len()).ok()?);
        exposed.extend_from_slice(content);
    }
    Some(exposed)
}

/// The kind of an export that is a global.
const GLOBAL: u8 = 3;

/// Appends a LEB128 number.
fn leb(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            return out.push(low & 0x7f);
        }
        out.push(low | 0x80);
    }
}
