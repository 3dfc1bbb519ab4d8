//! Views of tool calls and tool results.

use alloc::string::String;

use crate::items::Indexed;
use crate::raw::Place;
use crate::text::{json_fields, text_fields};
use crate::value::{decode_value, encode_value};
use crate::{Field, JsonMap, Record, Result, Value};

/// A tool call in a message.
#[derive(Clone, Copy, Debug)]
pub struct ToolCall {
    index: u32,
}

impl Indexed for ToolCall {
    fn new(index: u32) -> Self {
        Self { index }
    }
}

impl ToolCall {
    const fn place(self, field: Field) -> Place<'static> {
        Place::of(field).at(self.index)
    }

    /// The name of the tool.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn name(self) -> Result<String> {
        self.place(Field::ToolCallName).required_text()
    }

    /// True if the tool's name is `expected`, without allocating.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn name_is(self, expected: &str) -> Result<bool> {
        self.place(Field::ToolCallName).text_is(expected)
    }

    text_fields! {
        /// The identifier that the result will carry too.
        id, id_is => ToolCallId;
        /// The namespace of the tool.
        namespace, namespace_is => ToolCallNamespace;
    }

    /// The arguments, to read and to change.
    pub const fn arguments(self) -> JsonMap {
        JsonMap::of(Field::ToolCallArguments).at(self.index)
    }

    /// All of it, by pointer, to read and to change.
    pub const fn record(self) -> Record {
        Record::of(Field::ToolCall).at(self.index)
    }

    json_fields! {
        /// All of it.
        json => ToolCall;
    }
}

/// A tool result in a message.
#[derive(Clone, Copy, Debug)]
pub struct ToolResult {
    index: u32,
}

impl Indexed for ToolResult {
    fn new(index: u32) -> Self {
        Self { index }
    }
}

impl ToolResult {
    const fn place(self, field: Field) -> Place<'static> {
        Place::of(field).at(self.index)
    }

    text_fields! {
        /// The identifier of the tool call that this answers.
        id, id_is => ToolResultCallId;
        /// The name of the tool.
        name, name_is => ToolResultName;
        /// The result of the tool, if that is a text, a number or a boolean.
        text, text_is => ToolResultContent;
    }

    /// The result of the tool.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn content(self) -> Result<Value> {
        let bytes = self.place(Field::ToolResultContent).bytes()?;
        bytes.map_or(Ok(Value::Null), |bytes| decode_value(&bytes))
    }

    /// True if the tool failed.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn is_error(self) -> Result<bool> {
        self.place(Field::ToolResultIsError).text_is("true")
    }

    /// Replaces what the tool gave.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn set_content(self, content: impl Into<Value>) -> Result<()> {
        self.place(Field::ToolResultContent).write(&encode_value(&content.into()))
    }

    /// Replaces what the tool gave by a text.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn set_text(self, text: &str) -> Result<()> {
        self.place(Field::ToolResultContent).write_text(text)
    }

    /// Says whether the tool failed.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn set_error(self, is_error: bool) -> Result<()> {
        self.place(Field::ToolResultIsError).write(&[is_error.into()])
    }

    /// All of it, by pointer, to read and to change: `/content/rows/0`.
    pub const fn record(self) -> Record {
        Record::of(Field::ToolResult).at(self.index)
    }

    json_fields! {
        /// All of it.
        json => ToolResult;
    }
}
