//! The model in Rust: structures and enums with both encodings, and what plugins see of them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::description::{
    ByHand, Enum, File, Member, Model, Record, Union, camel_case, snake_case,
};
use crate::ty::Type;

/// The modules, and all that is in them.
pub(crate) fn index(model: &Model) -> String {
    let mut code =
        "//! The records of the request model, one module for each file of the description.\n\n"
            .to_owned();
    for file in &model.files {
        let _ = writeln!(code, "mod {};", file.name);
    }
    code.push('\n');
    for file in &model.files {
        let mut names: Vec<_> =
            file.enums.iter().filter(|known| !known.open).map(|known| &known.name).collect();
        names.extend(file.records.iter().map(|record| &record.name));
        names.extend(file.unions.iter().map(|union| &union.name));
        names.sort();
        let names: Vec<_> = names.into_iter().map(String::as_str).collect();
        let _ = writeln!(code, "pub use {}::{{{}}};", file.name, names.join(", "));
    }
    code
}

/// One module.
pub(crate) fn file(model: &Model, file: &File) -> Result<String, String> {
    let mut body = String::new();
    for known in file.enums.iter().filter(|known| !known.open) {
        body.push_str(&plain_enum(known));
    }
    for union in &file.unions {
        body.push_str(&tagged_enum(model, union)?);
    }
    for record in &file.records {
        body.push_str(&structure(model, record)?);
    }
    Ok(format!("//! {}\n\n{}\n{body}", file.doc, imports(file, &body)))
}

fn imports(file: &File, body: &str) -> String {
    let used = |word: &str| {
        body.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
            .any(|other| other == word)
    };
    let mut code = String::new();
    let maps: Vec<_> = ["BTreeMap", "BTreeSet"].into_iter().filter(|name| used(name)).collect();
    if !maps.is_empty() {
        let _ = writeln!(code, "use alloc::collections::{{{}}};", maps.join(", "));
    }
    for (name, path) in [("String", "alloc::string::String"), ("Vec", "alloc::vec::Vec")] {
        if used(name) {
            let _ = writeln!(code, "use {path};");
        }
    }
    code.push('\n');
    let serde: Vec<_> = ["Deserialize", "Deserializer", "Serialize", "Serializer"]
        .into_iter()
        .filter(|name| used(name))
        .collect();
    let _ = writeln!(code, "use serde::{{{}}};", serde.join(", "));
    if body.contains("serialize_struct") {
        code.push_str("use serde::ser::SerializeStruct as _;\n");
    }
    if body.contains("D::Error::custom") {
        code.push_str("use serde::de::Error as _;\n");
    }
    code.push('\n');
    let own: BTreeSet<_> = file
        .enums
        .iter()
        .map(|known| known.name.as_str())
        .chain(file.records.iter().map(|record| record.name.as_str()))
        .chain(file.unions.iter().map(|union| union.name.as_str()))
        .collect();
    let mut named = BTreeSet::new();
    for record in &file.records {
        for member in &record.members {
            if let Ok(ty) = member.ty() {
                named.extend(ty.names().into_iter().map(str::to_owned));
            }
        }
    }
    for union in &file.unions {
        named.extend(
            union
                .variants
                .iter()
                .filter_map(|variant| Type::parse(&variant.ty).ok())
                .flat_map(|ty| ty.names().into_iter().map(str::to_owned).collect::<Vec<_>>()),
        );
    }
    named.retain(|name| !own.contains(name.as_str()) && used(name));
    for name in ["JsonMap", "ListOnWire", "MapOnWire", "OnWire", "Secret", "Strict"] {
        if used(name) {
            named.insert(name.into());
        }
    }
    if body.contains("json::") {
        named.insert("json".into());
    }
    let named: Vec<_> = named.iter().map(String::as_str).collect();
    if !named.is_empty() {
        let _ = writeln!(code, "use crate::model::{{{}}};", named.join(", "));
    }
    let own: Vec<_> =
        ["Capability", "CapabilitySet"].into_iter().filter(|name| used(name)).collect();
    if !own.is_empty() {
        let _ = writeln!(code, "use crate::{{{}}};", own.join(", "));
    }
    if used("visible") {
        code.push_str("use crate::model::visible;\n");
    }
    code
}

pub(crate) fn doc(text: &str) -> String {
    let mut code = String::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.len().saturating_add(word.len()) > 92 {
            let _ = writeln!(code, "/// {line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(code, "/// {line}");
    code
}

fn plain_enum(known: &Enum) -> String {
    let name = &known.name;
    let default = if known.default.is_some() { "Default, " } else { "" };
    let mut code = doc(&known.doc);
    let _ = writeln!(
        code,
        "#[derive(Clone, Copy, Debug, {default}PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]\n\
         #[serde(rename_all = \"snake_case\")]\n\
         #[allow(missing_docs, reason = \"the names say it\")]\n\
         pub enum {name} {{"
    );
    for variant in &known.variants {
        if known.default.as_ref() == Some(variant) {
            code.push_str("#[default]\n");
        }
        if let Some(alias) = known.aliases.get(variant) {
            let _ = writeln!(code, "#[serde(alias = \"{alias}\")]");
        }
        let _ = writeln!(code, "{variant},");
    }
    let _ = write!(
        code,
        "}}\n\nimpl {name} {{\n/// The name in JSON.\npub const fn as_str(self) -> &'static str {{\nmatch self {{\n"
    );
    for (variant, text) in known.named_variants() {
        let _ = writeln!(code, "Self::{variant} => \"{text}\",");
    }
    code.push_str("}\n}\n}\n\n");
    code
}

fn tagged_enum(model: &Model, union: &Union) -> Result<String, String> {
    let Union { name, tag, .. } = union;
    let mut variants = String::new();
    let mut documented = String::new();
    for variant in &union.variants {
        let ty = rust_type(model, &Type::parse(&variant.ty)?);
        let line = format!("{} {{ {}: {ty} }},\n", variant.name, variant.member);
        variants.push_str(&line);
        documented.push_str(&doc(&variant.doc));
        documented.push_str(&line);
    }
    let mut code = doc(&union.doc);
    let _ = write!(
        code,
        "#[derive(Clone, Debug, PartialEq)]\n#[non_exhaustive]\n\
         #[allow(missing_docs, reason = \"the variant says what is in it\")]\npub enum {name} {{\n{documented}}}\n\n\
         impl {name} {{\n/// The name of the variant in JSON.\npub const fn {tag}(&self) -> &'static str {{\nmatch self {{\n"
    );
    for variant in &union.variants {
        let _ =
            writeln!(code, "Self::{} {{ .. }} => \"{}\",", variant.name, snake_case(&variant.name));
    }
    let kinds: Vec<_> =
        union.variants.iter().map(|variant| format!("\"{}\"", snake_case(&variant.name))).collect();
    let _ = write!(
        code,
        "}}\n}}\n\n\
         fn from_json(json: serde_json::Value) -> Result<Self, serde_json::Error> {{\n\
         const KINDS: &[&str] = &[{kinds}];\n\
         let mut members = JsonMap::deserialize(json)?;\n\
         let kind: String = json::member(&mut members, \"{tag}\")?;\n\
         Ok(match &*kind {{\n",
        kinds = kinds.join(", ")
    );
    for variant in &union.variants {
        let _ = writeln!(
            code,
            "\"{}\" => Self::{} {{ {member}: json::member(&mut members, \"{member}\")? }},",
            snake_case(&variant.name),
            variant.name,
            member = variant.member
        );
    }
    let _ = write!(
        code,
        "other => return Err(json::unknown_variant(other, KINDS)),\n}})\n}}\n}}\n\n\
         /// [`{name}`] in JSON, which tells the variants apart by `{tag}`.\n\
         #[derive(Serialize)]\n#[serde(remote = \"{name}\", tag = \"{tag}\", rename_all = \"snake_case\")]\n\
         enum InJson {{\n{variants}}}\n\n\
         /// [`{name}`] in postcard, which has no tags.\n\
         #[derive(Serialize, Deserialize)]\n#[serde(remote = \"{name}\")]\nenum InPostcard {{\n{variants}}}\n\n\
         impl Serialize for {name} {{\n\
         fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {{\n\
         if serializer.is_human_readable() {{ InJson::serialize(self, serializer) }} else {{ InPostcard::serialize(self, serializer) }}\n}}\n}}\n\n\
         /// JSON is read as a value first, to know the variant: serde's own buffer would take code for each type, and\n\
         /// would not notice each key that stands twice.\n\
         impl<'de> Deserialize<'de> for {name} {{\n\
         fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {{\n\
         if !deserializer.is_human_readable() {{ return InPostcard::deserialize(deserializer); }}\n\
         let Strict(json) = Strict::deserialize(deserializer)?;\n\
         Self::from_json(json).map_err(D::Error::custom)\n}}\n}}\n\n"
    );
    Ok(code)
}

/// A record as a structure, with its encodings.
fn structure(model: &Model, record: &Record) -> Result<String, String> {
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
    let reader = member.read_by.clone().or_else(|| {
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
        if !member.required {
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
        if member.ty()? != Type::Token {
            compared.push(format!("self.{0} == other.{0}", member.name));
        }
    }
    Ok(format!(
        "impl {} {{\n/// True if all that a plugin is given, and may not change, is equal, but for tokens.\n\
         pub fn same_input(&self, other: &Self) -> bool {{\n{}\n}}\n}}\n\n",
        record.name,
        compared.join(" && ")
    ))
}

/// The type in Rust.
pub(crate) fn rust_type(model: &Model, ty: &Type) -> String {
    match ty {
        Type::Text | Type::Time => "String".into(),
        Type::Token => "Secret".into(),
        Type::Bytes => "Vec<u8>".into(),
        Type::Plain(name) => (*name).into(),
        Type::Json => "serde_json::Value".into(),
        Type::Set => "BTreeSet<String>".into(),
        Type::Option(inner) => format!("Option<{}>", rust_type(model, inner)),
        Type::List(inner) => format!("Vec<{}>", rust_type(model, inner)),
        Type::Map(inner) if **inner == Type::Json => "JsonMap".into(),
        Type::Map(inner) => format!("BTreeMap<String, {}>", rust_type(model, inner)),
        Type::Pair(one, other) => {
            format!("({}, {})", rust_type(model, one), rust_type(model, other))
        }
        Type::Named(name) if model.find_enum(name).is_some_and(|known| known.open) => {
            "String".into()
        }
        Type::Named(name) => name.clone(),
    }
}

fn is_copy(ty: &Type, model: &Model) -> bool {
    match ty {
        Type::Plain(_) => true,
        Type::Option(inner) => is_copy(inner, model),
        Type::Named(name) => model.find_enum(name).is_some_and(|known| !known.open),
        _ => false,
    }
}

pub(crate) fn member_has_default(model: &Model, member: &Member) -> bool {
    let Ok(ty) = member.ty() else { return false };
    let Type::Named(name) = ty else { return true };
    if let Some(known) = model.find_enum(&name) {
        return known.open || known.default.is_some();
    }
    model.record(&name).is_some_and(|record| has_default(model, record))
}

pub(crate) fn has_default(model: &Model, record: &Record) -> bool {
    record.members.iter().all(|member| member_has_default(model, member))
}

fn holds_float(model: &Model, record: &Record) -> bool {
    let holds = |ty: &Type| match ty {
        Type::Plain(name) => *name == "f64",
        Type::Named(name) if name == &record.name => false,
        Type::Named(name) => {
            model.unions().any(|union| &union.name == name)
                || model.record(name).is_some_and(|inner| holds_float(model, inner))
        }
        _ => false,
    };
    record.members.iter().filter_map(|member| member.ty().ok()).any(|ty| ty.any(&holds))
}
