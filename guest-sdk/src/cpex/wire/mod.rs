//! CPEX's types at the boundary: each as the postcard record of the ABI document, written
//! and read by hand.
//!
//! A reader that meets something malformed remembers it and gives zeros and empty texts from there
//! on. Whoever asked for the whole looks once, at the end; that is much less code than an early
//! return after each field.

mod behind;
mod collections;
mod json;
mod named;
mod sort;
mod time;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use crate::value::wire as bare;
use crate::{Result, Status};

pub(crate) use collections::{Entries, Name, entries, put_sorted, sort_entries};
pub(crate) use named::{Known, Named};
pub(crate) use sort::sort;

/// A type that crosses the boundary.
pub(crate) trait Wire {
    /// Reads a value; any value at all if there is none to read.
    fn read(reader: &mut Reader<'_>) -> Self
    where
        Self: Sized;

    /// Appends the value.
    fn write(&self, out: &mut Vec<u8>);

    /// Passes over a value.
    fn skip(reader: &mut Reader<'_>)
    where
        Self: Sized,
    {
        drop(Self::read(reader));
    }

    /// The text, if the value is a JSON string: that can be told as it is.
    fn as_json_text(&self) -> Option<&str> {
        None
    }
}

/// The rest to read.
pub(crate) struct Reader<'a> {
    rest: bare::Reader<'a>,
    sound: bool,
    /// The buffer that the rest is in. Maps and sets keep it.
    buffer: &'a Arc<Vec<u8>>,
    /// The end of the rest in it.
    end: usize,
}

impl<'a> Reader<'a> {
    /// A reader of a part of a buffer.
    pub(crate) fn of(buffer: &'a Arc<Vec<u8>>, part: Range<usize>) -> Self {
        let end = part.end;
        let bytes = buffer.get(part).unwrap_or_default();
        Self { rest: bare::Reader(bytes), sound: true, buffer, end }
    }

    /// The bytes since `before`, which was the rest then: a buffer, and their range in it.
    pub(crate) fn passed(&self, before: &[u8]) -> (Arc<Vec<u8>>, Range<usize>) {
        let after = self.rest().len();
        let range = self.end.saturating_sub(before.len())..self.end.saturating_sub(after);
        (Arc::clone(self.buffer), range)
    }

    /// True if everything was as it should be, up to here.
    pub(crate) const fn is_sound(&self) -> bool {
        self.sound
    }

    /// The rest.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest.0
    }

    /// Passes over so many bytes.
    pub(crate) fn pass(&mut self, len: usize) {
        match self.rest().get(len..) {
            Some(rest) => self.rest.0 = rest,
            None => self.fail(),
        }
    }

    /// Remembers that something is malformed. There is nothing to read from here on.
    #[cold]
    pub(crate) const fn fail(&mut self) {
        self.sound = false;
        self.rest.0 = &[];
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let byte = self.rest.byte();
        self.or_fail(byte)
    }

    pub(crate) fn number(&mut self) -> u64 {
        let number = self.rest.number();
        self.or_fail(number)
    }

    pub(crate) fn text(&mut self) -> String {
        match self.rest.text() {
            Some(text) => text,
            None => {
                self.fail();
                String::new()
            }
        }
    }

    /// The bytes of a text.
    #[inline]
    pub(crate) fn text_bytes(&mut self) -> &'a [u8] {
        // Most are shorter than 128 bytes.
        if let Some((&len, rest)) = self.rest().split_first()
            && len < 0x80
            && let Some((text, rest)) = rest.split_at_checked(len.into())
        {
            self.rest.0 = rest;
            return text;
        }
        self.long_text_bytes()
    }

    #[inline(never)]
    fn long_text_bytes(&mut self) -> &'a [u8] {
        let len = usize::try_from(self.number()).unwrap_or(usize::MAX);
        match self.rest().split_at_checked(len) {
            Some((text, rest)) => {
                self.rest.0 = rest;
                text
            }
            None => {
                self.fail();
                &[]
            }
        }
    }

    /// The number of elements that follow. As each has a byte at least, never more than are left.
    pub(crate) fn len(&mut self) -> usize {
        match usize::try_from(self.number()) {
            Ok(len) if len <= self.rest().len() => len,
            _ => {
                self.fail();
                0
            }
        }
    }

    /// A variant of an enum, by its position.
    pub(crate) fn known<T: Known>(&mut self) -> T {
        let position = usize::try_from(self.number()).unwrap_or(usize::MAX);
        let known = T::ALL.get(position);
        known.map(|(value, _)| value.clone()).unwrap_or_else(|| {
            self.fail();
            T::ANY
        })
    }

    pub(crate) fn or_fail<T: Default>(&mut self, value: Option<T>) -> T {
        value.unwrap_or_else(|| {
            self.fail();
            T::default()
        })
    }
}

/// Reads a whole value.
///
/// # Errors
///
/// [`Status::Malformed`] if the bytes are anything but one such value.
pub(crate) fn from_bytes<T: Wire>(bytes: Vec<u8>) -> Result<T> {
    read_by(bytes, T::read)
}

/// As [`from_bytes`], decoded by this.
pub(crate) fn read_by<T>(bytes: Vec<u8>, read: impl FnOnce(&mut Reader<'_>) -> T) -> Result<T> {
    let buffer = Arc::new(bytes);
    let mut reader = Reader::of(&buffer, 0..buffer.len());
    let value = read(&mut reader);
    if reader.is_sound() && reader.rest().is_empty() {
        Ok(value)
    } else {
        Err(Status::Malformed.into())
    }
}

/// Writes a whole value.
pub(crate) fn to_bytes(value: &dyn Wire) -> Vec<u8> {
    let mut out = Vec::new();
    value.write(&mut out);
    out
}

pub(crate) use bare::{put_number, put_text};

impl Wire for String {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.text()
    }

    fn skip(reader: &mut Reader<'_>) {
        reader.text_bytes();
    }

    fn write(&self, out: &mut Vec<u8>) {
        put_text(out, self);
    }
}

impl Wire for bool {
    fn read(reader: &mut Reader<'_>) -> Self {
        match reader.byte() {
            0 => false,
            1 => true,
            _ => {
                reader.fail();
                false
            }
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push((*self).into());
    }
}

impl Wire for u8 {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.byte()
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }
}

impl Wire for u64 {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.number()
    }

    fn write(&self, out: &mut Vec<u8>) {
        put_number(out, *self);
    }
}

macro_rules! narrower {
    ($($number:ident)*) => {
        $(impl Wire for $number {
            fn read(reader: &mut Reader<'_>) -> Self {
                let number = $number::try_from(reader.number());
                reader.or_fail(number.ok())
            }

            fn write(&self, out: &mut Vec<u8>) {
                put_number(out, (*self).into());
            }
        })*
    };
}
narrower! { u16 u32 }

impl Wire for i64 {
    fn read(reader: &mut Reader<'_>) -> Self {
        let sent = reader.number();
        // Zigzag: the lowest bit is the sign.
        (sent >> 1).cast_signed() ^ (sent & 1).cast_signed().wrapping_neg()
    }

    fn write(&self, out: &mut Vec<u8>) {
        put_number(out, ((self << 1) ^ (self >> 63)).cast_unsigned());
    }
}

impl Wire for f64 {
    fn read(reader: &mut Reader<'_>) -> Self {
        let split = reader.rest().split_first_chunk();
        match split {
            Some((bits, rest)) => {
                reader.rest.0 = rest;
                Self::from_le_bytes(*bits)
            }
            None => {
                reader.fail();
                0.0
            }
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.to_le_bytes());
    }
}
