//! Views of the parts of a message that are about resources and prompts.

use crate::items::Indexed;
use crate::raw::Place;
use crate::text::text_fields;
use crate::{Field, JsonMap, Record, Result};

/// Defines a view of one of several parts.
macro_rules! part_views {
    ($($(#[$doc:meta])* $name:ident of $field:ident { $($body:tt)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name {
                index: u32,
            }

            impl Indexed for $name {
                fn new(index: u32) -> Self {
                    Self { index }
                }
            }

            impl $name {
                #[allow(dead_code, reason = "a hop has nothing but its record")]
                const fn place(self, field: Field) -> Place<'static> {
                    Place::of(field).at(self.index)
                }

                /// All of it, by pointer, to read and to change.
                pub const fn record(self) -> Record {
                    Record::of(Field::$field).at(self.index)
                }

                $($body)*
            }
        )*
    };
}

part_views! {
    /// A resource in a message, with its content.
    Resource of Resource {
        text_fields! {
            /// The resource's URI.
            uri, uri_is => ResourceUri;
            /// The MIME type of the content.
            mime_type, mime_type_is => ResourceMimeType;
            /// The content, if that is text.
            content, content_is => ResourceContent;
        }

        /// Replaces the content by a text.
        ///
        /// # Errors
        ///
        /// The host's status.
        pub fn set_content(self, text: &str) -> Result<()> {
            self.place(Field::ResourceContent).write_text(text)
        }
    }

    /// A resource in a message, without its content.
    ResourceRef of ResourceRef {
        text_fields! {
            /// The resource's URI.
            uri, uri_is => ResourceRefUri;
        }
    }

    /// A prompt template that a message uses.
    PromptRequest of PromptRequest {
        text_fields! {
            /// The template's name.
            name, name_is => PromptRequestName;
        }

        /// The arguments, to read and to change.
        pub const fn arguments(self) -> JsonMap {
            JsonMap::of(Field::PromptRequestArguments).at(self.index)
        }
    }

    /// The result of a prompt template. Its messages are read and changed through
    /// [`record`](Self::record): `/messages/0/content/0/text`.
    PromptResult of PromptResult {
        text_fields! {
            /// The template's name.
            name, name_is => PromptResultName;
            /// The text it gave, if it is a simple one.
            content, content_is => PromptResultContent;
        }

        /// Replaces the text it gave.
        ///
        /// # Errors
        ///
        /// The host's status.
        pub fn set_content(self, text: &str) -> Result<()> {
            self.place(Field::PromptResultContent).write_text(text)
        }
    }

    /// A delegation in the chain.
    Hop of DelegationHop {}
}
