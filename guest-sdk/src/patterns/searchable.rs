//! Values whose texts can be searched.

use alloc::string::String;

use crate::raw::Place;
use crate::{Field, JsonMap, PromptRequest, PromptResult, Record, Resource, ToolCall, ToolResult};

/// A value whose texts can be searched: arguments of a [`ToolCall`] or a [`PromptRequest`], the content of a [`ToolResult`], a
/// [`PromptResult`] or a [`Resource`], a [`JsonMap`], a [`Record`], or any [`Place`].
pub trait Searchable {
    /// The place of the value.
    fn searched(&self) -> Place<'_>;
}

impl Searchable for Place<'_> {
    fn searched(&self) -> Place<'_> {
        *self
    }
}

impl Searchable for JsonMap {
    fn searched(&self) -> Place<'_> {
        self.place()
    }
}

impl Searchable for Record {
    fn searched(&self) -> Place<'_> {
        self.place()
    }
}

/// The arguments.
impl Searchable for ToolCall {
    fn searched(&self) -> Place<'_> {
        self.place(Field::ToolCallArguments)
    }
}

/// The content.
impl Searchable for ToolResult {
    fn searched(&self) -> Place<'_> {
        self.place(Field::ToolResultContent)
    }
}

/// The arguments.
impl Searchable for PromptRequest {
    fn searched(&self) -> Place<'_> {
        self.place(Field::PromptRequestArguments)
    }
}

/// The content.
impl Searchable for PromptResult {
    fn searched(&self) -> Place<'_> {
        self.place(Field::PromptResultContent)
    }
}

/// The content.
impl Searchable for Resource {
    fn searched(&self) -> Place<'_> {
        self.place(Field::ResourceContent)
    }
}

/// The record that a text of a value is in, and its JSON Pointer there.
pub(super) fn in_record(value: Place<'_>, pointer: &str) -> (Place<'static>, String) {
    let (field, index, key) = value.parts();
    let (record, part) = match field {
        Field::ToolCallArguments => (Field::ToolCall, "/arguments"),
        Field::ToolResultContent => (Field::ToolResult, "/content"),
        Field::PromptRequestArguments => (Field::PromptRequest, "/arguments"),
        Field::PromptResultContent => (Field::PromptResult, "/content"),
        Field::ResourceContent => (Field::Resource, "/content"),
        record => (record, ""),
    };
    let mut path = String::from(part);
    match key {
        // The name of an argument, as JSON Pointer writes it.
        Some(name) if !part.is_empty() => {
            path.push('/');
            for character in name.chars() {
                match character {
                    '~' => path.push_str("~0"),
                    '/' => path.push_str("~1"),
                    other => path.push(other),
                }
            }
        }
        Some(pointer) => path.push_str(pointer),
        None => {}
    }
    path.push_str(pointer);
    (Place::of(record).at(index), path)
}
