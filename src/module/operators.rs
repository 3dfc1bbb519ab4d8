//! Which instructions a module has, for what can be told from that about its instances, and what the
//! interpreter cannot be trusted with.

use alloc::string::String;

use super::reader::Reader;
use super::scan::{CODE, Sections};

/// What is to be known of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    None,
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

/// What is to be known of all instructions of a module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    /// Whether one may change a table, or drop a segment: else these are in each instance what they were
    /// when it was made.
    pub(super) lasting: bool,
    /// Whether one grows a memory or a table.
    pub(super) growing: bool,
    vectors: bool,
    misread: bool,
}

/// Goes through a valid module. Refuses instructions that this host does not know, has not got the feature
/// for, or that the interpreter would misread. (Another crate may have turned on more of the
/// interpreter's features than this one.)
pub(super) fn survey(wasm: &[u8], sections: &Sections) -> Result<Survey, String> {
    let survey = match sections.find(CODE) {
        Some(code) => of_code(&mut Reader::of(wasm, code)),
        None => Some(Survey::default()),
    };
    match survey {
        None => Err("the module has an instruction that is not known to this host".into()),
        Some(survey) if survey.vectors && !cfg!(feature = "simd") => Err(
            "the module has instructions on vectors, which this host is built without; build it \
                 without `simd128`"
                .into(),
        ),
        Some(survey) if survey.misread => {
            Err("the module has a `v128.store8_lane` or `v128.store16_lane` at an offset of over \
                 65,535, which the interpreter of this host cannot run; build it without `simd128`"
                .into())
        }
        Some(survey) => Ok(survey),
    }
}

fn of_code(code: &mut Reader<'_>) -> Option<Survey> {
    let mut survey = Survey::default();
    for _ in 0..code.number()? {
        let size = code.number()?;
        let mut body = code.part(usize::try_from(size).ok()?)?;
        body.list(Reader::locals)?;
        while !body.is_empty() {
            match body.operator()? {
                Effect::None => {}
                Effect::Lasting => survey.lasting = true,
                Effect::GrowsMemory => survey.growing = true,
                Effect::GrowsTable => {
                    survey.growing = true;
                    survey.lasting = true;
                }
                Effect::Vector => survey.vectors = true,
                Effect::Misread => {
                    survey.vectors = true;
                    survey.misread = true;
                }
            }
        }
    }
    Some(survey)
}

impl Reader<'_> {
    pub(super) fn locals(&mut self) -> Option<()> {
        self.number()?;
        self.skip(1)
    }

    /// Reads an instruction and what belongs to it.
    pub(super) fn operator(&mut self) -> Option<Effect> {
        match self.byte()? {
            // `table.set`.
            0x26 => return Some(Effect::Lasting),
            0xfc => return self.prefixed(),
            0xfd => return self.vector(),
            // Blocks with their type; branches, calls, locals, globals, `table.get`, references.
            0x02..=0x04 | 0x0c | 0x0d | 0x10 | 0x20..=0x25 | 0xd0 | 0xd2 => self.numbers(1)?,
            // `call_indirect`; loads and stores.
            0x11 | 0x28..=0x3e => self.numbers(2)?,
            // `br_table`: its targets, and the one beside them.
            0x0e => {
                self.list(|reader| reader.numbers(1))?;
                self.numbers(1)?;
            }
            // `select` with the type of its result.
            0x1c => self.list(|reader| reader.skip(1))?,
            0x40 => {
                self.numbers(1)?;
                return Some(Effect::GrowsMemory);
            }
            // `memory.size`; integers.
            0x3f | 0x41 | 0x42 => self.numbers(1)?,
            // Floats.
            0x43 => self.skip(4)?,
            0x44 => self.skip(8)?,
            0x00 | 0x01 | 0x05 | 0x0b | 0x0f | 0x1a | 0x1b | 0x45..=0xc4 | 0xd1 => {}
            _ => return None,
        }
        Some(Effect::None)
    }

    /// An instruction that begins with two numbers: conversions, bulk memory, tables.
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
