//! A module as its sections, to which entries can be added at their ends.

use wasm_encoder::Encode;

pub(super) const TYPES: u8 = 1;
pub(super) const FUNCTIONS: u8 = 3;
pub(super) const EXPORTS: u8 = 7;
const DATA_COUNT: u8 = 12;
pub(super) const CODE: u8 = 10;
pub(super) const DATA: u8 = 11;

/// The order that sections have in a module. The section of data counts is before the code.
const ORDER: &[u8] = &[TYPES, 2, FUNCTIONS, 4, 5, 6, EXPORTS, 8, 9, DATA_COUNT, CODE, DATA];

/// The sections of a module, each as its identifier, the number of its entries, and these.
pub(super) struct Sections(Vec<(u8, u32, Vec<u8>)>);

impl Sections {
    /// Takes a module apart that has no custom sections.
    pub(super) fn parse(wasm: &[u8]) -> Option<Self> {
        let mut reader = Reader(wasm.get(8..)?);
        let mut sections = Vec::new();
        while let Some(id) = reader.byte() {
            let len = usize::try_from(reader.number()?).ok()?;
            let mut content = Reader(reader.bytes(len)?);
            let count = content.number()?;
            sections.push((id, count, content.0.to_vec()));
        }
        Some(Self(sections))
    }

    /// The number of entries of a section.
    pub(super) fn count(&self, id: u8) -> u32 {
        self.find(id).map_or(0, |(_, count, _)| *count)
    }

    /// The entries of a section.
    pub(super) fn entries(&self, id: u8) -> Reader<'_> {
        Reader(self.find(id).map_or(&[], |(_, _, entries)| entries))
    }

    fn find(&self, id: u8) -> Option<&(u8, u32, Vec<u8>)> {
        self.0.iter().find(|(found, ..)| *found == id)
    }

    /// Adds an entry at the end of a section, and tells its position.
    pub(super) fn add(&mut self, id: u8, entry: &[u8]) -> u32 {
        let rank = |id: u8| ORDER.iter().position(|other| *other == id);
        let place = self.0.iter().position(|(found, ..)| rank(*found) >= rank(id));
        let place = place.unwrap_or(self.0.len());
        if self.0.get(place).is_none_or(|(found, ..)| *found != id) {
            self.0.insert(place, (id, 0, Vec::new()));
        }
        let Some((_, count, entries)) = self.0.get_mut(place) else { return 0 };
        let position = *count;
        *count = count.saturating_add(1);
        entries.extend_from_slice(entry);
        if id == DATA {
            for (_, count, _) in self.0.iter_mut().filter(|(id, ..)| *id == DATA_COUNT) {
                *count = count.saturating_add(1);
            }
        }
        position
    }

    /// The module.
    pub(super) fn finish(&self) -> Vec<u8> {
        let mut wasm = b"\0asm\x01\0\0\0".to_vec();
        for (id, count, entries) in &self.0 {
            let mut content = Vec::new();
            count.encode(&mut content);
            content.extend_from_slice(entries);
            wasm.push(*id);
            content.as_slice().encode(&mut wasm);
        }
        wasm
    }
}

/// Reads what a module is written in.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn byte(&mut self) -> Option<u8> {
        self.bytes(1)?.first().copied()
    }

    pub(super) fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn number(&mut self) -> Option<u32> {
        let mut value = 0;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(value).ok();
            }
        }
        None
    }

    /// Value types, after their number.
    pub(super) fn types(&mut self) -> Option<Vec<u8>> {
        let count = self.number()?;
        (0..count).map(|_| self.byte()).collect()
    }
}
