//! Tokens, which cross only when a handler looks at them.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Deref;
use std::sync::OnceLock;

use zeroize::Zeroizing;

use super::context::call_number;
use super::fetch::{fetched, lost};
use super::wire::{Reader, Wire, put_text};
use crate::Field;
use crate::raw::Place;

/// A token of a payload or of the request. It dereferences to its text, which is fetched at the first look, and is made of one by
/// `into`.
///
/// # Panics
///
/// In the sandbox, looking at it fails the call if the host refuses the token: an empty one could let a request pass.
#[derive(Clone, Default)]
pub struct Token {
    text: OnceLock<Zeroizing<String>>,
    origin: Option<Box<Origin>>,
}

/// The place of a token on the host.
#[derive(Clone)]
struct Origin {
    field: Field,
    index: u32,
    key: Option<String>,
    /// The number of the call that it is a token of.
    call: u32,
}

impl Token {
    /// A token of the payload.
    pub(super) fn of(field: Field) -> Self {
        Self::at(field, 0, None)
    }

    /// A token of several: the one with this index, or the one with this key.
    pub(super) fn at(field: Field, index: u32, key: Option<&str>) -> Self {
        let key = key.map(Into::into);
        let origin = Origin { field, index, key, call: call_number() };
        Self { text: OnceLock::new(), origin: Some(Box::new(origin)) }
    }
}

impl Origin {
    fn fetch(&self) -> Zeroizing<String> {
        if self.call != call_number() {
            lost();
        }
        let place = Place::of(self.field).at(self.index);
        let place = match &self.key {
            Some(key) => place.entry(key),
            None => place,
        };
        Zeroizing::new(fetched(place.text()).unwrap_or_default())
    }
}

impl Deref for Token {
    type Target = String;

    fn deref(&self) -> &String {
        self.text.get_or_init(|| self.origin.as_ref().map_or_else(|| lost(), |at| at.fetch()))
    }
}

impl From<Zeroizing<String>> for Token {
    fn from(token: Zeroizing<String>) -> Self {
        Self { text: token.into(), origin: None }
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
        Self::default()
    }

    fn write(&self, out: &mut Vec<u8>) {
        put_text(out, self.text.get().map_or("", |token| token));
    }
}
