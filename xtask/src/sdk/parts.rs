//! The slots of which a plugin lists single fields: a field that it does not list has a type without a value.

use std::fmt::Write as _;

use super::container::{Slot, slots};
use super::reads::{BY_HAND, record};
use super::{described, foreign_imports, native_type, words};
use crate::description::{Member, Model, Record, camel_case};
use crate::fields::Fields;
use crate::records::doc;
use crate::ty::Type;

/// A record that may be listed in part: a slot, or a record in one.
pub(crate) struct Part<'m> {
    /// The path to it, such as `security.subject`.
    path: String,
    record: &'m Record,
    members: Vec<Listed<'m>>,
}

/// A member of such a record.
struct Listed<'m> {
    member: &'m Member,
    ty: String,
    /// The associated type of `Reads` that stands for it, if it can be listed.
    kind: Option<String>,
    /// The part that stands for it if only something in it is listed.
    inner: Option<String>,
}

impl<'m> Part<'m> {
    /// Finds the parts of all slots.
    pub(crate) fn all(model: &'m Model, fields: &Fields) -> Result<Vec<Self>, String> {
        let mut parts = Vec::new();
        for slot in slots(model)?.iter().filter(|slot| !BY_HAND.contains(&slot.name())) {
            if let Some(record) = record(model, slot.member)? {
                Self::find(model, fields, slot.name(), record, &mut parts)?;
            }
        }
        Ok(parts)
    }

    /// Adds the part at a path, and those in it. False if nothing of it can be listed.
    fn find(
        model: &'m Model,
        fields: &Fields,
        path: &str,
        record: &'m Record,
        parts: &mut Vec<Self>,
    ) -> Result<bool, String> {
        let is_slot = !path.contains('.');
        let (mut members, mut within) = (Vec::new(), Vec::new());
        for member in &record.members {
            let below = format!("{path}.{}", member.name);
            let ty = member.ty()?;
            let nested = self::record(model, member)?
                .filter(|_| is_slot && !fields.below(&below).is_empty());
            let has_part = match nested {
                Some(record) => Self::find(model, fields, &below, record, &mut within)?,
                None => false,
            };
            let alone = fields.at(&below).len() == 1 && !(is_slot && matches!(ty, Type::List(_)));
            members.push(Listed {
                member,
                ty: member.native_type.clone().unwrap_or_else(|| native_type(&ty)),
                kind: (alone || has_part).then(|| kind(&below)),
                inner: has_part.then(|| kind(&below)),
            });
        }
        let any = members.iter().any(|listed| listed.kind.is_some());
        if any {
            parts.push(Self { path: path.to_owned(), record, members });
            parts.append(&mut within);
        }
        Ok(any)
    }

    /// True if it stands for this slot.
    pub(crate) fn is(&self, slot: &Slot<'_>) -> bool {
        self.path == slot.name()
    }

    /// The rows of `Reads` for the members.
    pub(crate) fn bounds(&self) -> String {
        self.rows(|path, kind, listed| {
            format!("/// `extensions.{path}`.\ntype {kind}: Member<{}>;\n", listed.ty)
        })
    }

    /// The rows for the list of everything.
    pub(crate) fn whole(&self) -> String {
        self.rows(|_, kind, listed| format!("type {kind} = {};\n", listed.ty))
    }

    /// The rows of a plugin, by the paths that it lists.
    pub(crate) fn choices(&self) -> String {
        self.rows(|path, kind, listed| {
            let inner = listed.inner.as_ref().map(|inner| {
                format!("::core::option::Option<$crate::cpex::extensions::parts::{inner}<$plugin>>")
            });
            let whole =
                format!("<$crate::cpex::rt::Everything as $crate::cpex::rt::Reads>::{kind}");
            choice(kind, path, &whole, inner.as_deref(), &whole)
        })
    }

    fn rows(&self, row: impl Fn(&str, &str, &Listed<'_>) -> String) -> String {
        self.members
            .iter()
            .filter_map(|listed| {
                let path = format!("{}.{}", self.path, listed.member.name);
                Some(row(&path, listed.kind.as_deref()?, listed))
            })
            .collect()
    }

    fn code(&self) -> String {
        let (path, record, kind) = (&self.path, &self.record.name, kind(&self.path));
        let (mut members, mut made, mut shown) = (String::new(), String::new(), String::new());
        for Listed { member, ty, kind, .. } in &self.members {
            let name = &member.name;
            let ty = match kind {
                Some(kind) => format!("R::{kind}"),
                None => format!("NotInReads<{ty}>"),
            };
            let _ = writeln!(members, "{}pub {name}: {ty},", doc(&member.doc));
            let _ = writeln!(made, "{name}: Member::of(whole.{name}),");
            let _ = write!(shown, ".field(\"{name}\", &self.{name})");
        }
        let outer = if path.contains('.') {
            format!(
                "impl<R: Reads> Member<Option<{record}>> for Option<{kind}<R>> {{\n#[inline(always)]\n\
                 fn of(whole: Option<{record}>) -> Self {{\nwhole.map({kind}::of)\n}}\n}}\n\n"
            )
        } else {
            format!(
                "impl<R: Reads> Shown<{record}> for {kind}<R> {{\nconst WHOLE: bool = false;\n\
                 type Shared = NotInReads<{record}>;\ntype Own = Additions<{record}>;\n\n\
                 #[inline(always)]\nfn shown(whole: Arc<{record}>) -> Option<Arc<Self>> {{\n\
                 Arc::into_inner(whole).map(|whole| Arc::new(Self::of(whole)))\n}}\n\n\
                 #[inline(always)]\nfn whole(_: &Arc<Self>) -> Option<&Arc<{record}>> {{\nNone\n}}\n\n\
                 #[inline(always)]\nfn share(_: &Option<Arc<Self>>) -> Self::Shared {{\nSelf::Shared::default()\n}}\n\n\
                 #[inline(always)]\nfn arc_of(_: Self::Shared) -> Option<Arc<{record}>> {{\nNone\n}}\n\n\
                 #[inline(always)]\nfn own(&self) -> Self::Own {{\nSelf::Own::default()\n}}\n\n\
                 #[inline(always)]\nfn whole_of(own: Self::Own) -> {record} {{\nown.into_inner()\n}}\n}}\n\n"
            )
        };
        format!(
            "/// `extensions.{path}`, as far as `reads` lists single fields of it.\n\
             pub struct {kind}<R: Reads> {{\n{members}}}\n\n\
             impl<R: Reads> {kind}<R> {{\n#[inline(always)]\nfn of(whole: {record}) -> Self {{\n\
             Self {{\n{made}}}\n}}\n}}\n\n\
             impl<R: Reads> fmt::Debug for {kind}<R> {{\nfn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{\n\
             f.debug_struct(\"{kind}\"){shown}.finish()\n}}\n}}\n\n{outer}"
        )
    }
}

/// The name of a part's type, and of the associated type of `Reads`.
fn kind(path: &str) -> String {
    path.split('.').map(camel_case).collect()
}

/// A row of a plugin's `Reads`: all of a value, a part of it, or nothing.
pub(crate) fn choice(
    kind: &str,
    path: &str,
    whole: &str,
    part: Option<&str>,
    missing: &str,
) -> String {
    let path: Vec<_> = path.split('.').map(|name| format!("\"{name}\"")).collect();
    format!(
        "type {kind} = $crate::cpex::rt::Pick<{{ $crate::cpex::rt::level($reads, &[{}]) }}, {whole}, {}, \
         $crate::cpex::extensions::NotInReads<{missing}>>;\n",
        path.join(", "),
        part.unwrap_or(whole)
    )
}

/// The file with the parts.
pub(crate) fn file(model: &Model, parts: &[Part<'_>]) -> String {
    let body: String = parts.iter().map(Part::code).collect();
    let words = words(&body);
    format!(
        "//! Slots of which `reads` lists single fields.\n\n{}\
         use crate::cpex::extensions::container::{{Member, NotInReads, Shown}};\nuse crate::cpex::extensions::Additions;\n\
         use crate::cpex::records::{{Reads, {}}};\n\n{body}",
        foreign_imports(&words),
        described(model, &words)
    )
}
