//! Input from a plugin, before it is decoded.

use alloc::format;
use alloc::string::{String, ToString as _};
use core::cell::{Cell, RefCell};

use cpex_wasmi_abi::codec::{self, Bounds, DecodeError};
use cpex_wasmi_abi::model::from_wire;
use cpex_wasmi_abi::{Status, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Format;
use super::unknown::{not_known, unknown_member};
use cpex_wasmi_abi::model::Strict;

/// A value from a plugin, not yet decoded.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a> {
    pub(crate) format: Format,
    pub(crate) bytes: &'a [u8],
    pub(crate) decoding: &'a Decoding,
}

/// The state of decoding what a plugin gives to one host function.
pub(crate) struct Decoding {
    /// The number of elements that the plugin may still give in this call.
    elements: Cell<usize>,
    /// The problem of the JSON, in words. It may repeat a secret.
    problem: RefCell<Option<String>>,
}

impl Decoding {
    pub(crate) fn new(elements: usize) -> Self {
        Self { elements: Cell::new(elements), problem: RefCell::new(None) }
    }

    /// The number of elements left.
    pub(crate) fn elements_left(&self) -> usize {
        self.elements.get()
    }

    /// The problem of the JSON that was refused as malformed.
    pub(crate) fn into_problem(self) -> Option<String> {
        self.problem.into_inner()
    }

    fn malformed(&self, problem: String) -> Status {
        self.problem.replace(Some(problem));
        Status::Malformed
    }
}

impl Input<'_> {
    pub(crate) fn text(self) -> Result<String, Status> {
        match self.format {
            Format::Text => self.utf8().map(Into::into),
            Format::Postcard | Format::Json => self.scalar(),
        }
    }

    pub(crate) fn bool(self) -> Result<bool, Status> {
        match self.format {
            Format::Text => self.parsed(),
            Format::Postcard | Format::Json => self.scalar(),
        }
    }

    /// A number that is finite.
    pub(crate) fn float(self) -> Result<f64, Status> {
        let number: f64 = match self.format {
            Format::Text => self.parsed(),
            Format::Postcard | Format::Json => self.scalar(),
        }?;
        if number.is_finite() { Ok(number) } else { Err(Status::Malformed) }
    }

    pub(crate) fn json(self) -> Result<serde_json::Value, Status> {
        match self.format {
            Format::Text => self.utf8().map(Into::into),
            Format::Postcard => from_wire(self.encoded::<Value>()?).ok_or(Status::Malformed),
            Format::Json => self.strict_json(),
        }
    }

    /// Decodes something of any type that has no text form of its own.
    pub(crate) fn record<T: DeserializeOwned>(self) -> Result<T, Status> {
        match self.format {
            // Whole first: a type would not notice each key that comes twice.
            Format::Json => self.embedders(&self.strict_json()?),
            Format::Postcard | Format::Text => self.encoded(),
        }
    }

    /// Decodes something without members that has no text form of its own.
    pub(crate) fn scalar<T: DeserializeOwned>(self) -> Result<T, Status> {
        match self.format {
            Format::Json => self.typed(&self.strict_json()?),
            Format::Postcard | Format::Text => self.encoded(),
        }
    }

    /// Decodes a structure of the request model. In JSON, a member that it does not have is refused at each
    /// level: it would be lost, and may be a misspelt one that matters.
    pub(crate) fn known<T: Serialize + DeserializeOwned>(self) -> Result<T, Status> {
        match self.format {
            Format::Json => self.model(&self.strict_json()?),
            Format::Postcard | Format::Text => self.encoded(),
        }
    }

    /// Decodes something that is not JSON and has no text form of its own.
    pub(crate) fn encoded<T: DeserializeOwned>(self) -> Result<T, Status> {
        if self.format != Format::Postcard {
            return Err(Status::NoTextForm);
        }
        let decoded = codec::decode_counting(self.bytes, self.bounds());
        let (value, elements) = decoded.map_err(refused)?;
        self.spend(elements);
        Ok(value)
    }

    /// As [`known`](Self::known), of JSON that was parsed.
    pub(crate) fn model<T: Serialize + DeserializeOwned>(
        self,
        json: &serde_json::Value,
    ) -> Result<T, Status> {
        let value = self.typed(json)?;
        match unknown_member(json, &value) {
            None => Ok(value),
            Some(problem) => Err(self.decoding.malformed(problem)),
        }
    }

    /// Makes a value of JSON, whatever members that has beside.
    fn typed<T: DeserializeOwned>(self, json: &serde_json::Value) -> Result<T, Status> {
        from_json(json).map_err(|error| self.decoding.malformed(error.to_string()))
    }

    /// Makes a value of any type. Refuses members that are ignored, as far as `serde` tells of them.
    fn embedders<T: DeserializeOwned>(self, json: &serde_json::Value) -> Result<T, Status> {
        let mut ignored = None;
        let value = serde_ignored::deserialize(json, |path| {
            ignored.get_or_insert_with(|| shown(&path));
        });
        match (value, ignored) {
            (Ok(value), None) => Ok(value),
            (Ok(_), Some(path)) => Err(self.decoding.malformed(not_known(&path, ""))),
            (Err(error), _) => Err(self.decoding.malformed(error.to_string())),
        }
    }

    /// A JSON text in which no key comes twice.
    fn strict_json(self) -> Result<serde_json::Value, Status> {
        let (bounds, elements) = (self.bounds(), json_elements(self.bytes));
        if self.bytes.len() > bounds.bytes || elements > bounds.elements {
            return Err(Status::TooLarge);
        }
        let Strict(json) = serde_json::from_slice(self.bytes)
            .map_err(|error| self.decoding.malformed(error.to_string()))?;
        self.spend(elements);
        Ok(json)
    }

    fn bounds(self) -> Bounds {
        let elements = Bounds::DEFAULT.elements.min(self.decoding.elements.get());
        Bounds { elements, ..Bounds::DEFAULT }
    }

    fn spend(self, elements: usize) {
        let left = self.decoding.elements.get().saturating_sub(elements);
        self.decoding.elements.set(left);
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
fn from_json<T: DeserializeOwned>(json: &serde_json::Value) -> Result<T, serde_json::Error> {
    T::deserialize(json)
}

/// A path as people write it: `hops[1].scope`.
fn shown(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}[{index}]", shown(parent)),
        Path::Map { parent, key } => match shown(parent) {
            parent if parent.is_empty() => key.clone(),
            parent => format!("{parent}.{key}"),
        },
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => shown(parent),
    }
}

/// The most elements that the arrays and objects of a JSON text have together: a parsed element
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
        let decoding = Decoding::new(5);
        let json = |bytes| Input { format: Format::Json, bytes, decoding: &decoding }.json();
        assert!(json(b"[1,2]").is_ok());
        assert_eq!(json(b"[1,2,3,4]"), Err(Status::TooLarge));
        assert!(json(b"[1,2]").is_ok());
        assert_eq!(decoding.elements_left(), 1);
    }

    #[test]
    fn only_finite_numbers_are_numbers() {
        let decoding = Decoding::new(1);
        let text = |bytes| Input { format: Format::Text, bytes, decoding: &decoding }.float();
        assert_eq!(text(b"1.5"), Ok(1.5));
        assert_eq!(text(b"inf"), Err(Status::Malformed));
        let bytes = &f64::NAN.to_le_bytes();
        let nan = Input { format: Format::Postcard, bytes, decoding: &decoding };
        assert_eq!(nan.float(), Err(Status::Malformed));
    }
}
