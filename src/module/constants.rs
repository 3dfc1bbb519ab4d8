//! The lengths of a module's constant expressions: the start values of globals, the places of segments.
//!
//! The interpreter evaluates them by recursion, on the host's own stack, for each instance. By the
//! wasm feature of extended constants they may be as long as a module has bytes.

use alloc::format;
use alloc::string::String;

use super::reader::{ReadEntry, SectionReader};
use super::sections::Sections;

/// The most operators in one constant expression. Compilers take three.
const MAX_OPERATORS: usize = 100;

const GLOBALS: u8 = 6;
const ELEMENTS: u8 = 9;
const DATA: u8 = 11;

/// Refuses a module, which is valid, over a constant expression that is too long. Gives one more than the
/// largest index of a function in these sections.
pub(super) fn check(wasm: &[u8], sections: &Sections) -> Result<u64, String> {
    let mut named_functions = 0;
    for (id, what, entry) in [
        (GLOBALS, "global", SectionReader::global as ReadEntry<'_>),
        (ELEMENTS, "element segment", SectionReader::elements),
        (DATA, "data segment", SectionReader::data),
    ] {
        let Some(section) = sections.find(id) else { continue };
        let mut reader = SectionReader::of(wasm, section);
        if reader.list(entry).is_none() {
            return Err(format!(
                "a {what} of the module (section at byte {}) has a constant expression of more \
                 than {MAX_OPERATORS} operators, or with an unknown operator",
                section.offset
            ));
        }
        named_functions = reader.named_functions.max(named_functions);
    }
    Ok(named_functions)
}

impl<'a> SectionReader<'a> {
    fn global(&mut self) -> Option<()> {
        // Its type, and whether it can change.
        self.skip(2)?;
        self.expression()
    }

    fn elements(&mut self) -> Option<()> {
        let flags = self.number()?;
        let (is_active, has_table, is_typed) = (flags & 1 == 0, flags & 2 != 0, flags & 3 != 0);
        if is_active {
            if has_table {
                self.number()?;
            }
            self.expression()?;
        }
        if is_typed {
            self.skip(1)?;
        }
        if flags & 4 == 0 { self.list(Self::function) } else { self.list(Self::expression) }
    }

    fn data(&mut self) -> Option<()> {
        let flags = self.number()?;
        if flags == 2 {
            self.number()?;
        }
        if flags != 1 {
            self.expression()?;
        }
        let len = self.number()?;
        self.skip(usize::try_from(len).ok()?)
    }

    /// A constant expression.
    pub(super) fn expression(&mut self) -> Option<()> {
        for _ in 0..=MAX_OPERATORS {
            match self.byte()? {
                END => return Some(()),
                // Constants, a global, a reference to nothing.
                0x41 | 0x42 | 0x23 | 0xd0 => drop(self.number()?),
                // A reference to a function.
                0xd2 => self.function()?,
                0x43 => self.skip(4)?,
                0x44 => self.skip(8)?,
                // A vector.
                0xfd => {
                    self.number()?;
                    self.skip(16)?;
                }
                // Sums, differences and products.
                0x6a..=0x6c | 0x7c..=0x7e => {}
                _ => return None,
            }
        }
        None
    }
}

const END: u8 = 0x0b;
