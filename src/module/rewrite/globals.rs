//! Exports all mutable globals of a module, so that the state of its instances can be captured.
//!
//! The interpreter gives an embedder the globals that a module exports, and no others. So that the
//! state after an initialisation can be carried over to other instances, a module that has one is
//! translated with all of its mutable globals exported, under names of ours.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

use cpex_wasmi_abi::{EXPORT_INIT, EXPORT_REACTOR};

use super::encode::{Changed, leb};
use crate::module::operators::CodeFacts;
use crate::module::reader::SectionReader;
use crate::module::sections::{Section, Sections};

/// The beginning of the names that the globals are exported under.
pub(in crate::module) const PREFIX: &str = "cpex-wasmi.global.";

/// The most mutable globals. Each call has to enter each export into a map.
const MAX_GLOBALS: usize = 100;
/// The largest module that is written anew, in bytes, as it is there twice while it is translated.
const MAX_BYTES: usize = 8 << 20;

const IMPORTS: u8 = 2;
const GLOBALS: u8 = 6;
const EXPORTS: u8 = 7;

/// The state of a module whose instances have none but their memory and globals, all of which are exported.
pub(super) struct Exported {
    /// The names of all mutable globals.
    pub(super) names: Box<[Box<str>]>,
    /// The section of exports with these among them, if there are any.
    pub(super) changed: Option<Changed>,
}

/// Exports all state of a module, if it initialises its instances and all of its state can be exported. A
/// module that is not valid stays so: all of its exports remain, in the same order.
pub(super) fn export(wasm: &[u8], sections: &Sections, code: &CodeFacts) -> Option<Exported> {
    let exports = sections.find(EXPORTS)?;
    let can_be = wasm.len() <= MAX_BYTES
        && code.keeps_tables_and_segments
        && wants(wasm, exports)?
        && imports_functions_only(wasm, sections)?;
    let globals = mutable_globals(wasm, sections).filter(|_| can_be)?;
    let named: Vec<_> =
        globals.iter().map(|index| (format!("{PREFIX}{index}").into(), *index)).collect();
    let changed = match &*named {
        [] => None,
        named => Some((EXPORTS, exports_with(SectionReader::of(wasm, exports), named)?)),
    };
    Some(Exported { names: named.into_iter().map(|(name, _)| name).collect(), changed })
}

/// True if an initialisation is among the exports, no name of ours, and nothing after them.
fn wants(wasm: &[u8], exports: Section) -> Option<bool> {
    let mut reader = SectionReader::of(wasm, exports);
    let mut has_init = false;
    for _ in 0..reader.count()? {
        let name = reader.name()?;
        if name.starts_with(PREFIX.as_bytes()) {
            return Some(false);
        }
        has_init |= [EXPORT_INIT, EXPORT_REACTOR].iter().any(|init| init.as_bytes() == name);
        reader.byte()?;
        reader.number()?;
    }
    Some(has_init && reader.is_empty())
}

/// True if nothing but functions is imported. (What else is imported is refused later.)
fn imports_functions_only(wasm: &[u8], sections: &Sections) -> Option<bool> {
    let Some(section) = sections.find(IMPORTS) else { return Some(true) };
    let mut reader = SectionReader::of(wasm, section);
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
    let mut reader = SectionReader::of(wasm, section);
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

/// The exports with globals added at their end.
fn exports_with(mut reader: SectionReader<'_>, globals: &[(Box<str>, u64)]) -> Option<Vec<u8>> {
    let before = reader.count()?;
    let mut content = Vec::new();
    leb(&mut content, before.checked_add(u64::try_from(globals.len()).ok()?)?);
    content.extend_from_slice(reader.rest());
    for (name, index) in globals {
        leb(&mut content, u64::try_from(name.len()).ok()?);
        content.extend_from_slice(name.as_bytes());
        content.push(GLOBAL);
        leb(&mut content, *index);
    }
    Some(content)
}

/// The kind of an export that is a global.
const GLOBAL: u8 = 3;

#[cfg(test)]
mod tests {
    use super::super::encode::with_sections;
    use super::*;
    use crate::module::operators;
    use crate::module::sections::scan;

    const INIT: &str = r#"(func (export "cpex_init") (result i32) (i32.const 0))"#;

    fn module(fields: &str) -> Vec<u8> {
        wat::parse_str(format!("(module {fields})")).unwrap()
    }

    fn exposed(wasm: &[u8]) -> Option<(Vec<u8>, Vec<Box<str>>)> {
        let sections = scan(wasm).unwrap();
        let exported = export(wasm, &sections, &operators::read(wasm, &sections))?;
        let changed: Vec<_> = exported.changed.into_iter().collect();
        Some((with_sections(wasm, &sections, &changed)?, exported.names.into_vec()))
    }

    /// The sections but for the exports.
    fn others(wasm: &[u8]) -> Vec<(u8, &[u8])> {
        let sections = scan(wasm).unwrap().all;
        let others = sections.into_iter().filter(|section| section.id != EXPORTS);
        others.map(|section| (section.id, SectionReader::of(wasm, section).rest())).collect()
    }

    #[test]
    fn only_the_exports_differ() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let files = files.filter(|path| path.extension().is_some_and(|found| found == "wasm"));
        let mut modules: Vec<_> = files.map(|path| std::fs::read(path).unwrap()).collect();
        let global = "(global (mut i64) (i64.const 1))";
        modules.push(module(&format!("{} {INIT}", global.repeat(MAX_GLOBALS))));
        let mut found = 0;
        for wasm in modules {
            let Some((exposed, globals)) = exposed(&wasm) else { continue };
            assert_eq!(others(&exposed), others(&wasm));
            let engine = wasmi::Engine::default();
            let translated = |wasm: &[u8]| wasmi::Module::new(&engine, wasm).unwrap();
            let (before, after) = (translated(&wasm), translated(&exposed));
            let all = after.exports().map(|export| export.name().into());
            let own = before.exports().map(|export| export.name().into());
            let mut expected: Vec<Box<str>> = own.chain(globals).collect();
            let mut all: Vec<Box<str>> = all.collect();
            all.sort();
            expected.sort();
            assert_eq!(all, expected);
            found += 1;
        }
        assert!(found > 5, "only {found} modules have an initialisation");
    }

    #[test]
    fn a_module_without_mutable_globals_stays_as_it_is() {
        let wasm = module(&format!("(global i64 (i64.const 1)) {INIT}"));
        assert_eq!(exposed(&wasm), Some((wasm, Vec::new())));
    }

    #[test]
    fn what_is_not_valid_does_not_become_so() {
        let wasm = module(&format!("(global (mut i64) (i64.const 1)) {INIT}"));
        let engine = wasmi::Engine::default();
        let with_exports = |content: &[u8]| {
            let mut changed = wasm[..8].to_vec();
            for section in scan(&wasm).unwrap().all {
                let same = SectionReader::of(&wasm, section).rest();
                let content = if section.id == EXPORTS { content } else { same };
                changed.push(section.id);
                leb(&mut changed, content.len().try_into().unwrap());
                changed.extend_from_slice(content);
            }
            changed
        };
        let same = SectionReader::of(&wasm, scan(&wasm).unwrap().find(EXPORTS).unwrap()).rest();
        assert_eq!(with_exports(same), wasm);
        let long = |count: &[u8]| [count, &same[1..]].concat();
        assert!(exposed(&with_exports(&long(&[0x81, 0x80, 0x80, 0x80, 0]))).is_some());
        // A count of six bytes or of more than 32 bits, and the start of another export after the last.
        let name = u8::try_from(PREFIX.len() + 2).unwrap();
        for content in [
            long(&[0x81, 0x80, 0x80, 0x80, 0x80, 0]),
            long(&[0x81, 0x80, 0x80, 0x80, 0x10]),
            [same, &[name]].concat(),
        ] {
            let wasm = with_exports(&content);
            assert!(exposed(&wasm).is_none(), "{content:x?}");
            assert!(wasmi::Module::new(&engine, &wasm).is_err(), "{content:x?}");
        }
    }

    #[test]
    fn what_cannot_be_exposed_is_left_alone() {
        for fields in [
            "(func (export \"cpex_invoke\"))",
            &format!("{INIT} (global (mut funcref) (ref.null func))"),
            &format!("(import \"cpex\" \"x\" (global (mut i32))) {INIT}"),
            &format!("(import \"cpex\" \"x\" (table 1 funcref)) {INIT}"),
            &format!("{INIT} (func (export \"cpex-wasmi.global.\"))"),
        ] {
            assert!(exposed(&module(fields)).is_none(), "{fields}");
        }
    }
}
