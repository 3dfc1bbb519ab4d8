//! What a plugin gives, before it is decoded.

use alloc::string::String;
use core::cell::Cell;

use cpex_wasmi_abi::codec::{self, Bounds, DecodeError};
use cpex_wasmi_abi::model::from_wire;
use cpex_wasmi_abi::{Status, Value};
use serde::de::DeserializeOwned;

use super::Format;
use cpex_wasmi_abi::model::Strict;

/// A value from a plugin, not yet decoded.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a> {
    pub(crate) format: Format,
    pub(super) bytes: &'a [u8],
    /// How many elements the plugin may still give in this call.
    pub(super) budget: &'a Cell<usize>,
}

impl Input<'_> {
    pub(super) fn text(self) -> Result<String, Status> {
        match self.format {
            Format::Text => self.utf8().map(Into::into),
            Format::Postcard | Format::Json => self.record(),
        }
    }

    pub(super) fn bool(self) -> Result<bool, Status> {
        match self.format {
            Format::Text => self.parsed(),
            Format::Postcard | Format::Json => self.record(),
        }
    }

    /// A number that is finite.
    pub(super) fn float(self) -> Result<f64, Status> {
        let number: f64 = match self.format {
            Format::Text => self.parsed(),
            Format::Postcard | Format::Json => self.record(),
        }?;
        if number.is_finite() { Ok(number) } else { Err(Status::Malformed) }
    }

    pub(super) fn json(self) -> Result<serde_json::Value, Status> {
        match self.format {
            Format::Text => self.utf8().map(Into::into),
            Format::Postcard => from_wire(self.record::<Value>()?).ok_or(Status::Malformed),
            Format::Json => self.strict_json(),
        }
    }

    /// Decodes something that has no text form of its own.
    pub(crate) fn record<T: DeserializeOwned>(self) -> Result<T, Status> {
        match self.format {
            Format::Text => Err(Status::NoTextForm),
            Format::Postcard => {
                let decoded = codec::decode_counting(self.bytes, self.bounds());
                let (value, elements) = decoded.map_err(refused)?;
                self.spend(elements);
                Ok(value)
            }
            // Whole first: a type would not notice each key that comes twice.
            Format::Json => from_json(self.strict_json()?),
        }
    }

    /// A JSON text in which no key comes twice.
    fn strict_json(self) -> Result<serde_json::Value, Status> {
        let (bounds, elements) = (self.bounds(), json_elements(self.bytes));
        if self.bytes.len() > bounds.bytes || elements > bounds.elements {
            return Err(Status::TooLarge);
        }
        let Strict(json) = serde_json::from_slice(self.bytes).map_err(|_| Status::Malformed)?;
        self.spend(elements);
        Ok(json)
    }

    fn bounds(self) -> Bounds {
        let elements = Bounds::DEFAULT.elements.min(self.budget.get());
        Bounds { elements, ..Bounds::DEFAULT }
    }

    fn spend(self, elements: usize) {
        self.budget.set(self.budget.get().saturating_sub(elements));
    }

    fn parsed<T: core::str::FromStr>(self) -> Result<T, Status> {
        self.utf8()?.parse().map_err(|_| Status::Malformed)
    }

    fn utf8(&self) -> Result<&str, Status> {
        if self.bytes.len() > Bounds::DEFAULT.bytes {
            return Err(Status::TooLarge);
        }
        core::str::from_utf8(self.bytes).map_err(|_| Status::Malformed)
    }
}

fn refused(error: DecodeError) -> Status {
    match error {
        DecodeError::TooLarge | DecodeError::TooManyElements | DecodeError::TooDeep => {
            Status::TooLarge
        }
        _ => Status::Malformed,
    }
}

/// Makes a structure of JSON. There is much code for each type, so that it stands in one place.
#[inline(never)]
pub(super) fn from_json<T: DeserializeOwned>(json: serde_json::Value) -> Result<T, Status> {
    T::deserialize(json).map_err(|_| Status::Malformed)
}

/// How many elements the arrays and objects of a JSON text have together, at most: a parsed element
/// takes many times the two bytes that its text may take, so that they are counted first.
fn json_elements(text: &[u8]) -> usize {
    let mut elements = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b',' | b'[' | b'{' if !in_string => elements = elements.saturating_add(1),
            _ => {}
        }
    }
    elements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_json_are_counted_outside_of_strings() {
        assert_eq!(json_elements(br#"{"a,[{":"\",","b":[1,2,[]]}"#), 6);
        assert_eq!(json_elements(b"[[[["), 4);
    }

    #[test]
    fn elements_are_counted_over_all_that_is_given() {
        let budget = Cell::new(5);
        let json = |bytes| Input { format: Format::Json, bytes, budget: &budget }.json();
        assert!(json(b"[1,2]").is_ok());
        assert_eq!(json(b"[1,2,3,4]"), Err(Status::TooLarge));
        assert!(json(b"[1,2]").is_ok());
        assert_eq!(budget.get(), 1);
    }

    #[test]
    fn only_finite_numbers_are_numbers() {
        let budget = Cell::new(1);
        let text = |bytes| Input { format: Format::Text, bytes, budget: &budget }.float();
        assert_eq!(text(b"1.5"), Ok(1.5));
        assert_eq!(text(b"inf"), Err(Status::Malformed));
        let bytes = &f64::NAN.to_le_bytes();
        let nan = Input { format: Format::Postcard, bytes, budget: &budget };
        assert_eq!(nan.float(), Err(Status::Malformed));
    }
}
