//! The tokens of payloads, which cross only if `reads` lists them.

use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::wire::{Reader, Wire, put_text};

/// A token of a payload.
#[derive(Clone, Default)]
pub(in crate::cpex) struct Token(Option<Zeroizing<String>>);

impl Token {
    pub(in crate::cpex) fn new(token: impl Into<String>) -> Self {
        Self(Some(Zeroizing::new(token.into())))
    }

    /// The token. Fails the call if it was not fetched: an empty token could let a request pass.
    pub(in crate::cpex) fn get(&self) -> &str {
        self.0.as_deref().unwrap_or_else(|| unlisted())
    }
}

/// A place for the token in a record, which is empty when it crosses.
impl Wire for Token {
    fn read(reader: &mut Reader<'_>) -> Self {
        drop(reader.text());
        Self(None)
    }

    fn write(&self, out: &mut Vec<u8>) {
        put_text(out, self.0.as_ref().map_or("", |token| token));
    }
}

#[cold]
#[allow(clippy::panic, reason = "CPEX's methods have no error here")]
fn unlisted() -> ! {
    panic!("`reads` does not list this token of the payload, such as `payload::raw_token`")
}
