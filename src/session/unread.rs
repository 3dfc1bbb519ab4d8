//! A value that had no room in the plugin's memory, kept encoded for the read that follows.

use alloc::boxed::Box;

use cpex_wasmi_abi::{HostFunction, NO_KEY};

use super::{Answer, Service};
use crate::boundary::{Format, RawKey, Span};

/// The value whose encoding is in the session's buffer, because its last read had no room for it.
///
/// A read of the same value that follows at once is charged for as if the value were encoded again.
#[derive(Debug)]
pub(super) struct Unread {
    format: Format,
    field: u32,
    index: u32,
    key: Option<Box<str>>,
    /// The charge for looking it up and encoding it, in bytes.
    charge: u64,
}

impl Unread {
    /// A value that was looked up and encoded for this charge.
    pub(super) fn new(
        format: Format,
        field: u32,
        index: u32,
        key: RawKey<'_>,
        charge: u64,
    ) -> Self {
        let key = match key {
            RawKey::Some(key) => Some(key.into()),
            RawKey::None | RawKey::Invalid => None,
        };
        Self { format, field, index, key, charge }
    }

    /// True if this is the value.
    pub(super) fn is(&self, format: Format, field: u32, index: u32, key: RawKey<'_>) -> bool {
        let same_key = match key {
            RawKey::None => self.key.is_none(),
            RawKey::Some(key) => self.key.as_deref() == Some(key),
            RawKey::Invalid => false,
        };
        same_key && (self.format, self.field, self.index) == (format, field, index)
    }

    /// True if a host function with these arguments reads the value, which is a whole field.
    pub(super) fn is_whole(&self, function: HostFunction, args: &[u32]) -> bool {
        match (read_format(function), args) {
            (Some(format), &[field, index, _, NO_KEY, ..]) => {
                self.is(format, field, index, RawKey::None)
            }
            _ => false,
        }
    }
}

/// The format in which a host function reads values, if it does.
pub(super) fn read_format(function: HostFunction) -> Option<Format> {
    match function {
        HostFunction::Read => Some(Format::Postcard),
        HostFunction::ReadJson => Some(Format::Json),
        HostFunction::ReadText => Some(Format::Text),
        _ => None,
    }
}

impl Service<'_> {
    /// Hands out the value that had no room. It is not kept for a third read.
    pub(super) fn hand_out_unread(
        &mut self,
        unread: &Unread,
        out: Span,
        memory: &mut [u8],
    ) -> Answer {
        self.session.usage.moved_again(unread.charge);
        let scratch = core::mem::take(&mut self.session.scratch);
        let answer = self.hand_out(&scratch, out, memory);
        self.session.scratch = scratch;
        answer
    }
}
