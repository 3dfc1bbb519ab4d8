//! The table of fields: each value that a plugin reads by a number, worked out from the rows of the description.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use crate::description::{Member, Model, Record, camel_case, constant_case};
use crate::output::read;
use crate::ty::Type;

/// The fields, in the order of their numbers.
pub(crate) struct Fields {
    pub(crate) all: Vec<Field>,
    pub(crate) roots: Vec<Root>,
    places: BTreeMap<String, Vec<Location>>,
}

/// One field.
pub(crate) struct Field {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) path: String,
    slot: String,
    pub(crate) shape: String,
    pub(crate) indexed: bool,
    pub(crate) read: String,
    pub(crate) write: String,
    pub(crate) doc: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    doc: String,
    roots: Vec<Root>,
    computed: Vec<Computed>,
}

/// A record that fields are members of, beside those in the extensions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Root {
    pub(crate) path: String,
    pub(crate) record: String,
    /// The part of a message that holds it. An index tells such parts apart.
    pub(crate) part: Option<String>,
    /// Number and name of the field that is the whole record.
    pub(crate) field: Option<String>,
    #[serde(default)]
    write: String,
    #[serde(default)]
    doc: String,
}

/// A field that is no member of a record.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Computed {
    field: String,
    path: String,
    slot: String,
    shape: String,
    #[serde(default)]
    indexed: bool,
    read: Option<String>,
    #[serde(default)]
    write: String,
    doc: String,
}

/// A place where a record stands.
#[derive(Clone)]
struct Location {
    path: String,
    slot: String,
    read: String,
    indexed: bool,
}

impl Fields {
    /// Reads the table, and adds the fields of all members.
    pub(crate) fn read(path: &Path, model: &Model) -> Result<Self, String> {
        let table: Table =
            toml::from_str(&read(path)?).map_err(|error| format!("{}: {error}", path.display()))?;
        let _ = table.doc;
        let mut all = Vec::new();
        for computed in table.computed {
            let (number, name) = number_and_name(&computed.field)?;
            all.push(Field {
                number,
                name,
                path: computed.path,
                slot: computed.slot,
                shape: computed.shape,
                indexed: computed.indexed,
                read: computed.read.unwrap_or_else(|| "open".into()),
                write: computed.write,
                doc: computed.doc,
            });
        }
        let mut locations = BTreeMap::new();
        let top = Location {
            path: String::new(),
            slot: String::new(),
            read: "open".into(),
            indexed: false,
        };
        locate(model, "Extensions", &top, &mut locations)?;
        for root in &table.roots {
            let slot = if root.path == "context" { "Context" } else { "Payload" };
            let place = Location {
                path: root.path.clone(),
                slot: slot.into(),
                read: "open".into(),
                indexed: root.part.is_some(),
            };
            if let Some(field) = &root.field {
                let (number, name) = number_and_name(field)?;
                let Location { path, slot, read, indexed } = place.clone();
                all.push(Field {
                    number,
                    name,
                    path,
                    slot,
                    shape: "Record".into(),
                    indexed,
                    read,
                    write: root.write.clone(),
                    doc: root.doc.clone(),
                });
            }
            locate(model, &root.record, &place, &mut locations)?;
        }
        for record in model.records() {
            for member in &record.members {
                for (number, name, place) in numbered(record, member, &locations)? {
                    all.push(of_member(model, member, number, name, place)?);
                }
            }
        }
        all.sort_by_key(|field| field.number);
        for pair in all.windows(2) {
            if let [one, other] = pair
                && one.number == other.number
            {
                return Err(format!("{:#06x} is the number of two fields", one.number));
            }
        }
        Ok(Self { all, roots: table.roots, places: locations })
    }

    /// The paths of a record, in the extensions or as a root.
    pub(crate) fn paths<'a>(&'a self, record: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.places.get(record).into_iter().flatten().map(|place| place.path.as_str())
    }

    /// The names of the fields with a path.
    pub(crate) fn at(&self, path: &str) -> Vec<&str> {
        self.all.iter().filter(|field| field.path == path).map(|field| &*field.name).collect()
    }

    /// The names of the fields below a path.
    pub(crate) fn below(&self, path: &str) -> Vec<&str> {
        let is_below = |field: &&Field| {
            field.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'))
        };
        self.all.iter().filter(is_below).map(|field| &*field.name).collect()
    }

    /// The enums of slots and fields, and what the table says about each field.
    pub(crate) fn code(&self) -> Result<String, String> {
        let (mut variants, mut all, mut numbers, mut infos) =
            (String::new(), String::new(), String::new(), String::new());
        let (mut slots, mut listed) = (String::new(), BTreeSet::new());
        for field in &self.all {
            let Field { number, name, path, slot, shape, indexed, doc, .. } = field;
            let (read, write) = (access(&field.read), writing(&field.write)?);
            if listed.insert(slot) {
                let root = path.split('.').next().unwrap_or_default();
                let _ = writeln!(slots, "/// `{root}` and all below it.\n{slot},");
            }
            let _ = writeln!(variants, "{}{name} = {number:#06x},", crate::records::doc(doc));
            let _ = write!(all, "Self::{name}, ");
            let _ = writeln!(numbers, "{number:#06x} => Some(Self::{name}),");
            let _ = writeln!(
                infos,
                "Self::{name} => &FieldInfo {{ number: {number:#06x}, path: {path:?}, slot: Slot::{slot}, \
                 shape: Shape::{shape}, indexed: {indexed}, read: {read}, write: {write}, description: {doc:?} }},"
            );
        }
        Ok(format!(
            "//! The fields of a request.\n\nuse super::{{Access, FieldInfo, Shape, Write}};\nuse crate::Capability;\n\n\
             /// The part of a request that a field belongs to. A write copies the part that it changes, and no other.\n\
             #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]\n#[non_exhaustive]\npub enum Slot {{\n{slots}}}\n\n\
             /// A value that a plugin can read, and some of which it can change.\n\
             #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]\n#[non_exhaustive]\n#[repr(u32)]\n\
             pub enum Field {{\n{variants}}}\n\nimpl Field {{\n\
             /// All fields, in the order of their numbers.\npub const ALL: &'static [Self] = &[{all}];\n\n\
             /// The field with this number, if there is one.\n\
             pub const fn from_number(number: u32) -> Option<Self> {{\nmatch number {{\n{numbers}_ => None,\n}}\n}}\n\n\
             /// The field's row of the table.\n\
             pub const fn info(self) -> &'static FieldInfo {{\nmatch self {{\n{infos}}}\n}}\n}}\n"
        ))
    }

    /// The constants of the C header.
    pub(crate) fn constants(&self) -> String {
        let mut code = String::new();
        for Field { number, name, .. } in &self.all {
            let _ = writeln!(code, "#define CPEX_FIELD_{} {number}u", constant_case(name));
        }
        code
    }

    /// The constants of the C interface of the host, in Rust.
    pub(crate) fn embedder_constants(&self) -> String {
        let mut code = String::from("//! The numbers of the fields, for look-ups.\n");
        for Field { number, name, path, doc, indexed, .. } in &self.all {
            let index = if *indexed { "[index]" } else { "" };
            let doc = crate::records::doc(&format!("`{path}{index}`: {doc}"));
            let name = constant_case(name);
            let _ =
                write!(code, "\n{doc}pub const CPEX_WASMI_FIELD_{name}: u32 = {number:#06x};\n");
        }
        code
    }

    /// The table of `docs/abi.md`.
    pub(crate) fn document(&self) -> String {
        let mut text = String::from(
            "| number | field | shape | reads | writes | |\n| --- | --- | --- | --- | --- | --- |\n",
        );
        for field in &self.all {
            let Field { number, path, shape, doc, .. } = field;
            let reads = match &*field.read {
                "open" => "open".to_owned(),
                kind @ ("subject" | "credentials") => format!("*{kind}*"),
                "inbound_token" => "*token*, `read_inbound_credentials`".into(),
                "delegated_token" => "*token*, `read_delegated_tokens`".into(),
                capability => format!("`{capability}`"),
            };
            let writes = match field.write.split_once(' ') {
                Some((how, capability)) => format!("{how}, `{capability}`"),
                None if field.write.is_empty() => "never".into(),
                None => field.write.clone(),
            };
            let index = if field.indexed { "[index]" } else { "" };
            let _ = writeln!(
                text,
                "| {number:#06x} | `{path}{index}` | {shape} | {reads} | {writes} | {doc} |"
            );
        }
        text
    }
}

/// Notes where a record stands, and those within it.
fn locate(
    model: &Model,
    name: &str,
    place: &Location,
    locations: &mut BTreeMap<String, Vec<Location>>,
) -> Result<(), String> {
    let Some(record) = model.record(name) else { return Ok(()) };
    let mut place = place.clone();
    if let Some(opens) = &record.opens {
        place.read.clone_from(opens);
    }
    locations.entry(name.into()).or_default().push(place.clone());
    for member in &record.members {
        let ty = member.ty()?;
        let ty = if let Type::Option(inner) = ty { *inner } else { ty };
        let Type::Named(inner) = ty else { continue };
        let inner_place = within(&place, record, member);
        locate(model, &inner, &inner_place, locations)?;
    }
    Ok(())
}

/// The place of a member.
fn within(place: &Location, record: &Record, member: &Member) -> Location {
    let path = if place.path.is_empty() {
        member.name.clone()
    } else {
        format!("{}.{}", place.path, member.name)
    };
    let slot =
        if record.name == "Extensions" { camel_case(&member.name) } else { place.slot.clone() };
    let read = member.needs.clone().unwrap_or_else(|| place.read.clone());
    Location { path, slot, read, indexed: place.indexed }
}

/// The numbers of a member, each with the place that is meant.
fn numbered(
    record: &Record,
    member: &Member,
    locations: &BTreeMap<String, Vec<Location>>,
) -> Result<Vec<(u32, String, Location)>, String> {
    let at = format!("{}.{}", record.name, member.name);
    let places = locations.get(&record.name).map(Vec::as_slice).unwrap_or_default();
    let mut found = Vec::new();
    if let Some(field) = &member.field {
        let [place] = places else {
            return Err(format!("{at}: `field` is for a record that stands in one place"));
        };
        let (number, name) = number_and_name(field)?;
        found.push((number, name, within(place, record, member)));
    }
    for (path, field) in &member.fields {
        let place = places.iter().find(|place| place.path == *path);
        let place = place.ok_or_else(|| format!("{at}: the record does not stand at `{path}`"))?;
        let (number, name) = number_and_name(field)?;
        found.push((number, name, within(place, record, member)));
    }
    Ok(found)
}

fn of_member(
    model: &Model,
    member: &Member,
    number: u32,
    name: String,
    place: Location,
) -> Result<Field, String> {
    let ty = member.ty()?;
    let (shape, list) = shape(model, &ty);
    let record = member.filtered_record(model).and_then(|record| record.opens.as_deref());
    let read = record.map_or(place.read, str::to_owned);
    Ok(Field {
        number,
        name,
        path: place.path,
        slot: place.slot,
        shape: shape.into(),
        indexed: place.indexed || list,
        read,
        write: member.write.clone().unwrap_or_default(),
        doc: member.doc.clone(),
    })
}

/// The kind of value, and whether there are several.
fn shape(model: &Model, ty: &Type) -> (&'static str, bool) {
    match ty {
        Type::Option(inner) => shape(model, inner),
        Type::Text | Type::Time | Type::Token => ("Text", false),
        Type::Plain("bool") => ("Bool", false),
        Type::Plain("f64") => ("Float", false),
        Type::Plain(_) => ("Unsigned", false),
        Type::Json => ("Json", false),
        Type::Set => ("TextSet", false),
        Type::Map(inner) => match **inner {
            Type::Json => ("JsonMap", false),
            Type::Text => ("TextMap", false),
            _ => ("Record", false),
        },
        Type::Named(name) if model.find_enum(name).is_some() => ("Text", false),
        Type::List(inner) if matches!(**inner, Type::Named(_)) => ("Record", true),
        _ => ("Record", false),
    }
}

fn number_and_name(text: &str) -> Result<(u32, String), String> {
    let wrong = || format!("`{text}` is not a number and a name, such as `0x0206 SubjectRoles`");
    let (number, name) = text.split_once(' ').ok_or_else(wrong)?;
    let digits = number.strip_prefix("0x").ok_or_else(wrong)?;
    let number = u32::from_str_radix(digits, 16).map_err(|_| wrong())?;
    Ok((number, name.into()))
}

fn access(text: &str) -> String {
    match text {
        "open" => "Access::Open".into(),
        "subject" => "Access::Subject".into(),
        "credentials" => "Access::Credentials".into(),
        "inbound_token" => "Access::Token(Capability::ReadInboundCredentials)".into(),
        "delegated_token" => "Access::Token(Capability::ReadDelegatedTokens)".into(),
        capability => format!("Access::Needs(Capability::{})", camel_case(capability)),
    }
}

fn writing(text: &str) -> Result<String, String> {
    let (how, capability) = text.split_once(' ').unwrap_or((text, ""));
    let needed = match capability {
        "" => "None".to_owned(),
        name => format!("Some(Capability::{})", camel_case(name)),
    };
    match how {
        "" => Ok("Write::Never".into()),
        "replace" | "entries" | "grow" => Ok(format!("Write::{}({needed})", camel_case(how))),
        _ => Err(format!("`{text}` is not a way to write")),
    }
}
