//! Changes of the texts in a field, wherever in it they are.

use alloc::string::String;

use cpex_wasmi_abi::model::{ContentPart, JsonMap};
use cpex_wasmi_abi::{CapabilitySet, Field, Slot, Status};

use super::Edit;
use crate::boundary::{Decoding, Format, Input};
use crate::view::{Item, texts_mut};

impl Edit<'_> {
    /// Visits each text of the field, or of the value that `key` names in it, to change it. The texts come in the order in
    /// which reading has them.
    pub(in crate::session) fn change_texts(
        &mut self,
        index: usize,
        key: Option<&str>,
        visit: &mut dyn FnMut(&mut String),
    ) -> Result<(), Status> {
        match self.field {
            Field::ToolCallArguments
            | Field::PromptRequestArguments
            | Field::Custom
            | Field::ContextLocal
            | Field::ContextGlobal => in_map(self.json_map_mut(index)?, key, visit),
            Field::ToolResultContent => match self.part_mut(index)? {
                ContentPart::ToolResult { content } => {
                    let value = content.content.pointer_mut(key.unwrap_or_default());
                    texts_mut(value.ok_or(Status::Absent)?, visit);
                    Ok(())
                }
                _ => Err(Status::Absent),
            },
            Field::PartText | Field::ResourceContent | Field::PromptResultContent => {
                if key.is_some() {
                    return Err(Status::InvalidArgument);
                }
                match self.part_mut(index)? {
                    ContentPart::Text { text } | ContentPart::Thinking { text } => visit(text),
                    ContentPart::Resource { content } => content.content.iter_mut().for_each(visit),
                    ContentPart::PromptResult { content } => {
                        content.content.iter_mut().for_each(visit);
                    }
                    _ => return Err(Status::Absent),
                }
                Ok(())
            }
            field if field.info().slot == Slot::Payload => self.change_record(index, key, visit),
            _ => Err(Status::ReadOnly),
        }
    }

    /// Changes texts of a structure as if the plugin had written it whole.
    fn change_record(
        &mut self,
        index: usize,
        key: Option<&str>,
        visit: &mut dyn FnMut(&mut String),
    ) -> Result<(), Status> {
        let all = CapabilitySet::EMPTY;
        let mut value = match self.current().item(self.field, index, all) {
            Some(Item::Record(record)) => {
                let json = record.json().ok_or(Status::Failed)?;
                serde_json::from_slice(&json).map_err(|_| Status::TooLarge)?
            }
            Some(Item::Json(value)) => value.into_owned(),
            Some(_) => return Err(Status::ReadOnly),
            None => return Err(Status::Absent),
        };
        texts_mut(value.pointer_mut(key.unwrap_or_default()).ok_or(Status::Absent)?, visit);
        let json = serde_json::to_vec(&value).map_err(|_| Status::Failed)?;
        let decoding = Decoding::new(usize::MAX);
        let input = Input { format: Format::Json, bytes: &json, decoding: &decoding };
        let done = self.replace(index, None, input);
        self.worked = self.worked.saturating_add(json.len().saturating_mul(3));
        done
    }
}

fn in_map(
    map: &mut JsonMap,
    key: Option<&str>,
    visit: &mut dyn FnMut(&mut String),
) -> Result<(), Status> {
    match key {
        Some(key) => texts_mut(map.get_mut(key).ok_or(Status::Absent)?, visit),
        None => map.values_mut().for_each(|value| texts_mut(value, visit)),
    }
    Ok(())
}
