//! The work of making a structure, counted by a walk that makes nothing.

use core::cell::Cell;

use serde::Serialize;
use serde_json::Error;

use super::select::EACH;
use super::walk::{Members, Walk};

/// About how much work it is to make `value`, as [`size`](super::size) has it for JSON.
pub(crate) fn weight<T: Serialize + ?Sized>(value: &T) -> usize {
    let bytes = Cell::new(0_usize);
    // As far as it can be serialized, it was made.
    let _ = Weigh(&bytes).walk(value);
    bytes.get()
}

#[derive(Clone, Copy)]
struct Weigh<'c>(&'c Cell<usize>);

impl Walk for Weigh<'_> {
    type Found = ();
    type Members = Self;

    fn leaf(self, len: usize) -> Result<(), Error> {
        self.0.set(self.0.get().saturating_add(EACH).saturating_add(len));
        Ok(())
    }

    fn enter(self) -> Result<Self, Error> {
        self.leaf(0).map(|()| self)
    }

    fn variant<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Error> {
        self.walk(value)
    }

    fn enter_variant(self, _: &'static str) -> Result<Self, Error> {
        self.enter()
    }
}

/// The members of a structure: all of them count.
impl Members for Weigh<'_> {
    type Found = ();

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.walk(value)
    }

    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.walk(key)
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.walk(value)
    }

    fn field<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Result<(), Error> {
        self.walk(value)
    }

    fn leave(self) -> Result<(), Error> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::size;
    use serde_json::json;

    #[test]
    fn each_value_counts_and_each_byte_of_text() {
        let value = json!({"a": ["text", 1, null], "b": {"c": true}});
        let keys = 3 * EACH;
        assert_eq!(weight(&value), size(&value) + keys);
        assert_eq!(weight(&Some("text")), EACH + 4);
        assert_eq!(weight(&None::<u8>), EACH);
    }
}
