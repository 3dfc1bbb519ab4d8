//! A reader of a module's sections: numbers, lists, and what is passed over.

use super::sections::Section;
use super::sections::varint;

/// The rest of a section. Each read is `None` where there is too little left.
pub(super) struct SectionReader<'a> {
    rest: &'a [u8],
    /// One more than the largest index of a function that was read.
    pub(super) named_functions: u64,
}

/// Reads an entry of a list.
pub(super) type ReadEntry<'a> = fn(&mut SectionReader<'a>) -> Option<()>;

impl<'a> SectionReader<'a> {
    pub(super) fn of(wasm: &'a [u8], section: Section) -> Self {
        let rest = wasm.get(section.offset..).and_then(|rest| rest.get(..section.len));
        Self { rest: rest.unwrap_or_default(), named_functions: 0 }
    }

    pub(super) fn list(&mut self, entry: ReadEntry<'a>) -> Option<()> {
        (0..self.number()?).try_for_each(|_| entry(self))
    }

    /// A LEB128 number: its low 64 bits.
    #[inline]
    pub(super) fn number(&mut self) -> Option<u64> {
        match self.byte()? {
            byte @ ..0x80 => Some(byte.into()),
            byte => self.apart(|reader| reader.rest_of_number(byte)),
        }
    }

    /// Passes LEB128 numbers of any length.
    #[inline]
    pub(super) fn skip_numbers(&mut self, mut count: u8) -> Option<()> {
        while count > 0 {
            count = count.saturating_sub(u8::from(self.byte()? < 0x80));
        }
        Some(())
    }

    /// Reads what is rare in a function of its own, so that the position of this reader can stay in a register.
    #[inline]
    pub(super) fn apart<T>(
        &mut self,
        read: impl FnOnce(&mut SectionReader<'a>) -> Option<T>,
    ) -> Option<T> {
        let mut reader = SectionReader { ..*self };
        let value = read(&mut reader);
        *self = reader;
        value
    }

    /// The index of a function.
    #[inline]
    pub(super) fn function(&mut self) -> Option<()> {
        let index = self.number()?;
        self.named_functions = self.named_functions.max(index.saturating_add(1));
        Some(())
    }

    #[inline(never)]
    fn rest_of_number(&mut self, first: u8) -> Option<u64> {
        let mut number = u64::from(first & 0x7f);
        for shift in (7..70).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    #[inline]
    pub(super) fn skip(&mut self, bytes: usize) -> Option<()> {
        self.rest = self.rest.get(bytes..)?;
        Some(())
    }

    /// The next so many bytes, to be read on their own.
    pub(super) fn part(&mut self, bytes: usize) -> Option<Self> {
        let (rest, after) = self.rest.split_at_checked(bytes)?;
        self.rest = after;
        Some(Self { rest, named_functions: 0 })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

/// The facts that only a look at all of a section gives.
impl<'a> SectionReader<'a> {
    /// A LEB128 number of 32 bits, and nothing that a validator does not take for one.
    pub(super) fn count(&mut self) -> Option<u64> {
        let (count, len) = varint(self.rest, 0)?;
        self.skip(len)?;
        u64::try_from(count).ok()
    }

    /// A name: its length, and the bytes.
    pub(super) fn name(&mut self) -> Option<&'a [u8]> {
        let len = self.number()?;
        Some(self.part(usize::try_from(len).ok()?)?.rest)
    }

    /// All that is left.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }
}
