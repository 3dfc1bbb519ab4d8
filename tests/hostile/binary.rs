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

/// A list with that many items added to it.
fn longer(list: &[u8], count: usize, item: &[u8]) -> Vec<u8> {
    let (mut len, mut at, mut shift) = (0, 0, 0);
    loop {
        len |= usize::from(list[at] & 0x7f) << shift;
        shift += 7;
        at += 1;
        if list[at - 1] & 0x80 == 0 {
            break;
        }
    }
    let mut out = Vec::new();
    leb(&mut out, len + count);
    out.extend(&list[at..]);
    out.extend(item.repeat(count));
    out
}
