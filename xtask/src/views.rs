//! The fields of a request, looked up one at a time: in the model, and in each engine's own types.

mod flat;
mod message;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::description::{Member, Model, Native, Record, camel_case};
use crate::fields::Fields;
use crate::ty::Type;

use flat::{flat, flat_name};
pub(crate) use flat::{has_own_sets, is_own_set};

/// A family of types that fields are looked up in.
pub(crate) struct World {
    /// The file with the code.
    pub(crate) path: &'static str,
    doc: &'static str,
    /// The modules with the types: those of messages, and the others.
    messages: &'static str,
    extensions: &'static str,
    /// True if members are there that engines do not have.
    all_members: bool,
    /// True if these are praxis-policy's types.
    is_praxis: bool,
    /// The module with the functions for records.
    with: &'static str,
    /// The visibility of `position`.
    position: &'static str,
}

pub(crate) const WORLDS: &[World] = &[
    World {
        path: "src/view/model/records.rs",
        doc: "The fields of the request model.",
        messages: "cpex_wasmi_abi::model",
        extensions: "cpex_wasmi_abi::model",
        all_members: true,
        is_praxis: false,
        with: "super",
        position: "pub(crate) ",
    },
    World {
        path: "src/cpex/fields.rs",
        doc: "The fields of `cpex-core`'s types.",
        messages: "cpex_core::cmf",
        extensions: "cpex_core::extensions",
        all_members: false,
        is_praxis: false,
        with: "super::adapter::view",
        position: "",
    },
    World {
        path: "src/praxis/fields.rs",
        doc: "The fields of praxis-policy's types.",
        messages: "praxis_policy_core::cmf",
        extensions: "praxis_policy_core::extensions",
        all_members: false,
        is_praxis: true,
        with: "super::adapter::view",
        position: "",
    },
];

/// Records whose view is written by hand.
const BY_HAND: &[&str] = &["Extensions", "RawCredentialsExtension", "PluginContext", "Message"];

/// The code for one family of types.
pub(crate) fn file(model: &Model, fields: &Fields, world: &World) -> Result<String, String> {
    let all = model;
    let model = &if world.all_members { model.clone() } else { model.native(world.is_praxis) };
    let mut types = BTreeSet::new();
    let mut body = extensions(model, fields, world)?;
    for record in model.records() {
        if BY_HAND.contains(&&*record.name) || !has_fields(fields, record) {
            continue;
        }
        if fields.roots.iter().any(|root| root.record == record.name) {
            continue;
        }
        types.insert(record.name.as_str());
        body.push_str(&view((model, all), fields, world, record)?);
    }
    types.insert("Extensions");
    let mut flats = String::new();
    for record in model.records() {
        if fields.paths(&record.name).any(|path| !fields.at(&format!("{path}.flat")).is_empty()) {
            flats.push_str(&flat((model, all), record, world)?);
        }
    }
    let mut parts = BTreeSet::from(["ContentPart", "Message", "MessagePayload"]);
    if flats.contains("&ToolCall") {
        parts.insert("ToolCall");
    }
    body.push_str(&flats);
    for union in model.unions() {
        body.push_str(&message::message(model, fields, world.position)?);
        body.push_str(&message::part_item(model, fields, union)?);
        body.push_str(&message::is_of(fields));
    }
    let list = |names: &BTreeSet<&str>| names.iter().copied().collect::<Vec<_>>().join(", ");
    Ok(format!(
        "//! {}\n\nuse {}::{{{}}};\nuse {}::{{{}}};\nuse cpex_wasmi_abi::{{CapabilitySet, Field, Slot}};\n\n\
         use {}::{{in_order, record, visible_part}};\n{}use crate::view::{{COPIED, Item, Entries as _, View, bit, joined}};\n\n{body}",
        world.doc,
        world.messages,
        list(&parts),
        world.extensions,
        list(&types),
        world.with,
        if world.all_members { "" } else { "use crate::pipeline::convert::ToModel as _;\n" },
    ))
}

fn has_fields(fields: &Fields, record: &Record) -> bool {
    fields.paths(&record.name).any(|path| {
        !fields.below(path).is_empty() || (!path.contains('.') && !fields.at(path).is_empty())
    })
}

/// The slots, each of which has its own fields.
fn extensions(model: &Model, fields: &Fields, world: &World) -> Result<String, String> {
    let record = model.record("Extensions").ok_or("`Extensions` is not described")?;
    let (mut items, mut counts, mut breadths) = (String::new(), String::new(), String::new());
    let mut present = Vec::new();
    for member in &record.members {
        let name = &member.name;
        if let [field] = &*fields.at(name) {
            present.push(format!("bit(Field::{field}, extensions.{name}.is_some())"));
        }
        let slot = camel_case(name);
        let Type::Option(inner) = member.ty()? else { continue };
        if world.is_praxis && member.praxis.is_some() {
            continue;
        }
        if *inner == Type::Json {
            let _ =
                writeln!(items, "Slot::{slot} => Some(Item::json_value(self.{name}.as_ref()?)),");
            continue;
        }
        let Type::Named(inner) = *inner else {
            let _ = writeln!(
                items,
                "Slot::{slot} => Some(Item::JsonMap(self.{name}.as_ref()?.entries())),"
            );
            continue;
        };
        let _ =
            writeln!(items, "Slot::{slot} => self.{name}.as_ref()?.item(field, index, visible),");
        let inner = model.record(&inner).ok_or_else(|| format!("there is no `{inner}`"))?;
        if has_lists(model, inner)? {
            let _ = writeln!(
                counts,
                "Slot::{slot} => self.{name}.as_ref().map_or(0, |slot| slot.count(field)),"
            );
        }
        if inner.is_filtered(model) || inner.members.iter().any(|member| member.ignores_case) {
            let _ = writeln!(
                breadths,
                "Slot::{slot} => self.{name}.as_ref().map_or(0, |slot| slot.breadth(field)),"
            );
        }
    }
    Ok(format!(
        "impl View for Extensions {{\n\
         fn item(&self, field: Field, index: usize, visible: CapabilitySet) -> Option<Item<'_>> {{\n\
         match field.info().slot {{\n{items}_ => None,\n}}\n}}\n\n\
         fn count(&self, field: Field) -> usize {{\nmatch field.info().slot {{\n{counts}_ => 0,\n}}\n}}\n\n\
         fn breadth(&self, field: Field) -> usize {{\nmatch field.info().slot {{\n{breadths}_ => 0,\n}}\n}}\n}}\n\n\
         /// A bit for each slot that is there.\npub(super) fn slots(extensions: &Extensions) -> u32 {{\n{}\n}}\n\n",
        present.join(" | ")
    ))
}

/// True if fields of a record are told apart by an index.
fn has_lists(model: &Model, record: &Record) -> Result<bool, String> {
    for member in &record.members {
        let is_list = match member.ty()? {
            Type::List(inner) => {
                matches!(*inner, Type::Pair(..))
                    || matches!(&*inner, Type::Named(name) if model.record(name).is_some())
            }
            _ => false,
        };
        if is_list && (member.field.is_some() || record.name == "RawCredentialsExtension") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// One record.
fn view(
    (model, all): (&Model, &Model),
    fields: &Fields,
    world: &World,
    record: &Record,
) -> Result<String, String> {
    let (mut arms, mut lists, mut breadths) = (String::new(), String::new(), String::new());
    let paths: Vec<_> = fields.paths(&record.name).collect();
    let is_slot = paths.iter().any(|path| !path.contains('.'));
    for name in paths.iter().flat_map(|path| fields.at(&format!("{path}.flat"))) {
        let name_of_flat = flat_name(record);
        let made = if record.is_filtered(model) {
            format!("{name_of_flat}(self).map(|record| record.visible_to(visible))")
        } else {
            format!("{name_of_flat}(self)")
        };
        let _ = writeln!(arms, "Field::{name} => Item::flat(move || {made}),");
    }
    if is_slot {
        for name in paths.iter().flat_map(|path| fields.at(path)) {
            let _ = writeln!(arms, "Field::{name} => {},", whole(model, record)?);
            if record.is_filtered(model) {
                let _ = writeln!(
                    breadths,
                    "Field::{name} => copied_{}(self).saturating_mul(COPIED),",
                    record_name(record)
                );
            }
        }
    }
    let (mut uses_index, mut uses_visible) = (false, is_slot && record.is_filtered(model));
    for member in &record.members {
        // The adapter looks it up.
        if world.is_praxis && member.praxis.is_some() {
            continue;
        }
        let own: Vec<_> =
            paths.iter().flat_map(|path| fields.at(&format!("{path}.{}", member.name))).collect();
        let ty = member.ty()?;
        if !own.is_empty() {
            uses_index |= matches!(ty, Type::List(_));
            uses_visible |= member.filtered_record(model).is_some();
            let _ = writeln!(arms, "{} => {},", any_of(&own), item(model, member, &ty)?);
            if member.ignores_case {
                let _ = writeln!(breadths, "{} => self.{}.len(),", any_of(&own), member.name);
            }
            if let Some(inner) = member.filtered_record(model) {
                let _ = writeln!(
                    breadths,
                    "{} => self.{}.as_ref().map_or(0, |inner| copied_{}(inner).saturating_mul(COPIED)),",
                    any_of(&own),
                    member.name,
                    record_name(inner)
                );
            }
            if matches!(ty, Type::List(_)) {
                let _ = writeln!(lists, "{} => self.{}.len(),", any_of(&own), member.name);
            }
        }
        let nested: Vec<_> = paths
            .iter()
            .flat_map(|path| fields.below(&format!("{path}.{}", member.name)))
            .collect();
        if !nested.is_empty() {
            uses_index = true;
            uses_visible = true;
            let _ = writeln!(
                arms,
                "{} => return self.{}.as_ref()?.item(field, index, visible),",
                any_of(&nested),
                member.name
            );
        }
    }
    // What is a map here, and is not there in the engine, is empty.
    for member in all.record(&record.name).into_iter().flat_map(|record| &record.members) {
        if record.has(&member.name) {
            continue;
        }
        let own = paths.iter().flat_map(|path| fields.at(&format!("{path}.{}", member.name)));
        if member.ty()? == Type::Map(Box::new(Type::Json)) {
            for name in own {
                let _ = writeln!(arms, "Field::{name} => Item::JsonMap(crate::view::no_values()),");
            }
        }
    }
    let named = |used, name| if used { name } else { "_" };
    let mut code = format!(
        "impl View for {} {{\n\
         fn item(&self, field: Field, {}: usize, {}: CapabilitySet) -> Option<Item<'_>> {{\n\
         Some(match field {{\n{arms}_ => return None,\n}})\n}}\n",
        record.name,
        named(uses_index, "index"),
        named(uses_visible, "visible")
    );
    for (function, arms) in [("count", lists), ("breadth", breadths)] {
        if !arms.is_empty() {
            let _ = write!(
                code,
                "\nfn {function}(&self, field: Field) -> usize {{\nmatch field {{\n{arms}_ => 0,\n}}\n}}\n"
            );
        }
    }
    code.push_str("}\n\n");
    if record.is_filtered(model) {
        code.push_str(&copied(model, world, record)?);
    }
    Ok(code)
}

fn record_name(record: &Record) -> &str {
    record.called.as_deref().unwrap_or(&record.name)
}

/// The number of entries of sets and maps that are copied to make the visible part of a record.
fn copied(model: &Model, world: &World, record: &Record) -> Result<String, String> {
    let mut lens = Vec::new();
    for member in &record.members {
        // It is made of another member.
        if world.is_praxis && member.praxis.is_some() && member.native == Native::Praxis {
            continue;
        }
        match member.ty()? {
            Type::Set | Type::Map(_) => lens.push(format!("record.{}.len()", member.name)),
            Type::Option(_) => {
                if let Some(inner) = member.filtered_record(model) {
                    lens.push(format!(
                        "record.{}.as_ref().map_or(0, copied_{})",
                        member.name,
                        record_name(inner)
                    ));
                }
            }
            _ => {}
        }
    }
    Ok(format!(
        "/// The entries that are copied to make the part that a plugin sees.\n\
         fn copied_{}(record: &{}) -> usize {{\n[{}].into_iter().fold(0, usize::saturating_add)\n}}\n\n",
        record_name(record),
        record.name,
        lens.join(", ")
    ))
}

fn any_of(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("Field::{name}")).collect();
    names.join(" | ")
}

/// A whole record. `cpex-core` keeps sets in no order.
fn whole(model: &Model, record: &Record) -> Result<&'static str, String> {
    if record.is_filtered(model) {
        return Ok("Item::Record(visible_part(self, visible)?)");
    }
    for member in &record.members {
        if member.ty()? == Type::Set {
            return Ok("in_order(self)");
        }
    }
    Ok("record(self)")
}

/// The value of a member.
fn item(model: &Model, member: &Member, ty: &Type) -> Result<String, String> {
    item_of(model, member, ty, &format!("self.{}", member.name))
}

fn item_of(model: &Model, member: &Member, ty: &Type, at: &str) -> Result<String, String> {
    let optional = matches!(ty, Type::Option(_));
    let inner = if let Type::Option(inner) = ty { inner } else { ty };
    let by_ref = if optional { format!("{at}.as_ref()?") } else { format!("&{at}") };
    let by_value = if optional { format!("{at}?") } else { at.to_owned() };
    Ok(match inner {
        Type::Text | Type::Time => format!("Item::text({by_ref})"),
        Type::Plain("bool") => format!("Item::Bool({by_value})"),
        Type::Plain("f64") => format!("Item::Float({by_value})"),
        Type::Plain("u64") => format!("Item::Unsigned({by_value})"),
        Type::Plain(_) => format!("Item::Unsigned({by_value}.into())"),
        Type::Json => format!("Item::json_value({by_ref})"),
        Type::Set => format!("Item::TextSet({by_ref})"),
        Type::Map(value) => match **value {
            Type::Text => format!("Item::TextMap({by_ref})"),
            Type::Json => format!("Item::JsonMap({at}.entries())"),
            _ => format!("record({by_ref})"),
        },
        Type::Named(name) if model.find_enum(name).is_some() => format!("Item::name({by_ref})"),
        Type::Named(_) if member.filtered_record(model).is_some() => {
            format!("Item::Record(visible_part({by_ref}, visible)?)")
        }
        Type::Named(_) => format!("record({by_ref})"),
        Type::List(_) => format!("record({at}.get(index)?)"),
        other => return Err(format!("{}: a field cannot be a `{other}`", member.name)),
    })
}
