//! Tokens, which cross only if `reads` lists them.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Deref;

use zeroize::Zeroizing;

use super::wire::{Reader, Wire, put_text};

/// A token of a payload or of the request. It dereferences to its text, and is made of one by `into`.
///
/// # Panics
///
/// In the sandbox, looking at it fails the call if `reads` does not list it: an empty token could let a request pass.
#[derive(Clone, Default)]
pub struct Token(Option<Zeroizing<String>>);

impl Deref for Token {
    type Target = String;

    fn deref(&self) -> &String {
        self.0.as_ref().unwrap_or_else(|| unlisted())
    }
}

impl From<Zeroizing<String>> for Token {
    fn from(token: Zeroizing<String>) -> Self {
        Self(Some(token))
    }
}

impl From<String> for Token {
    fn from(token: String) -> Self {
        Zeroizing::new(token).into()
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
    panic!("`reads` does not list this token, such as `payload::raw_token`")
}
