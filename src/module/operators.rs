//! The instructions of a module: facts about its functions and instances that follow from them, and
//! instructions that are refused.

use alloc::vec::Vec;

use super::reader::SectionReader;
use super::sections::{CODE, Sections};

/// Facts about a module by its instructions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CodeFacts {
    /// No function goes on after the `end` that closes it.
    pub(super) ends_once: bool,
    /// No function changes a table or drops a segment, so that these are in each instance what they
    /// were when it was made.
    pub(super) keeps_tables_and_segments: bool,
    /// The functions that grow a memory or a table, by their positions in the code.
    pub(super) growing: Vec<u32>,
    /// One of them grows a memory.
    pub(super) grows_memory: bool,
    /// One of them grows a table.
    pub(super) grows_table: bool,
    /// One more than the largest index of a function that is called or referred to.
    pub(super) named_functions: u64,
    /// The reason for which a valid module is refused.
    pub(super) refused: Option<&'static str>,
}

const UNKNOWN: &str = "the module has an instruction that this host does not know";
// Another crate of the program may have turned on more of the interpreter's features.
const NO_VECTORS: &str = "the module has vector instructions, and this host is built without them; \
                          build the module without `simd128`";
const MISREAD: &str = "the module has a `v128.store8_lane` or `v128.store16_lane` at an offset of over \
                       65,535, which the interpreter of this host cannot run; build the module without `simd128`";

/// The effect of an instruction on the blocks around it, or on an instance, beside its memory and its
/// globals; or what else is to be known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    None,
    /// It opens a block.
    Opens,
    /// It closes one.
    Closes,
    /// It may change a table, or drop a segment.
    Lasting,
    /// `memory.grow`.
    GrowsMemory,
    /// `table.grow`.
    GrowsTable,
    /// It is one on vectors.
    Vector,
    /// The interpreter reads it as something else: wasmi 2.0.0 writes the offset of a `v128.store8_lane` or
    /// `v128.store16_lane` as 32 bits if it does not fit into 16, and reads 64, so that it goes on
    /// somewhere else.
    Misread,
}

/// The count of numbers that follow an instruction which has no effect and nothing else. [`OTHER`] for the others.
static NUMBERS: [u8; 256] = {
    let mut numbers = [OTHER; 256];
    let (mut rest, mut instruction) = (numbers.as_mut_slice(), 0_u8);
    while let Some((first, others)) = rest.split_first_mut() {
        *first = match instruction {
            0x00 | 0x01 | 0x05 | 0x0f | 0x1a | 0x1b | 0x45..=0xc4 | 0xd1 => 0,
            // Branches, locals, globals, `table.get`; `memory.size`; integers; `ref.null`.
            0x0c | 0x0d | 0x20..=0x25 | 0x3f | 0x41 | 0x42 | 0xd0 => 1,
            // `call_indirect`; loads and stores.
            0x11 | 0x28..=0x3e => 2,
            _ => OTHER,
        };
        instruction = instruction.wrapping_add(1);
        rest = others;
    }
    numbers
};
const OTHER: u8 = u8::MAX;

/// Reads all instructions. If there is one that is not known here, nothing is told.
///
/// A module need not be valid. Where it is until some instruction, all before that are read as a
/// validator reads them.
pub(super) fn read(wasm: &[u8], sections: &Sections) -> CodeFacts {
    let mut all = CodeFacts {
        ends_once: true,
        keeps_tables_and_segments: true,
        growing: Vec::new(),
        grows_memory: false,
        grows_table: false,
        named_functions: 0,
        refused: None,
    };
    let known = sections.find(CODE).map_or(Some(()), |section| {
        let mut code = SectionReader::of(wasm, section);
        let count = u32::try_from(code.count()?).ok()?;
        (0..count).try_for_each(|position| function(position, &mut code, &mut all))?;
        code.is_empty().then_some(())
    });
    if known.is_none() {
        all.ends_once = false;
        all.keeps_tables_and_segments = false;
        all.refused = Some(UNKNOWN);
    }
    all
}

fn function(position: u32, code: &mut SectionReader<'_>, all: &mut CodeFacts) -> Option<()> {
    let size = code.count()?;
    let mut body = code.part(usize::try_from(size).ok()?)?;
    body.list(SectionReader::locals)?;
    // The blocks that are open: the function's own at first.
    let mut blocks = 1_usize;
    let mut grows = false;
    while !body.is_empty() {
        match body.operator()? {
            Effect::None => {}
            Effect::Opens => blocks = blocks.saturating_add(1),
            Effect::Closes => {
                blocks = blocks.saturating_sub(1);
                all.ends_once &= blocks > 0 || body.is_empty();
            }
            Effect::Lasting => all.keeps_tables_and_segments = false,
            Effect::GrowsMemory => {
                grows = true;
                all.grows_memory = true;
            }
            Effect::GrowsTable => {
                grows = true;
                all.grows_table = true;
                all.keeps_tables_and_segments = false;
            }
            Effect::Vector if cfg!(feature = "simd") => {}
            Effect::Vector => all.refused = Some(NO_VECTORS),
            Effect::Misread => all.refused = Some(MISREAD),
        }
    }
    if grows {
        all.growing.push(position);
    }
    all.named_functions = all.named_functions.max(body.named_functions);
    Some(())
}

impl SectionReader<'_> {
    pub(super) fn locals(&mut self) -> Option<()> {
        self.number()?;
        self.skip(1)
    }

    /// Reads an instruction and what belongs to it.
    #[inline(always)]
    pub(super) fn operator(&mut self) -> Option<Effect> {
        let instruction = self.byte()?;
        // Nine of ten are such. To skip numbers byte by byte, without a case for each length, halves the time.
        if let numbers @ 0..=2 = NUMBERS.get(usize::from(instruction)).copied()? {
            self.skip_numbers(numbers)?;
            return Some(Effect::None);
        }
        match instruction {
            // A block, a loop or an `if`, with its type.
            0x02..=0x04 => {
                self.number()?;
                return Some(Effect::Opens);
            }
            0x0b => return Some(Effect::Closes),
            // `table.set`.
            0x26 => {
                self.number()?;
                return Some(Effect::Lasting);
            }
            0xfc => return self.apart(Self::prefixed),
            0xfd => return self.apart(Self::vector),
            // `call` and `ref.func`.
            0x10 | 0xd2 => self.function()?,
            // `br_table`: its targets, and the one beside them.
            0x0e => {
                self.apart(|reader| reader.list(|reader| reader.numbers(1)))?;
                self.numbers(1)?;
            }
            // `select` with the type of its result.
            0x1c => self.apart(|reader| reader.list(|reader| reader.skip(1)))?,
            // There is one memory.
            0x40 => return (self.byte()? == 0).then_some(Effect::GrowsMemory),
            // Floats.
            0x43 => self.skip(4)?,
            0x44 => self.skip(8)?,
            _ => return None,
        }
        Some(Effect::None)
    }

    /// An instruction that begins with two numbers: conversions, bulk memory, tables.
    #[inline(never)]
    fn prefixed(&mut self) -> Option<Effect> {
        match self.number()? {
            0..=7 => {}
            // `memory.init` and `memory.copy`.
            8 | 10 => self.numbers(2)?,
            // `memory.fill` and `table.size`.
            11 | 16 => self.numbers(1)?,
            // `data.drop`, `elem.drop`, `table.fill`.
            9 | 13 | 17 => {
                self.numbers(1)?;
                return Some(Effect::Lasting);
            }
            // `table.init` and `table.copy`.
            12 | 14 => {
                self.numbers(2)?;
                return Some(Effect::Lasting);
            }
            15 => {
                self.numbers(1)?;
                return Some(Effect::GrowsTable);
            }
            _ => return None,
        }
        Some(Effect::None)
    }

    /// An instruction on vectors.
    #[inline(never)]
    fn vector(&mut self) -> Option<Effect> {
        match self.number()? {
            // Loads and stores.
            0..=11 | 92 | 93 => self.numbers(2)?,
            // A constant; the lanes of a shuffle.
            12 | 13 => self.skip(16)?,
            // One lane.
            21..=34 => self.skip(1)?,
            // One lane of what is loaded or stored.
            instruction @ 84..=91 => {
                self.number()?;
                let offset = self.number()?;
                self.skip(1)?;
                // `v128.store8_lane` and `v128.store16_lane`.
                if matches!(instruction, 88 | 89) && offset > u16::MAX.into() {
                    return Some(Effect::Misread);
                }
            }
            14..=255 => {}
            _ => return None,
        }
        Some(Effect::Vector)
    }

    fn numbers(&mut self, count: usize) -> Option<()> {
        (0..count).try_for_each(|_| self.number().map(drop))
    }
}

#[cfg(test)]
mod tests;
