//! The size of a module's code, before anything translates it.
//!
//! A bound on functions: the translation of one can be a hundred times as large as the function, if it is
//! made for that, and the time it takes grows with the locals, which take a few bytes to declare.

use alloc::format;
use alloc::string::String;

use super::reader::SectionReader;
use super::sections::{CODE, Sections};

/// The largest function, in bytes.
const MAX_FUNCTION_BYTES: u64 = 512 << 10;

/// The most locals of all functions together. What compilers declare is used, in four bytes at least.
const MAX_LOCALS: u64 = 1_000_000;

/// The most locals of one function, of which those with two slots count twice. The interpreter takes 30,000
/// locals and parameters together, and 32,767 slots for these and what is on the stack.
const MAX_LOCALS_OF_ONE: u64 = 29_000;

/// The type of 128 bits, which takes two slots.
const V128: u8 = 0x7b;

/// Refuses a module over a function that is too large, or too many locals. What is malformed is left
/// to the validator. Gives the size of the largest function, in bytes.
pub(super) fn check(wasm: &[u8], sections: &Sections) -> Result<u64, String> {
    let (mut largest, mut locals) = (0_u64, 0_u64);
    for section in sections.all.iter().filter(|section| section.id == CODE) {
        let mut reader = SectionReader::of(wasm, *section);
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
            if declared > MAX_LOCALS_OF_ONE {
                return Err(format!(
                    "function {position} of the module's code (section at byte {}) declares {declared} \
                     locals (a `v128` counts as two), and at most {MAX_LOCALS_OF_ONE} are allowed; build it with \
                     optimisation",
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
fn function(reader: &mut SectionReader<'_>) -> Option<(u64, u64)> {
    let size = reader.number()?;
    let mut body = reader.part(usize::try_from(size).ok()?)?;
    let mut locals = 0_u64;
    for _ in 0..body.number()? {
        let declared = body.number()?;
        // The type of these locals: of those that are allowed, all have one byte.
        let slots = if body.byte()? == V128 { declared.saturating_mul(2) } else { declared };
        locals = locals.saturating_add(slots);
    }
    Some((size, locals))
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::super::sections::scan;
    use super::*;

    /// The result for a module of one code section with these bodies.
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
        // Two groups, of 12,000 and 13,000.
        let most = [2, 0xe0, 0x5d, 0x7f, 0xc8, 0x65, 0x7e, 0x0b];
        let mut bodies = vec![most.as_slice(); 40];
        assert_eq!(code(&bodies), Ok(8));
        bodies.push(&[1, 1, 0x7f, 0x0b]);
        let message = code(&bodies).unwrap_err();
        assert!(message.contains("more than 1000000 locals"), "{message}");
    }

    #[test]
    fn a_function_has_locals_up_to_a_bound() {
        let declaring =
            |count: [u8; 3], ty: u8| code(&[&[1, count[0], count[1], count[2], ty, 0x0b]]);
        assert!(declaring([0xc8, 0xe2, 1], 0x7f).is_ok());
        let message = declaring([0xc9, 0xe2, 1], 0x7f).unwrap_err();
        assert!(message.contains("function 0") && message.contains("29001 locals"), "{message}");
        // Those that take two slots each.
        assert!(declaring([0xa4, 0xf1, 0], V128).is_ok());
        assert!(declaring([0xa5, 0xf1, 0], V128).unwrap_err().contains("29002 locals"));
    }

    #[test]
    fn what_is_malformed_is_left_to_the_validator() {
        assert_eq!(code(&[]), Ok(0));
        assert_eq!(code(&[&[], &[0xff], &[1, 0xff, 0xff], &[0xff; 30]]), Ok(0));
    }
}
