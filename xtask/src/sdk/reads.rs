//! The entries of `reads` in CPEX's style that fetch slots, whole or one field at a time.

use std::fmt::Write as _;

use super::container::{Slot, slots};
use crate::description::{How, Member, Model, Record};
use crate::fields::Fields;
use crate::ty::Type;

/// The slots whose tokens cross by themselves, or of which the bytes are kept.
pub(super) const BY_HAND: &[&str] = &["raw_credentials", "custom"];

/// The functions that read slots.
pub(crate) fn file(model: &Model, fields: &Fields) -> Result<String, String> {
    let mut code = String::from(
        "//! The slots, whole or one field at a time.\n\n\
         use crate::cpex::incoming::{Incoming, slot};\nuse crate::{Field, Result};\n\n",
    );
    let mut modules = String::new();
    for slot in slots(model)? {
        let name = slot.name();
        if BY_HAND.contains(&name) {
            continue;
        }
        let field = one(fields, name)?;
        let rest = if slot.member.filtered_record(model).is_some() {
            ", without what the capabilities hide"
        } else {
            ""
        };
        let _ = write!(
            code,
            "/// `extensions.{name}`, whole{rest}.\n{ERRORS}\
             pub fn {name}<P>(incoming: &mut Incoming<P>) -> Result<()> {{\n\
             incoming.extensions.{name} = slot(Field::{field})?;\nOk(())\n}}\n\n"
        );
        modules.push_str(&module(model, fields, &slot)?);
    }
    code.push_str(&modules);
    code.push_str(&tokens(model, fields)?);
    Ok(code)
}

/// The module of the tokens in payloads, with a function for each.
fn tokens(model: &Model, fields: &Fields) -> Result<String, String> {
    let mut code = String::from(
        "/// The tokens of payloads, which cross only by these.\n///\n\
         /// Each does nothing for a hook whose payload has no such token. A handler that asks for a token which is not\n\
         /// listed fails the call.\npub mod payload {\n\
         use crate::cpex::incoming::{Incoming, token};\nuse crate::cpex::{PluginPayload, records};\nuse crate::{Field, Result};\n\n",
    );
    for record in model.records() {
        let is_token = |member: &&Member| member.ty == "token" && member.given;
        for Member { name, doc, .. } in record.members.iter().filter(is_token) {
            let _ = write!(
                code,
                "/// {doc} Needs `read_inbound_credentials`.\n{ERRORS}\
                 pub fn {name}<P: PluginPayload>(incoming: &mut Incoming<P>) -> Result<()> {{\n\
                 token(incoming, Field::{field}, |payload: &mut records::{record}, token| payload.{name} = token.into())\n}}\n\n",
                field = one(fields, &format!("payload.{name}"))?,
                record = record.name,
            );
        }
    }
    Ok(code + "}\n")
}

const ERRORS: &str = "///\n/// # Errors\n///\n/// The host's status.\n#[inline(always)]\n";

/// The only field at a path.
fn one<'f>(fields: &'f Fields, path: &str) -> Result<&'f str, String> {
    fields.at(path).first().copied().ok_or_else(|| format!("there is no field `{path}`"))
}

/// The record of a member, if it is one.
pub(super) fn record<'m>(model: &'m Model, member: &Member) -> Result<Option<&'m Record>, String> {
    let ty = member.ty()?;
    let inner = if let Type::Option(inner) = ty { *inner } else { ty };
    Ok(match inner {
        Type::Named(name) => model.record(&name),
        _ => None,
    })
}

/// The module of a slot, with a function for each of its fields.
fn module(model: &Model, fields: &Fields, slot: &Slot<'_>) -> Result<String, String> {
    let name = slot.name();
    let whole = one(fields, name)?;
    let Some(members) = record(model, slot.member)? else { return Ok(String::new()) };
    let (mut functions, mut modules) = (String::new(), String::new());
    for member in &members.members {
        let path = format!("{name}.{}", member.name);
        let is_list = matches!(member.ty()?, Type::List(_));
        if let [field] = fields.at(&path)[..]
            && !is_list
        {
            functions.push_str(&of_slot(model, name, whole, member, field)?);
        }
        if let Some(inner) = record(model, member)?
            && !fields.below(&path).is_empty()
        {
            modules.push_str(&nested(model, fields, (name, whole), member, inner)?);
        }
    }
    if functions.is_empty() && modules.is_empty() {
        return Ok(String::new());
    }
    let changes = slot.member.change.as_ref();
    if changes.is_some_and(|change| change.how != How::Shared) {
        let _ = write!(
            functions,
            "/// The presence of `extensions.{name}`, and nothing of it: enough to change it.\n{ERRORS}\
             pub fn slot<P>(incoming: &mut Incoming<P>) -> Result<()> {{\n\
             if Place::of(Field::{whole}).contains()? {{\n\
             incoming.extensions.{name}.get_or_insert_default();\n}}\nOk(())\n}}\n\n"
        );
    }
    let mut imports = String::new();
    let place = if functions.contains("Place::") { "use crate::raw::Place;\n" } else { "" };
    if !functions.is_empty() {
        let named =
            if functions.contains("Named(") { "use crate::cpex::wire::Named;\n" } else { "" };
        let part = if functions.contains("part(") { ", part" } else { "" };
        imports = format!(
            "use crate::cpex::incoming::{{Incoming{part}}};\n{named}{place}use crate::{{Field, Result}};\n\n"
        );
    }
    Ok(format!(
        "/// The fields of `extensions.{name}`, one at a time.\npub mod {name} {{\n{imports}{functions}{modules}}}\n\n"
    ))
}

/// The closure that puts a value into its place.
fn set(model: &Model, member: &Member) -> Result<String, String> {
    let name = &member.name;
    let (pattern, value) = match member.ty()? {
        Type::Option(inner) => match &*inner {
            Type::Named(named) if model.find_enum(named).is_some_and(|known| !known.open) => {
                ("Named(value)", "Some(value)")
            }
            _ => ("value", "Some(value)"),
        },
        _ => ("value", "value"),
    };
    Ok(format!("|slot, {pattern}| slot.{name} = {value}"))
}

fn of_slot(
    model: &Model,
    slot: &str,
    whole: &str,
    member: &Member,
    field: &str,
) -> Result<String, String> {
    Ok(format!(
        "/// `extensions.{slot}.{name}`.\n{ERRORS}\
         pub fn {name}<P>(incoming: &mut Incoming<P>) -> Result<()> {{\n\
         let slot = &mut incoming.extensions.{slot};\n\
         *slot = part(slot.take(), (Field::{whole}, Field::{field}), {set})?;\nOk(())\n}}\n\n",
        name = member.name,
        set = set(model, member)?,
    ))
}

/// The module of a record within a slot. It is there if a field of it is that is always there.
fn nested(
    model: &Model,
    fields: &Fields,
    (slot, whole): (&str, &str),
    member: &Member,
    inner: &Record,
) -> Result<String, String> {
    let path = format!("{slot}.{}", member.name);
    let there = match fields.at(&path).first() {
        Some(field) => *field,
        None => {
            let required = inner.members.iter().find(|member| member.required);
            let required = required.ok_or_else(|| format!("{path}: nothing of it is required"))?;
            one(fields, &format!("{path}.{}", required.name))?
        }
    };
    let mut functions = String::new();
    for within in &inner.members {
        let [field] = fields.at(&format!("{path}.{}", within.name))[..] else { continue };
        let _ = write!(
            functions,
            "/// `extensions.{path}.{name}`.\n{ERRORS}\
             pub fn {name}<P>(incoming: &mut Incoming<P>) -> Result<()> {{\n\
             let slot = &mut incoming.extensions.{slot};\n\
             *slot = nested(slot.take(), [Field::{whole}, Field::{there}, Field::{field}], |slot| &mut slot.{outer}, {set})?;\n\
             Ok(())\n}}\n\n",
            name = within.name,
            outer = member.name,
            set = set(model, within)?,
        );
    }
    let named = if functions.contains("Named(") { "use crate::cpex::wire::Named;\n" } else { "" };
    Ok(format!(
        "/// The fields of `extensions.{path}`, one at a time.\npub mod {} {{\n\
         use crate::cpex::incoming::{{Incoming, nested}};\n{named}use crate::{{Field, Result}};\n\n{functions}}}\n\n",
        member.name
    ))
}
