//! Views of a message and its parts.

use crate::items::Indexed;
use crate::raw::Place;
use crate::text::{json_fields, text_fields};
use crate::{Field, Items, Record, Result};

/// The message that is the payload of the `cmf.*` hooks.
#[derive(Clone, Copy, Debug)]
pub struct Message(());

impl Message {
    pub(crate) const VIEW: Self = Self(());

    const fn place(self, field: Field) -> Place<'static> {
        Place::of(field)
    }

    text_fields! {
        /// The version of the message schema.
        schema_version => MessageSchemaVersion;
        /// `system`, `developer`, `user`, `assistant` or `tool`.
        role, role_is => MessageRole;
        /// `analysis`, `commentary` or `final`.
        channel, channel_is => MessageChannel;
        /// All text parts, joined.
        text => MessageText;
        /// All thinking parts, joined.
        thinking => MessageThinking;
    }

    /// The content parts.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn parts(self) -> Result<Items<Part>> {
        Items::of(Field::Part)
    }
}

/// One content part of a message.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    index: u32,
}

impl Indexed for Part {
    fn new(index: u32) -> Self {
        Self { index }
    }
}

impl Part {
    const fn place(self, field: Field) -> Place<'static> {
        Place::of(field).at(self.index)
    }

    text_fields! {
        /// The kind of the part, such as `text` or `tool_call`.
        content_type, content_type_is => PartType;
        /// The text of a part of kind `text` or `thinking`.
        text, text_is => PartText;
    }

    /// Replaces the text of a part of kind `text` or `thinking`.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn set_text(self, text: &str) -> Result<()> {
        self.place(Field::PartText).write_text(text)
    }

    /// All of it, by pointer, to read and to change: `/content/data` of an image.
    pub const fn record(self) -> Record {
        Record::of(Field::Part).at(self.index)
    }

    json_fields! {
        /// All of it.
        json => Part;
    }
}
