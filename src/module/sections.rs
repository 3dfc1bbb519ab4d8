//! The sections of a module, read before anything else reads it: enough to tell a component, a truncated
//! file or a start function apart, and to say where they stand.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The result of a look at the sections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sections {
    /// The sections in order: identifier, offset of their content, its size in bytes.
    pub(super) all: Vec<Section>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) id: u8,
    pub(super) offset: usize,
    pub(super) len: usize,
}

/// Sections that cost more than their size: identifier, what is in it, the most bytes, and why.
const COSTLY: &[(u8, &str, usize, &str)] = &[
    (1, "types", 64 << 10, TO_LOAD),
    (2, "imports", 16 << 10, TO_CALL),
    (7, "exports", 64 << 10, TO_CALL),
    (9, "table elements", 256 << 10, TO_CALL),
    (CODE, "functions", 4 << 20, "as more would take too long to load; build it with optimisation"),
];
const TO_LOAD: &str = "as more would take too much memory to load";
const TO_CALL: &str = "as each call may have to go through them";
/// The most sections of a module. Each takes two bytes of the file, and many times that to keep.
const MAX_SECTIONS: usize = 1000;
const START: u8 = 8;
pub(super) const CODE: u8 = 10;
pub(super) const DATA: u8 = 11;

impl Sections {
    pub(super) fn find(&self, id: u8) -> Option<Section> {
        self.all.iter().copied().find(|section| section.id == id)
    }

    /// Refuses a module over a section that it may not have, or that is too large.
    pub(super) fn check(&self) -> Result<(), String> {
        if let Some(start) = self.find(START) {
            return Err(format!(
                "the module has a start function (section at byte {}), which would run before its \
                 limits are known; export `_initialize` or `{}` instead",
                start.offset,
                cpex_wasmi_abi::EXPORT_INIT
            ));
        }
        for (id, what, most, why) in COSTLY {
            if let Some(section) = self.all.iter().find(|s| s.id == *id && s.len > *most) {
                return Err(format!(
                    "the module's {what} take {} bytes (section at byte {}), and at most {most} are \
                     allowed, {why}",
                    section.len, section.offset
                ));
            }
        }
        Ok(())
    }
}

/// Reads the header and the frame of each section.
pub(super) fn scan(wasm: &[u8]) -> Result<Sections, String> {
    let (header, _) = wasm
        .split_first_chunk::<8>()
        .ok_or_else(|| format!("the file has {} bytes, too few for a wasm module", wasm.len()))?;
    match header {
        [0, b'a', b's', b'm', 1, 0, 0, 0] => {}
        [0, b'a', b's', b'm', _, 0, 1, 0] => {
            return Err(
                "this is a wasm component, and plugins are core modules; build the plugin \
                        for `wasm32-unknown-unknown` and leave out the component tooling"
                    .into(),
            );
        }
        [0, b'a', b's', b'm', version @ ..] => {
            return Err(format!(
                "the wasm version is {}, and only version 1 is known",
                u32::from_le_bytes(*version)
            ));
        }
        _ => {
            return Err(
                "this is not a wasm module: it does not begin with the bytes `\\0asm`; give \
                        the `.wasm` file that the build produced"
                    .into(),
            );
        }
    }
    let mut sections = Sections::default();
    let mut at = header.len();
    while let Some(id) = wasm.get(at).copied() {
        if sections.all.len() == MAX_SECTIONS {
            return Err(format!(
                "the module has more than {MAX_SECTIONS} sections; build it with `strip = true`"
            ));
        }
        let (len, offset) = varint(wasm, at.saturating_add(1))
            .ok_or_else(|| truncated(wasm.len(), "the size of a section", at))?;
        let end = offset.checked_add(len).filter(|end| *end <= wasm.len());
        let end = end.ok_or_else(|| truncated(wasm.len(), &format!("section {id}"), at))?;
        sections.all.push(Section { id, offset, len });
        at = end;
    }
    Ok(sections)
}

fn truncated(len: usize, what: &str, at: usize) -> String {
    format!(
        "the module is truncated: {what}, which begins at byte {at}, reaches past the end of the \
         file at byte {len}"
    )
}

/// Reads an unsigned LEB128 number of at most 32 bits, and where it ends.
pub(super) fn varint(wasm: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut value = 0_u64;
    for shift in [0, 7, 14, 21, 28] {
        let byte = *wasm.get(at)?;
        at = at.checked_add(1)?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((usize::try_from(u32::try_from(value).ok()?).ok()?, at));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_found_where_they_stand() {
        let wasm = b"\0asm\x01\0\0\0\x05\x03\x01\0\x01\x08\x01\0";
        let sections = scan(wasm).unwrap();
        assert_eq!(sections.find(5), Some(Section { id: 5, offset: 10, len: 3 }));
        assert_eq!(sections.find(START), Some(Section { id: START, offset: 15, len: 1 }));
        assert_eq!(sections.find(CODE), None);
    }

    #[test]
    fn sections_are_counted() {
        let many = |count| [b"\0asm\x01\0\0\0".to_vec(), [0, 1, 0].repeat(count)].concat();
        assert!(scan(&many(MAX_SECTIONS)).is_ok());
        assert!(scan(&many(MAX_SECTIONS + 1)).unwrap_err().contains("more than 1000 sections"));
    }

    #[test]
    fn every_truncation_is_an_error_and_no_panic() {
        let wasm = b"\0asm\x01\0\0\0\x05\x83\x00\x01\0\x01";
        assert!(scan(wasm).is_ok());
        for len in 0..wasm.len() {
            let whole_sections_only = len == 8;
            assert_eq!(scan(&wasm[..len]).is_ok(), whole_sections_only, "{len} bytes");
        }
    }
}
