//! The slots together as plugins in CPEX's style find and change them.

use std::fmt::Write as _;

use super::parts::{Part, choice};
use super::{described, foreign_imports, native_type, words};
use crate::description::{Change, How, JsonRule, Member, Model, camel_case};
use crate::fields::Fields;
use crate::records::doc;
use crate::ty::Type;

/// A slot: its row, and the type of what is in it.
pub(crate) struct Slot<'m> {
    pub(crate) member: &'m Member,
    pub(crate) ty: String,
}

impl Slot<'_> {
    pub(crate) fn name(&self) -> &str {
        &self.member.name
    }

    /// The associated type of `Reads` that stands for it.
    fn kind(&self) -> String {
        camel_case(self.name())
    }

    fn change(&self) -> Option<&Change> {
        self.member.change.as_ref()
    }

    fn how(&self) -> How {
        self.change().map_or(How::Shared, |change| change.how)
    }

    /// The associated type of `Slot` that stands for it in a copy, and the functions that make the copy and give
    /// back what is in it.
    fn copy(&self) -> [&'static str; 3] {
        match self.how() {
            How::Guarded => ["Guarded", "guarded", "unguarded"],
            How::Copied => ["Copied", "copied", "whole_of"],
            How::Shared => ["Shared", "shared", "arc_of"],
        }
    }
}

/// All slots, in the order of their rows.
pub(crate) fn slots(model: &Model) -> Result<Vec<Slot<'_>>, String> {
    let record = model.record("Extensions").ok_or("`Extensions` is not described")?;
    record
        .members
        .iter()
        .map(|member| match member.ty()? {
            // A plugin that changes it makes a map of its own.
            Type::Option(inner) => {
                Ok(Slot { member, ty: native_type(&inner).replace("LazyMap<", "HashMap<String, ") })
            }
            _ => Err(format!("{}: a slot may be missing", member.name)),
        })
        .collect()
}

/// The file with the container.
pub(crate) fn file(model: &Model, fields: &Fields) -> Result<String, String> {
    let slots = slots(model)?;
    let parts = Part::all(model, fields)?;
    let changes: Vec<_> = slots.iter().filter_map(Slot::change).collect();
    let rights: Vec<_> = changes
        .iter()
        .filter_map(|change| Some((change.right.as_deref()?, change.capability.as_deref()?)))
        .collect();
    let tokens: Vec<_> = changes
        .iter()
        .filter_map(|change| Some((change.token.as_deref()?, change.right.as_deref()?)))
        .collect();
    let body = [
        reads(&slots, &parts),
        extensions(&slots, &tokens),
        copies(&slots, &tokens),
        owned(&slots, &tokens),
        rights_of(&rights),
        macro_code(&slots, &parts),
    ]
    .concat();
    Ok(head(model, &body) + &body)
}

/// The text of each slot, one after the other.
fn each<'m>(slots: &[Slot<'m>], text: impl Fn(&Slot<'m>) -> String) -> String {
    slots.iter().map(text).collect()
}

fn head(model: &Model, body: &str) -> String {
    let words = words(body);
    format!(
        "//! All slots together.\n\nuse core::mem::forget;\n{}\
         use crate::cpex::extensions::container::{{Member, Slot, is_unchanged}};\n\
         use crate::cpex::extensions::{{MonotonicSet, WriteToken}};\nuse crate::cpex::records::{{{}}};\n\n",
        foreign_imports(&words),
        described(model, &words)
    )
}

fn reads(slots: &[Slot<'_>], parts: &[Part<'_>]) -> String {
    format!(
        "/// The slots and fields that a plugin lists in `reads`. Each of the others is a\n\
         /// [`NotInReads`](crate::cpex::extensions::NotInReads).\n\
         pub trait Reads: Sized + 'static {{\n{}{}}}\n\n\
         /// The list of all slots.\n#[derive(Debug)]\npub enum Everything {{}}\n\n\
         impl Reads for Everything {{\n{}{}}}\n\n",
        each(slots, |slot| format!(
            "/// `extensions.{}`.\ntype {}: Slot<{}>;\n",
            slot.name(),
            slot.kind(),
            slot.ty
        )),
        parts.iter().map(Part::bounds).collect::<String>(),
        each(slots, |slot| format!("type {} = Option<Arc<{}>>;\n", slot.kind(), slot.ty)),
        parts.iter().map(Part::whole).collect::<String>(),
    )
}

fn extensions(slots: &[Slot<'_>], tokens: &[(&str, &str)]) -> String {
    let bounds = |what: &str| each(slots, |slot| format!("R::{}: {what}, ", slot.kind()));
    let fields = each(slots, |slot| {
        let skip = if slot.member.json == Some(JsonRule::Write) {
            ""
        } else {
            "#[serde(skip_serializing_if = \"Slot::is_none\")]\n"
        };
        format!("{}{skip}pub {}: R::{},\n", doc(&slot.member.doc), slot.name(), slot.kind())
    });
    let mut token_fields = String::new();
    let (mut given, mut none) = (String::new(), String::new());
    for (token, right) in tokens {
        let _ = write!(
            token_fields,
            "/// The right to change {right}, if the plugin was granted it.\n#[serde(skip)]\npub {token}: Option<WriteToken>,\n"
        );
        let _ = writeln!(given, "{token}: rights.{right}.then(WriteToken::new),");
        let _ = writeln!(none, "{token}: None,");
    }
    format!(
        "/// The extensions that travel beside a payload, as far as the plugin reads them. `R` is the plugin: the\n\
         /// slots that its `reads` does not list are of a type in which there is nothing to look at.\n\
         #[derive(Serialize, Deserialize)]\n\
         #[serde(bound(serialize = \"{}\", deserialize = \"{}\"))]\n\
         pub struct Extensions<R: Reads> {{\n{fields}{token_fields}}}\n\n\
         impl<R: Reads> Extensions<R> {{\n\
         /// The slots that are listed, of all that were read, and the tokens of the plugin's rights.\n\
         #[inline(always)]\n\
         pub(in crate::cpex) fn of(read: Extensions<Everything>, rights: Rights) -> Self {{\nSelf {{\n{}{given}}}\n}}\n}}\n\n\
         impl<R: Reads> Default for Extensions<R> {{\nfn default() -> Self {{\nSelf {{\n{}{none}}}\n}}\n}}\n\n\
         /// A copy has no write tokens.\n\
         impl<R: Reads> Clone for Extensions<R> {{\nfn clone(&self) -> Self {{\nSelf {{\n{}{none}}}\n}}\n}}\n\n\
         impl<R: Reads> fmt::Debug for Extensions<R> {{\n\
         fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{\nf.debug_struct(\"Extensions\"){}.finish_non_exhaustive()\n}}\n}}\n\n",
        bounds("Serialize"),
        bounds("Deserialize<'de>"),
        each(slots, |slot| format!("{name}: Slot::of(read.{name}),\n", name = slot.name())),
        each(slots, |slot| format!("{}: Slot::of(None),\n", slot.name())),
        each(slots, |slot| format!("{name}: self.{name}.clone(),\n", name = slot.name())),
        each(slots, |slot| format!(".field(\"{name}\", &self.{name})", name = slot.name())),
    )
}

/// The making of a copy to change, and the check of it.
fn copies(slots: &[Slot<'_>], tokens: &[(&str, &str)]) -> String {
    let mut copied = String::new();
    for (token, _) in tokens {
        let _ = writeln!(copied, "{token}: self.{token}.as_ref().map(|_| WriteToken::new()),");
    }
    let unchanged: Vec<_> = slots
        .iter()
        .filter(|slot| slot.change().is_none())
        .map(|slot| format!("is_unchanged(&self.{name}, &modified.{name})", name = slot.name()))
        .collect();
    format!(
        "impl<R: Reads> Extensions<R> {{\n\
         /// A copy to change: only what can be changed is copied, the rest is shared. A slot of which\n\
         /// `reads` does not list the whole can be changed in it, and not looked at.\n\
         // Inlined: see `Incoming`.\n#[inline(always)]\n\
         pub fn cow_copy(&self) -> OwnedExtensions<R> {{\nOwnedExtensions {{\n{}{copied}}}\n}}\n\n\
         /// True if a copy still has the slots that no plugin may change.\n#[inline(always)]\n\
         pub fn validate_immutable<M: Reads>(&self, modified: &OwnedExtensions<M>) -> bool {{\n{}\n}}\n}}\n\n",
        each(slots, |slot| format!(
            "{name}: Slot::{}(&self.{name}),\n",
            slot.copy()[1],
            name = slot.name()
        )),
        unchanged.join(" && ")
    )
}

fn owned(slots: &[Slot<'_>], tokens: &[(&str, &str)]) -> String {
    let fields = each(slots, |slot| {
        let rule = match (slot.change(), slot.how()) {
            (None, _) => " Not to be changed.",
            (_, How::Shared) => " The host takes no changes.",
            _ => "",
        };
        let text = format!("{}{rule}", slot.member.doc);
        format!(
            "{}pub {}: <R::{} as Slot<{}>>::{},\n",
            doc(&text),
            slot.name(),
            slot.kind(),
            slot.ty,
            slot.copy()[0]
        )
    });
    let (mut token_fields, mut kept) = (String::new(), String::new());
    for (token, right) in tokens {
        let _ = writeln!(kept, "{token}: self.{token},");
        let _ = write!(
            token_fields,
            "/// The right to change {right}, if the plugin was granted it.\npub {token}: Option<WriteToken>,\n"
        );
    }
    let drops = each(slots, |slot| {
        let name = slot.name();
        let right = slot.change().and_then(|change| change.right.as_ref());
        match right {
            // Each plugin may change it.
            None if slot.how() == How::Copied => format!("drop({name});\n"),
            None => format!(
                "if R::{}::WHOLE {{ drop({name}); }} else {{ forget({name}); }}\n",
                slot.kind()
            ),
            Some(right) => format!(
                "if R::{}::LISTED || rights.{right} {{ drop({name}); }} else {{ forget({name}); }}\n",
                slot.kind()
            ),
        }
    });
    format!(
        "/// Extensions to change, made by [`Extensions::cow_copy`].\n///\n\
         /// The host takes new labels, changed headers, appended delegations and the candidate constraint, each if\n\
         /// the plugin was granted it, and the custom slot. If a slot that no plugin may change was changed nonetheless,\n\
         /// it takes nothing.\n\
         #[derive(Debug)]\npub struct OwnedExtensions<R: Reads = Everything> {{\n{fields}{token_fields}}}\n\n\
         impl<R: Reads> OwnedExtensions<R> {{\n\
         /// The copy without what `reads` says of it: what was not looked at is missing, but for what was added.\n\
         #[inline(always)]\n\
         pub(in crate::cpex) fn untyped(self) -> OwnedExtensions {{\nOwnedExtensions {{\n{}{kept}}}\n}}\n}}\n\n\
         impl OwnedExtensions {{\n\
         /// Drops what was read, and what the plugin may have put there. Anything else is not there, so that no module\n\
         /// has the code to drop it.\n#[inline(always)]\n\
         pub(in crate::cpex) fn dispose<R: Reads>(self, rights: Rights) {{\nlet Self {{ {} .. }} = self;\n{drops}}}\n}}\n\n",
        each(slots, |slot| format!(
            "{name}: <R::{} as Slot<{}>>::{}(self.{name}),\n",
            slot.kind(),
            slot.ty,
            slot.copy()[2],
            name = slot.name()
        )),
        each(slots, |slot| format!("{}, ", slot.name())),
    )
}

fn rights_of(rights: &[(&str, &str)]) -> String {
    let (mut fields, mut values) = (String::new(), String::new());
    for (right, capability) in rights {
        let _ = write!(
            fields,
            "/// True if `{capability}` is asked for.\npub(in crate::cpex) {right}: bool,\n"
        );
        let _ =
            writeln!(values, "{right}: crate::cpex::known::has(capabilities, \"{capability}\"),");
    }
    format!(
        "/// The changes that the capabilities of a plugin's manifest allow.\n#[derive(Clone, Copy, Debug)]\n\
         pub struct Rights {{\n{fields}}}\n\nimpl Rights {{\n\
         /// The rights that a manifest's capabilities give.\n\
         pub(in crate::cpex) const fn of(capabilities: &[&str]) -> Self {{\nSelf {{\n{values}}}\n}}\n}}\n\n"
    )
}

/// The part of `cpex_plugin!` that makes a type of each slot, in the plugin's crate.
fn macro_code(slots: &[Slot<'_>], parts: &[Part<'_>]) -> String {
    format!(
        "/// Implements [`Reads`] for a plugin: each slot and field is of the type that its paths make of it.\n\
         #[macro_export]\n#[doc(hidden)]\nmacro_rules! __cpex_reads {{\n($plugin:ty, $reads:expr) => {{\n\
         impl $crate::cpex::rt::Reads for $plugin {{\n{}{}}}\n}};\n}}\n",
        each(slots, |slot| {
            let ty = if slot.ty.contains('<') {
                "$crate::cpex::rt::Custom".to_owned()
            } else {
                format!("$crate::cpex::extensions::{}", slot.ty)
            };
            let shared = |ty: &str| format!("::core::option::Option<$crate::cpex::rt::Arc<{ty}>>");
            let part = parts.iter().any(|part| part.is(slot)).then(|| {
                shared(&format!("$crate::cpex::extensions::parts::{}<$plugin>", slot.kind()))
            });
            choice(&slot.kind(), slot.name(), &shared(&ty), part.as_deref(), &ty)
        }),
        parts.iter().map(Part::choices).collect::<String>()
    )
}
