//! The model in Rust: structures and enums with both encodings, and what plugins see of them.

mod structures;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::description::{Enum, File, Member, Model, Record, Union, snake_case};
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
        body.push_str(&structures::structure(model, record)?);
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
    let own = file.names();
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

pub(crate) fn is_copy(ty: &Type, model: &Model) -> bool {
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
