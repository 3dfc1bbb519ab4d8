//! The look-ups of a message, its texts and its parts.

use std::fmt::Write as _;

use super::{any_of, item_of};
use crate::description::{Model, Union};
use crate::fields::Fields;

/// The payload of the `cmf.*` hooks: members of the message, its texts, and its parts.
pub(super) fn message(model: &Model, fields: &Fields, visibility: &str) -> Result<String, String> {
    let record = model.record("Message").ok_or("`Message` is not described")?;
    let mut arms = String::new();
    for member in &record.members {
        for name in fields.at(&format!("message.{}", member.name)) {
            let at = format!("self.message.{}", member.name);
            let _ =
                writeln!(arms, "Field::{name} => {},", item_of(model, member, &member.ty()?, &at)?);
        }
    }
    Ok(MESSAGE.replace("MEMBERS", &arms).replace("VISIBILITY", visibility))
}

const MESSAGE: &str = "\
impl View for MessagePayload {
    fn item(&self, field: Field, index: usize, _: CapabilitySet) -> Option<Item<'_>> {
        Some(match field {
            Field::Payload => record(self),
            Field::PayloadType => Item::text(\"message\"),
            MEMBERS
            Field::MessageText => Item::Text(joined(texts(&self.message))),
            Field::MessageThinking => {
                thoughts(&self.message).next()?;
                Item::Text(joined(thoughts(&self.message)))
            }
            _ => {
                let position = position(field, index, &self.message)?;
                return part_item(field, self.message.content.get(position)?);
            }
        })
    }

    fn count(&self, field: Field) -> usize {
        self.message.content.iter().filter(|part| is_of(field, part)).count()
    }

    fn breadth(&self, _: Field) -> usize {
        self.message.content.len()
    }
}

/// The texts of a message, in order.
fn texts(message: &Message) -> impl Iterator<Item = &str> {
    message.content.iter().filter_map(|part| match part {
        ContentPart::Text { text } => Some(text.as_str()),
        _ => None,
    })
}

/// The texts of a model's reasoning, in order.
fn thoughts(message: &Message) -> impl Iterator<Item = &str> {
    message.content.iter().filter_map(|part| match part {
        ContentPart::Thinking { text } => Some(text.as_str()),
        _ => None,
    })
}

/// The place in the content of the part that a field means by `index`.
VISIBILITYfn position(field: Field, index: usize, message: &Message) -> Option<usize> {
    let mut positions = message.content.iter().enumerate().filter(|(_, part)| is_of(field, part));
    positions.nth(index).map(|(position, _)| position)
}

";

/// Fields of the parts of a message.
pub(super) fn part_item(model: &Model, fields: &Fields, union: &Union) -> Result<String, String> {
    let mut arms = String::new();
    for root in &fields.roots {
        let Some(part) = &root.part else { continue };
        let variant = union.variants.iter().find(|variant| variant.name == *part);
        let variant = variant.ok_or_else(|| format!("there is no part `{part}`"))?;
        let record =
            model.record(&root.record).ok_or_else(|| format!("there is no `{}`", root.record))?;
        let mut inner = String::new();
        for name in fields.at(&root.path) {
            let _ = writeln!(inner, "Field::{name} => record({}),", variant.member);
        }
        for name in fields.at(&format!("{}.flat", root.path)) {
            let _ = writeln!(
                inner,
                "Field::{name} => Item::flat(move || {}({})),",
                super::flat::flat_name(record),
                variant.member
            );
        }
        for member in &record.members {
            for name in fields.at(&format!("{}.{}", root.path, member.name)) {
                let at = format!("{}.{}", variant.member, member.name);
                let _ = writeln!(
                    inner,
                    "Field::{name} => {},",
                    item_of(model, member, &member.ty()?, &at)?
                );
            }
        }
        let _ = writeln!(
            arms,
            "(_, {}::{part} {{ {} }}) => match field {{\n{inner}_ => return None,\n}},",
            union.name, variant.member
        );
    }
    Ok(format!(
        "/// A field of a part.\n\
         fn part_item(field: Field, part: &{name}) -> Option<Item<'_>> {{\n\
         Some(match (field, part) {{\n\
         (Field::Part, part) => record(part),\n\
         (Field::PartType, part) => Item::name(part),\n\
         (Field::PartText, {name}::Text {{ text }} | {name}::Thinking {{ text }}) => Item::text(text),\n\
         {arms}_ => return None,\n}})\n}}\n\n",
        name = union.name
    ))
}

/// The parts that the index of a field counts.
pub(super) fn is_of(fields: &Fields) -> String {
    let mut arms = String::new();
    for root in &fields.roots {
        let Some(part) = &root.part else { continue };
        let mut names = fields.at(&root.path);
        names.extend(fields.below(&root.path));
        let _ =
            writeln!(arms, "{} => matches!(part, ContentPart::{part} {{ .. }}),", any_of(&names));
    }
    format!(
        "/// True if a part is of those that the index of a field counts.\n\
         fn is_of(field: Field, part: &ContentPart) -> bool {{\nmatch field {{\n\
         Field::Part | Field::PartType | Field::PartText => true,\n{arms}_ => false,\n}}\n}}\n"
    )
}
