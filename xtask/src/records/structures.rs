//! The structures of the model: their members, both encodings, and the part that a plugin sees.

use std::fmt::Write as _;

use super::{doc, has_default, holds_float, is_copy, member_has_default, rust_type};
use crate::description::{ByHand, Member, Model, Record, camel_case};
use crate::ty::Type;

/// A record as a structure, with its encodings.
pub(super) fn structure(model: &Model, record: &Record) -> Result<String, String> {
    let name = &record.name;
    let own_default = record.members.iter().any(|member| member.default.is_some());
    let mut derives = vec!["Clone", "Debug"];
    if !own_default && has_default(model, record) {
        derives.push("Default");
    }
    derives.push("PartialEq");
    if !holds_float(model, record) {
        derives.push("Eq");
    }
    if record.name == "DelegationKey" {
        derives.extend(["PartialOrd", "Ord"]);
    }
    let by_derive = record.serde_by_hand != Some(ByHand::Both) && !record.quiet;
    if by_derive {
        derives.push("Deserialize");
    }
    let mut code = doc(&record.doc);
    let _ = writeln!(code, "#[derive({})]", derives.join(", "));
    if by_derive && record.is_all_optional() {
        code.push_str("#[serde(default)]\n");
    }
    let _ = writeln!(code, "pub struct {name} {{");
    for member in &record.members {
        let ty = member.ty()?;
        code.push_str(&doc(&member.doc));
        if by_derive {
            code.push_str(&attributes(record, member, &ty));
        }
        let _ = writeln!(code, "pub {}: {},", member.name, rust_type(model, &ty));
    }
    code.push_str("}\n\n");
    if own_default {
        code.push_str(&default(model, record)?);
    }
    if record.serde_by_hand.is_none() {
        code.push_str(&serialize(record)?);
    }
    if record.quiet {
        code.push_str(&read_quietly(model, record)?);
    }
    if record.is_filtered(model) {
        code.push_str(&visible_to(model, record)?);
    }
    if record.members.iter().any(|member| member.given) {
        code.push_str(&same_input(record)?);
    }
    Ok(code)
}

/// The attributes by which serde's derive reads a member.
fn attributes(record: &Record, member: &Member, ty: &Type) -> String {
    let mut parts = Vec::new();
    if let Some(name) = &member.json_name {
        parts.push(format!("rename = \"{name}\""));
    }
    if !record.is_all_optional() {
        if member.default.is_some() {
            parts.push(format!("default = \"{}::default_{}\"", record.name, member.name));
        } else if !member.required {
            parts.push("default".into());
        }
    }
    let in_json = member.json_only.then(|| match ty {
        Type::Map(_) => "json::map_in_json".to_owned(),
        Type::Option(inner) if **inner == Type::Json => "json::optional_in_json".to_owned(),
        _ => "json::in_json".to_owned(),
    });
    let reader = in_json.or_else(|| member.read_by.clone()).or_else(|| {
        let name = match ty {
            Type::Json => "value",
            Type::Map(inner) if **inner == Type::Json => "map",
            Type::List(inner) if **inner == Type::Json => "list",
            Type::Option(inner) => match &**inner {
                Type::Json => "optional",
                Type::List(inner) if **inner == Type::Json => "optional_list",
                Type::Map(inner) if **inner == Type::Json => "optional_map",
                _ => return None,
            },
            _ => return None,
        };
        Some(format!("json::{name}"))
    });
    if let Some(reader) = reader {
        parts.push(format!("deserialize_with = \"{reader}\""));
    }
    if parts.is_empty() { String::new() } else { format!("#[serde({})]\n", parts.join(", ")) }
}

fn default(model: &Model, record: &Record) -> Result<String, String> {
    let name = &record.name;
    let mut functions = String::new();
    let mut values = String::new();
    for member in &record.members {
        if let Some(text) = &member.default {
            if !record.is_all_optional() {
                let ty = rust_type(model, &member.ty()?);
                let _ = writeln!(
                    functions,
                    "pub(in crate::model) fn default_{}() -> {ty} {{ \"{text}\".into() }}\n",
                    member.name
                );
                let _ = writeln!(values, "{0}: Self::default_{0}(),", member.name);
            } else {
                let _ = writeln!(values, "{}: \"{text}\".into(),", member.name);
            }
        } else {
            let _ = writeln!(values, "{}: Default::default(),", member.name);
        }
    }
    let mut code = String::new();
    if !functions.is_empty() {
        let _ = writeln!(code, "impl {name} {{\n{functions}}}\n");
    }
    if record.members.iter().all(|member| member_has_default(model, member)) {
        let _ = writeln!(
            code,
            "impl Default for {name} {{\nfn default() -> Self {{\nSelf {{\n{values}}}\n}}\n}}\n"
        );
    }
    Ok(code)
}

/// Each member for postcard; for JSON what is there.
fn serialize(record: &Record) -> Result<String, String> {
    let name = &record.name;
    let mut fields = String::new();
    let mut human = false;
    for member in &record.members {
        let Member { name, .. } = member;
        let ty = member.ty()?;
        let key = member.json_name.as_deref().unwrap_or(name);
        let write = match written(&ty, name) {
            (None, value) => format!("fields.serialize_field(\"{key}\", &{value})?;\n"),
            (Some(prepare), value) => {
                format!("{prepare}\nfields.serialize_field(\"{key}\", &{value})?;\n")
            }
        };
        let empty = match &ty {
            Type::Token => Some("human".to_owned()),
            Type::Option(_) if member.json_only => Some(format!("!human || self.{name}.is_none()")),
            _ if member.json_only => Some(format!("!human || self.{name}.is_empty()")),
            _ if !member.is_omitted(&ty) => None,
            Type::Option(_) => Some(format!("human && self.{name}.is_none()")),
            _ => Some(format!("human && self.{name}.is_empty()")),
        };
        match empty {
            None => fields.push_str(&write),
            Some(empty) => {
                human = true;
                let _ = writeln!(
                    fields,
                    "if {empty} {{ fields.skip_field(\"{key}\")?; }} else {{ {write} }}"
                );
            }
        }
    }
    let human = if human { "let human = serializer.is_human_readable();\n" } else { "" };
    Ok(format!(
        "impl Serialize for {name} {{\n\
         fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {{\n{human}\
         let mut fields = serializer.serialize_struct(\"{name}\", {len})?;\n{fields}fields.end()\n}}\n}}\n\n",
        len = record.members.len()
    ))
}

/// The expression that is serialised for a member, and what stands before it.
fn written(ty: &Type, name: &str) -> (Option<String>, String) {
    match ty {
        Type::Json => (None, format!("OnWire(&self.{name})")),
        Type::List(inner) if **inner == Type::Json => (None, format!("ListOnWire(&self.{name})")),
        Type::Map(inner) if **inner == Type::Json => (None, format!("MapOnWire(&self.{name})")),
        Type::Option(inner) => match &**inner {
            Type::Json => (None, format!("self.{name}.as_ref().map(OnWire)")),
            Type::List(inner) if **inner == Type::Json => {
                (None, format!("self.{name}.as_deref().map(ListOnWire)"))
            }
            Type::Map(inner) if **inner == Type::Json => {
                (None, format!("self.{name}.as_ref().map(MapOnWire)"))
            }
            _ => (None, format!("self.{name}")),
        },
        _ => (None, format!("self.{name}")),
    }
}

fn read_quietly(model: &Model, record: &Record) -> Result<String, String> {
    let name = &record.name;
    let mut fields = String::new();
    let mut names = Vec::new();
    for member in &record.members {
        let ty = member.ty()?;
        if member.json_only {
            fields.push_str("#[serde(default, deserialize_with = \"json::in_json\")]\n");
        } else if !member.required {
            fields.push_str("#[serde(default)]\n");
        }
        let _ = writeln!(fields, "{}: {},", member.name, rust_type(model, &ty));
        names.push(member.name.as_str());
    }
    let names = names.join(", ");
    Ok(format!(
        "/// A text in its place may be the token itself, so that the error does not repeat it.\n\
         impl<'de> Deserialize<'de> for {name} {{\n\
         fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {{\n\
         #[derive(Deserialize)]\nstruct Fields {{\n{fields}}}\n\n\
         let Fields {{ {names} }} = crate::model::quietly(deserializer)?;\nOk(Self {{ {names} }})\n}}\n}}\n\n"
    ))
}

/// The part of a record that a plugin sees.
fn visible_to(model: &Model, record: &Record) -> Result<String, String> {
    let mut members = String::new();
    for member in &record.members {
        let Member { name, .. } = member;
        let value = match (&member.needs, member.filtered_record(model)) {
            (Some(capability), None) => format!(
                "visible(&self.{name}, capabilities, Capability::{})",
                camel_case(capability)
            ),
            (None, Some(inner)) if inner.opens.is_some() => {
                format!("self.{name}.as_ref().and_then(|value| value.visible_to(capabilities))")
            }
            (None, Some(_)) => {
                format!("self.{name}.as_ref().map(|value| value.visible_to(capabilities))")
            }
            (None, None) if is_copy(&member.ty()?, model) => format!("self.{name}"),
            (None, None) => format!("self.{name}.clone()"),
            (Some(_), Some(_)) => {
                return Err(format!("{}.{name}: has `needs` and is filtered", record.name));
            }
        };
        let _ = writeln!(members, "{name}: {value},");
    }
    let name = &record.name;
    let head = format!(
        "impl {name} {{\n/// The part that a plugin with these capabilities sees, by the rules of `cpex-core`"
    );
    Ok(match &record.opens {
        Some(part) => format!(
            "{head}; `None`: nothing.\n#[must_use]\n\
             pub fn visible_to(&self, capabilities: CapabilitySet) -> Option<Self> {{\n\
             capabilities.opens_{part}().then(|| Self {{\n{members}}})\n}}\n}}\n\n"
        ),
        None => format!(
            "{head}.\n#[must_use]\npub fn visible_to(&self, capabilities: CapabilitySet) -> Self {{\n\
             Self {{\n{members}}}\n}}\n}}\n\n"
        ),
    })
}

fn same_input(record: &Record) -> Result<String, String> {
    let mut compared = Vec::new();
    for member in record.members.iter().filter(|member| member.given) {
        if member.json_only {
            // A payload in postcard has none.
            compared.push(format!("(other.{0}.is_none() || self.{0} == other.{0})", member.name));
        } else if member.ty()? != Type::Token {
            compared.push(format!("self.{0} == other.{0}", member.name));
        }
    }
    let only_in_json = |member: &&Member| member.given && member.json_only;
    let kept: String = record
        .members
        .iter()
        .filter(only_in_json)
        .map(|member| {
            format!("if self.{0}.is_none() {{ self.{0}.clone_from(&now.{0}); }}\n", member.name)
        })
        .collect();
    let keep = if kept.is_empty() {
        String::new()
    } else {
        format!(
            "\n/// Takes the given members that only JSON has, where a payload in postcard has none.\n\
             pub fn keep_input(&mut self, now: &Self) {{\n{kept}}}\n"
        )
    };
    Ok(format!(
        "impl {} {{\n/// True if all that a plugin is given, and may not change, is equal, but for tokens.\n\
         pub fn same_input(&self, other: &Self) -> bool {{\n{}\n}}\n{keep}}}\n\n",
        record.name,
        compared.join(" && ")
    ))
}
