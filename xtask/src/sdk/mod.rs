//! The records of CPEX's own style in the guest SDK: structures with CPEX's types, and their encoding.

pub(crate) mod container;
pub(crate) mod views;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::description::{Enum, File, JsonRule, Member, Model, Record, Union};
use crate::records::{doc, has_default, member_has_default};
use crate::ty::Type;

/// The modules, and all that is in them.
pub(crate) fn index(model: &Model) -> String {
    let mut code =
        "//! CPEX's records, one module for each file of the description.\n\n".to_owned();
    let mut modules: Vec<_> =
        model.files.iter().filter(|file| is_in_sdk(file)).map(|file| &*file.name).collect();
    modules.push("container");
    modules.sort_unstable();
    for module in modules {
        let _ = writeln!(code, "mod {module};");
    }
    code.push_str(
        "\npub use container::{Everything, Extensions, Granted, OwnedExtensions, Slots};\n",
    );
    for file in model.files.iter().filter(|file| is_in_sdk(file)) {
        let mut names: Vec<_> = file.enums.iter().map(|known| known.name.as_str()).collect();
        names.extend(records(file).map(|record| record.name.as_str()));
        for union in &file.unions {
            names.push(&union.name);
            names.extend(union.kind.as_deref());
        }
        names.sort_unstable();
        let _ = writeln!(code, "pub use {}::{{{}}};", file.name, names.join(", "));
    }
    code
}

/// True if there is anything for the SDK in a file.
pub(crate) fn is_in_sdk(file: &File) -> bool {
    records(file).next().is_some()
}

/// The records that are not written by hand there.
fn records(file: &File) -> impl Iterator<Item = &Record> {
    const BY_HAND: &[&str] = &["Extensions", "MessagePayload", "PluginContext"];
    file.records.iter().filter(|record| !BY_HAND.contains(&&*record.name))
}

/// One module.
pub(crate) fn file(model: &Model, file: &File) -> Result<String, String> {
    let mut body = String::new();
    for known in &file.enums {
        body.push_str(&if known.open { open_enum(known) } else { plain_enum(known) });
    }
    for union in &file.unions {
        body.push_str(&tagged_enum(union)?);
    }
    for record in records(file) {
        body.push_str(&structure(model, record)?);
    }
    Ok(format!("//! {}\n\n{}\n{body}", file.doc, imports(model, file, &body)))
}

fn imports(model: &Model, file: &File, body: &str) -> String {
    let words = words(body);
    let mut code = foreign_imports(&words);
    let own = file.names();
    let mut others: Vec<_> =
        named(model, file).into_iter().filter(|name| !own.contains(&**name)).collect();
    others.sort_unstable();
    if !others.is_empty() {
        let _ = writeln!(code, "use crate::cpex::records::{{{}}};", others.join(", "));
    }
    if words.contains("MonotonicSet") {
        code.push_str("use crate::cpex::extensions::MonotonicSet;\n");
    }
    if words.contains("Token") {
        code.push_str("use crate::cpex::token::Token;\n");
    }
    let wire: Vec<_> = ["Known", "Name", "Reader", "Wire", "put_number", "put_text"]
        .into_iter()
        .filter(|name| words.contains(name))
        .collect();
    let _ = writeln!(code, "use crate::cpex::wire::{{{}}};", wire.join(", "));
    code
}

/// The words of generated code, without its documentation.
fn words(body: &str) -> BTreeSet<&str> {
    body.lines()
        .filter(|line| !line.trim_start().starts_with("///"))
        .flat_map(|line| line.split(|letter: char| !letter.is_alphanumeric() && letter != '_'))
        .collect()
}

/// The imports of what does not come from here, as far as the code has these words.
fn foreign_imports(words: &BTreeSet<&str>) -> String {
    let mut code = String::new();
    let mut group = |paths: &[(&str, &str)]| {
        for (name, path) in paths {
            if words.contains(name) {
                let _ = writeln!(code, "use {path};");
            }
        }
        code.push('\n');
    };
    group(&[
        ("BTreeMap", "alloc::collections::BTreeMap"),
        ("String", "alloc::string::String"),
        ("Arc", "alloc::sync::Arc"),
        ("Vec", "alloc::vec::Vec"),
        ("fmt", "core::fmt"),
        ("HashMap", "std::collections::HashMap"),
        ("HashSet", "std::collections::HashSet"),
    ]);
    group(&[
        ("DateTime", "chrono::{DateTime, Utc}"),
        ("Serialize", "serde::{Deserialize, Serialize}"),
        ("Value", "serde_json::Value"),
    ]);
    let lazy: Vec<_> = ["LazyList", "LazyMap", "LazySet"]
        .into_iter()
        .filter(|name| words.contains(name))
        .collect();
    if !lazy.is_empty() {
        let _ = writeln!(code, "use crate::cpex::lazy::{{{}}};", lazy.join(", "));
    }
    code
}

/// The described types among the words of generated code.
fn described<'m>(model: &'m Model, words: &BTreeSet<&str>) -> String {
    let names: BTreeSet<_> = model
        .files
        .iter()
        .flat_map(|file| {
            let enums = file.enums.iter().map(|known| &*known.name);
            enums.chain(records(file).map(|record| &*record.name))
        })
        .filter(|name: &&'m str| words.contains(name))
        .collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// The described types that the records of a file are made of.
fn named(model: &Model, file: &File) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut add = |ty: Result<Type, String>| {
        names.extend(ty.iter().flat_map(Type::names).map(str::to_owned).collect::<Vec<_>>());
    };
    for record in records(file) {
        for member in &record.members {
            add(member.ty());
            let native = member.native_type.as_deref().unwrap_or_default();
            for word in native.split(|letter: char| !letter.is_alphanumeric()) {
                if model.find_enum(word).is_some() {
                    add(Type::parse(word));
                }
            }
        }
    }
    for variant in file.unions.iter().flat_map(|union| &union.variants) {
        add(Type::parse(&variant.ty));
    }
    names
}

fn plain_enum(known: &Enum) -> String {
    let name = &known.name;
    let mut code = doc(&known.doc);
    if known.non_exhaustive {
        code.push_str("#[non_exhaustive]\n");
    }
    let default = if known.default.is_some() { "Default, " } else { "" };
    let _ = writeln!(
        code,
        "#[derive(Clone, Copy, Debug, {default}PartialEq, Eq, Hash, Serialize, Deserialize)]\n\
         #[allow(missing_docs, reason = \"the names say it\")]\npub enum {name} {{"
    );
    let mut all = String::new();
    for (variant, text) in known.named_variants() {
        if known.default.as_deref() == Some(variant) {
            code.push_str("#[default]\n");
        }
        let _ = writeln!(code, "{}{variant},", rename(known, variant, &text));
        let _ = write!(all, "(Self::{variant}, \"{text}\"), ");
    }
    let any = known.variants.first().map_or("", String::as_str);
    let _ = write!(
        code,
        "}}\n\nimpl Known for {name} {{\nconst ALL: &[(Self, &str)] = &[{all}];\nconst ANY: Self = Self::{any};\n}}\n\n\
         impl Wire for {name} {{\nfn read(reader: &mut Reader<'_>) -> Self {{\nreader.known()\n}}\n\n\
         fn write(&self, out: &mut Vec<u8>) {{\nput_number(out, *self as u64);\n}}\n}}\n\n"
    );
    code
}

fn rename(known: &Enum, variant: &str, text: &str) -> String {
    match known.aliases.get(variant) {
        Some(alias) => format!("#[serde(rename = \"{text}\", alias = \"{alias}\")]\n"),
        None => format!("#[serde(rename = \"{text}\")]\n"),
    }
}

/// An enum of known texts and any other.
fn open_enum(known: &Enum) -> String {
    let name = &known.name;
    let default = if known.default.is_some() { "Default, " } else { "" };
    let mut code = doc(&known.doc);
    let _ = writeln!(
        code,
        "#[non_exhaustive]\n#[derive(Clone, Debug, {default}PartialEq, Eq, Hash, Serialize, Deserialize)]\n\
         #[allow(missing_docs, reason = \"the names say it\")]\npub enum {name} {{"
    );
    let (mut from, mut to) = (String::new(), String::new());
    for (variant, text) in known.named_variants() {
        if known.default.as_deref() == Some(variant) {
            code.push_str("#[default]\n");
        }
        let _ = writeln!(code, "{}{variant},", rename(known, variant, &text));
        let alias = known.aliases.get(variant);
        let alias = alias.map_or_else(String::new, |alias| format!(" | \"{alias}\""));
        let _ = writeln!(from, "\"{text}\"{alias} => Self::{variant},");
        let _ = writeln!(to, "Self::{variant} => \"{text}\",");
    }
    let _ = write!(
        code,
        "/// Any other.\n#[serde(untagged)]\nCustom(String),\n}}\n\n\
         impl Name for {name} {{\nfn from_name(name: String) -> Self {{\nmatch name.as_str() {{\n{from}_ => Self::Custom(name),\n}}\n}}\n\n\
         fn name(&self) -> &str {{\nmatch self {{\n{to}Self::Custom(name) => name,\n}}\n}}\n}}\n\n\
         impl Wire for {name} {{\nfn read(reader: &mut Reader<'_>) -> Self {{\nSelf::from_name(reader.text())\n}}\n\n\
         fn write(&self, out: &mut Vec<u8>) {{\nput_text(out, self.name());\n}}\n}}\n\n"
    );
    code
}

fn tagged_enum(union: &Union) -> Result<String, String> {
    let Union { name, tag, .. } = union;
    let mut code = String::new();
    if let Some(kind) = &union.kind {
        let variants = union.variants.iter().map(|variant| variant.name.clone()).collect();
        code.push_str(&plain_enum(&Enum {
            name: kind.clone(),
            doc: format!("The kind of a [`{name}`]."),
            variants,
            default: None,
            aliases: std::collections::BTreeMap::new(),
            open: false,
            non_exhaustive: false,
        }));
    }
    let _ = write!(
        code,
        "{}#[derive(Clone, Debug, Serialize, Deserialize)]\n#[serde(tag = \"{tag}\", rename_all = \"snake_case\")]\n\
         #[allow(missing_docs, reason = \"the variant says what is in it\")]\npub enum {name} {{\n",
        doc(&union.doc)
    );
    let (mut reads, mut writes) = (String::new(), String::new());
    for (number, variant) in union.variants.iter().enumerate() {
        let (kind, member) = (&variant.name, &variant.member);
        let ty = native_type(&Type::parse(&variant.ty)?);
        let _ = writeln!(code, "{}{kind} {{ {member}: {ty} }},", doc(&variant.doc));
        let _ = writeln!(reads, "{number} => Self::{kind} {{ {member}: Wire::read(reader) }},");
        let _ = writeln!(
            writes,
            "Self::{kind} {{ {member} }} => {{\nput_number(out, {number});\n{member}.write(out);\n}}"
        );
    }
    let first = union.variants.first().ok_or("a union has variants")?;
    let _ = write!(
        code,
        "}}\n\nimpl Wire for {name} {{\nfn read(reader: &mut Reader<'_>) -> Self {{\nmatch reader.number() {{\n{reads}\
         _ => {{\nreader.fail();\nSelf::{} {{ {}: Default::default() }}\n}}\n}}\n}}\n\n\
         fn write(&self, out: &mut Vec<u8>) {{\nmatch self {{\n{writes}}}\n}}\n}}\n\n",
        first.name, first.member
    );
    Ok(code)
}

fn structure(model: &Model, record: &Record) -> Result<String, String> {
    let name = &record.name;
    let holds_token = record.members.iter().any(|member| member.ty == "token");
    let mut derives = vec!["Clone"];
    if !holds_token {
        derives.push("Debug");
    }
    let texts_by_default = record
        .members
        .iter()
        .any(|member| member.default.is_some() && member.ty().is_ok_and(|ty| ty == Type::Text));
    let is_payload = record.members.iter().any(|member| member.given);
    if has_default(model, record) && !texts_by_default && !is_payload {
        derives.push("Default");
    }
    derives.extend(record.native_derives.iter().map(String::as_str));
    derives.extend(["Serialize", "Deserialize"]);
    let mut code = doc(&record.doc);
    if record.native_non_exhaustive {
        code.push_str("#[non_exhaustive]\n");
    }
    let _ = writeln!(code, "#[derive({})]\npub struct {name} {{", derives.join(", "));
    let (mut reads, mut writes, mut functions) = (String::new(), String::new(), String::new());
    for member in &record.members {
        let ty = member.ty()?;
        let rust = member.native_type.clone().unwrap_or_else(|| native_type(&ty));
        code.push_str(&doc(&member.doc));
        code.push_str(&attributes(model, record, member, &ty, &rust));
        if let (Some(text), Type::Text) = (&member.default, &ty) {
            let _ = write!(
                functions,
                "impl {name} {{\npub(in crate::cpex) fn default_{}() -> String {{\n\"{text}\".into()\n}}\n}}\n\n",
                member.name
            );
        }
        let visibility = if member.given { "pub(in crate::cpex)" } else { "pub" };
        let _ = writeln!(code, "{visibility} {}: {rust},", member.name);
        let _ = write!(reads, "{}: Wire::read(reader), ", member.name);
        let _ = writeln!(writes, "self.{}.write(out);", member.name);
    }
    let _ = write!(
        code,
        "}}\n\n{functions}impl Wire for {name} {{\nfn read(reader: &mut Reader<'_>) -> Self {{\nSelf {{ {reads} }}\n}}\n\n\
         fn write(&self, out: &mut Vec<u8>) {{\n{writes}}}\n}}\n\n"
    );
    Ok(code)
}

/// The attributes by which serde reads and writes a member as JSON.
fn attributes(model: &Model, record: &Record, member: &Member, ty: &Type, rust: &str) -> String {
    let mut parts = Vec::new();
    if *ty == Type::Token {
        return "#[serde(skip)]\n".into();
    }
    if member.json == Some(JsonRule::Flatten) {
        return "#[serde(flatten)]\n".into();
    }
    if let Some(name) = &member.json_name {
        parts.push(format!("rename = \"{name}\""));
    }
    let optional = matches!(ty, Type::Option(_));
    if !optional && !member.required && member_has_default(model, member) {
        match (&member.default, ty) {
            (Some(_), Type::Text) => {
                parts.push(format!("default = \"{}::default_{}\"", record.name, member.name));
            }
            _ => parts.push("default".into()),
        }
    }
    if member.is_omitted(ty) {
        let container = rust.split('<').next().unwrap_or_default();
        let test = if optional { "is_none" } else { "is_empty" };
        parts.push(format!("skip_serializing_if = \"{container}::{test}\""));
    }
    if parts.is_empty() { String::new() } else { format!("#[serde({})]\n", parts.join(", ")) }
}

/// The type in CPEX's own Rust.
fn native_type(ty: &Type) -> String {
    match ty {
        Type::Text => "String".into(),
        Type::Time => "DateTime<Utc>".into(),
        Type::Token => "Token".into(),
        Type::Bytes => "Vec<u8>".into(),
        Type::Plain(name) => (*name).into(),
        Type::Json => "Value".into(),
        Type::Set => "LazySet".into(),
        Type::Option(inner) => format!("Option<{}>", native_type(inner)),
        Type::List(inner) => format!("Vec<{}>", native_type(inner)),
        Type::Map(inner) => format!("LazyMap<{}>", native_type(inner)),
        Type::Pair(one, other) => {
            format!("({}, {})", native_type(one), native_type(other))
        }
        Type::Named(name) => name.clone(),
    }
}
