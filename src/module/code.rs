//! How much code a module has, before anything translates it.
//!
//! What the interpreter makes of a function can be a hundred times as large as the function, if it is
//! made for that, and the time it takes grows with the locals, which take a few bytes to declare.

use alloc::format;
use alloc::string::String;

use super::reader::Reader;
use super::scan::{CODE, Sections};

/// The largest function, in bytes.
const MAX_FUNCTION_BYTES: u64 = 512 << 10;

/// The most locals of all functions together. What compilers declare is used, in four bytes at least.
const MAX_LOCALS: u64 = 1_000_000;

/// Refuses a module over a function that is too large, or too many locals. What is malformed is left
/// to the validator. Gives the size of the largest function, in bytes.
pub(super) fn check(wasm: &[u8], sections: &Sections) -> Result<u64, String> {
    let (mut largest, mut locals) = (0_u64, 0_u64);
    for section in sections.all.iter().filter(|section| section.id == CODE) {
        let mut reader = Reader::of(wasm, *section);
        let functions = reader.number().unwrap_or_default();
        for position in 0..functions {
            let Some((size, declared)) = function(&mut reader) else { break };
            if size > MAX_FUNCTION_BYTES {
                return Err(format!(
                    "function {position} of the module's code (section at byte {}) has {size} bytes, \
                     and at most {MAX_FUNCTION_BYTES} are allowed; build it with optimisation, and \
                     keep tables out of code",
                    section.offset
                ));
            }
            largest = largest.max(size);
            locals = locals.saturating_add(declared);
            if locals > MAX_LOCALS {
                return Err(format!(
                    "the functions of the module (section at byte {}) declare more than {MAX_LOCALS} \
                     locals; build it with optimisation",
                    section.offset
                ));
            }
        }
    }
    Ok(largest)
}

/// The size of a function's body, and how many locals it declares.
fn function(reader: &mut Reader<'_>) -> Option<(u64, u64)> {
    let size = reader.number()?;
    let mut body = reader.part(usize::try_from(size).ok()?)?;
    let mut locals = 0_u64;
    for _ in 0..body.number()? {
        locals = locals.saturating_add(body.number()?);
        // The type of these locals: of those that are allowed, all have one byte.
        body.skip(1)?;
    }
    Some((size, locals))
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::super::scan::scan;
    use super::*;

    /// What comes of a module of one code section with these bodies.
    fn code(bodies: &[&[u8]]) -> Result<u64, String> {
        let mut content = Vec::new();
        leb(&mut content, bodies.len());
        for body in bodies {
            leb(&mut content, body.len());
            content.extend_from_slice(body);
        }
        let mut wasm = b"\0asm\x01\0\0\0\x0a".to_vec();
        leb(&mut wasm, content.len());
        wasm.extend(content);
        check(&wasm, &scan(&wasm).unwrap())
    }

    fn leb(out: &mut Vec<u8>, mut number: usize) {
        while number >= 0x80 {
            out.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
            number >>= 7;
        }
        out.push(u8::try_from(number).unwrap());
    }

    #[test]
    fn a_function_has_a_size() {
        let most = vec![0; usize::try_from(MAX_FUNCTION_BYTES).unwrap()];
        assert_eq!(code(&[&most, &most]), Ok(MAX_FUNCTION_BYTES));
        let message = code(&[&[0, 0x0b], &[most.as_slice(), &[0]].concat()]).unwrap_err();
        assert!(message.contains("function 1") && message.contains("524289 bytes"), "{message}");
    }

    #[test]
    fn the_largest_function_is_found() {
        assert_eq!(code(&[&[0, 0x0b], &[0, 1, 1, 0x0b], &[0, 1, 0x0b]]), Ok(4));
        assert_eq!(code(&[]), Ok(0));
    }

    #[test]
    fn locals_are_added_up() {
        // Two groups, of 200,000 and 300,000.
        let half = [2, 0xc0, 0x9a, 0x0c, 0x7f, 0xe0, 0xa7, 0x12, 0x7e, 0x0b];
        assert_eq!(code(&[&half, &half]), Ok(10));
        let message = code(&[&half, &half, &[1, 1, 0x7f, 0x0b]]).unwrap_err();
        assert!(message.contains("more than 1000000 locals"), "{message}");
    }

    #[test]
    fn what_is_malformed_is_left_to_the_validator() {
        assert_eq!(code(&[]), Ok(0));
        assert_eq!(code(&[&[], &[0xff], &[1, 0xff, 0xff], &[0xff; 30]]), Ok(0));
    }
}
