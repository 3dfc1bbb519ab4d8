//! Records without the sets and maps that are fields of their own.

use std::fmt::Write as _;

use super::{World, record_name};
use crate::description::{Member, Model, Record};
use crate::records::is_copy;
use crate::ty::Type;

/// The function that makes a record without the sets and maps that are fields of their own, and those for the records in it.
pub(super) fn flat(
    (model, all): (&Model, &Model),
    record: &Record,
    world: &World,
) -> Result<String, String> {
    let (mut members, mut others) = (String::new(), String::new());
    let record = all.record(&record.name).unwrap_or(record);
    let native = model.record(&record.name).map(|record| &*record.members).unwrap_or_default();
    for member in &record.members {
        let is_there = native.iter().any(|native| native.name == member.name);
        let name = &member.name;
        let ty = member.ty()?;
        let inner = match &ty {
            Type::Option(inner) => match &**inner {
                Type::Named(inner) => model.record(inner).filter(|inner| has_own_sets(inner)),
                _ => None,
            },
            _ => None,
        };
        let value = if is_own_set(member) || !is_there {
            "Default::default()".to_owned()
        } else if let Some(inner) = inner {
            others.push_str(&flat((model, all), inner, world)?);
            format!(
                "match &record.{name} {{\nSome(inner) => Some({}(inner)?),\nNone => None,\n}}",
                flat_name(inner)
            )
        } else if world.all_members && is_copy(&ty, model) {
            format!("record.{name}")
        } else if world.all_members {
            format!("record.{name}.clone()")
        } else {
            format!("record.{name}.to_model().ok()?")
        };
        let _ = writeln!(members, "{name}: {value},");
    }
    let name = &record.name;
    let made =
        if world.all_members { name.clone() } else { format!("cpex_wasmi_abi::model::{name}") };
    Ok(format!(
        "{others}/// The record without the sets and maps that are fields of their own.\n\
         fn {}(record: &{name}) -> Option<{made}> {{\n\
         Some({made} {{\n{members}}})\n}}\n\n",
        flat_name(record)
    ))
}

pub(super) fn flat_name(record: &Record) -> String {
    format!("flat_{}", record_name(record).replace(' ', "_"))
}

/// True for a set or a map that is a field of its own.
pub(crate) fn is_own_set(member: &Member) -> bool {
    let is_set = matches!(member.ty(), Ok(Type::Set | Type::Map(_)));
    is_set && (member.field.is_some() || !member.fields.is_empty())
}

/// True if a record has such members.
pub(crate) fn has_own_sets(record: &Record) -> bool {
    record.members.iter().any(is_own_set)
}
