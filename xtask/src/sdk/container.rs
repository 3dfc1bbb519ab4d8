//! The slots together as plugins in CPEX's style find and change them.

use std::fmt::Write as _;

use super::{described, foreign_imports, native_type, words};
use crate::description::{Change, How, JsonRule, Member, Model, Record, camel_case};
use crate::fields::Fields;
use crate::records::doc;
use crate::ty::Type;
use crate::views::{has_own_sets, is_own_set};

/// The slots whose fetching is written by hand.
const FETCHED_BY_HAND: &[&str] = &["raw_credentials", "custom"];

/// A slot: its row, its field, and the type of what is in it.
struct Slot<'m> {
    member: &'m Member,
    field: String,
    ty: String,
    /// True if each plugin may read it.
    is_open: bool,
}

impl Slot<'_> {
    fn name(&self) -> &str {
        &self.member.name
    }

    /// The associated type of `Granted` that stands for it, if it takes a capability.
    fn kind(&self) -> String {
        camel_case(self.name())
    }

    /// The type in the extensions of a plugin.
    fn shown(&self) -> String {
        if self.is_open {
            format!("Option<Slot<{}>>", self.ty)
        } else {
            format!("R::{}", self.kind())
        }
    }

    /// The slot of a container, if it is there.
    fn option(&self, container: &str) -> String {
        let call = if self.is_open { "as_ref()" } else { "slot()" };
        format!("{container}.{}.{call}", self.name())
    }

    fn change(&self) -> Option<&Change> {
        self.member.change.as_ref()
    }

    fn how(&self) -> How {
        self.change().map_or(How::Shared, |change| change.how)
    }
}

/// All slots, in the order of their rows.
fn slots<'m>(model: &'m Model, fields: &Fields) -> Result<Vec<Slot<'m>>, String> {
    let record = model.record("Extensions").ok_or("`Extensions` is not described")?;
    record
        .members
        .iter()
        .map(|member| {
            let field = fields.all.iter().find(|field| field.path == member.name);
            let field = field.ok_or_else(|| format!("{}: a slot is a field", member.name))?;
            let Type::Option(inner) = member.ty()? else {
                return Err(format!("{}: a slot may be missing", member.name));
            };
            let is_open = field.read == "open";
            Ok(Slot { member, field: field.name.clone(), ty: native_type(&inner), is_open })
        })
        .collect()
}

/// The file with the container.
pub(crate) fn file(model: &Model, fields: &Fields) -> Result<String, String> {
    let slots = slots(model, fields)?;
    let changes = slots.iter().filter_map(Slot::change);
    let tokens: Vec<_> = changes
        .filter_map(|change| {
            Some(Token {
                name: change.token.as_deref()?,
                right: change.right.as_deref()?,
                capability: camel_case(change.capability.as_deref()?),
            })
        })
        .collect();
    let body = [
        granted(&slots),
        container(&slots),
        extensions(&slots, &tokens),
        owned(&slots, &tokens),
        fetches(model, fields, &slots)?,
        macro_code(&slots),
    ]
    .concat();
    Ok(head(model, &body) + &body)
}

/// A token for changes.
struct Token<'m> {
    name: &'m str,
    right: &'m str,
    capability: String,
}

/// The text of each slot, one after the other.
fn each<'m>(slots: &[Slot<'m>], text: impl Fn(&Slot<'m>) -> String) -> String {
    slots.iter().map(text).collect()
}

/// The text of each slot that takes a capability.
fn each_closed<'m>(slots: &[Slot<'m>], text: impl Fn(&Slot<'m>) -> String) -> String {
    slots.iter().filter(|slot| !slot.is_open).map(text).collect()
}

fn head(model: &Model, body: &str) -> String {
    let words = words(body);
    format!(
        "//! All slots together.\n\nuse core::ops::{{Deref, DerefMut}};\nuse std::sync::OnceLock;\n\n\
         use serde::{{Deserializer, Serializer}};\nuse cpex_wasmi_abi::{{Capability, CapabilitySet}};\n{}\n\
         use crate::Field;\nuse crate::cpex::extensions::{{Guarded, WriteToken}};\n\
         use crate::cpex::extensions::granted::GrantedSlot;\nuse crate::cpex::extensions::owned::OwnedSlot;\n\
         use crate::cpex::extensions::slot::{{Fetch, Slot, flat, whole}};\nuse crate::cpex::fetch::{{fetched, lost}};\n\
         use crate::cpex::records::{{{}}};\nuse crate::cpex::extensions::MonotonicSet;\nuse crate::cpex::wire::{{Reader, Wire}};\nuse crate::raw;\n\n",
        foreign_imports(&words),
        described(model, &words)
    )
}

fn granted(slots: &[Slot<'_>]) -> String {
    format!(
        "/// The slots that the capabilities of a plugin open. Each of the others is a\n\
         /// [`NotGranted`](crate::cpex::extensions::NotGranted).\n\
         pub trait Granted: Sized + 'static {{\n{}}}\n\n\
         /// The capabilities that open all slots.\n#[derive(Debug)]\npub enum Everything {{}}\n\n\
         impl Granted for Everything {{\n{}}}\n\n",
        each_closed(slots, |slot| format!(
            "/// `extensions.{}`.\ntype {}: GrantedSlot<{}>;\n",
            slot.name(),
            slot.kind(),
            slot.ty
        )),
        each_closed(slots, |slot| format!("type {} = Option<Slot<{}>>;\n", slot.kind(), slot.ty)),
    )
}

/// The structure that a look at the extensions makes.
fn container(slots: &[Slot<'_>]) -> String {
    let fields = each(slots, |slot| {
        let skip = match (slot.is_open, &slot.member.json) {
            (_, Some(JsonRule::Write)) => "",
            (false, _) => "#[serde(skip_serializing_if = \"GrantedSlot::is_none\")]\n",
            _ => "#[serde(skip_serializing_if = \"Option::is_none\")]\n",
        };
        format!("{}{skip}pub {}: {},\n", doc(&slot.member.doc), slot.name(), slot.shown())
    });
    format!(
        "/// The slots of [`Extensions`]. One that the capabilities of the plugin do not open is of a type without a value.\n\
         #[derive(Serialize, Deserialize)]\n\
         #[serde(bound = \"\")]\n\
         pub struct Slots<R: Granted = Everything> {{\n{fields}}}\n\n\
         impl<R: Granted> Slots<R> {{\n\
         /// The slots that are there: a bit for each.\n\
         fn given(there: u32) -> Self {{\n\
         fn slot<T>(there: u32, field: Field) -> Option<Slot<T>> {{\n\
         (there & field.slot_bit() != 0).then(Slot::given)\n}}\n\
         Self {{\n{}}}\n}}\n}}\n\n\
         impl<R: Granted> Clone for Slots<R> {{\nfn clone(&self) -> Self {{\nSelf {{\n{}}}\n}}\n}}\n\n\
         impl<R: Granted> fmt::Debug for Slots<R> {{\n\
         fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{\nf.debug_struct(\"Extensions\"){}.finish_non_exhaustive()\n}}\n}}\n\n",
        each(slots, |slot| {
            let made = format!("slot(there, Field::{})", slot.field);
            let made = if slot.is_open { made } else { format!("GrantedSlot::of({made})") };
            format!("{}: {made},\n", slot.name())
        }),
        each(slots, |slot| format!("{name}: self.{name}.clone(),\n", name = slot.name())),
        each(slots, |slot| format!(".field(\"{name}\", &self.{name})", name = slot.name())),
    )
}

fn extensions(slots: &[Slot<'_>], tokens: &[Token<'_>]) -> String {
    let mut fields = String::new();
    let (mut given, mut none, mut copied) = (String::new(), String::new(), String::new());
    for Token { name, right, capability } in tokens {
        let _ = writeln!(
            fields,
            "/// The right to change {right}, if the plugin was granted it.\npub {name}: Option<WriteToken>,"
        );
        let _ = writeln!(
            given,
            "{name}: capabilities.contains(Capability::{capability}).then(WriteToken::new),"
        );
        let _ = writeln!(none, "{name}: None,");
        let _ = writeln!(copied, "{name}: self.{name}.as_ref().map(|_| WriteToken::new()),");
    }
    let unchanged: Vec<_> = slots
        .iter()
        .filter(|slot| slot.change().is_none())
        .map(|slot| format!("is_unchanged(&modified.{})", slot.name()))
        .collect();
    format!(
        "/// The extensions that travel beside a payload. `R` is the plugin. It has the [`Slots`] as its fields; which of them are\n\
         /// there is asked for at the first look, and each is fetched at the first look at it.\n\
         pub struct Extensions<R: Granted = Everything> {{\nslots: OnceLock<Slots<R>>,\n{fields}}}\n\n\
         impl<R: Granted> Extensions<R> {{\n\
         /// The extensions of the request, for a plugin with these capabilities.\n\
         #[inline(always)]\n\
         pub(in crate::cpex) fn given(capabilities: CapabilitySet) -> Self {{\nSelf {{\nslots: OnceLock::new(),\n{}}}\n}}\n\n\
         /// A copy to change: what is looked at is copied, the rest is shared.\n\
         pub fn cow_copy(&self) -> OwnedExtensions {{\nOwnedExtensions {{\n{}{copied}}}\n}}\n\n\
         /// True if a copy still has the slots that no plugin may change.\n\
         pub fn validate_immutable(&self, modified: &OwnedExtensions) -> bool {{\n\
         fn is_unchanged<T>(slot: &Option<Slot<T>>) -> bool {{\nslot.as_ref().is_none_or(Slot::is_given)\n}}\n{}\n}}\n}}\n\n\
         impl<R: Granted> Deref for Extensions<R> {{\ntype Target = Slots<R>;\n\n#[inline(never)]\n\
         fn deref(&self) -> &Slots<R> {{\nself.slots.get_or_init(|| Slots::given(fetched(raw::slots())))\n}}\n}}\n\n\
         impl<R: Granted> DerefMut for Extensions<R> {{\n\
         fn deref_mut(&mut self) -> &mut Slots<R> {{\nlet _: &Slots<R> = self;\n\
         self.slots.get_mut().unwrap_or_else(|| lost())\n}}\n}}\n\n\
         impl<R: Granted> From<Slots<R>> for Extensions<R> {{\n\
         fn from(slots: Slots<R>) -> Self {{\nSelf {{ slots: slots.into(), {none} }}\n}}\n}}\n\n\
         impl<R: Granted> Default for Extensions<R> {{\nfn default() -> Self {{\nSlots::given(0).into()\n}}\n}}\n\n\
         /// A copy has no write tokens.\n\
         impl<R: Granted> Clone for Extensions<R> {{\nfn clone(&self) -> Self {{\nSlots::clone(self).into()\n}}\n}}\n\n\
         impl<R: Granted> fmt::Debug for Extensions<R> {{\n\
         fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{\nSlots::fmt(self, f)\n}}\n}}\n\n\
         impl<R: Granted> Serialize for Extensions<R> {{\n\
         fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {{\nSlots::serialize(self, serializer)\n}}\n}}\n\n\
         impl<'de, R: Granted> Deserialize<'de> for Extensions<R> {{\n\
         fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {{\n\
         Slots::deserialize(deserializer).map(Into::into)\n}}\n}}\n\n",
        given,
        each(slots, |slot| {
            let option = slot.option("self");
            let made = match slot.how() {
                How::Shared => format!("{option}.map(Slot::share)"),
                How::Copied => format!("{option}.map(OwnedSlot::of)"),
                How::Guarded => format!("{option}.map(OwnedSlot::of).map(Guarded::new)"),
            };
            format!("{}: {made},\n", slot.name())
        }),
        unchanged.join(" && ")
    )
}

fn owned(slots: &[Slot<'_>], tokens: &[Token<'_>]) -> String {
    let fields = each(slots, |slot| {
        let rule = match (slot.change(), slot.how()) {
            (None, _) => " Not to be changed.",
            (_, How::Shared) => " The host takes no changes.",
            _ => "",
        };
        let ty = match slot.how() {
            How::Shared => format!("Slot<{}>", slot.ty),
            How::Copied => format!("OwnedSlot<{}>", slot.ty),
            How::Guarded => format!("Guarded<OwnedSlot<{}>>", slot.ty),
        };
        let text = format!("{}{rule}", slot.member.doc);
        format!("{}pub {}: Option<{ty}>,\n", doc(&text), slot.name())
    });
    let mut token_fields = String::new();
    for Token { name, right, .. } in tokens {
        let _ = writeln!(
            token_fields,
            "/// The right to change {right}, if the plugin was granted it.\npub {name}: Option<WriteToken>,"
        );
    }
    format!(
        "/// Extensions to change, made by [`Extensions::cow_copy`].\n///\n\
         /// The host takes new labels, changed headers, appended delegations and the candidate constraint, each if\n\
         /// the plugin was granted it, and the custom slot. If a slot that no plugin may change was changed nonetheless,\n\
         /// it takes nothing.\n\
         #[derive(Debug)]\npub struct OwnedExtensions {{\n{fields}{token_fields}}}\n\n"
    )
}

/// The fetching of each slot. Sets and maps that are fields of their own stay on the host.
fn fetches(model: &Model, fields: &Fields, slots: &[Slot<'_>]) -> Result<String, String> {
    let mut code = String::new();
    for slot in slots {
        if FETCHED_BY_HAND.contains(&slot.name()) {
            continue;
        }
        let record = model.record(&slot.ty).ok_or_else(|| format!("there is no `{}`", slot.ty))?;
        let flat = fields.at(&format!("{}.flat", slot.name()));
        let read = match &*flat {
            [flat] => {
                flats(model, record, &mut code)?;
                format!("flat(Field::{flat}, |reader| Self::read_flat(reader, 0))")
            }
            _ => format!("whole(Field::{})", slot.field),
        };
        let _ = writeln!(
            code,
            "impl Fetch for {} {{\nfn fetch() -> Self {{\n{read}\n}}\n}}\n",
            slot.ty
        );
    }
    // Tool calls are fetched one by one.
    flats(model, model.record("ToolCall").ok_or("there is no `ToolCall`")?, &mut code)?;
    Ok(code)
}

/// Writes the function that reads a record whose sets and maps stay on the host, and those for the records in it.
fn flats(model: &Model, record: &Record, code: &mut String) -> Result<(), String> {
    let mut members = String::new();
    for member in &record.members {
        let inner = match member.ty()? {
            Type::Option(inner) => match *inner {
                Type::Named(inner) => model.record(&inner).filter(|inner| has_own_sets(inner)),
                _ => None,
            },
            _ => None,
        };
        let name = &member.name;
        let _ = match (&member.field, inner) {
            (Some(field), _) if is_own_set(member) => {
                let field = field.split_whitespace().last().unwrap_or_default();
                let ty = member
                    .native_type
                    .clone()
                    .map_or_else(|| member.ty().map(|ty| native_type(&ty)), Ok)?;
                let ty = ty.split('<').next().unwrap_or_default();
                writeln!(members, "{name}: {ty}::on_host(reader, (Field::{field}, index)),")
            }
            (_, Some(inner)) => {
                flats(model, inner, code)?;
                writeln!(
                    members,
                    "{name}: bool::read(reader).then(|| {}::read_flat(reader, index)),",
                    inner.name
                )
            }
            _ => writeln!(members, "{name}: Wire::read(reader),"),
        };
    }
    let _ = writeln!(
        code,
        "impl {} {{\n/// Reads a record whose sets and maps stay on the host until a handler looks at them. `index` counts the records.\n\
         pub(in crate::cpex) fn read_flat(reader: &mut Reader<'_>, index: u32) -> Self {{\nSelf {{\n{members}}}\n}}\n}}\n",
        record.name
    );
    Ok(())
}

/// The part of `cpex_plugin!` that chooses the type of each slot, in the plugin's crate.
fn macro_code(slots: &[Slot<'_>]) -> String {
    format!(
        "/// Implements [`Granted`] for a plugin, by its capabilities.\n\
         #[macro_export]\n#[doc(hidden)]\nmacro_rules! __cpex_granted {{\n($plugin:ty) => {{\n\
         impl $crate::cpex::rt::Granted for $plugin {{\n{}}}\n}};\n}}\n",
        each_closed(slots, |slot| format!(
            "type {} = $crate::cpex::rt::Pick<{{ $crate::cpex::rt::opens::<$plugin>($crate::Field::{}) }}, \
             ::core::option::Option<$crate::cpex::extensions::Slot<$crate::cpex::extensions::{ty}>>, \
             $crate::cpex::extensions::NotGranted<$crate::cpex::extensions::{ty}>>;\n",
            slot.kind(),
            slot.field,
            ty = slot.ty
        ))
    )
}
