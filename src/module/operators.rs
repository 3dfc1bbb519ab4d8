//! Which instructions a module has, for what can be told from that about its functions and instances.

use super::reader::Reader;
use super::scan::{CODE, Sections};

/// What can be told of a module by its instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code {
    /// No function goes on after the `end` that closes it.
    pub(super) ends_once: bool,
    /// No function changes a table or drops a segment, so that these are in each instance what they
    /// were when it was made.
    #[cfg_attr(not(feature = "std"), allow(dead_code, reason = "there are no snapshots"))]
    pub(super) keeps_tables_and_segments: bool,
}

/// What an instruction does to the blocks it stands in, or to an instance, beside its memory and its
/// globals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    None,
    /// It opens a block.
    Opens,
    /// It closes one.
    Closes,
    /// It may change a table, or drop a segment.
    Lasting,
}

/// Reads all instructions. If there is one that is not known here, nothing is told.
///
/// A module need not be valid. Where it is until some instruction, all before that are read as a
/// validator reads them.
pub(super) fn read(wasm: &[u8], sections: &Sections) -> Code {
    let mut all = Code { ends_once: true, keeps_tables_and_segments: true };
    let known = sections.find(CODE).map_or(Some(()), |section| {
        let mut code = Reader::of(wasm, section);
        (0..code.number()?).try_for_each(|_| function(&mut code, &mut all))
    });
    match known {
        Some(()) => all,
        None => Code { ends_once: false, keeps_tables_and_segments: false },
    }
}

fn function(code: &mut Reader<'_>, all: &mut Code) -> Option<()> {
    let size = code.number()?;
    let mut body = code.part(usize::try_from(size).ok()?)?;
    body.list(Reader::locals)?;
    // The blocks that are open: the function's own at first.
    let mut blocks = 1_usize;
    while !body.is_empty() {
        all.ends_once &= blocks > 0;
        match body.operator()? {
            Effect::None => {}
            Effect::Opens => blocks = blocks.saturating_add(1),
            Effect::Closes => blocks = blocks.saturating_sub(1),
            Effect::Lasting => all.keeps_tables_and_segments = false,
        }
    }
    Some(())
}

impl Reader<'_> {
    fn locals(&mut self) -> Option<()> {
        self.number()?;
        self.skip(1)
    }

    /// Reads an instruction and what belongs to it.
    fn operator(&mut self) -> Option<Effect> {
        match self.byte()? {
            // A block, a loop or an `if`, with its type.
            0x02..=0x04 => {
                self.numbers(1)?;
                return Some(Effect::Opens);
            }
            0x0b => return Some(Effect::Closes),
            // `table.set`.
            0x26 => return Some(Effect::Lasting),
            0xfc => return self.prefixed(),
            0xfd => self.vector()?,
            // Branches, calls, locals, globals, `table.get`, references.
            0x0c | 0x0d | 0x10 | 0x20..=0x25 | 0xd0 | 0xd2 => self.numbers(1)?,
            // `call_indirect`; loads and stores.
            0x11 | 0x28..=0x3e => self.numbers(2)?,
            // `br_table`: its targets, and the one beside them.
            0x0e => {
                self.list(|reader| reader.numbers(1))?;
                self.numbers(1)?;
            }
            // `select` with the type of its result.
            0x1c => self.list(|reader| reader.skip(1))?,
            // `memory.size` and `memory.grow`; integers.
            0x3f..=0x42 => self.numbers(1)?,
            // Floats.
            0x43 => self.skip(4)?,
            0x44 => self.skip(8)?,
            0x00 | 0x01 | 0x05 | 0x0f | 0x1a | 0x1b | 0x45..=0xc4 | 0xd1 => {}
            _ => return None,
        }
        Some(Effect::None)
    }

    /// An instruction of two numbers: conversions, bulk memory, tables.
    fn prefixed(&mut self) -> Option<Effect> {
        match self.number()? {
            0..=7 => {}
            // `memory.init` and `memory.copy`.
            8 | 10 => self.numbers(2)?,
            // `memory.fill` and `table.size`.
            11 | 16 => self.numbers(1)?,
            // `data.drop`, `table.init`, `elem.drop`, `table.copy`, `table.grow`, `table.fill`.
            9 | 12..=15 | 17 => return Some(Effect::Lasting),
            _ => return None,
        }
        Some(Effect::None)
    }

    /// An instruction on vectors.
    fn vector(&mut self) -> Option<()> {
        match self.number()? {
            // Loads and stores.
            0..=11 | 92 | 93 => self.numbers(2),
            // A constant; the lanes of a shuffle.
            12 | 13 => self.skip(16),
            // One lane.
            21..=34 => self.skip(1),
            // One lane of what is loaded or stored.
            84..=91 => {
                self.numbers(2)?;
                self.skip(1)
            }
            14..=255 => Some(()),
            _ => None,
        }
    }

    fn numbers(&mut self, count: usize) -> Option<()> {
        (0..count).try_for_each(|_| self.number().map(drop))
    }
}

#[cfg(test)]
mod tests;
