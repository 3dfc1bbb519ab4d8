//! The content of a tool result.

use alloc::string::String;

use crate::value::{decode_value, encode_value};
use crate::{Field, Result, ToolResult, Value};

impl ToolResult {
    /// The content, if it is a text, a number or a boolean.
    ///
    /// # Errors
    ///
    /// The host's status; a missing value is `None`.
    pub fn text(self) -> Result<Option<String>> {
        self.place(Field::ToolResultContent).text()
    }

    /// True if [`text`](Self::text) is there and equals `expected`. Allocates nothing.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn text_is(self, expected: &str) -> Result<bool> {
        self.place(Field::ToolResultContent).text_is(expected)
    }

    /// The content.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn content(self) -> Result<Value> {
        let bytes = self.place(Field::ToolResultContent).bytes()?;
        bytes.map_or(Ok(Value::Null), |bytes| decode_value(&bytes))
    }

    /// Replaces the content.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn set_content(self, content: impl Into<Value>) -> Result<()> {
        self.place(Field::ToolResultContent).write(&encode_value(&content.into()))
    }

    /// Replaces the content by a text.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn set_text(self, text: &str) -> Result<()> {
        self.place(Field::ToolResultContent).write_text(text)
    }
}
