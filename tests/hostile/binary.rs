//! Modules as bytes: what the text format cannot say, or not soon enough.

use super::common::leb;

/// The sections of a module: identifier and content.
pub(crate) fn sections(wasm: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut out = Vec::new();
    let mut at = 8;
    while at < wasm.len() {
        let (id, mut len, mut shift) = (wasm[at], 0, 0);
        loop {
            at += 1;
            len |= usize::from(wasm[at] & 0x7f) << shift;
            shift += 7;
            if wasm[at] & 0x80 == 0 {
                break;
            }
        }
        out.push((id, wasm[at + 1..at + 1 + len].to_vec()));
        at += 1 + len;
    }
    out
}

/// A module of these sections.
pub(crate) fn assemble(sections: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut wasm = b"\0asm\x01\0\0\0".to_vec();
    for (id, content) in sections {
        wasm.push(*id);
        leb(&mut wasm, content.len());
        wasm.extend(content);
    }
    wasm
}

/// A module without one of its sections.
pub(crate) fn without_section(wasm: &[u8], id: u8) -> Vec<u8> {
    let mut sections = sections(wasm);
    sections.retain(|(other, _)| *other != id);
    assemble(&sections)
}

/// Adds a section where it belongs by its number.
pub(crate) fn with_section_at(wasm: &[u8], id: u8, content: &[u8]) -> Vec<u8> {
    let mut sections = sections(wasm);
    let place = sections.iter().position(|(other, _)| *other > id || *other == 0).unwrap();
    sections.insert(place, (id, content.to_vec()));
    assemble(&sections)
}

/// Adds that many functions of the type with the number 0, all with this body.
pub(crate) fn with_functions(wasm: &[u8], count: usize, body: &[u8]) -> Vec<u8> {
    let mut code = Vec::new();
    leb(&mut code, body.len());
    code.extend(body);
    let mut sections = sections(wasm);
    for (id, content) in &mut sections {
        match id {
            3 => *content = longer(content, count, &[0]),
            10 => *content = longer(content, count, &code),
            _ => {}
        }
    }
    assemble(&sections)
}

/// True if a module initialises its instances.
pub(crate) fn has_init(wasm: &[u8]) -> bool {
    let exports = sections(wasm).into_iter().find(|(id, _)| *id == 7).unwrap().1;
    ["cpex_init", "_initialize"]
        .iter()
        .any(|init| exports.windows(init.len()).any(|found| found == init.as_bytes()))
}

/// Adds an initialisation that sets a global, and fills a page that it grows by, if it can.
pub(crate) fn with_init(wasm: &[u8]) -> Vec<u8> {
    const GLOBALS: u8 = 6;
    let empty = |id| sections(wasm).iter().all(|(other, _)| *other != id);
    let wasm = if empty(GLOBALS) { with_section_at(wasm, GLOBALS, &[0]) } else { wasm.to_vec() };
    let mut sections = sections(&wasm);
    let len = |id| length(&sections.iter().find(|(other, _)| *other == id).unwrap().1).0;
    let imports = sections.iter().find(|(id, _)| *id == 2).map_or(0, |(_, list)| length(list).0);
    let mut code = vec![1, 1, 0x7f, 0x42, 0x9d, 0x8e, 0x07, 0x24];
    leb(&mut code, len(GLOBALS));
    code.extend([0x41, 1, 0x40, 0, 0x22, 0, 0x41, 0x7f, 0x47, 0x04, 0x40]);
    code.extend([0x20, 0, 0x41, 16, 0x74, 0x41, 0x25, 0x41, 0x80, 0x80, 4, 0xfc, 11, 0]);
    code.extend([0x0b, 0x41, 0, 0x0b]);
    let mut body = Vec::new();
    leb(&mut body, code.len());
    body.extend(code);
    let mut export = b"\x09cpex_init\x00".to_vec();
    leb(&mut export, imports + len(3));
    let mut function = Vec::new();
    leb(&mut function, len(1));
    for (id, content) in &mut sections {
        match id {
            1 => *content = longer(content, 1, &[0x60, 0, 1, 0x7f]),
            3 => *content = longer(content, 1, &function),
            6 => *content = longer(content, 1, &[0x7e, 1, 0x42, 0, 0x0b]),
            7 => *content = longer(content, 1, &export),
            10 => *content = longer(content, 1, &body),
            _ => {}
        }
    }
    assemble(&sections)
}

/// A list with that many items added to it.
fn longer(list: &[u8], count: usize, item: &[u8]) -> Vec<u8> {
    let (len, at) = length(list);
    let mut out = Vec::new();
    leb(&mut out, len + count);
    out.extend(&list[at..]);
    out.extend(item.repeat(count));
    out
}

/// The number of a list's items, and their start.
fn length(list: &[u8]) -> (usize, usize) {
    let (mut len, mut at, mut shift) = (0, 0, 0);
    loop {
        len |= usize::from(list[at] & 0x7f) << shift;
        shift += 7;
        at += 1;
        if list[at - 1] & 0x80 == 0 {
            return (len, at);
        }
    }
}
