//! Modules that are written anew, with some of their sections changed.

use alloc::vec::Vec;

use crate::module::sections::Sections;

/// A section with another content: its identifier, and that.
pub(super) type Changed = (u8, Vec<u8>);

/// The module with another content in some of its sections.
pub(super) fn with_sections(
    wasm: &[u8],
    sections: &Sections,
    changed: &[Changed],
) -> Option<Vec<u8>> {
    let more = changed.iter().map(|(_, content)| content.len().saturating_add(8)).sum();
    let mut written = Vec::with_capacity(wasm.len().checked_add(more)?);
    written.extend_from_slice(wasm.get(..8)?);
    for section in &sections.all {
        let end = section.offset.checked_add(section.len)?;
        let same = wasm.get(section.offset..end)?;
        let changed = changed.iter().find(|(id, _)| *id == section.id);
        let content = changed.map_or(same, |(_, content)| content.as_slice());
        written.push(section.id);
        leb(&mut written, u64::try_from(content.len()).ok()?);
        written.extend_from_slice(content);
    }
    Some(written)
}

/// Appends a LEB128 number.
pub(super) fn leb(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            return out.push(low & 0x7f);
        }
        out.push(low | 0x80);
    }
}
