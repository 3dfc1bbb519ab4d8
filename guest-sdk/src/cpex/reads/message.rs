//! Parts of a message, cheaper than all of it.
//!
//! The message then has these parts only, and its role is `user` unless it is read too. A handler
//! that was handed such a message cannot give back another one: that would lose the rest. Each does
//! nothing for a hook whose payload is no message.

use crate::cpex::PluginPayload;
use crate::cpex::cmf::{Channel, ContentPart, Message, MessagePayload, Role};
use crate::cpex::incoming::{Incoming, value};
use crate::cpex::wire::Known as _;
use crate::raw::Place;
use crate::{Field, Result, Status};

/// The tool calls.
///
/// # Errors
///
/// The host's status.
#[inline(always)]
pub fn tool_calls<P: PluginPayload>(incoming: &mut Incoming<P>) -> Result<()> {
    fill(incoming, |message| {
        each(Field::ToolCall, |place| {
            let content = value(place)?;
            message.content.extend(content.map(|content| ContentPart::ToolCall { content }));
            Ok(())
        })
    })
}

/// The tool results.
///
/// # Errors
///
/// The host's status.
#[inline(always)]
pub fn tool_results<P: PluginPayload>(incoming: &mut Incoming<P>) -> Result<()> {
    fill(incoming, |message| {
        each(Field::ToolResult, |place| {
            let content = value(place)?;
            message.content.extend(content.map(|content| ContentPart::ToolResult { content }));
            Ok(())
        })
    })
}

/// The text parts.
///
/// # Errors
///
/// The host's status.
#[inline(always)]
pub fn texts<P: PluginPayload>(incoming: &mut Incoming<P>) -> Result<()> {
    fill(incoming, |message| {
        let mut index = 0_u32;
        each(Field::Part, |_| {
            if Place::of(Field::PartType).at(index).text_is("text")? {
                let text = Place::of(Field::PartText).at(index).text()?;
                message.content.extend(text.map(|text| ContentPart::Text { text }));
            }
            index = index.wrapping_add(1);
            Ok(())
        })
    })
}

/// The role.
///
/// # Errors
///
/// The host's status.
#[inline(always)]
pub fn role<P: PluginPayload>(incoming: &mut Incoming<P>) -> Result<()> {
    fill(incoming, |message| {
        if let Some(role) = Place::of(Field::MessageRole).text()? {
            message.role = Role::from_text(&role).ok_or(Status::Malformed)?;
        }
        Ok(())
    })
}

/// The channel.
///
/// # Errors
///
/// The host's status.
#[inline(always)]
pub fn channel<P: PluginPayload>(incoming: &mut Incoming<P>) -> Result<()> {
    fill(incoming, |message| {
        if let Some(channel) = Place::of(Field::MessageChannel).text()? {
            message.channel = Some(Channel::from_text(&channel).ok_or(Status::Malformed)?);
        }
        Ok(())
    })
}

/// Adds to the message, unless it is all there.
#[inline(always)]
fn fill<P: PluginPayload>(
    incoming: &mut Incoming<P>,
    add: impl FnOnce(&mut Message) -> Result<()>,
) -> Result<()> {
    if incoming.whole {
        return Ok(());
    }
    if incoming.payload.is_none() {
        *incoming.payload = P::unread();
    }
    let payload = incoming.payload.as_mut().and_then(|payload| payload.as_any_mut().downcast_mut());
    match payload {
        Some(MessagePayload { message }) => add(message),
        None => Ok(()),
    }
}

fn each(field: Field, mut read: impl FnMut(Place<'static>) -> Result<()>) -> Result<()> {
    let count = Place::of(field).all().count()?;
    for index in 0..u32::try_from(count).unwrap_or(u32::MAX) {
        read(Place::of(field).at(index))?;
    }
    Ok(())
}
