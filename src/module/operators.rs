//! Which instructions a module has, for what can be told from that about its instances.

use super::reader::Reader;
#[cfg(any(feature = "std", feature = "simd"))]
use super::scan::{CODE, Sections};

/// What an instruction does to an instance, beside its memory and its globals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    None,
    /// It may change a table, or drop a segment.
    Lasting,
    /// `memory.grow`.
    GrowsMemory,
    /// `table.grow`.
    GrowsTable,
    /// The interpreter reads it as something else: wasmi 2.0.0 writes the offset of a `v128.store8_lane` or
    /// `v128.store16_lane` as 32 bits if it does not fit into 16, and reads 64, so that it goes on somewhere else.
    Misread,
}

/// Refuses what the interpreter would misread in a valid module.
#[cfg(feature = "simd")]
pub(super) fn check(wasm: &[u8], sections: &Sections) -> Result<(), alloc::string::String> {
    let Some(section) = sections.find(CODE) else { return Ok(()) };
    match all(&mut Reader::of(wasm, section), |effect| effect != Effect::Misread) {
        Some(true) => Ok(()),
        Some(false) => {
            Err("the module has a `v128.store8_lane` or `v128.store16_lane` at an offset of over \
             65,535, which the interpreter of this host cannot run; build it without `simd128`"
                .into())
        }
        None => Err("the module has an instruction that is not known to this host".into()),
    }
}

/// Whether no function of a valid module changes a table or drops a segment, so that these are in
/// each instance what they were when it was made. Also false if there is an instruction that is not
/// known here.
#[cfg(feature = "std")]
pub(super) fn keep_tables_and_segments(wasm: &[u8], sections: &Sections) -> bool {
    let Some(section) = sections.find(CODE) else { return true };
    let keeps = |effect| !matches!(effect, Effect::Lasting | Effect::GrowsTable);
    all(&mut Reader::of(wasm, section), keeps).unwrap_or(false)
}

/// Whether all instructions have such effects.
#[cfg(any(feature = "std", feature = "simd"))]
fn all(code: &mut Reader<'_>, is_one: fn(Effect) -> bool) -> Option<bool> {
    for _ in 0..code.number()? {
        let size = code.number()?;
        let mut body = code.part(usize::try_from(size).ok()?)?;
        body.list(Reader::locals)?;
        while !body.is_empty() {
            if !is_one(body.operator()?) {
                return Some(false);
            }
        }
    }
    Some(true)
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
        Some(Effect::None)
    }

    fn numbers(&mut self, count: usize) -> Option<()> {
        (0..count).try_for_each(|_| self.number().map(drop))
    }
}

#[cfg(test)]
mod tests;
