//! Conversions between the types of an engine and the model, member by member.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::description::{Convert, Enum, File, Member, Model, Record, Union};
use crate::ty::Type;

/// An engine that loads plugins, and has types of its own.
struct Engine {
    /// The folder of its adapter.
    folder: &'static str,
    /// Its crate.
    krate: &'static str,
    is_praxis: bool,
}

const ENGINES: &[Engine] = &[
    Engine { folder: "src/cpex", krate: "cpex_core", is_praxis: false },
    Engine { folder: "src/praxis", krate: "praxis_policy_core", is_praxis: true },
];

impl Engine {
    fn has(&self, member: &Member) -> bool {
        member.native.is_in(self.is_praxis)
    }

    /// Members that plugins do not see, with their values where a plugin makes the record.
    fn hidden<'r>(&self, record: &'r Record) -> impl Iterator<Item = (&'r str, &'r str)> {
        let members = self.is_praxis.then_some(&record.praxis_members);
        members.into_iter().flatten().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The module that converts a member by hand.
    fn by_hand<'m>(&self, member: &'m Member) -> Option<&'m str> {
        member.praxis.as_deref().filter(|_| self.is_praxis)
    }
}

/// A generated module: its folder, its name and its code.
pub(crate) struct Module {
    pub(crate) folder: &'static str,
    pub(crate) name: String,
    pub(crate) code: String,
}

/// The folder of what is the same for all engines, and compiled for each.
const SHARED: &str = "src/pipeline/adapter";

/// All modules with conversions. What is the same for all engines, but for the name of their crate, is in one of its own.
pub(crate) fn modules(model: &Model) -> Result<Vec<Module>, String> {
    let mut modules = Vec::new();
    for file in &model.files {
        let engines: Vec<_> =
            ENGINES.iter().map(|engine| items(engine, file)).collect::<Result<_, _>>()?;
        let is_shared = |at: &usize| {
            engines.windows(2).all(|pair| match pair {
                [one, other] => one.get(*at) == other.get(*at),
                _ => true,
            })
        };
        let mut add = |folder, krate, items: &[String], is_in: &dyn Fn(&usize) -> bool| {
            let items = items.iter().enumerate().filter(|(at, _)| is_in(at));
            let body: String = items.map(|(_, item)| item.as_str()).collect();
            if !body.is_empty() {
                let code = module(file, krate, &body);
                modules.push(Module { folder, name: file.name.clone(), code });
            }
        };
        if let Some(items) = engines.first() {
            add(SHARED, "super::super::upstream", items, &is_shared);
        }
        for (engine, items) in ENGINES.iter().zip(&engines) {
            add(engine.folder, engine.krate, items, &|at| !is_shared(at));
        }
    }
    Ok(modules)
}

/// The folders, each with the list of its modules.
pub(crate) fn indices(modules: &[Module]) -> Vec<(&'static str, String)> {
    let folders = ENGINES.iter().map(|engine| engine.folder).chain([SHARED]);
    folders
        .map(|folder| {
            let mut code = String::from(
                "//! Conversions of records and enums, one module for each file of the description.\n\n",
            );
            for module in modules.iter().filter(|module| module.folder == folder) {
                let _ = writeln!(code, "mod {};", module.name);
            }
            (folder, code)
        })
        .collect()
}

/// The conversions of each enum, union and record of one file of the description.
fn items(engine: &Engine, file: &File) -> Result<Vec<String>, String> {
    let mut items = Vec::new();
    for known in &file.enums {
        items.push(if known.open { text(known) } else { variants(known) });
    }
    items.extend(file.unions.iter().map(parts));
    for record in &file.records {
        items.push(match record.convert {
            Convert::ByHand => String::new(),
            _ if engine.is_praxis && record.praxis_by_hand => String::new(),
            Convert::ToModel => to_model(engine, record),
            Convert::Both => format!("{}{}", to_model(engine, record), from_model(engine, record)),
            Convert::Payload => payload(engine, record)?,
        });
    }
    Ok(items)
}

/// A module of conversions, with its imports. `krate` has the types of the engine.
fn module(file: &File, krate: &str, body: &str) -> String {
    let mut names: BTreeSet<&str> = ["ToModel", "Unfit"].into();
    for (name, word) in [
        ("FromModel", "FromModel<"),
        ("WithResults", "WithResults"),
        ("from", " from("),
        ("to", " to("),
        ("values", "values::"),
    ] {
        if body.contains(word) {
            names.insert(name);
        }
    }
    let names: Vec<_> = names.into_iter().collect();
    format!(
        "//! {}\n\n{}use {} as theirs;\n\nuse crate::model;\nuse crate::pipeline::convert::{{{}}};\n\n{body}",
        file.doc,
        if body.contains("-> Result<String") || body.contains("<String>") {
            "use alloc::string::String;\n\n"
        } else {
            ""
        },
        file.native.replace("cpex_core", krate),
        names.join(", ")
    )
}

fn to_model(engine: &Engine, record: &Record) -> String {
    let name = &record.name;
    let (mut members, mut values) = (Vec::new(), String::new());
    for member in &record.members {
        let key = &member.name;
        if engine.has(member) {
            members.push(key.clone());
            let _ = match engine.by_hand(member) {
                Some(module) => writeln!(values, "{key}: {module}::to({key}),"),
                None => writeln!(values, "{key}: to({key}, \"{key}\")?,"),
            };
        } else {
            let _ = writeln!(values, "{key}: Default::default(),");
        }
    }
    members.extend(engine.hidden(record).map(|(name, _)| format!("{name}: _")));
    format!(
        "impl ToModel for theirs::{name} {{\ntype Model = model::{name};\n\n\
         fn to_model(&self) -> Result<Self::Model, Unfit> {{\n\
         let Self {{ {} }} = self;\nOk(model::{name} {{\n{values}}})\n}}\n}}\n\n",
        members.join(", ")
    )
}

fn from_model(engine: &Engine, record: &Record) -> String {
    let name = &record.name;
    let (mut members, mut values) = (Vec::new(), String::new());
    for member in &record.members {
        let key = &member.name;
        if engine.has(member) {
            members.push(key.clone());
            let _ = match engine.by_hand(member) {
                Some(module) => writeln!(values, "{key}: {module}::from({key}),"),
                None => writeln!(values, "{key}: from({key}, \"{key}\")?,"),
            };
        } else {
            members.push(format!("{key}: _"));
        }
    }
    for (name, value) in engine.hidden(record) {
        let _ = writeln!(values, "{name}: {value},");
    }
    format!(
        "impl FromModel<model::{name}> for theirs::{name} {{\n\
         fn from_model(model: model::{name}) -> Result<Self, Unfit> {{\n\
         let model::{name} {{ {} }} = model;\nOk(Self {{\n{values}}})\n}}\n}}\n\n",
        members.join(", ")
    )
}

/// A payload: members that it was given are read through getters, its results are fields.
fn payload(engine: &Engine, record: &Record) -> Result<String, String> {
    let name = &record.name;
    let (mut values, mut names, mut results) = (String::new(), Vec::new(), String::new());
    for member in &record.members {
        let key = &member.name;
        if !engine.has(member) {
            let _ = writeln!(values, "{key}: Default::default(),");
            names.push(format!("{key}: _"));
        } else if let Some(module) = engine.by_hand(member)
            && member.given
        {
            let _ = writeln!(values, "{key}: {module}::to(self.{key}()),");
            names.push(format!("{key}: _"));
        } else if member.given {
            let into = if member.ty()? == Type::Token { ".into()" } else { "" };
            let _ = writeln!(values, "{key}: to(&self.{key}(), \"{key}\")?{into},");
            names.push(format!("{key}: _"));
        } else {
            let _ = writeln!(values, "{key}: to(&self.{key}, \"{key}\")?,");
            names.push(key.clone());
            let _ = writeln!(results, "payload.{key} = from({key}, \"{key}\")?;");
        }
    }
    Ok(format!(
        "impl ToModel for theirs::{name} {{\ntype Model = model::{name};\n\n\
         fn to_model(&self) -> Result<Self::Model, Unfit> {{\nOk(model::{name} {{\n{values}}})\n}}\n}}\n\n\
         impl WithResults for theirs::{name} {{\n\
         fn with_results(&self, changed: Self::Model) -> Result<Self, Unfit> {{\n\
         let model::{name} {{ {} }} = changed;\nlet mut payload = self.clone();\n{results}Ok(payload)\n}}\n}}\n\n",
        names.join(", ")
    ))
}

fn variants(known: &Enum) -> String {
    let name = &known.name;
    let (mut to, mut from) = (String::new(), String::new());
    for variant in &known.variants {
        let _ = writeln!(to, "Self::{variant} => Ok(model::{name}::{variant}),");
        let _ = writeln!(from, "model::{name}::{variant} => Ok(Self::{variant}),");
    }
    if known.non_exhaustive {
        to.push_str("_ => Err(Unfit::unknown()),\n");
    }
    format!(
        "impl ToModel for theirs::{name} {{\ntype Model = model::{name};\n\n\
         fn to_model(&self) -> Result<Self::Model, Unfit> {{\nmatch self {{\n{to}}}\n}}\n}}\n\n\
         impl FromModel<model::{name}> for theirs::{name} {{\n\
         fn from_model(model: model::{name}) -> Result<Self, Unfit> {{\nmatch model {{\n{from}}}\n}}\n}}\n\n"
    )
}

/// An enum that is a text in the model. By serde, so that a variant which is added is right at once.
fn text(known: &Enum) -> String {
    let name = &known.name;
    format!(
        "impl ToModel for theirs::{name} {{\ntype Model = String;\n\n\
         fn to_model(&self) -> Result<String, Unfit> {{\nvalues::to_text(self)\n}}\n}}\n\n\
         impl FromModel<String> for theirs::{name} {{\n\
         fn from_model(model: String) -> Result<Self, Unfit> {{\nvalues::from_text(model)\n}}\n}}\n\n"
    )
}

fn parts(union: &Union) -> String {
    let name = &union.name;
    let (mut to_arms, mut from_arms) = (String::new(), String::new());
    for variant in &union.variants {
        let (kind, member) = (&variant.name, &variant.member);
        let _ = writeln!(
            to_arms,
            "Self::{kind} {{ {member} }} => model::{name}::{kind} {{ {member}: to({member}, \"{member}\")? }},"
        );
        let _ = writeln!(
            from_arms,
            "model::{name}::{kind} {{ {member} }} => Self::{kind} {{ {member}: from({member}, \"{member}\")? }},"
        );
    }
    format!(
        "impl ToModel for theirs::{name} {{\ntype Model = model::{name};\n\n\
         fn to_model(&self) -> Result<Self::Model, Unfit> {{\nOk(match self {{\n{to_arms}}})\n}}\n}}\n\n\
         impl FromModel<model::{name}> for theirs::{name} {{\n\
         fn from_model(model: model::{name}) -> Result<Self, Unfit> {{\nOk(match model {{\n{from_arms}\
         _ => return Err(Unfit::new(\"is of a kind that the engine does not know\")),\n}})\n}}\n}}\n\n"
    )
}
