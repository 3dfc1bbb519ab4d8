//! The host functions as they are, with slices for pointers and [`Result`] for
//! status codes.
//!
//! For fields and encodings that the views do not offer. Field numbers and encodings are described
//! in the ABI document.

use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_abi::{Field, NO_INDEX};

use crate::result::{check, optional};
use crate::{Result, Status, sys};

/// The bytes that are compared on the stack before anything is allocated.
const STACK: usize = 256;

/// The bytes that are read, at least, before the length of a value is known.
const ROOM: usize = 256;

/// A form in which the host writes a value.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    Postcard,
    Json,
    Text,
}

/// Ends the call with a status. It comes back only if there is no host.
#[cfg_attr(not(feature = "cpex"), allow(dead_code, reason = "for the cpex style"))]
pub(crate) fn fail(status: Status) {
    let _ = sys::fail(status.code().cast_unsigned());
}

/// The slots that are there and open to the plugin: [a bit](Field::slot_bit) for each.
#[cfg_attr(not(feature = "cpex"), allow(dead_code, reason = "for the cpex style"))]
pub(crate) fn slots() -> Result<u32> {
    let slots = check(sys::slots())?;
    Ok(u32::try_from(slots).unwrap_or_default())
}

/// The address of a value: a field, perhaps one of several, perhaps one entry of it.
#[derive(Clone, Copy, Debug)]
pub struct Place<'k> {
    field: Field,
    index: u32,
    key: Option<&'k str>,
}

impl<'k> Place<'k> {
    /// The place of a field, or of the first one of an indexed field.
    pub const fn of(field: Field) -> Self {
        Self { field, index: 0, key: None }
    }

    /// The place of the value with this index of an indexed field.
    pub const fn at(self, index: u32) -> Self {
        Self { index, ..self }
    }

    /// The place of all values of an indexed field, which can only be counted.
    pub const fn all(self) -> Self {
        self.at(NO_INDEX)
    }

    /// The place of one entry of a map or one member of a set.
    pub const fn entry<'n>(self, key: &'n str) -> Place<'n> {
        Place { field: self.field, index: self.index, key: Some(key) }
    }

    /// Field, index and entry.
    pub(crate) const fn parts(self) -> (Field, u32, Option<&'k str>) {
        (self.field, self.index, self.key)
    }

    fn key(self) -> Option<&'k [u8]> {
        self.key.map(str::as_bytes)
    }

    /// Reads the value as postcard and returns its length. If that is more than `out` holds,
    /// nothing was copied.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn read(self, out: &mut [u8]) -> Result<usize> {
        check(sys::read(self.field.number(), self.index, self.key(), out))
    }

    /// As [`read`](Self::read), but as JSON text.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn read_json(self, out: &mut [u8]) -> Result<usize> {
        check(sys::read_json(self.field.number(), self.index, self.key(), out))
    }

    /// As [`read`](Self::read), but as bare text. Only text, numbers and booleans have that form.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn read_text(self, out: &mut [u8]) -> Result<usize> {
        check(sys::read_text(self.field.number(), self.index, self.key(), out))
    }

    /// Reads the name of an entry or member as text, by its position in sorted order.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn read_key(self, position: u32, out: &mut [u8]) -> Result<usize> {
        check(sys::read_key(self.field.number(), self.index, position, out))
    }

    /// True if the entry, the member or the plain value is there.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn contains(self) -> Result<bool> {
        Ok(check(sys::contains(self.field.number(), self.index, self.key()))? != 0)
    }

    /// The number of entries, members or ([`all`](Self::all)) values.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn count(self) -> Result<usize> {
        check(sys::count(self.field.number(), self.index))
    }

    /// Sets the value given as postcard: a field, an entry, or a new member.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn write(self, value: &[u8]) -> Result<()> {
        check(sys::write(self.field.number(), self.index, self.key(), value)).map(drop)
    }

    /// As [`write`](Self::write), but given as JSON text.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn write_json(self, value: &str) -> Result<()> {
        check(sys::write_json(self.field.number(), self.index, self.key(), value.as_bytes()))
            .map(drop)
    }

    /// As [`write`](Self::write), but given as bare text, which is always a string.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn write_text(self, value: &str) -> Result<()> {
        check(sys::write_text(self.field.number(), self.index, self.key(), value.as_bytes()))
            .map(drop)
    }

    /// Removes an entry of a map, and says whether it was there.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn remove(self) -> Result<bool> {
        Ok(check(sys::remove(self.field.number(), self.index, self.key()))? != 0)
    }

    /// Searches the texts of the value for a set of patterns. Returns the number of records in `out`.
    pub(crate) fn scan(
        self,
        pattern: u32,
        first: u32,
        from: u32,
        text: u32,
        out: &mut [u8],
    ) -> Result<usize> {
        let field = self.field.number();
        check(sys::scan(field, self.index, self.key(), pattern, first, from, text, out))
    }

    /// Replaces the matches of a set of patterns in the texts of the value, from a pattern and a text on.
    pub(crate) fn replace(
        self,
        pattern: u32,
        (first, text): (u32, u32),
        how: u32,
        template: &str,
        head: &mut [u8],
    ) -> Result<usize> {
        let (field, template) = (self.field.number(), template.as_bytes());
        let key = self.key();
        check(sys::replace(field, self.index, key, pattern, first, text, how, template, head))
    }

    /// The value as postcard, or `None` if it is not there.
    ///
    /// # Errors
    ///
    /// The host's status, but for [`Status::Absent`].
    pub fn bytes(self) -> Result<Option<Vec<u8>>> {
        optional(self.read_new(Form::Postcard))
    }

    /// The value as JSON text, or `None` if it is not there.
    ///
    /// # Errors
    ///
    /// The host's status, but for [`Status::Absent`].
    pub fn json(self) -> Result<Option<String>> {
        Ok(optional(self.read_new(Form::Json))?.map(sys::text))
    }

    /// The value as bare text, or `None` if it is not there.
    ///
    /// # Errors
    ///
    /// The host's status, but for [`Status::Absent`].
    pub fn text(self) -> Result<Option<String>> {
        optional(self.required_text())
    }

    /// The value as a whole number, or `None` if it is not there.
    ///
    /// # Errors
    ///
    /// The host's status, but for [`Status::Absent`];
    /// [`Status::Malformed`] if it is no whole number.
    pub fn number(self) -> Result<Option<u64>> {
        // As long as the longest number.
        let mut stack = [0; 20];
        let Some(len) = optional(self.read_text(&mut stack))? else { return Ok(None) };
        let digits = stack.get(..len).and_then(|digits| core::str::from_utf8(digits).ok());
        match digits.and_then(|digits| digits.parse().ok()) {
            Some(number) => Ok(Some(number)),
            None => Err(Status::Malformed.into()),
        }
    }

    /// True if the value is there and is this text. Allocates only to compare more than 256 bytes.
    ///
    /// # Errors
    ///
    /// The host's status, but for [`Status::Absent`].
    pub fn text_is(self, expected: &str) -> Result<bool> {
        let mut stack = [0; STACK];
        match optional(self.read_text(&mut stack))? {
            Some(len) if len == expected.len() => match stack.get(..len) {
                Some(text) => Ok(text == expected.as_bytes()),
                None => Ok(self.text()?.as_deref() == Some(expected)),
            },
            _ => Ok(false),
        }
    }

    pub(crate) fn required_text(self) -> Result<String> {
        self.read_new(Form::Text).map(sys::text)
    }

    pub(crate) fn key_at(self, position: u32) -> Result<String> {
        let mut bytes = sys::buffer(ROOM)?;
        let mut len = self.read_key(position, &mut bytes)?;
        if len > bytes.len() {
            bytes = sys::buffer(len)?;
            len = self.read_key(position, &mut bytes)?;
        }
        bytes.truncate(len);
        Ok(sys::text(bytes))
    }

    /// Reads into a buffer that fits most values, and again if the value turns out to be longer.
    fn read_new(self, form: Form) -> Result<Vec<u8>> {
        let (field, key) = (self.field.number(), self.key());
        let (bytes, len) = sys::read_new(form, field, self.index, key, ROOM)?;
        if bytes.len() == len {
            return Ok(bytes);
        }
        drop(bytes);
        self.read_long(form, len)
    }

    /// Reads a value of a known length.
    #[cold]
    #[inline(never)]
    fn read_long(self, form: Form, len: usize) -> Result<Vec<u8>> {
        let (field, key) = (self.field.number(), self.key());
        sys::read_new(form, field, self.index, key, len).map(|(bytes, _)| bytes)
    }
}
