//! The payload of the message hooks: a message that is fetched when a handler looks at it.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::{Deref, DerefMut};
use std::sync::OnceLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{ContentPart, Message, ToolCall, ToolResult};
use crate::Field;
use crate::cpex::fetch::{fetched, lost, value, value_by};
use crate::cpex::hooks::payload::record_payload;
use crate::cpex::lazy::LazyList;
use crate::cpex::wire::{Named, Reader, Wire};
use crate::raw::Place;

/// The payload of the `cmf.*` hooks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MessagePayload {
    /// The message.
    pub message: LazyMessage,
}

record_payload!(MessagePayload, given: Self { message: LazyMessage::default() });

impl Wire for MessagePayload {
    fn read(reader: &mut Reader<'_>) -> Self {
        Self { message: Message::read(reader).into() }
    }

    fn write(&self, out: &mut Vec<u8>) {
        Message::write(&self.message, out);
    }
}

/// The [`Message`] of a payload, fetched from the host when a handler looks at it.
///
/// Tool calls, tool results and texts are fetched by themselves, by the methods that give them. Anything else fetches
/// role, channel and version, and [`content`](Message::content) all parts, each once. A clone has the whole message.
///
/// A message becomes one by `into`, which compiles against `cpex-core` too:
/// `MessagePayload { message: message.into() }`.
///
/// # Panics
///
/// Looking at it fails the call if the payload of the hook is no message.
#[derive(Default)]
pub struct LazyMessage {
    whole: OnceLock<Box<Message>>,
    tool_calls: OnceLock<Parts<ToolCall>>,
    tool_results: OnceLock<Parts<ToolResult>>,
}

/// Parts of one kind. Behind a trait, so that a module which never fetches them has no code to drop them.
type Parts<T> = Box<dyn AsRef<[T]> + Send + Sync>;

impl LazyMessage {
    /// The tool calls, in order.
    pub fn get_tool_calls(&self) -> Vec<&ToolCall> {
        match self.with_content() {
            Some(message) => message.get_tool_calls(),
            None => {
                each(&self.tool_calls, [Field::ToolCall, Field::ToolCallFlat], ToolCall::read_flat)
            }
        }
    }

    /// The tool results, in order.
    pub fn get_tool_results(&self) -> Vec<&ToolResult> {
        match self.with_content() {
            Some(message) => message.get_tool_results(),
            None => {
                each(&self.tool_results, [Field::ToolResult; 2], |reader, _| Wire::read(reader))
            }
        }
    }

    /// The texts of all text parts, joined.
    pub fn get_text_content(&self) -> String {
        match self.with_content() {
            Some(message) => message.get_text_content(),
            None => fetched(Place::of(Field::MessageText).text()).unwrap_or_default(),
        }
    }

    /// The texts of all reasoning parts, joined, if there are any.
    pub fn get_thinking_content(&self) -> Option<String> {
        match self.with_content() {
            Some(message) => message.get_thinking_content(),
            None => fetched(Place::of(Field::MessageThinking).text()),
        }
    }

    /// True if a tool is called.
    pub fn is_tool_call(&self) -> bool {
        match self.with_content() {
            Some(message) => message.is_tool_call(),
            None => fetched(Place::of(Field::ToolCall).all().count()) > 0,
        }
    }

    /// True if a tool's result is in it.
    pub fn is_tool_result(&self) -> bool {
        match self.with_content() {
            Some(message) => message.is_tool_result(),
            None => fetched(Place::of(Field::ToolResult).all().count()) > 0,
        }
    }

    /// The message, if its content was fetched. A look at the role alone fetches none.
    fn with_content(&self) -> Option<&Message> {
        self.whole.get().map(|message| &**message).filter(|message| message.content.is_fetched())
    }
}

impl Deref for LazyMessage {
    type Target = Message;

    #[inline(never)]
    fn deref(&self) -> &Message {
        self.whole.get_or_init(|| {
            Box::new(Message {
                schema_version: fetched(value(Place::of(Field::MessageSchemaVersion)))
                    .unwrap_or_else(|| lost()),
                role: fetched(value(Place::of(Field::MessageRole)))
                    .map_or_else(|| lost(), |Named(role)| role),
                content: LazyList::of(content),
                channel: fetched(value(Place::of(Field::MessageChannel))).map(|Named(name)| name),
            })
        })
    }
}

impl DerefMut for LazyMessage {
    fn deref_mut(&mut self) -> &mut Message {
        let _: &Message = self;
        self.whole.get_mut().unwrap_or_else(|| lost())
    }
}

impl From<Message> for LazyMessage {
    fn from(message: Message) -> Self {
        Self { whole: Box::new(message).into(), ..Self::default() }
    }
}

impl From<LazyMessage> for Message {
    fn from(mut message: LazyMessage) -> Self {
        // The content too: a message may outlast the call.
        let _: &[ContentPart] = &message.content;
        *message.whole.take().unwrap_or_else(|| lost())
    }
}

/// Fetches all of it: a clone may outlast the call.
impl Clone for LazyMessage {
    fn clone(&self) -> Self {
        Message::clone(self).into()
    }
}

impl fmt::Debug for LazyMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Message::fmt(self, f)
    }
}

impl Serialize for LazyMessage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Message::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for LazyMessage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Message::deserialize(deserializer).map(Into::into)
    }
}

/// The content of the message.
fn content() -> Vec<ContentPart> {
    // The payload's record has the message and nothing else.
    let message: Option<Message> = fetched(value(Place::of(Field::Payload)));
    message.unwrap_or_else(|| lost()).content.into()
}

/// The parts of one kind, fetched once: the field to count them by, the field to read, and how to.
fn each<T: Send + Sync + 'static>(
    parts: &OnceLock<Parts<T>>,
    [counted, field]: [Field; 2],
    read: impl Fn(&mut Reader<'_>, u32) -> T,
) -> Vec<&T> {
    let parts = parts.get_or_init(|| {
        let mut parts = Vec::new();
        for index in 0..fetched(Place::of(counted).all().count()) {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            let place = Place::of(field).at(index);
            parts.extend(fetched(value_by(place, |reader| read(reader, index))));
        }
        Box::new(parts)
    });
    parts.as_ref().as_ref().iter().collect()
}
